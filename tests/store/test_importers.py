import json
from pathlib import Path

import pytest

from ablate.errors import AblateError, UsageError
from ablate.store.importers import import_logs, parse_arm, read_log
from ablate.store.run_folder import RunFolder

RULE = "-" * 81 + "\n"
HEADER = RULE + "|  run     |  epoch  |  train_acc  |  val_acc  |  tta_val_acc  |  time_seconds  |\n" + RULE


def row(run: object, epoch: object, train: object, plain: object, tta: object, seconds: object) -> str:
    return f"|  {run!s:>6}  |  {epoch!s:>5}  |  {train!s:>9}  |  {plain!s:>7}  |  {tta!s:>11}  |  {seconds!s:>12}  |"


def eval_rows(count: int, seconds: float = 2.0) -> str:
    rows = [row(run, "eval", 0.9875, 0.9314, f"{0.94 + run / 10_000:.4f}", seconds) for run in range(1, count + 1)]
    return "".join(f"{one}\n{RULE}" for one in rows)


EVAL_ONLY = HEADER + row("warmup", "eval", 0.1111, 0.0978, 0.0963, 40.5124) + "\n" + RULE + eval_rows(3)

WITH_EPOCHS = (
    HEADER
    + row("warmup", 1, 0.1, 0.1, "", 30.0)
    + "\n"
    + row("", "eval", 0.1, 0.1, 0.1, 31.0)
    + "\n"
    + RULE
    + "".join(
        row(run, 1, 0.5, 0.61, "", 1.0)
        + "\n"
        + row("", 2, 0.8, 0.92, "", 2.0)
        + "\n"
        + row("", "eval", 0.8, 0.92, tta, 2.5)
        + "\n"
        + RULE
        for run, tta in ((0, 0.9401), (1, 0.9402))
    )
    + "Mean: 0.9401    Std: 0.0001\n"
)


def logged(tmp_path: Path, text: str, name: str = "run_1.log") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def accuracies(path: Path) -> list[float]:
    return [trial.score for trial in read_log(path)]


def test_eval_rows_are_trials_and_the_warm_up_is_not(tmp_path: Path) -> None:
    trials = read_log(logged(tmp_path, EVAL_ONLY))
    assert [trial.score for trial in trials] == [0.9401, 0.9402, 0.9403]
    assert (trials[0].train_accuracy, trials[0].accuracy, trials[0].time_seconds) == (0.9875, 0.9314, 2.0)
    assert trials[0].line == 6


def test_epoch_rows_are_the_curve_and_runs_are_named_on_their_first_row_only(tmp_path: Path) -> None:
    trials = read_log(logged(tmp_path, WITH_EPOCHS))
    assert [trial.score for trial in trials] == [0.9401, 0.9402]
    assert {trial.curve for trial in trials} == {(0.61, 0.92)}
    assert {trial.time_seconds for trial in trials} == {2.5}


OLDER = ("train_loss", "train_acc", "val_acc", "tta_val_acc", "total_time_seconds")
OLDEST = ("train_loss", "val_loss", *OLDER[1:])


@pytest.mark.parametrize("columns", [OLDER, OLDEST])
def test_older_scripts_print_losses_before_accuracies(tmp_path: Path, columns: tuple[str, ...]) -> None:
    losses = [2.3456] * (len(columns) - 4)

    def line(run: str, epoch: object, *numbers: object) -> str:
        return "|  " + "  |  ".join([run, str(epoch), *map(str, numbers)]) + "  |\n"

    text = "|  run     |  epoch  |  " + "  |  ".join(columns) + "  |\n" + RULE
    text += line("0", 0, *losses, 0.51, 0.62, "", 1.0) + line("", "eval", *losses, 0.98, 0.93, 0.9401, 3.83) + RULE
    # A newer table in the same file has a header of its own.
    (old, new) = read_log(logged(tmp_path, text + HEADER + eval_rows(1)))
    assert (old.train_accuracy, old.accuracy, old.score, old.time_seconds) == (0.98, 0.93, 0.9401, 3.83)
    assert old.curve == (0.62,)
    assert (new.train_accuracy, new.score, new.time_seconds) == (0.9875, 0.9401, 2.0)


AWKWARD = {
    "progress overprinted with carriage returns": HEADER
    + "\r  0%|          | 0/170498071 [00:00<?, ?it/s]\r  4%|▍         | 7307264/170498071 [00:00<00:04]\n"
    + "Files already downloaded and verified\n"
    + f"Mean accuracy after 1 runs: 0.940100 | Mean time: 2.013260s\r{row(1, 'eval', 0.9, 0.93, 0.9401, 2.0)}\n",
    "progress glued on without a break": f"Mean time: 2.01s{row(1, 'eval', 0.9, 0.93, 0.9401, 2.0)}Mean accuracy | x\n",
    "windows line ends": (HEADER + row(1, "eval", 0.9, 0.93, 0.9401, 2.0) + "\n").replace("\n", "\r\n"),
    "two rows on one line": HEADER + row("warmup", "eval", 0.1, 0.1, 0.1, 9.0) + row(1, "eval", 0.9, 0.93, 0.9401, 2.0),
    "a last line cut in its last number": HEADER
    + row(1, "eval", 0.9, 0.93, 0.9401, 2.0)
    + "\n"
    + row(2, "eval", 0.9, 0.93, 0.9402, 2.01)[:-6],
    "a run cut short, another after it": HEADER
    + f"{row(7, 1, 0.5, 0.6, '', 1.0)}\nTraceback (most recent call last):\n{HEADER}"
    + f"{row(1, 'eval', 0.9, 0.93, 0.9401, 2.0)}\n",
    "a cut run's warm-up before a table that starts again": HEADER
    + f"{row('warmup', 1, 0.5, 0.6, '', 1.0)}\n{HEADER}{row(1, 'eval', 0.9, 0.93, 0.9401, 2.0)}\n",
    "blank accuracy cells": HEADER + row(1, "eval", "", "", 0.9401, 2.0) + "\n",
    "bytes that are no text": HEADER + "\udcff\udcfe" + row(1, "eval", 0.9, 0.93, 0.9401, 2.0) + "\n",
}


@pytest.mark.parametrize("case", AWKWARD)
def test_awkward_logs(tmp_path: Path, case: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(AWKWARD[case].encode(errors="surrogateescape"))
    (trial,) = read_log(path)
    assert (trial.score, trial.time_seconds) == (0.9401, 2.0)
    assert trial.curve == ()


def test_two_tables_in_one_file_are_one_process(tmp_path: Path) -> None:
    folder = import_logs([logged(tmp_path, EVAL_ONLY + WITH_EPOCHS)], tmp_path / "out")
    trials = list(folder.read_trials())
    assert [trial.spec.block for trial in trials] == [0, 1, 2, 3, 4]
    assert {trial.process for trial in trials} == {0}


@pytest.mark.parametrize("text", ["", "nothing here\n", HEADER, HEADER + row("warmup", "eval", 0.1, 0.1, 0.1, 9.0)])
def test_a_file_without_a_trial_is_an_error_with_its_name(tmp_path: Path, text: str) -> None:
    good, bad = logged(tmp_path, EVAL_ONLY), logged(tmp_path, text, "bad.log")
    with pytest.raises(UsageError, match=f"{bad} holds no trial") as caught:
        import_logs([good, bad], tmp_path / "out")
    assert "tta_val_acc | time_seconds" in str(caught.value)
    # What the message shows as an example is one.
    (example,) = read_log(logged(tmp_path, str(caught.value), "example.log"))
    assert (example.score, example.time_seconds) == (0.9402, 2.5921)
    assert not (tmp_path / "out").exists()


def test_an_accuracy_in_percent_is_refused_with_its_line(tmp_path: Path) -> None:
    path = logged(tmp_path, HEADER + row(1, "eval", 98.75, 93.14, 94.01, 2.0) + "\n")
    with pytest.raises(UsageError, match=r"run_1.log, line 4: accuracy 98.75 is not a fraction"):
        read_log(path)


def test_a_run_that_diverged_is_a_failed_trial(tmp_path: Path) -> None:
    path = logged(tmp_path, EVAL_ONLY + row(4, "eval", "nan", "nan", 0.1, 2.0) + "\n")
    folder = import_logs([path], tmp_path / "out")
    assert [trial.status for trial in folder.read_trials()] == ["ok", "ok", "ok", "failed"]
    assert (
        list(folder.read_trials())[3].error
        == "run_1.log, line 12: a measurement is not a number; the training diverged"
    )


def test_the_result_is_an_ordinary_run_folder_with_one_process_a_file(tmp_path: Path) -> None:
    logs = [
        *(logged(tmp_path, HEADER + eval_rows(2, 2.0), f"hive_{n}.log") for n in (1, 2)),
        *(logged(tmp_path, HEADER + eval_rows(3, 2.6), f"muon_{n}.log") for n in (1, 2)),
    ]
    arms = [("baseline", "muon_*.log"), ("hive", "*/hive_?.log")]
    import_logs(logs, tmp_path / "out", arms=arms, command=("ablate", "import"))
    folder = RunFolder.open(tmp_path / "out")
    trials = list(folder.read_trials())
    assert [(trial.spec.arm, trial.spec.block, trial.process) for trial in trials] == [
        *[("hive", 0, 0), ("hive", 1, 0), ("hive", 2, 1), ("hive", 3, 1)],
        *[("baseline", 0, 2), ("baseline", 1, 2), ("baseline", 2, 2)],
        *[("baseline", 3, 3), ("baseline", 4, 3), ("baseline", 5, 3)],
    ]
    assert tuple(trial.spec for trial in trials) == folder.resolved.schedule
    assert {trial.marks for trial in trials} == {("imported",)}
    (question,) = folder.resolved.study.contrasts
    assert (question.with_arm, question.without_arm, question.kind) == ("hive", "baseline", "pair")
    assert [Path(file.path).name for file in folder.resolved.files] == [path.name for path in logs]
    assert json.loads((folder.path / "study.json").read_text())["command"] == ["ablate", "import"]


BAD_ARMS = {
    "belongs to no arm: none of a=x* fits it": [("a", "x*")],
    "belongs to two arms, a and b": [("a", "run*"), ("b", "*.log")],
    "--arm b=x* fits none of the 1 logs": [("a", "run*"), ("b", "x*")],
}


@pytest.mark.parametrize("message", BAD_ARMS)
def test_arms_that_do_not_fit_the_logs_are_wrong_usage(tmp_path: Path, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        import_logs([logged(tmp_path, EVAL_ONLY)], tmp_path / "out", arms=BAD_ARMS[message])
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_several_patterns_may_make_one_arm(tmp_path: Path) -> None:
    logs = [logged(tmp_path, EVAL_ONLY, "a.log"), logged(tmp_path, EVAL_ONLY, "b.log")]
    folder = import_logs(logs, tmp_path / "out", arms=[("one", "a.log"), ("one", "b.log")])
    assert [trial.spec.block for trial in folder.read_trials()] == [0, 1, 2, 3, 4, 5]


def test_bad_requests_touch_nothing(tmp_path: Path) -> None:
    log = logged(tmp_path, EVAL_ONLY)
    with pytest.raises(UsageError, match="no log to import"):
        import_logs([], tmp_path / "out")
    with pytest.raises(UsageError, match=r"run_1.log is given twice"):
        import_logs([log, tmp_path / "x" / ".." / "run_1.log"], tmp_path / "out")
    with pytest.raises(UsageError, match=r"Cannot read .*missing.log: No such file"):
        import_logs([tmp_path / "missing.log"], tmp_path / "out")
    with pytest.raises(UsageError, match="exists already"):
        import_logs([log], tmp_path)
    with pytest.raises(UsageError, match=r"Cannot read .*: Is a directory"):
        import_logs([tmp_path], tmp_path / "out")
    with pytest.raises(UsageError, match=r"Cannot read no such.log: "):
        import_logs([Path("no\nsuch.log")], tmp_path / "out")
    with pytest.raises(UsageError, match=r"The name of the data set \(--data\) has a line break"):
        import_logs([log], tmp_path / "out", data="a\nb")
    assert [path.name for path in tmp_path.iterdir()] == ["run_1.log"]


def test_a_disk_that_fills_up_leaves_no_half_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = logged(tmp_path, EVAL_ONLY)

    def full(file: int, data: bytes, offset: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(AblateError, match="No space left on device"):
        import_logs([log], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_arm_option_is_a_name_and_a_pattern() -> None:
    assert parse_arm("hive=run_*.log") == ("hive", "run_*.log")
    assert parse_arm(" a = b=c ") == ("a", "b=c")
    for bad in ("hive", "=x", "hive="):
        with pytest.raises(UsageError, match="--arm takes NAME=GLOB"):
            parse_arm(bad)
