"""Following and ending a process: streaming, stuck, dead, stubborn, out of time."""

import os
import sys
import time
from pathlib import Path

import pytest
from parity_harness import child as children
from parity_harness.child import Child, DeadlineError

from ablate.errors import AblateError


def start(tmp_path: Path, code: str, *, patience_seconds: float = 60, deadline: float | None = None) -> Child:
    return Child(
        "a script",
        [sys.executable, "-S", "-c", code],
        folder=tmp_path,
        log=tmp_path / "child.log",
        environment={"GREETING": "hello"},
        patience_seconds=patience_seconds,
        deadline=deadline,
    )


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_output_comes_while_the_process_still_runs(tmp_path: Path) -> None:
    code = "import os, time; print(os.environ['GREETING'], os.getcwd()); time.sleep(60)"
    began = time.monotonic()
    with start(tmp_path, code) as child:
        printed = ""
        for piece in child.output():
            printed += piece
            if printed.endswith("\n"):
                break
        assert printed == f"hello {tmp_path}\n"
    assert time.monotonic() - began < 30
    assert (tmp_path / "child.log").read_text() == f"hello {tmp_path}\n"


def test_a_process_that_ends_well_ends_the_output(tmp_path: Path) -> None:
    code = (
        "import sys; print('eins', end=''); sys.stdout.buffer.write('zwö\\n'.encode()); print('noise', file=sys.stderr)"
    )
    with start(tmp_path, code) as child:
        assert "".join(child.output()) == "einszwö\n"
    assert "noise" in (tmp_path / "child.log").read_text()


def test_a_death_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    with (
        start(tmp_path, "raise RuntimeError('no such GPU')") as child,
        pytest.raises(AblateError, match=r"(?s)a script ended with exit code 1; .*RuntimeError: no such GPU"),
    ):
        list(child.output())


def test_a_killed_process_is_named_with_its_signal(tmp_path: Path) -> None:
    with (
        start(tmp_path, "import os; os.kill(os.getpid(), 9)") as child,
        pytest.raises(AblateError, match="signal SIGKILL; it never printed anything"),
    ):
        list(child.output())


def test_silence_beyond_the_patience_is_an_error(tmp_path: Path) -> None:
    with (
        start(tmp_path, "import time; print('so far'); time.sleep(60)", patience_seconds=1) as child,
        pytest.raises(AblateError, match=r"(?s)printed nothing for 1 s \(--patience\).*so far"),
    ):
        list(child.output())


def test_waiting_ends_at_the_deadline(tmp_path: Path) -> None:
    with (
        start(tmp_path, "import time; time.sleep(60)", deadline=time.monotonic() + 0.2) as child,
        pytest.raises(DeadlineError),
    ):
        list(child.output())


def test_a_process_that_ignores_the_polite_signal_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.3)
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); "
        "os.write(1, f'{os.getpid()}\\n'.encode()); time.sleep(60)"
    )
    with start(tmp_path, code) as child:
        printed = ""
        for piece in child.output():
            printed += piece
            if printed.count("\n") == 2:
                break
        pids = [int(line) for line in printed.split()]
        assert all(is_running(pid) for pid in pids)
    assert os.getpid() not in pids
    limit = time.monotonic() + 10
    while any(is_running(pid) for pid in pids) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not any(is_running(pid) for pid in pids)
