import os
import sys
import time
from pathlib import Path

from ablate.machine.programs import ask


def test_gives_status_and_both_outputs() -> None:
    answer = ask(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout_seconds=10)
    assert answer is not None
    assert (answer.status, answer.output, answer.errors) == (3, "out\n", "err\n")


def test_a_missing_program_is_no_answer(tmp_path: Path) -> None:
    assert ask([str(tmp_path / "absent")], timeout_seconds=1) is None


def test_takes_folder_and_environment(tmp_path: Path) -> None:
    answer = ask(["sh", "-c", 'pwd; echo "$ONLY"'], timeout_seconds=10, environment={"ONLY": "this"}, cwd=tmp_path)
    assert answer is not None
    assert answer.output.split() == [str(tmp_path.resolve()), "this"]


def test_a_hang_ends_at_the_limit_with_what_was_said_and_no_child_left(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    # The child would keep the pipes open for a minute if only the shell were stopped.
    script = f"sleep 60 & echo $! > {pid_file}; echo begun; wait"
    started = time.monotonic()
    answer = ask(["sh", "-c", script], timeout_seconds=0.5)
    assert time.monotonic() - started < 5
    assert answer is not None
    assert (answer.status, answer.output) == (None, "begun\n")
    assert _ended(int(pid_file.read_text()))


def _ended(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # Killed but not yet reaped by init counts as ended.
        if sys.platform == "linux" and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
