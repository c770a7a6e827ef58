"""Before running: how long a study will take and what it could see. Free of torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

from ablate.engine.pace import Pace
from ablate.engine.precedent import Precedent
from ablate.engine.runner import pending_trials
from ablate.formats.canonical import Json
from ablate.stats import PUBLISHED_SPREADS, Spreads, Visible, measured_spreads, trials_frame, visible
from ablate.stats.evidence import OFFICIAL_DATA
from ablate.stats.precision import precision_of
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import MemoryTrialStore, TrialStore
from ablate.study import Study, screened
from ablate.study.schedule import TrialSpec
from ablate.study.score import TTA_ACCURACY


@dataclass(frozen=True, slots=True)
class RoughSpeed:
    """What trials cost where nothing has been measured yet, in seconds."""

    trial_seconds: float
    compile_seconds: float
    """For each compile key in each process, from a cold cache."""
    warm_seconds: float
    """For each arm in each process, compiled already; and for each compile key whose code is in the disk cache."""
    start_seconds: float
    """For each process: starting, importing torch, loading images."""


ROUGH_SPEEDS: Mapping[tuple[str, str], RoughSpeed] = {
    # One A100-class GPU; the published 2.0 to 2.6 s.
    ("cuda", "full"): RoughSpeed(trial_seconds=2.6, compile_seconds=45, warm_seconds=5, start_seconds=12),
    ("cuda", "mini"): RoughSpeed(trial_seconds=0.5, compile_seconds=45, warm_seconds=2, start_seconds=12),
    # Two cores of a server CPU with native bfloat16.
    ("cpu", "full"): RoughSpeed(trial_seconds=700, compile_seconds=40, warm_seconds=40, start_seconds=12),
    ("cpu", "mini"): RoughSpeed(trial_seconds=9, compile_seconds=18, warm_seconds=4, start_seconds=10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a study will cost and could show.

    `minutes` is NaN where nobody knows. `measured` says that finished trials set the pace, not a table of rough speeds;
    `pace_source` completes "from ...". The effects that are `visible` are unknown (NaN, null in JSON) where no trial has shown how
    much they spread here.
    """

    arms: int
    trials: int
    compile_keys: int
    minutes: float
    measured: bool
    pace_source: str | None
    visible: Visible


def estimate(
    resolved: ResolvedStudy,
    compile_keys: Mapping[str, str],
    *,
    store: TrialStore | None = None,
    retry_failed: bool = False,
    precedent: Precedent | None = None,
    facts: Mapping[str, Json] = MappingProxyType({}),
) -> Estimate:
    """The estimate of what is left of a study.

    `compile_keys`: the compile key of each arm; none where nothing is compiled, and then only trials set the pace. `store`: the
    trials that the folder has already; they set pace and spreads where they can. `retry_failed`: failed trials are left to do, too.
    `precedent`: another folder's trials, made under the same conditions, for what the store does not tell. `facts`: this machine's
    environment; on the published logs' machine, data and preset their spreads are the last resort.
    """
    store = store or MemoryTrialStore()
    pending = pending_trials(resolved.schedule, store, retry_failed=retry_failed)
    processes = {spec.process for spec in pending}
    pace = Pace(parallel=resolved.study.parallel)
    pace.learn(store)
    seconds = pace.seconds(pending, fresh_processes=processes) if store.statuses else None
    pace_source = None if seconds is None else "trials here"
    if seconds is None:
        seconds = _rough_seconds(resolved, compile_keys, pending, precedent)
        pace_source = (
            None
            if precedent is None
            else f"trials in {precedent.path}{'; compiling is a rough guess' if compile_keys else ''}"
        )
    study = resolved.study
    spreads = _spreads(resolved, store, precedent, facts)
    return Estimate(
        arms=len(study.arms),
        trials=len(pending),
        compile_keys=len(set(compile_keys.values())),
        minutes=seconds / 60,
        measured=pace_source is not None,
        pace_source=pace_source,
        visible=visible(
            study.blocks,
            study.processes,
            contrasts=max(1, len(study.contrasts)),
            arms_averaged=_arms_averaged(study),
            spreads=spreads,
            score=resolved.score,
            precision=None if spreads is None else precision_of(study, spreads),
        ),
    )


def _arms_averaged(study: Study) -> int | None:
    """How many arms a screening's averages are over; None for any other study."""
    if not any(contrast.is_averaged for contrast in study.contrasts):
        return None
    return len(screened(study.arms, study.contrasts))


def _spreads(
    resolved: ResolvedStudy, store: TrialStore, precedent: Precedent | None, facts: Mapping[str, Json]
) -> Spreads | None:
    """The best that is known: the folder's own, a precedent's, the published ones where they are of the same kind; else None."""
    known = [measured_spreads(trials_frame(store), score=resolved.score) if store.statuses else None]
    known.append(None if precedent is None else precedent.spreads)
    known.append(PUBLISHED_SPREADS if _like_the_published(resolved, facts) else None)
    found = [spreads for spreads in known if spreads is not None]
    timed = [spreads for spreads in found if spreads.knows_time or resolved.study.processes == 1]
    return next(iter([*timed, *found]), None)


def _like_the_published(resolved: ResolvedStudy, facts: Mapping[str, Json]) -> bool:
    """Whether the published logs are of this score, preset, data and GPU."""
    alike = resolved.score.measures_as(TTA_ACCURACY)
    return (
        alike
        and resolved.preset == "full"
        and resolved.data == OFFICIAL_DATA
        and "A100" in str(facts.get("device_name"))
    )


def _rough_seconds(
    resolved: ResolvedStudy, compile_keys: Mapping[str, str], pending: Sequence[TrialSpec], precedent: Precedent | None
) -> float:
    lengths = {arm.name: arm.length for arm in resolved.study.arms}
    if not compile_keys:
        if precedent is None:
            return nan
        return sum(precedent.trial_seconds(resolved.fingerprints[spec.arm], lengths[spec.arm]) for spec in pending)
    kind = resolved.device.split(":")[0]
    speed = ROUGH_SPEEDS.get((kind, resolved.preset), ROUGH_SPEEDS["cpu", resolved.preset])
    each = {arm: speed.trial_seconds * length for arm, length in lengths.items()}
    compile_seconds = speed.compile_seconds
    if precedent is not None:
        each = {arm: precedent.trial_seconds(resolved.fingerprints[arm], length) for arm, length in lengths.items()}
        compile_seconds = speed.compile_seconds if precedent.compiled else 0.0
    training = sum(each[spec.arm] for spec in pending)
    arms, processes = {spec.arm for spec in pending}, {spec.process for spec in pending}
    num_keys = len({compile_keys[arm] for arm in arms})
    # Later processes find the first one's code in the disk cache.
    compiling = num_keys * (compile_seconds + max(0, len(processes) - 1) * speed.warm_seconds)
    warming = len(processes) * (speed.start_seconds + speed.warm_seconds * len(arms))
    return training + compiling + warming
