"""Before running: how long a study will take and what it could see. Free of torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ablate.engine.outlook import Outlook, outlook
from ablate.engine.precedent import Precedent
from ablate.engine.prices import Prices
from ablate.engine.runner import pending_trials
from ablate.engine.sooner import Candidate, Sooner, find_sooner
from ablate.formats.canonical import Json
from ablate.stats import PUBLISHED_SPREADS, Spreads, Visible, measured_spreads, trials_frame, visible
from ablate.stats.looks import asks_for_time
from ablate.stats.precision import precision_of
from ablate.stats.recorded import OFFICIAL_DATA
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import MemoryTrialStore, TrialStore
from ablate.study import Study, screened
from ablate.study.score import TTA_ACCURACY


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a study will cost and could show.

    `minutes` is NaN where nobody knows. `measured` says that finished trials set the pace, not a table of rough speeds;
    `pace_source` completes "from ...". The effects that are `visible` are unknown (NaN, null in JSON) where no trial has shown how
    much they spread here, and there is no `outlook` then. `gain_measured`: whether the pace knows what trainings side by side gain, and
    None where there are none. `sooner`: another study that tells as much of each feature, where one does in clearly less time.
    """

    arms: int
    trials: int
    compile_keys: int
    minutes: float
    measured: bool
    pace_source: str | None
    gain_measured: bool | None
    visible: Visible
    outlook: Outlook | None
    sooner: Sooner | None


def estimate(
    resolved: ResolvedStudy,
    compile_keys: Mapping[str, str],
    *,
    store: TrialStore | None = None,
    retry_failed: bool = False,
    precedent: Precedent | None = None,
    named: Precedent | None = None,
    facts: Mapping[str, Json] = MappingProxyType({}),
    piece_shares: Mapping[str, float] = MappingProxyType({}),
    options: Sequence[str] = (),
    candidates: Iterable[Candidate] = (),
) -> Estimate:
    """The estimate of what is left of a study.

    `compile_keys`: the compile key of each arm; none where nothing is compiled, and then only trials set the pace. `store`: the
    trials that the folder has already; they set pace and spreads where they can. `retry_failed`: failed trials are left to do, too.
    `precedent`: another folder's trials, made under the same conditions, for what the store does not tell.
    `named`: the folder that the user names for its spreads. `facts`: this machine's environment; on the published logs' machine, data
    and preset their spreads are the last resort. `piece_shares`: see `Prices`. `options`: those of the command line that other commands
    need under the same conditions. `candidates`: studies that might tell as much sooner.
    """
    store = store or MemoryTrialStore()
    study = resolved.study
    pending = pending_trials(resolved.schedule, store, retry_failed=retry_failed)
    prices = Prices(resolved, compile_keys, store=store, precedent=precedent, piece_shares=piece_shares)
    pace_source = prices.source(pending)
    spreads = spreads_for(resolved, store=store, named=named, precedent=precedent, facts=facts)
    return Estimate(
        arms=len(study.arms),
        trials=len(pending),
        compile_keys=len(set(compile_keys.values())),
        minutes=prices.seconds(pending) / 60,
        measured=pace_source is not None,
        pace_source=pace_source,
        gain_measured=prices.gain_measured,
        visible=visible(
            study.blocks,
            study.processes,
            contrasts=max(1, len(study.contrasts)),
            arms_averaged=_arms_averaged(study),
            spreads=spreads,
            score=resolved.score,
            precision=None if spreads is None else precision_of(study, spreads),
            clock=study.clock,
            times_count=study.times_count,
            options=options,
        ),
        outlook=None if spreads is None else outlook(resolved, spreads, prices, pending),
        sooner=None if spreads is None else find_sooner(study, prices, candidates, spreads, resolved.score),
    )


def _arms_averaged(study: Study) -> int | None:
    """How many arms a screening's averages are over; None for any other study."""
    if not any(contrast.is_averaged for contrast in study.contrasts):
        return None
    return len(screened(study.arms, study.contrasts))


def spreads_for(
    resolved: ResolvedStudy,
    *,
    store: TrialStore | None = None,
    named: Precedent | None = None,
    precedent: Precedent | None = None,
    facts: Mapping[str, Json] = MappingProxyType({}),
) -> Spreads | None:
    """The best that is known: a folder's that the user names, the store's own, a precedent's, the published ones if of the same kind.

    Times that the first of them does not tell come from the next that does; those of another clock tell nothing. None: nobody knows.
    """
    own = measured_spreads(trials_frame(store), score=resolved.score) if store is not None and store.statuses else None
    known = [None if named is None else named.spreads, own, None if precedent is None else precedent.spreads]
    if _like_the_published(resolved, facts):
        known.append(PUBLISHED_SPREADS if resolved.study.clock == "trial" else PUBLISHED_SPREADS.without_time())
    found = [spreads for spreads in known if spreads is not None]
    if not found or not asks_for_time(resolved.study):
        return next(iter(found), None)
    return next((found[0].with_times_of(other) for other in found if other.knows_time), found[0])


def _like_the_published(resolved: ResolvedStudy, facts: Mapping[str, Json]) -> bool:
    """Whether the published logs are of this score, preset, data and GPU."""
    alike = resolved.score.measures_as(TTA_ACCURACY)
    return (
        alike
        and resolved.preset == "full"
        and resolved.data == OFFICIAL_DATA
        and "A100" in str(facts.get("device_name"))
    )
