"""Foreign logs as run folders: the tables that the scripts of the airbench family print. Free of torch."""

import math
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from ablate.errors import AblateError, UsageError
from ablate.formats.canonical import digest
from ablate.formats.printable import check_printable, printable
from ablate.store.records import Environment, FinishedTrial, Measurements, RecipeRecord, Trial
from ablate.store.resolved import ResolvedStudy, SourceFile
from ablate.store.run_folder import RunFolder, check_new_folder
from ablate.study import Arm, Contrast, Study
from ablate.study.schedule import TrialSpec

IMPORTED_ARM = "imported"
IMPORTED_MARK = "imported"
_UNKNOWN = "unknown"

_NUMBER = r"\s*([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf))?\s*"
_HEADER = re.compile(r"\|[ \t]*run[ \t]*\|[ \t]*epoch[ \t]*\|((?:[ \t]*\w+[ \t]*\|)+)")
_COLUMNS = ("train_acc", "val_acc", "tta_val_acc", "time_seconds")
"""What follows run and epoch where no header says; older scripts print losses before the accuracies."""


_EXAMPLE = (
    "|  run  | epoch | train_acc | val_acc | tta_val_acc | time_seconds |\n"
    "|     1 |  eval |    0.9823 |  0.9316 |      0.9402 |       2.5921 |"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTrial:
    """The `eval` row of one run: accuracies as fractions, the clock in seconds; None where a cell is blank.

    `curve` holds the validation accuracies of the epoch rows above it, where the script prints them.
    """

    line: int
    train_accuracy: float | None
    accuracy: float | None
    score: float
    time_seconds: float
    curve: tuple[float, ...]


def read_log(path: Path) -> tuple[LoggedTrial, ...]:
    """The trials of one log, warm-ups left out.

    Progress bars, other output around or before a row, carriage returns, repeated headers, a run cut short and a truncated last line
    are passed over.

    Raises:
        UsageError: the file cannot be read, it holds no trial, or an accuracy is not a fraction.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"Cannot read {printable(str(path))}: {error.strerror}.") from error
    trials = tuple(_trials(text, path))
    if not trials:
        raise UsageError(
            f"{printable(str(path))} holds no trial: no `eval` row of an airbench table, other than a warm-up's. Such a row is\n{_EXAMPLE}"
        )
    return trials


@cache
def _row(columns: int) -> re.Pattern[str]:
    """One row between pipes: run, epoch and so many numbers; cells may be blank.

    The closing pipe is required: without it the row was cut, and its last number may lack digits.
    """
    return re.compile(rf"\|\s*(\w*)\s*\|\s*(eval|\d+)\s*\|{(_NUMBER + '[|]') * columns}")


def _trials(text: str, path: Path) -> Iterator[LoggedTrial]:
    run, curve, columns = "", list[float](), _COLUMNS
    # Editors count line feeds alone; a row that overprinted a progress bar stands behind carriage returns.
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.search(line):
            columns = tuple(header[1].replace("|", " ").split())
        for name, epoch, *cells in _row(len(columns)).findall(line):
            numbers = [float(cell) if cell else None for cell in cells]
            told = dict(zip(columns, numbers, strict=True))
            train, plain, tta = (told.get(column) for column in ("train_acc", "val_acc", "tta_val_acc"))
            seconds = numbers[-1]
            if name:
                run, curve = name, []
            for accuracy in (train, plain, tta):
                if accuracy is not None and (accuracy < 0 or accuracy > 1):
                    raise UsageError(
                        f"{printable(str(path))}, line {number}: accuracy {accuracy:g} is not a fraction between 0 and 1."
                    )
            if epoch != "eval":
                curve += [] if plain is None else [plain]
                continue
            if tta is not None and seconds is not None and not run.lower().startswith("warm"):
                yield LoggedTrial(
                    line=number,
                    train_accuracy=train,
                    accuracy=plain,
                    score=tta,
                    time_seconds=seconds,
                    curve=tuple(curve),
                )
            run, curve = "", []


def import_logs(
    logs: Sequence[Path],
    out: Path,
    *,
    arms: Sequence[tuple[str, str]] = (),
    data: str = "cifar10",
    command: Sequence[str] = (),
) -> RunFolder:
    """A run folder of the trials in `logs`: one file is one process, trials are numbered through in each arm.

    `arms` pairs names with patterns of file names or paths ("hive", "run_*.log"); the first is the reference of the others. Without
    them all logs are one arm. What a log does not say (seeds, hardware, the data's digest) is recorded as unknown.

    Raises:
        UsageError: `out` exists or cannot be written, a log is named twice, cannot be read or holds no trial, a pattern takes no log,
            a log belongs to no arm or to two, the data set's name does not print on one line.
    """
    check_new_folder(out)
    check_printable("The name of the data set (--data)", data)
    if not logs:
        raise UsageError("There is no log to import.")
    twice = [path for path in logs if [other.resolve() for other in logs].count(path.resolve()) > 1]
    if twice:
        raise UsageError(f"{twice[0]} is given twice; its trials would count twice.")
    arm_of = _assign(logs, arms)
    trials = {path: read_log(path) for path in logs}
    names = list(dict.fromkeys(name for name, _ in arms)) or [IMPORTED_ARM]
    finished = list(_finished(trials, arm_of, names, data))
    folder = RunFolder.create(_resolved(finished, logs, names, data, command), out)
    try:
        with folder.open_store() as store:
            store.extend(finished)
    except AblateError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder


def parse_arm(option: str) -> tuple[str, str]:
    """The name and pattern of a `--arm NAME=GLOB`.

    Raises:
        UsageError: one of them is missing.
    """
    name, _, pattern = (part.strip() for part in option.partition("="))
    if not name or not pattern:
        raise UsageError(f"--arm takes NAME=GLOB, such as hive='run_*.log', not '{option}'.")
    return name, pattern


def _assign(logs: Sequence[Path], arms: Sequence[tuple[str, str]]) -> Mapping[Path, str]:
    if not arms:
        return dict.fromkeys(logs, IMPORTED_ARM)
    taken = set()
    arm_of = {}
    for path in logs:
        fitting = [(name, pattern) for name, pattern in arms if _fits(path, pattern)]
        taken.update(fitting)
        found = list(dict.fromkeys(name for name, _ in fitting))
        if not found:
            patterns = ", ".join(f"{name}={pattern}" for name, pattern in arms)
            raise UsageError(f"{path} belongs to no arm: none of {patterns} fits it.")
        if len(found) > 1:
            raise UsageError(f"{path} belongs to two arms, {' and '.join(found[:2])}; make their patterns narrower.")
        arm_of[path] = found[0]
    for name, pattern in arms:
        if (name, pattern) not in taken:
            raise UsageError(f"--arm {name}={pattern} fits none of the {len(logs)} logs.")
    return arm_of


def _fits(path: Path, pattern: str) -> bool:
    return fnmatch(path.name, pattern) or fnmatch(str(path), pattern)


def _finished(
    trials: Mapping[Path, Sequence[LoggedTrial]], arm_of: Mapping[Path, str], names: Sequence[str], data: str
) -> Iterator[FinishedTrial]:
    blocks = dict.fromkeys(names, 0)
    environment = Environment(facts={"imported": True})
    for process, (path, logged_trials) in enumerate(trials.items()):
        arm = arm_of[path]
        recipe = RecipeRecord(fingerprint=digest({"imported": arm}), features=(), fields={"imported": arm})
        # A log has no times of day; that of its last line is the nearest there is.
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
        for logged in logged_trials:
            spec = TrialSpec(arm=arm, block=blocks[arm], position=names.index(arm), process=process, seed=0)
            blocks[arm] += 1
            broken = _not_a_number(logged)
            trial = Trial(
                spec=spec,
                status="failed" if broken else "ok",
                process=process,
                started_at=written,
                recipe=recipe.digest,
                environment=environment.digest,
                data=data,
                data_digest=_UNKNOWN,
                measurements=None if broken else _measurements(logged),
                marks=(IMPORTED_MARK,),
                error=f"{path.name}, line {logged.line}: {broken}" if broken else None,
            )
            yield FinishedTrial(trial=trial, recipe=recipe, environment=environment)


def _measurements(logged: LoggedTrial) -> Measurements:
    return Measurements(
        accuracy=logged.accuracy,
        score=logged.score,
        time_seconds=logged.time_seconds,
        train_accuracy=logged.train_accuracy,
        curve=logged.curve,
    )


def _not_a_number(logged: LoggedTrial) -> str | None:
    numbers = (logged.train_accuracy, logged.accuracy, logged.score, logged.time_seconds, *logged.curve)
    if all(number is None or math.isfinite(number) for number in numbers):
        return None
    return "a measurement is not a number; the training diverged"


def _resolved(
    finished: Sequence[FinishedTrial], logs: Sequence[Path], names: Sequence[str], data: str, command: Sequence[str]
) -> ResolvedStudy:
    blocks = 1 + max(one.trial.spec.block for one in finished)
    contrasts = tuple(Contrast(subject=name, with_arm=name, without_arm=names[0], kind="pair") for name in names[1:])
    study = Study(
        name="imported",
        question="What do these logs say?",
        arms=tuple(Arm(name=name, features=frozenset()) for name in names),
        contrasts=contrasts,
        blocks=blocks,
        processes=min(len(logs), blocks),
        data=data,
        preset="full",
    )
    return ResolvedStudy(
        study=study,
        schedule=tuple(one.trial.spec for one in finished),
        arm_features={name: () for name in names},
        fingerprints={one.trial.spec.arm: one.recipe.fingerprint for one in finished},
        features=(),
        groups=(),
        preset="full",
        device=_UNKNOWN,
        data=data,
        data_digest=_UNKNOWN,
        created_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        command=tuple(command),
        files=tuple(SourceFile.of("LOG", path) for path in logs),
    )
