"""What this machine has shown already: the run folder whose trials foretell a study of the same preset, device and data. Torch-free."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import median

from ablate.errors import AblateError, UsageError
from ablate.formats.canonical import Json
from ablate.stats import Spreads, measured_spreads, trials_frame
from ablate.stats.power import TELLS_TIME_TOO
from ablate.stats.score_words import score_in_full
from ablate.stats.spreads import FEWEST_BLOCKS_FOR_SPREADS
from ablate.stats.wording import counted
from ablate.store.records import Trial
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import DEFAULT_ROOT, RunFolder, run_folders
from ablate.study.schedule import Clock

SPREADS_OPTION = "--spreads-from"

SAME_FACTS = ("device_name", "compute_dtype", "usable_cores")
"""The facts of an environment that make another machine of it, as far as times and scores spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A run folder with trials made under the same conditions, and what they tell.

    `seconds` is what a trial takes, clock and reset, by the fingerprint of its recipe; `seconds_a_length` the same for a recipe that
    the folder does not have, to be multiplied by its arm's length. `parallel` trainings ran at a time, so that each took the longer.
    `piece_seconds` is what a time of the interleaved clock takes, by the fingerprint too; empty where there is none.
    `prediction_share` is how much of a trial was test-time prediction. `warm_up_seconds` is what a process takes for each arm to
    warm up, from code that is compiled already; None: none is recorded. `compiled` is False where everything ran eager. `clock` is what
    times were taken by.
    `differences` say what was otherwise there, of a folder that the user named: its trials set no pace then.
    """

    path: Path
    spreads: Spreads
    seconds: Mapping[str, float]
    seconds_a_length: float
    compiled: bool
    parallel: int = 1
    piece_seconds: Mapping[str, float] = field(default_factory=dict)
    prediction_share: float = 0.0
    warm_up_seconds: float | None = None
    clock: Clock = "trial"
    differences: tuple[str, ...] = ()

    def trial_seconds(self, fingerprint: str, length: float) -> float:
        """What a trial of a recipe takes here, beside as many others as there."""
        return self.seconds.get(fingerprint, length * self.seconds_a_length)

    def time_seconds(self, fingerprint: str) -> float | None:
        """What timing a recipe by the interleaved clock takes here once; of a recipe never seen, what the others take. None: unknown."""
        if not self.piece_seconds:
            return None
        return self.piece_seconds.get(fingerprint, median(self.piece_seconds.values()))


def find_precedent(
    resolved: ResolvedStudy, facts: Mapping[str, Json], *, root: Path = DEFAULT_ROOT, timed: bool = True
) -> Precedent | None:
    """The most recent run folder in `root` whose trials tell how much those of `resolved` will spread; None: there is none.

    `facts` are those of this machine's environment. Folders of another score, preset, kind of device, data set or machine are passed over,
    and so are damaged ones. With `timed`, a folder that tells the spreads of time too goes before a later one that does not; then
    one that ran as many trainings at a time as the study will goes before others.
    """
    best, marks_of_best = None, (False, False)
    for folder in _most_recent_first(resolved, root):
        found = _read(folder, resolved, facts)
        if found is None:
            continue
        marks = (found.spreads.knows_time or not timed, found.parallel == resolved.study.parallel)
        if best is None or marks > marks_of_best:
            best, marks_of_best = found, marks
        if all(marks):
            break
    return best


def named_precedent(path: Path, resolved: ResolvedStudy, facts: Mapping[str, Json]) -> Precedent:
    """The run folder that a user names for its spreads, whatever it was made under; `differences` say what was otherwise there.

    Raises:
        UsageError: there is no run folder, its score is another, or its trials do not tell how much they spread.
        AblateError: its trials cannot be read.
    """
    folder = RunFolder.open(path)
    there = folder.resolved
    if not there.score.measures_as(resolved.score):
        raise UsageError(
            f"{SPREADS_OPTION} {path} has scores of {score_in_full(there.score)}, and the study's are of "
            f"{score_in_full(resolved.score)}. Name a folder of the same score."
        )
    environments = folder.read_trials().environments.values()
    machines = {
        name: {str(each.facts.get(name)) for each in environments} - {str(facts.get(name))} for name in SAME_FACTS
    }
    other = [
        f"{name} {was}, not {now}"
        for name, was, now in zip(_CONDITIONS, _conditions(there), _conditions(resolved), strict=True)
        if was != now
    ]
    other += [f"{name} {' and '.join(sorted(was))}, not {facts.get(name)}" for name, was in machines.items() if was]
    found = _read(folder, resolved, None if other else facts)
    if found is None:
        raise UsageError(
            f"{SPREADS_OPTION} {path} tells no spreads: that takes {FEWEST_BLOCKS_FOR_SPREADS} whole blocks of two arms or more, "
            f"as `ablate run {TELLS_TIME_TOO}` makes them."
        )
    return replace(found, differences=tuple(other))


def _most_recent_first(resolved: ResolvedStudy, root: Path) -> Iterator[RunFolder]:
    found: list[tuple[datetime, str, RunFolder]] = []
    for path in _paths(root):
        try:
            folder = RunFolder.open(path)
            created = datetime.fromisoformat(folder.resolved.created_at).astimezone()
        except (AblateError, OSError, ValueError, TypeError):
            # A dry run is no place to mend folders in; `ablate list` names the damaged ones.
            continue
        if _conditions(folder.resolved) == _conditions(resolved) and folder.resolved.score.measures_as(resolved.score):
            found.append((created, path.name, folder))
    for _, _, folder in sorted(found, key=lambda entry: entry[:2], reverse=True):
        yield folder


def _paths(root: Path) -> list[Path]:
    try:
        return list(run_folders(root))
    except OSError:
        return []


_CONDITIONS = ("preset", "device", "data", "data digest")


def _conditions(resolved: ResolvedStudy) -> tuple[str, str, str, str]:
    return resolved.preset, resolved.device.partition(":")[0], resolved.data, resolved.data_digest


def _read(folder: RunFolder, resolved: ResolvedStudy, facts: Mapping[str, Json] | None) -> Precedent | None:
    """What a folder's trials tell, of those made with these facts and data; None for `facts`: of all."""
    try:
        store = folder.read_trials()
    except (AblateError, OSError):
        return None
    alike = {
        digest: environment.facts.get("compiling") is not False
        for digest, environment in store.environments.items()
        if facts is None or all(environment.facts.get(name) == facts.get(name) for name in SAME_FACTS)
    }
    trials = [
        trial
        for trial in store.latest().values()
        if trial.environment in alike and (facts is None or trial.data_digest == resolved.data_digest)
    ]
    frame = trials_frame(trials)
    source = f"{folder.path}, {_counted_blocks(trials)}"
    spreads = measured_spreads(frame, source=source, score=resolved.score)
    if spreads is None:
        return None
    if folder.resolved.study.clock != resolved.study.clock:
        # Times by the one clock spread otherwise than times by the other.
        spreads = spreads.without_time()
    lengths = {arm.name: arm.length for arm in folder.resolved.study.arms}
    fingerprints = folder.resolved.fingerprints
    typical = _typical_seconds(trial for trial in trials if trial.spec.measures != "time")
    pieces = _typical_seconds(trial for trial in trials if trial.spec.measures == "time")
    return Precedent(
        path=folder.path,
        spreads=spreads,
        seconds={fingerprints[arm]: seconds for arm, seconds in typical.items()},
        seconds_a_length=median(seconds / lengths[arm] for arm, seconds in typical.items()),
        compiled=any(alike[trial.environment] for trial in trials),
        # Of two arms, no three train at a time.
        parallel=min(folder.resolved.study.parallel, len(folder.resolved.study.arms)),
        piece_seconds={fingerprints[arm]: seconds for arm, seconds in pieces.items()},
        prediction_share=_prediction_share(trials),
        warm_up_seconds=_warm_up_seconds(trials),
        clock=folder.resolved.study.clock,
    )


def _counted_blocks(trials: Iterable[Trial]) -> str:
    """ "5 blocks"; "3 blocks and 10 rounds of times"."""
    rounds = {trial.spec.block for trial in trials if trial.spec.measures == "time"}
    blocks = {trial.spec.block for trial in trials} - rounds
    return " and ".join(
        [counted(len(blocks), "block"), *([f"{counted(len(rounds), 'round')} of times"] if rounds else [])]
    )


def _typical_seconds(trials: Iterable[Trial]) -> dict[str, float]:
    """What a trial of each arm took."""
    took: defaultdict[str, list[float]] = defaultdict(list)
    for trial in trials:
        if trial.measurements is not None:
            took[trial.spec.arm].append(trial.measurements.seconds_taken)
    return {arm: median(seconds) for arm, seconds in took.items()}


def _prediction_share(trials: Iterable[Trial]) -> float:
    measured = [trial.measurements for trial in trials if trial.measurements is not None]
    shares = [each.tta_seconds / each.time_seconds for each in measured if each.tta_seconds and each.time_seconds]
    return median(shares) if shares else 0.0


def _warm_up_seconds(trials: Iterable[Trial]) -> float | None:
    """In the middle of all processes; the first of them may have compiled."""
    arms_of: defaultdict[int, set[str]] = defaultdict(set)
    seconds: defaultdict[int, float] = defaultdict(float)
    for trial in trials:
        arms_of[trial.process].add(trial.spec.arm)
        if trial.measurements is not None and trial.measurements.warm_up_seconds:
            seconds[trial.process] += trial.measurements.warm_up_seconds
    return median(seconds[process] / len(arms_of[process]) for process in seconds) if seconds else None
