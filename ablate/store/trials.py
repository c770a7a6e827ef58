"""Where trials are kept: in memory, or as JSON lines that survive whatever kills the process. Free of torch."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Protocol

from ablate.errors import AblateError, UsageError
from ablate.store.collector import collector_paused
from ablate.store.lines import Record, format_line, read_records
from ablate.store.lock import FileLock
from ablate.store.records import Environment, FinishedTrial, RecipeRecord, Status, Trial
from ablate.study.schedule import TrialKey


class TrialStore(Protocol):
    """Trials in the order they were finished, with the recipes and environments they cite. One writer, append only.

    `append` returns only when the trial is kept for good. A key may come again (a failed trial that was retried): both records are
    kept, the last counts.
    """

    @property
    def recipes(self) -> Mapping[str, RecipeRecord]:
        """The recipes that trials cite, by digest."""

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The environments that trials cite, by digest."""

    @property
    def statuses(self) -> Mapping[TrialKey, Status]:
        """The status of each key's last trial."""

    def append(self, finished: FinishedTrial) -> None:
        """Keep a trial, and before it the recipe and environment it cites, where they are new."""

    def extend(self, finished: Iterable[FinishedTrial]) -> None:
        """Keep several trials at once."""

    def __iter__(self) -> Iterator[Trial]:
        """Every trial in the order it was appended, superseded ones too."""

    def latest(self) -> dict[TrialKey, Trial]:
        """The last trial of each key."""

    def finished(self) -> frozenset[TrialKey]:
        """The keys that have a trial, whatever its status."""


class _Index:
    """What every store knows of its trials without looking them up."""

    def __init__(self) -> None:
        self._statuses: dict[TrialKey, Status] = {}
        self._recipes: dict[str, RecipeRecord] = {}
        self._environments: dict[str, Environment] = {}

    @property
    def recipes(self) -> Mapping[str, RecipeRecord]:
        """The recipes that trials cite, by digest."""
        return MappingProxyType(self._recipes)

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The environments that trials cite, by digest."""
        return MappingProxyType(self._environments)

    @property
    def statuses(self) -> Mapping[TrialKey, Status]:
        """The status of each key's last trial."""
        return MappingProxyType(self._statuses)

    def finished(self) -> frozenset[TrialKey]:
        """The keys that have a trial, whatever its status."""
        return frozenset(self._statuses)


class MemoryTrialStore(_Index):
    """A TrialStore that lasts as long as the object: for tests, and for what was read from a file."""

    def __init__(self) -> None:
        super().__init__()
        self._trials: list[Trial] = []

    def append(self, finished: FinishedTrial) -> None:
        """Keep a trial and what it cites.

        Raises:
            AblateError: the trial cites other digests than its records have, or a number in it is not finite.
        """
        for _ in _new_records(finished, self._recipes, self._environments):
            pass
        self._keep(finished.trial)
        self._recipes[finished.trial.recipe] = finished.recipe
        self._environments[finished.trial.environment] = finished.environment

    def extend(self, finished: Iterable[FinishedTrial]) -> None:
        """Keep several trials; see `append`."""
        for one in finished:
            self.append(one)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    def latest(self) -> dict[TrialKey, Trial]:
        """The last trial of each key."""
        return {trial.spec.key: trial for trial in self._trials}

    def load(self, record: Record) -> None:
        """Take a record that a file kept."""
        if isinstance(record.value, Trial):
            self._keep(record.value)
        elif isinstance(record.value, RecipeRecord):
            self._recipes[record.digest] = record.value
        else:
            self._environments[record.digest] = record.value

    def _keep(self, trial: Trial) -> None:
        self._trials.append(trial)
        self._statuses[trial.spec.key] = trial.status


class JsonlTrialStore(_Index):
    """A TrialStore in a file of JSON lines, locked for one writer, each line flushed and fsynced.

    Opening cuts a torn last line: a process was killed while writing it. Killed at any moment, at most the trial in flight is lost.
    Memory does not grow with the trials' contents: iterating reads the file.

    Raises:
        AblateError: another process has the file open for writing, or a line other than the last cannot be read; nothing is
            changed then.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        # Whether half a line may stand behind the whole ones: a write has begun and not succeeded.
        self._torn = False
        self._lock = FileLock(self.path)
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            self._lock.release()
            raise UsageError(f"Cannot write {self.path}: {error.strerror}.") from error
        try:
            self._size = self._load()
            if os.fstat(self._file).st_size != self._size:
                os.ftruncate(self._file, self._size)
                os.fsync(self._file)
            _sync_folder(self.path.parent)
        except BaseException:
            self.close()
            raise

    @staticmethod
    @collector_paused()
    def read(path: str | os.PathLike[str]) -> MemoryTrialStore:
        """What the file holds now, without a lock, also while another process writes it; a torn last line is passed over.

        Raises:
            UsageError: there is no such file.
            AblateError: a line other than the last cannot be read.
        """
        store = MemoryTrialStore()
        for record in read_records(Path(path)):
            store.load(record)
        return store

    def append(self, finished: FinishedTrial) -> None:
        """Write a trial, and before it what it cites where that is new; on return it is on disk.

        Raises:
            AblateError: the disk is full or fails; the file is then as it was before, and the next append starts afresh.
                Also if the trial cites other digests than its records have, or a number in it is not finite.
        """
        lines = list(_new_records(finished, self._recipes, self._environments))
        for kind, line in lines:
            self._write(line)
            # Remembered line by line: if the disk fills up in between, what was written is not written again.
            if kind == "recipe":
                self._recipes[finished.trial.recipe] = finished.recipe
            elif kind == "environment":
                self._environments[finished.trial.environment] = finished.environment
        self._statuses[finished.trial.spec.key] = finished.trial.status

    def extend(self, finished: Iterable[FinishedTrial]) -> None:
        """Write many trials at once, all or none: for trials that were finished elsewhere, or in several seats.

        Raises:
            AblateError: as `append`.
        """
        recipes, environments, statuses = dict(self._recipes), dict(self._environments), dict(self._statuses)
        lines = []
        for one in finished:
            lines += [line for _, line in _new_records(one, recipes, environments)]
            recipes[one.trial.recipe], environments[one.trial.environment] = one.recipe, one.environment
            statuses[one.trial.spec.key] = one.trial.status
        self._write(b"".join(lines))
        self._recipes, self._environments, self._statuses = recipes, environments, statuses

    def __iter__(self) -> Iterator[Trial]:
        for record in read_records(self.path):
            if isinstance(record.value, Trial):
                yield record.value

    def latest(self) -> dict[TrialKey, Trial]:
        """The last trial of each key."""
        return {trial.spec.key: trial for trial in self}

    def close(self) -> None:
        """Give the file up to the next writer. Closing twice does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def __enter__(self) -> "JsonlTrialStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self) -> int:
        """Learn what the file holds; the length in bytes of its whole lines."""
        end = 0
        for record in read_records(self.path):
            if isinstance(record.value, Trial):
                self._statuses[record.value.spec.key] = record.value.status
            elif isinstance(record.value, RecipeRecord):
                self._recipes[record.digest] = record.value
            else:
                self._environments[record.digest] = record.value
            end = record.end
        return end

    def _write(self, line: bytes) -> None:
        if self._file < 0:
            raise AblateError(f"{self.path} is closed; open the store again to append.")
        try:
            if self._torn:
                os.ftruncate(self._file, self._size)
            self._torn = True
            written = 0
            while written < len(line):
                written += os.pwrite(self._file, line[written:], self._size + written)
            os.fsync(self._file)
        except OSError as error:
            self._cut()
            raise AblateError(
                f"Cannot write {self.path}: {error.strerror}. Trials reported finished are kept; make room, then resume."
            ) from error
        self._size += len(line)
        self._torn = False

    def _cut(self) -> None:
        """Take half a line back; where even that fails, the next append or open does it."""
        with suppress(OSError):
            os.ftruncate(self._file, self._size)
            self._torn = False


def _new_records(
    finished: FinishedTrial, recipes: Mapping[str, RecipeRecord], environments: Mapping[str, Environment]
) -> Iterator[tuple[str, bytes]]:
    """The lines that a trial adds: its recipe and environment where they are new, then the trial."""
    trial = finished.trial
    cited = (
        ("recipe", trial.recipe, finished.recipe, recipes),
        ("environment", trial.environment, finished.environment, environments),
    )
    for kind, digest, record, known in cited:
        if digest in known:
            continue
        if digest != record.digest:
            raise AblateError(
                f"Trial {trial.spec.key} cites {kind} {digest[:12]}, but was handed {record.digest[:12]}."
            )
        yield kind, format_line(kind, {"digest": digest, **record.to_json()})
    yield "trial", format_line("trial", trial.to_json())


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a power cut, where the file system can (some network ones cannot)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
