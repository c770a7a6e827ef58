"""One writer at a time for a file, told to others by process id."""

import fcntl
import os
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
        # Whoever only reads trials need not wait for it.
        import filelock

        self._path = _lock_path(path)
        try:
            # Opened once before, since filelock would make a missing folder, and an error to open is another than one to lock.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666))
        except OSError as error:
            raise UsageError(f"Cannot write {path}: {error.strerror}.") from error
        # A store may be closed by another thread than opened it. And a lock that is but a file would outlive kill -9.
        self._lock = filelock.FileLock(self._path, thread_local=False, fallback_to_soft=False)
        try:
            # Not at once: `holder_of` takes the lock for an instant to see whether it is free.
            self._lock.acquire(timeout=3 * _GLANCE_SECONDS, poll_interval=_GLANCE_SECONDS)
        except filelock.Timeout:
            holder = _written_in(self._path) or "unknown"
            raise AblateError(
                f"{path} is being written by process {holder}. Wait for it to end, or stop it; one writer at a time."
            ) from None
        except OSError as error:
            raise AblateError(f"Cannot lock {path}: {error.strerror}. Use a local disk for run folders.") from error
        try:
            self._write_process_id()
        except OSError as error:
            self.release()
            raise AblateError(
                f"Cannot write {path}: {error.strerror}. Make room, then: ablate study resume {path.parent}"
            ) from error

    def release(self) -> None:
        """Let the next writer in. Only the holder may call it, once."""
        self._path.unlink(missing_ok=True)
        self._lock.release()

    def _write_process_id(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        try:
            os.pwrite(file, str(os.getpid()).encode(), 0)
        finally:
            os.close(file)


def holder_of(path: Path) -> int | None:
    """The process that holds the right to write `path` now; None if nobody does."""
    # By hand: filelock cannot look without making the file and taking the lock for good.
    lock_path = _lock_path(path)
    try:
        file = os.open(lock_path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        holder = _written_in(lock_path)
        return int(holder) if holder.isdigit() else None
    finally:
        os.close(file)
    return None


def _written_in(lock_path: Path) -> str:
    try:
        return lock_path.read_bytes()[:20].decode(errors="replace").strip()
    except OSError:
        # Released in between.
        return ""


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
