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
from ablate.stats.forecast import HalfWidths, cheaper_screening, half_widths
from ablate.stats.precision import precision_of
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import MemoryTrialStore, TrialStore
from ablate.study import Catalogue, Study, screened
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


TIME_PIECE = 0.25
"""An arm's share of a round of the interleaved clock, over its whole training: about 2.1 s of 8.5 s, of `mini` on two cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a study will know of each effect, and after how many minutes; NaN where nobody knows."""

    minutes: float
    half_widths: HalfWidths


@dataclass(frozen=True, slots=True, kw_only=True)
class Faster:
    """A study that knows as much of each feature in less time: its name and blocks, and about how long it takes."""

    study: str
    blocks: int
    processes: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a study will cost and could show.

    `minutes` is NaN where nobody knows. `measured` says that finished trials set the pace, not a table of rough speeds;
    `pace_source` completes "from ...". The effects that are `visible` are unknown (NaN, null in JSON) where no trial has shown how
    much they spread here, and nothing is `expected` then. `cheaper` is a design that costs a fifth less or better, where there is one.
    """

    arms: int
    trials: int
    compile_keys: int
    minutes: float
    measured: bool
    pace_source: str | None
    visible: Visible
    expected: tuple[Expected, ...] = ()
    cheaper: Faster | None = None


def estimate(
    resolved: ResolvedStudy,
    compile_keys: Mapping[str, str],
    *,
    store: TrialStore | None = None,
    retry_failed: bool = False,
    precedent: Precedent | None = None,
    facts: Mapping[str, Json] = MappingProxyType({}),
    catalogue: Catalogue | None = None,
) -> Estimate:
    """The estimate of what is left of a study.

    `compile_keys`: the compile key of each arm; none where nothing is compiled, and then only trials set the pace. `store`: the
    trials that the folder has already; they set pace and spreads where they can. `retry_failed`: failed trials are left to do, too.
    `precedent`: another folder's trials, made under the same conditions, for what the store does not tell. `facts`: this machine's
    environment; on the published logs' machine, data and preset their spreads are the last resort. `catalogue`: what another design
    could be made of.
    """
    store = store or MemoryTrialStore()
    pending = pending_trials(resolved.schedule, store, retry_failed=retry_failed)
    pace = Pace(parallel=resolved.study.parallel)
    pace.learn(store)

    def seconds_of(specs: Sequence[TrialSpec]) -> float:
        known = pace.seconds(specs, fresh_processes={spec.process for spec in specs}) if store.statuses else None
        return _rough_seconds(resolved, compile_keys, specs, precedent) if known is None else known

    pace_source = "trials here" if store.statuses and pace.seconds(pending) is not None else None
    if pace_source is None and precedent is not None:
        pace_source = f"trials in {precedent.path}{'; compiling is a rough guess' if compile_keys else ''}"
    study = resolved.study
    spreads = _spreads(resolved, store, precedent, facts)
    minutes = seconds_of(pending) / 60
    return Estimate(
        arms=len(study.arms),
        trials=len(pending),
        compile_keys=len(set(compile_keys.values())),
        minutes=minutes,
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
        expected=tuple(
            Expected(minutes=seconds_of(_until(resolved, pending, widths.blocks)) / 60, half_widths=widths)
            for widths in (() if spreads is None else half_widths(study, spreads))
        ),
        cheaper=None if spreads is None or catalogue is None else _faster(study, spreads, catalogue, minutes),
    )


def _until(resolved: ResolvedStudy, pending: Sequence[TrialSpec], blocks: int) -> list[TrialSpec]:
    """What of the trials left is done by the time that so many of the study's blocks have ended."""
    trained = list(dict.fromkeys(spec.block for spec in resolved.schedule if spec.measures != "time"))[:blocks]
    begun = {spec.process for spec in resolved.schedule if spec.block in trained}
    times_first = resolved.study.parallel > 1
    return [
        spec
        for spec in pending
        if spec.block in trained or (spec.measures == "time" and (times_first or spec.process in begun))
    ]


def _faster(study: Study, spreads: Spreads, catalogue: Catalogue, minutes: float) -> Faster | None:
    """A screening for what is asked one by one; what a trial costs, with starting and compiling, is taken to be the same in both."""
    found = cheaper_screening(study, spreads, catalogue)
    if found is None:
        return None
    return Faster(
        study="screening",
        blocks=found.study.blocks,
        processes=found.study.processes,
        minutes=minutes * found.trials / len(study.schedule()),
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
    if not compile_keys and precedent is None:
        return nan
    kind = resolved.device.split(":")[0]
    speed = ROUGH_SPEEDS.get((kind, resolved.preset), ROUGH_SPEEDS["cpu", resolved.preset])
    training = _training_seconds(resolved, pending, speed, precedent)
    if not compile_keys:
        return training
    compile_seconds = speed.compile_seconds if precedent is None or precedent.compiled else 0.0
    arms, processes = {spec.arm for spec in pending}, {spec.process for spec in pending}
    num_keys = len({compile_keys[arm] for arm in arms})
    # Later processes find the first one's code in the disk cache.
    compiling = num_keys * (compile_seconds + max(0, len(processes) - 1) * speed.warm_seconds)
    warming = len(processes) * (speed.start_seconds + speed.warm_seconds * len(arms))
    return training + compiling + warming


def _training_seconds(
    resolved: ResolvedStudy, pending: Sequence[TrialSpec], speed: RoughSpeed, precedent: Precedent | None
) -> float:
    """What trainings and rounds of times take; trainings side by side gain what a folder with as many at a time shows, else nothing."""
    lengths = {arm.name: arm.length for arm in resolved.study.arms}
    at_a_time, piece = 1, None
    if precedent is None:
        each = {arm: speed.trial_seconds * length for arm, length in lengths.items()}
    else:
        each = {arm: precedent.trial_seconds(resolved.fingerprints[arm], length) for arm, length in lengths.items()}
        piece = precedent.piece_seconds
        at_a_time = precedent.parallel if precedent.parallel == resolved.study.parallel else 1
    seconds = 0.0
    for spec in pending:
        if spec.measures == "time":
            seconds += TIME_PIECE * each[spec.arm] if piece is None else piece
        else:
            seconds += each[spec.arm] / at_a_time
    return seconds
