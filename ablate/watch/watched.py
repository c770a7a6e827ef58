"""A run folder that somebody else writes, read anew when it has changed and only then."""

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ablate.engine.status import StudyStatus, study_status
from ablate.errors import AblateError
from ablate.stats.evidence import Evidence
from ablate.store.lock import holder_of
from ablate.store.run_folder import RunFolder

MOST_OF_A_CORE = 0.1
"""The share of a core's time that looking on may take, which a training on this machine could feel."""


def rest_after(work: float) -> float:
    """Seconds to rest after so many of work."""
    return work * (1 / MOST_OF_A_CORE - 1)


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes whenever a run folder's trials do: the file's identity, length and time, and who is writing it."""

    file: tuple[int, int, int] | None
    writer: int | None


@dataclass(frozen=True, slots=True)
class Sight:
    """A run folder as it was at one moment."""

    mark: Mark
    status: StudyStatus
    evidence: Evidence


class Watched:
    """A run folder to look at again and again, from several threads; nothing is ever written into it.

    A last line that is still being written is passed over.

    Raises:
        UsageError: there is no such run folder.
    """

    def __init__(self, path: Path) -> None:
        self.folder = RunFolder.open(path)
        self._lock = Lock()
        self._seen: Sight | None = None

    def mark(self) -> Mark:
        """What `look` would find, told without reading a trial."""
        path = self.folder.trials_path
        # The writer first: one that ends in between has put its last trial into the file by then.
        writer = holder_of(path)
        try:
            found = os.stat(path)
        except OSError:
            return Mark(None, writer)
        return Mark((found.st_ino, found.st_size, found.st_mtime_ns), writer)

    def look(self) -> Sight:
        """The trials so far, and how the study stands.

        Raises:
            AblateError: a line of its trials cannot be read, or the folder is gone.
        """
        with self._lock:
            # Taken before the trials are read: what lands meanwhile is read at the next look, never missed.
            mark = self.mark()
            if self._seen is None or self._seen.mark != mark:
                if not self.folder.path.is_dir():
                    raise AblateError(f"{self.folder.path} is gone. Where it was moved to, it can be watched again.")
                store = self.folder.read_trials()
                evidence = Evidence.of(self.folder.resolved, store)
                self._seen = Sight(mark, study_status(self.folder, store), evidence)
            return self._seen
