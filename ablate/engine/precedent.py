"""What this machine has shown already: the run folder whose trials foretell a study of the same preset, device and data. Torch-free."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median

from ablate.errors import AblateError
from ablate.formats.canonical import Json
from ablate.stats import Spreads, measured_spreads, trials_frame
from ablate.stats.wording import counted
from ablate.store.records import Trial
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import DEFAULT_ROOT, RunFolder, run_folders

SAME_FACTS = ("device_name", "compute_dtype", "usable_cores")
"""The facts of an environment that make another machine of it, as far as times and scores spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A run folder with trials made under the same conditions, and what they tell.

    `seconds` is what a trial takes, clock and reset, by the fingerprint of its recipe; `seconds_a_length` the same for a recipe that
    the folder does not have, to be multiplied by its arm's length. `piece_seconds` is what an arm takes in a round of times, None
    where there are none. `compiled` is False where everything ran eager. Its trials ran `parallel` at a time.
    """

    path: Path
    spreads: Spreads
    seconds: Mapping[str, float]
    seconds_a_length: float
    compiled: bool
    piece_seconds: float | None = None
    parallel: int = 1

    def trial_seconds(self, fingerprint: str, length: float) -> float:
        """What a trial of a recipe takes here."""
        return self.seconds.get(fingerprint, length * self.seconds_a_length)


def find_precedent(
    resolved: ResolvedStudy, facts: Mapping[str, Json], *, root: Path = DEFAULT_ROOT, timed: bool = True
) -> Precedent | None:
    """The most recent run folder in `root` whose trials tell how much those of `resolved` will spread; None: there is none.

    `facts` are those of this machine's environment. Folders of another score, preset, kind of device, data set or machine are passed over,
    and so are damaged ones. With `timed`, a folder that tells the spreads of time too goes before a later one that does not.
    """
    second_best = None
    for folder in _most_recent_first(resolved, root):
        found = _read(folder, resolved, facts)
        if found is not None:
            if found.spreads.knows_time or not timed:
                return found
            second_best = second_best or found
    return second_best


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


def _conditions(resolved: ResolvedStudy) -> tuple[str, str, str, str]:
    return resolved.preset, resolved.device.partition(":")[0], resolved.data, resolved.data_digest


def _read(folder: RunFolder, resolved: ResolvedStudy, facts: Mapping[str, Json]) -> Precedent | None:
    try:
        store = folder.read_trials()
    except (AblateError, OSError):
        return None
    alike = {
        digest: environment.facts.get("compiling") is not False
        for digest, environment in store.environments.items()
        if all(environment.facts.get(name) == facts.get(name) for name in SAME_FACTS)
    }
    trials = [
        trial
        for trial in store.latest().values()
        if trial.environment in alike and trial.data_digest == resolved.data_digest
    ]
    frame = trials_frame(trials)
    source = f"{folder.path}, {counted(frame['block'].nunique(), 'block')}"
    spreads = measured_spreads(frame, source=source, score=resolved.score)
    if spreads is None:
        return None
    if folder.resolved.study.clock != resolved.study.clock:
        # Times by the one clock spread otherwise than times by the other.
        spreads = replace(spreads, time_within_percent=None, time_arm_in_process_percent=None)
    seconds, of_one_length = _seconds(folder.resolved, trials)
    compiled = any(alike[trial.environment] for trial in trials)
    return Precedent(
        path=folder.path,
        spreads=spreads,
        seconds=seconds,
        seconds_a_length=of_one_length,
        compiled=compiled,
        piece_seconds=_piece_seconds(trials),
        parallel=folder.resolved.study.parallel,
    )


def _piece_seconds(trials: Iterable[Trial]) -> float | None:
    took = [
        trial.measurements.seconds_taken
        for trial in trials
        if trial.measurements is not None and trial.spec.measures == "time"
    ]
    return median(took) if took else None


def _seconds(resolved: ResolvedStudy, trials: Iterable[Trial]) -> tuple[dict[str, float], float]:
    """What a trial took, by the fingerprint of its recipe; and in the middle of all recipes, for each unit of length."""
    lengths = {arm.name: arm.length for arm in resolved.study.arms}
    took: defaultdict[str, list[float]] = defaultdict(list)
    for trial in trials:
        # The times of an interleaved clock are taken in a fraction of a training.
        if trial.measurements is not None and trial.spec.measures != "time":
            took[trial.spec.arm].append(trial.measurements.seconds_taken)
    typical = {arm: median(seconds) for arm, seconds in took.items()}
    by_recipe = {resolved.fingerprints[arm]: seconds for arm, seconds in typical.items()}
    return by_recipe, median(seconds / lengths[arm] for arm, seconds in typical.items())
