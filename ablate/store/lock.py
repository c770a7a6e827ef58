"""One writer at a time for a file, told to others by process id."""

import errno
import fcntl
import os
import time
from pathlib import Path

from ablate.errors import AblateError, UsageError

_GLANCE_SECONDS = 0.03


class FileLock:
    """The right to write `path`, held through a hidden file beside it until `release`, or until the process dies.

    The kernel drops the lock of a dead process, so a lock file left behind by kill -9 stops nobody.

    Raises:
        AblateError: another process holds it; its id is in the message.
        UsageError: the folder is missing or not writable.
    """

    def __init__(self, path: Path) -> None:
        self._path = _lock_path(path)
        patience = iter([_GLANCE_SECONDS] * 3)
        while True:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise UsageError(f"Cannot write {path}: {error.strerror}.") from error
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
                os.close(self._file)
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise AblateError(
                        f"Cannot lock {path}: {error.strerror}. Use a local disk for run folders."
                    ) from error
                # `holder_of` takes the lock for an instant to see whether it is free.
                if pause := next(patience, None):
                    time.sleep(pause)
                    continue
                raise AblateError(
                    f"{path} is being written by process {holder}. Wait for it to end, or stop it; one writer at a time."
                ) from None
            if self._still_there():
                break
            os.close(self._file)
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(os.getpid()).encode(), 0)
        except OSError as error:
            self.release()
            raise AblateError(
                f"Cannot write {path}: {error.strerror}. Make room, then: ablate study resume {path.parent}"
            ) from error

    def release(self) -> None:
        """Let the next writer in. Only the holder may call it, once."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _still_there(self) -> bool:
        """Whether the file locked is the one at the path: its last holder may have removed it in between."""
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        mine = os.fstat(self._file)
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)


def holder_of(path: Path) -> int | None:
    """The process that holds the right to write `path` now; None if nobody does."""
    try:
        file = os.open(_lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(file, 20, 0).decode(errors="replace").strip()
        return int(holder) if holder.isdigit() else None
    finally:
        os.close(file)
    return None


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
