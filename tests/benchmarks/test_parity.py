"""The parity harness around its processes: results that resume, launches cut short, wrong usage, and all of it on stand-ins."""

import json
import time
from dataclasses import replace
from pathlib import Path

import parity
import pytest
from parity_harness.child import DeadlineError
from parity_harness.launching import Launcher
from parity_harness.plan import DATA_FOLDER, Launch
from parity_harness.results import Results

from ablate.errors import AblateError, UsageError

BASELINE = Launch("baseline", "theirs", 0)

# Needs its data folder, prints its process id as a run's time, and goes on for ever.
SCRIPT = """
import os, time
assert os.path.isdir("cifar10")
row = "|  {}  |  eval  |  0.9900  |  0.9300  |  0.94{:02}  |  {}.5  |"
print(row.format("warmup", 0, 40))
for run in range(1000):
    print(row.format(run, run, os.getpid()))
    time.sleep({pause})
"""


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("{pause}", "0.05"))
    (tmp_path / "data" / DATA_FOLDER).mkdir(parents=True)
    return Launcher(
        scripts={"baseline": script, "hive": script},
        data_name="images",
        data_folder=tmp_path / "data",
        trials=3,
        device="cpu",
        preset="mini",
        compiled=False,
        patience_seconds=60,
        deadline=None,
        say=lambda line: None,
    )


def test_a_launch_keeps_as_many_trials_as_were_asked_for(launcher: Launcher, tmp_path: Path) -> None:
    results = Results(tmp_path / "out", {})
    launcher.run(BASELINE, results)
    assert [round(trial.score, 4) for trial in results.trials()] == [0.94, 0.9401, 0.9402]
    assert len({trial.time_seconds for trial in results.trials()}) == 1
    assert [line["kind"] for line in results.lines] == ["settings", "launch", "trial", "trial", "trial", "launch_end"]
    assert results.lines[1]["versions"]["torch"]
    results.close()


def test_a_launch_cut_short_goes_on_in_a_new_process(launcher: Launcher, tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(SCRIPT.replace("{pause}", "60"))
    results = Results(tmp_path / "out", {"trials": 3})
    short = replace(launcher, scripts={"baseline": slow, "hive": slow}, deadline=time.monotonic() + 2)
    with pytest.raises(DeadlineError):
        short.run(BASELINE, results)
    results.close()

    again = Results(tmp_path / "out", {"trials": 3})
    kept = again.finished(BASELINE)
    assert kept == 1
    launcher.run(BASELINE, again)
    assert [trial.attempt for trial in again.trials()] == [0, 1, 1]
    assert len({trial.time_seconds for trial in again.trials()}) == 2
    again.close()


def test_a_script_that_ends_too_early_is_an_error(launcher: Launcher, tmp_path: Path) -> None:
    launcher.scripts["baseline"].write_text(SCRIPT.replace("{pause}", "0").replace("1000", "2"))
    results = Results(tmp_path / "out", {})
    with pytest.raises(AblateError, match="baseline-theirs-0 ended by itself after 2 of 3 trials"):
        launcher.run(BASELINE, results)
    results.close()


def test_a_torn_last_line_is_cut_and_a_bad_one_named(tmp_path: Path) -> None:
    results = Results(tmp_path, {"trials": 3})
    results.append("launch", recipe="hive", side="ours", round=1, attempt=0)
    results.close()
    whole = results.path.read_bytes()
    results.path.write_bytes(whole + b'{"schema": 1, "kind": "tri')
    again = Results(tmp_path, {"trials": 3})
    assert again.attempts(Launch("hive", "ours", 1)) == 1
    again.close()
    assert results.path.read_bytes() == whole
    results.path.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(AblateError, match=r"parity\.jsonl, line 1 cannot be read"):
        Results(tmp_path, {"trials": 3})


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    Results(tmp_path, {"trials": 3, "device": "cuda"}).close()
    with pytest.raises(UsageError, match="begun with device 'cuda', not 'cpu'"):
        Results(tmp_path, {"trials": 3, "device": "cpu"})


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    results = Results(tmp_path, {})
    with pytest.raises(AblateError, match="is being written by process"):
        Results(tmp_path, {})
    results.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--baseline-script is missing"),
        (["--baseline-script", "nowhere.py", "--hive-script", "nowhere.py"], "there is no file 'nowhere.py'"),
        (["--stand-ins", "--hive-script", "nowhere.py"], "give one or the other"),
        (["--stand-ins", "--trials", "0"], "both must be at least 1"),
    ],
)
def test_wrong_usage_is_said_before_anything_runs(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert parity.main([*arguments, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_wrong_data_set_is_a_data_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = ["--baseline-script", __file__, "--hive-script", __file__]
    place = ["--data", "no-such-set", "--data-dir", str(tmp_path), "--out", str(tmp_path / "out")]
    assert parity.main([*script, *place]) == 4
    assert "No data set 'no-such-set'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_harness_on_stand_ins_stops_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--stand-ins", "--past", "--launches", "2", "--trials", "2", "--out", str(tmp_path)]
    assert parity.main([*command, "--minutes", "0.05"]) == parity.EXIT_UNFINISHED
    assert parity.main(command) == 0
    lines = [json.loads(line) for line in (tmp_path / "parity.jsonl").read_text().splitlines()]
    trials = [(line["recipe"], line["side"], line["round"]) for line in lines if line["kind"] == "trial"]
    assert {launch: trials.count(launch) for launch in trials} == {
        (recipe, side, number): 2
        for recipe in ("baseline", "hive", "past")
        for side in ("ours", "theirs")
        for number in (0, 1)
    }
    verdict = json.loads((tmp_path / "parity.json").read_text())
    assert verdict["finished"]
    assert verdict["improvement_theirs_percent"] == pytest.approx(100 * (1 - 2.015 / 2.59), abs=0.1)
    ours = [line for line in lines if line["kind"] == "trial" and line["side"] == "ours"]
    assert all(0.05 < line["score"] < 1 and line["time_seconds"] > 0 for line in ours)
    assert any(line["kind"] == "environment" and line["facts"]["device"] == "cpu" for line in lines)
    assert "STAND-INS" in capsys.readouterr().out
