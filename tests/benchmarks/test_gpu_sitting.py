"""The steps of a GPU sitting: what is done stays done, what is cut short goes on, what failed is tried again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import gpu_sitting
import pytest
from gpu_sitting import Step, carry_out, steps

PYTHON = (sys.executable, "-S", "-c")


def counting(path: Path, code: int = 0) -> tuple[str, ...]:
    """A command that adds a line to a file and ends with an exit code."""
    return (*PYTHON, f"import sys; open({str(path)!r}, 'a').write('x'); sys.exit({code})")


def test_every_step_once_and_what_failed_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, good, bad = tmp_path / "out", tmp_path / "good", tmp_path / "bad"
    asked = [
        Step("bad", counting(bad, 7)),
        Step("good", counting(good)),
        Step("missed", counting(good, 1), done=(0, 1)),
    ]
    assert carry_out(asked, out, 60.0) == gpu_sitting.EXIT_FAILED
    assert f"Failed: bad; their logs are in {out}." in capsys.readouterr().out
    assert json.loads((out / "steps.json").read_text()) == {"bad": 7, "good": 0, "missed": 1}
    assert carry_out(asked, out, 60.0) == gpu_sitting.EXIT_FAILED
    assert (good.read_text(), bad.read_text()) == ("xx", "xx")
    assert carry_out(asked[1:], out, 60.0) == 0


def test_a_step_that_the_time_cuts_short_is_interrupted_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, ended = tmp_path / "run", tmp_path / "ended"
    begins = f"""
import os, time
try:
    os.mkdir({str(folder)!r})
    time.sleep(600)
except KeyboardInterrupt:
    open({str(ended)!r}, "w").write("on its own")
"""

    class OverOnceBegun(subprocess.Popen[bytes]):
        """The sitting's time is over as soon as the step is under way, however long it took to start."""

        def wait(self, timeout: float | None = None) -> int:
            if ended.exists() or timeout == gpu_sitting.GRACE_SECONDS:
                return super().wait(timeout)
            while not folder.exists():
                time.sleep(0.01)
            raise subprocess.TimeoutExpired(self.args, 0.0)

    study = Step("study", (*PYTHON, begins), folder=folder, again=counting(tmp_path / "resumed"))
    after = Step("after", counting(tmp_path / "after"))
    with monkeypatch.context() as patched:
        patched.setattr(gpu_sitting.subprocess, "Popen", OverOnceBegun)
        assert carry_out([study, after], tmp_path / "out", 60.0) == gpu_sitting.EXIT_UNFINISHED
    assert "Left: study, after. The same command goes on." in capsys.readouterr().out
    assert ended.read_text() == "on its own"
    assert not (tmp_path / "after").exists()
    assert carry_out([study, after], tmp_path / "out", 60.0) == 0
    assert (tmp_path / "resumed").exists()


def test_nothing_is_begun_in_the_last_seconds(tmp_path: Path) -> None:
    step = Step("step", counting(tmp_path / "ran"))
    assert carry_out([step], tmp_path / "out", gpu_sitting.FEWEST_SECONDS / 2) == gpu_sitting.EXIT_UNFINISHED
    assert not (tmp_path / "ran").exists()


def test_the_scripts_are_needed_unless_it_is_a_rehearsal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_sitting.main(["--out", str(tmp_path / "out")]) == gpu_sitting.EXIT_USAGE
    assert "(or try --rehearse)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_record_is_asked_for_at_full_size_and_two_hundred_trials_a_side(tmp_path: Path) -> None:
    words = ["--baseline-script", "a.py", "--hive-script", "b.py", "--data", "images", "--out", str(tmp_path)]
    asked = {step.name: step for step in steps(gpu_sitting.parser().parse_args(words))}
    assert list(asked)[:4] == ["tests", "parity", "compile-waterfall", "waterfall"]
    parity = asked["parity"].command
    assert {"--past", "--launches", "8", "--trials", "25", "a.py", "b.py"} <= set(parity)
    assert asked["past_the_record"].command[-6:] == (
        *("--preset", "full", "--data", "images"),
        *("--out", str(tmp_path / "past_the_record")),
    )
    (tmp_path / "past_the_record").mkdir()
    assert asked["past_the_record"].words()[-2:] == ("resume", str(tmp_path / "past_the_record"))
