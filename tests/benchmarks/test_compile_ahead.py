import subprocess
import sys

import compile_ahead
import pytest


def test_each_network_is_compiled_by_the_last_arm_that_has_it() -> None:
    keys = {"baseline": "a", "+ one": "a", "+ two": "b", "+ three": "c", "+ four": "b"}
    assert compile_ahead.one_arm_each(keys) == ["+ one", "+ four", "+ three"]


def test_processes_run_side_by_side_and_the_slow_one_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    sources = {"good": "pass", "bad": "raise SystemExit(3)", "slow": "import time; time.sleep(60)", "late": "pass"}
    started: list[str] = []

    def start(arm: str) -> "subprocess.Popen[bytes]":
        started.append(arm)
        return subprocess.Popen([sys.executable, "-S", "-c", sources[arm]])

    codes = compile_ahead.side_by_side(list(sources), start, at_once=2, seconds=3.0)
    assert codes == {"good": 0, "bad": 3, "slow": None, "late": 0}
    assert started == list(sources)
    assert "arm 'slow': stopped, for the time is over" in capsys.readouterr().out


def test_a_study_that_does_not_exist_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_ahead.main(["beyound", "--data", "synthetic"]) == 2
    assert "'beyond'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_networks_of_a_study_compile(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["smoke", "--preset", "mini", "--data", "synthetic", "--device", "cpu", "--logs", str(tmp_path)]
    assert compile_ahead.main(words) == 0
    assert "1 network, 1 at a time" in capsys.readouterr().out
    assert all("ok after" in log.read_text() for log in tmp_path.glob("*.log"))
