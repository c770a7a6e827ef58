"""Whether a run folder is whole: all of it looked at, on past what is damaged. Nothing is changed."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, UsageError
from ablate.formats.json_objects import reason_unreadable
from ablate.store.lines import Kept, is_torn, numbered_lines, parse_line
from ablate.store.lock import holder_of
from ablate.store.records import Environment, Trial
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import SOURCES, STUDY_FILE, RunFolder
from ablate.study.schedule import TrialKey, TrialSpec

MOST_LISTED = 100
"""How many damages are kept one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong with a file of a run folder; `line` counts from 1, None where it is no single line's."""

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{'' if self.line is None else f', line {self.line}'}: {self.reason}"


@dataclass(slots=True, kw_only=True)
class FolderCheck:
    """What a run folder holds and what is wrong with it.

    `study_checked`: whether study.json carries a checksum; None where it cannot be read, and then nothing is known of `planned`,
    the trials of its schedule, and `copies`, those of the user's own files. `checked_lines` fit their checksum, `older_lines` were
    written before there were any; both are sound. `with_trial` are the planned trials that have a record, `repeated` the records
    of a trial that failed and was run again. `torn_bytes` is the length of a last line that is not all there, which is what a killed
    process leaves and no damage; `writer` the process that writes the folder now.
    """

    path: Path
    study_checked: bool | None = None
    planned: int | None = None
    with_trial: int = 0
    repeated: int = 0
    trials: int = 0
    recipes: int = 0
    environments: int = 0
    checked_lines: int = 0
    older_lines: int = 0
    torn_bytes: int = 0
    copies: int = 0
    writer: int | None = None
    damage_count: int = 0
    damage: list[Damage] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged. Trials that are still to run are no damage."""
        return self.damage_count == 0

    def add(self, file: str, line: int | None, reason: str) -> None:
        """Count a damage, and keep it while there are not too many."""
        self.damage_count += 1
        if len(self.damage) < MOST_LISTED:
            self.damage.append(Damage(file, line, reason))

    def to_json(self) -> dict[str, Any]:
        """A JSON object for scripts."""
        return {"whole": self.whole, **asdict(self), "path": str(self.path)}


def check_folder(path: Path) -> FolderCheck:
    """Look at study.json, every line of the trials, what they cite, the schedule, and the copies of the user's files.

    Raises:
        UsageError: there is no run folder, nor what is left of one.
    """
    found = FolderCheck(path=path)
    trials_path = path / "trials.jsonl"
    resolved: ResolvedStudy | None = None
    try:
        folder = RunFolder.open(path)
        found.study_checked, resolved = folder.checked, folder.resolved
    except UsageError as error:
        if not trials_path.exists() and not (path / STUDY_FILE).exists():
            raise
        found.add(STUDY_FILE, None, str(error) if (path / STUDY_FILE).exists() else "it is missing.")
    except AblateError as error:
        found.add(STUDY_FILE, None, str(error).removeprefix(str(path / STUDY_FILE)).removeprefix(":").strip())
    if resolved is not None:
        _check_copies(found, resolved)
    found.writer = holder_of(trials_path)
    _check_trials(found, trials_path, None if resolved is None else resolved.schedule)
    return found


def _check_copies(found: FolderCheck, resolved: ResolvedStudy) -> None:
    for file in resolved.files:
        name = f"{SOURCES}/{file.copy_name}"
        try:
            digest = hashlib.sha256((found.path / name).read_bytes()).hexdigest()
        except OSError as error:
            found.add(name, None, f"the copy of {file.option} cannot be read: {error.strerror}.")
            continue
        if digest == file.sha256:
            found.copies += 1
        else:
            found.add(
                name,
                None,
                f"it is not the file that the study was made with: sha256 {digest[:12]}, not {file.sha256[:12]}.",
            )


def _check_trials(found: FolderCheck, path: Path, schedule: tuple[TrialSpec, ...] | None) -> None:
    planned = None if schedule is None else {spec.key: spec for spec in schedule}
    held: set[tuple[str, str]] = set()
    lost: dict[tuple[str, str], list[int]] = {}
    last: dict[TrialKey, tuple[int, str]] = {}
    for number, value, cited_by in _sound_lines(found, path):
        if not isinstance(value, Trial):
            held.add(("environment" if isinstance(value, Environment) else "recipe", cited_by))
            continue
        for cited in (("recipe", value.recipe), ("environment", value.environment)):
            if cited not in held:
                lost.setdefault(cited, []).append(number)
        if planned is not None and planned.get(value.spec.key) != value.spec:
            found.add(path.name, number, f"{_name(value)} is not what the schedule in {STUDY_FILE} plans.")
        earlier, status = last.get(value.spec.key, (0, ""))
        if status == "ok":
            found.add(
                path.name, number, f"{_name(value)} is there already: line {earlier} finished it, and this one counts."
            )
        found.repeated += status in ("failed", "timeout")
        last[value.spec.key] = number, value.status
    for (kind, digest), numbers in lost.items():
        who = f"it and {len(numbers) - 1} more cite" if len(numbers) > 1 else "it cites"
        found.add(path.name, numbers[0], f"{who} {kind} {digest[:12]}, which no sound line before it holds.")
    if planned is not None:
        found.planned, found.with_trial = len(planned), len(planned.keys() & last.keys())


def _sound_lines(found: FolderCheck, path: Path) -> Iterator[tuple[int, Kept, str]]:
    """The lines that are as they were written, with number and digest; the others are added to what is damaged."""
    if not path.exists():
        return
    try:
        for number, line in numbered_lines(path):
            try:
                if is_torn(line):
                    found.torn_bytes = len(line)
                    return
                value, cited_by, checked = parse_line(line)
            except (ValueError, RecursionError) as error:
                found.add(path.name, number, reason_unreadable(error))
                continue
            except AblateError as error:
                found.add(path.name, number, str(error))
                continue
            found.checked_lines += checked
            found.older_lines += not checked
            if isinstance(value, Trial):
                found.trials += 1
            elif isinstance(value, Environment):
                found.environments += 1
            else:
                found.recipes += 1
            yield number, value, cited_by
    except UsageError as error:
        found.add(path.name, None, str(error))
    except OSError as error:
        found.add(path.name, None, f"it cannot be read to its end: {error.strerror}.")


def _name(trial: Trial) -> str:
    return f"the trial of arm '{trial.spec.arm}' in block {trial.spec.block}"
