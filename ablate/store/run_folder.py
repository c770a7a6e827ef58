"""Run folders: all of a study's output in one place, movable and complete in itself. Free of torch."""

import json
import os
import secrets
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ablate.errors import AblateError, UsageError, near_match
from ablate.formats.json_objects import ShapeError, reason_unreadable
from ablate.store.checksum import refuse_unchecked, sealed, unsealed
from ablate.store.collector import collector_paused
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import JsonlTrialStore, MemoryTrialStore

DEFAULT_ROOT = Path("runs")
STUDY_FILE = "study.json"
SOURCES = "sources"
"""The part of a run folder that keeps copies of the user's own files, so that it is complete in itself."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder with a study.json; `create` makes one, `open` finds one again."""

    path: Path
    resolved: ResolvedStudy
    checked: bool = True
    """Whether its study.json carries a checksum; those of schema 1 do not."""

    @classmethod
    def create(cls, resolved: ResolvedStudy, path: Path | None = None, *, root: Path = DEFAULT_ROOT) -> "RunFolder":
        """A new folder with its study.json, complete or not there at all.

        Without `path` it lies in `root`, named after the time and the study: 2026-11-24_1530_waterfall.

        Raises:
            UsageError: `path` exists, or cannot be written; nothing is touched then.
        """
        if path is not None:
            check_new_folder(path)
            return cls._put(resolved, path)
        stem = f"{datetime.fromisoformat(resolved.created_at):%Y-%m-%d_%H%M}_{resolved.study.name}"
        number = 1
        while True:
            path = root / (stem if number == 1 else f"{stem}_{number}")
            if not os.path.lexists(path):
                check_new_folder(path)
                return cls._put(resolved, path)
            number += 1

    @classmethod
    def _put(cls, resolved: ResolvedStudy, path: Path) -> "RunFolder":
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
        try:
            draft.mkdir(parents=True)
            # Half a surrogate pair, as in a path that is not UTF-8, becomes the escape by which JSON spells it.
            with (draft / STUDY_FILE).open("w", encoding="utf-8", errors="backslashreplace") as file:
                json.dump(sealed(resolved.to_json()), file, indent=1, ensure_ascii=False, allow_nan=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            for source in resolved.files:
                (draft / SOURCES).mkdir(exist_ok=True)
                shutil.copyfile(source.path, draft / SOURCES / source.copy_name)
            draft.rename(path)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise UsageError(f"Cannot create {path}: {error.strerror}.") from error
        return cls(path, resolved)

    @classmethod
    @collector_paused()
    def open(cls, path: str | os.PathLike[str]) -> "RunFolder":
        """The run folder at `path`.

        Raises:
            UsageError: there is none.
            AblateError: its study.json cannot be understood, or has changed since it was written.
        """
        folder = Path(path)
        study_path = folder / STUDY_FILE
        try:
            contents = study_path.read_bytes()
        except FileNotFoundError:
            raise UsageError(_no_folder(folder)) from None
        except OSError as error:
            raise UsageError(f"Cannot read {study_path}: {error.strerror}.") from error
        try:
            return cls(folder, *_checked(json.loads(contents.decode())))
        except AblateError as error:
            raise AblateError(f"{study_path}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise AblateError(
                f"{study_path} does not describe a study: {reason_unreadable(error)} "
                "Restore the file from a copy; trials.jsonl was not touched."
            ) from error

    def source_file(self, option: str) -> Path | None:
        """The file that an option named when the study was made, or the folder's copy of it where it is not there any more."""
        named = next((file for file in self.resolved.files if file.option == option), None)
        if named is None:
            return None
        path, copy = Path(named.path), self.path / SOURCES / named.copy_name
        return copy if copy.is_file() and not path.is_file() else path

    @property
    def trials_path(self) -> Path:
        """The trials: the truth, from which everything else can be made again."""
        return self.path / "trials.jsonl"

    @property
    def report_path(self) -> Path:
        """The report as one HTML file."""
        return self.path / "report.html"

    @property
    def figures_path(self) -> Path:
        """The folder of figures."""
        return self.path / "figures"

    @property
    def how_to_resume(self) -> str:
        """The command that goes on with the study."""
        return f"ablate study resume {shlex.quote(str(self.path))}"

    def open_store(self) -> JsonlTrialStore:
        """The trials, for writing; see JsonlTrialStore."""
        return JsonlTrialStore(self.trials_path)

    def read_trials(self) -> MemoryTrialStore:
        """The trials so far, also while another process runs the study; none if it has not begun.

        Raises:
            AblateError: a line other than the last cannot be read.
        """
        return JsonlTrialStore.read(self.trials_path) if self.trials_path.exists() else MemoryTrialStore()


def _checked(content: object) -> tuple[ResolvedStudy, bool]:
    """The study that study.json describes, and whether it carried a checksum, which then fits."""
    if type(content) is not dict:
        raise ShapeError("not a JSON object.")
    fields, checked = unsealed(content)
    resolved = ResolvedStudy.from_json(fields)
    if not checked:
        refuse_unchecked(fields["schema"], "a file")
    return resolved, checked


def check_new_folder(path: Path) -> None:
    """Refuse a path where a run folder could not be made; for a check before any work is done.

    Raises:
        UsageError: something is there already, or the folder above cannot be written.
    """
    if os.path.lexists(path):
        is_run = (path / STUDY_FILE).exists()
        advice = f"Resume it with: ablate study resume {shlex.quote(str(path))}" if is_run else "Choose another name."
        raise UsageError(f"{path} exists already; a run folder must be new. {advice}")
    above = path.absolute().parent
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"Cannot create {path}: {above} is not a folder.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(f"Cannot create {path}: no permission to write in {above}.")


def run_folders(root: Path = DEFAULT_ROOT) -> Iterator[Path]:
    """The paths of the run folders directly below `root`, by name; none if there is no such folder."""
    if root.is_dir():
        yield from sorted(path for path in root.iterdir() if (path / STUDY_FILE).is_file())


def _no_folder(folder: Path) -> str:
    if folder.is_dir():
        return f"{folder} is not a run folder: it has no study.json."
    siblings = [path.name for path in run_folders(folder.parent)]
    guess = near_match(folder.name, siblings)
    # A list of every run folder would bury the message.
    guess = guess if "Did you mean" in guess else ""
    return f"There is no run folder '{folder}'.{guess} `ablate list` lists them."
