import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ablate.errors import AblateError, UsageError
from ablate.store.lock import FileLock, holder_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trials.jsonl"


def test_a_lock_is_held_until_it_is_released(path: Path) -> None:
    lock = FileLock(path)
    with pytest.raises(AblateError, match=f"being written by process {os.getpid()}"):
        FileLock(path)
    lock.release()
    assert list(path.parent.iterdir()) == []
    FileLock(path).release()


def test_the_holder_is_known_to_others_and_asking_gets_in_nobodys_way(path: Path) -> None:
    assert holder_of(path) is None
    lock = FileLock(path)
    assert holder_of(path) == os.getpid()
    lock.release()
    assert holder_of(path) is None
    path.with_name(".trials.jsonl.lock").write_text("12345")
    assert holder_of(path) is None, "its holder died"


def test_a_glance_at_the_lock_does_not_refuse_a_writer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    glance = path.with_name(".trials.jsonl.lock").open("w")
    fcntl.flock(glance, fcntl.LOCK_SH)
    monkeypatch.setattr("time.sleep", lambda seconds: glance.close())
    FileLock(path).release()


def test_a_lock_file_that_a_dead_process_left_stops_nobody(path: Path) -> None:
    path.with_name(".trials.jsonl.lock").write_text("4194304000000 and more than a process id is long")
    lock = FileLock(path)
    assert path.with_name(".trials.jsonl.lock").read_text() == str(os.getpid())
    lock.release()


def test_a_lock_file_removed_by_its_last_holder_meanwhile_is_not_trusted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locking a file that is no longer at the path would let two writers in."""
    file, flock, races = path.with_name(".trials.jsonl.lock"), fcntl.flock, iter([True, False])

    def slow(handle: int, operation: int) -> None:
        if next(races):
            file.unlink()
        flock(handle, operation)

    with monkeypatch.context() as race:
        race.setattr(fcntl, "flock", slow)
        lock = FileLock(path)
    with pytest.raises(AblateError, match="being written by process"):
        FileLock(path)
    lock.release()


def test_a_file_system_without_locks_is_said_to_be_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(AblateError, match=r"Cannot lock .*No locks available. Use a local disk"):
        FileLock(path)


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot write .*No such file"):
        FileLock(tmp_path / "missing" / "trials.jsonl")


def test_a_full_disk_gives_the_lock_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, data: bytes, offset: int) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        with pytest.raises(AblateError, match="No space left on device"):
            FileLock(path)
    FileLock(path).release()


def test_a_lock_may_be_released_by_another_thread(path: Path) -> None:
    lock = FileLock(path)
    other = threading.Thread(target=lock.release)
    other.start()
    other.join()
    assert holder_of(path) is None
    FileLock(path).release()


def test_a_kernel_without_locks_is_not_helped_by_a_file_that_outlives_its_maker(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(handle: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", missing)
    with pytest.raises(AblateError, match=r"Cannot lock .*Function not implemented. Use a local disk"):
        FileLock(path)


def test_what_reads_trials_does_not_wait_for_the_lock_library() -> None:
    said = "import sys, ablate.store.trials; print('filelock' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout == "False\n"
