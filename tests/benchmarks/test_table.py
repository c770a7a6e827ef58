"""The reader of the scripts' printed tables, on text as they print it."""

from pathlib import Path

import pytest
from parity_harness.table import PrintedTrial, TableReader

from ablate.errors import AblateError
from ablate.store.importers import read_log

HEADER = "|  run     |  epoch  |  train_acc  |  val_acc  |  tta_val_acc  |  time_seconds  |"
RULE = "-" * len(HEADER)

# A run's name on its first row only, and an eval row that repeats the last epoch's columns.
EPOCH_ROWS = "\n".join(
    [
        RULE,
        HEADER,
        RULE,
        "|  warmup  |      0  |     0.1005  |   0.0990  |               |        1.0421  |",
        "|          |      1  |     0.1160  |   0.1013  |               |        1.2210  |",
        "|          |   eval  |     0.1160  |   0.1013  |       0.1002  |        1.3311  |",
        RULE,
        "|       0  |      0  |     0.6010  |   0.5120  |               |        0.3310  |",
        "|          |   eval  |     0.9905  |   0.9322  |       0.9398  |        2.5901  |",
        RULE,
        "|       1  |      0  |     0.6110  |   0.5220  |               |        0.3311  |",
        "|          |   eval  |     0.9915  |   0.9330  |       0.9407  |        2.5911  |",
        RULE + "\n",
    ]
)
EPOCH_TRIALS = [PrintedTrial("0", 0.9322, 0.9398, 2.5901), PrintedTrial("1", 0.933, 0.9407, 2.5911)]

# Eval rows only, each glued by a carriage return to progress text that has a pipe of its own.
EVAL_ROWS = (
    f"{RULE}\n{HEADER}\n{RULE}\n"
    "\r  0%|          | 0/170498071 [00:00<?, ?it/s]\r100%|██████████| 170498071/170498071 [00:05<00:00]\n"
    "|  warmup  |   eval  |     0.1111  |   0.0978  |       0.0963  |       40.5124  |\n"
    f"{RULE}\n"
    "|       1  |   eval  |     0.9875  |   0.9314  |       0.9401  |        2.0133  |\n"
    f"{RULE}\n"
    "Mean accuracy after 1 runs: 0.940100 | Mean time: 2.013260s\r"
    "|       2  |   eval  |     0.9873  |   0.9346  |       0.9407  |        2.0134  |\n"
    f"{RULE}\n"
    "Mean accuracy after 2 runs: 0.940400 | Mean time: 2.013269s\r"
)
EVAL_TRIALS = [PrintedTrial("1", 0.9314, 0.9401, 2.0133), PrintedTrial("2", 0.9346, 0.9407, 2.0134)]


@pytest.mark.parametrize("piece", [1, 7, 83, 100_000])
@pytest.mark.parametrize(("text", "trials"), [(EPOCH_ROWS, EPOCH_TRIALS), (EVAL_ROWS, EVAL_TRIALS)])
def test_pieces_of_any_size_give_the_same_trials(text: str, trials: list[PrintedTrial], piece: int) -> None:
    reader = TableReader()
    found = [trial for start in range(0, len(text), piece) for trial in reader.feed(text[start : start + piece])]
    assert found == trials


@pytest.mark.parametrize(("text", "trials"), [(EPOCH_ROWS, EPOCH_TRIALS), (EVAL_ROWS, EVAL_TRIALS)])
def test_the_package_reads_the_same_trials_from_the_log(text: str, trials: list[PrintedTrial], tmp_path: Path) -> None:
    log = tmp_path / "launch.log"
    log.write_bytes(text.encode())
    read = [(trial.accuracy, trial.score, trial.time_seconds) for trial in read_log(log)]
    assert read == [(trial.accuracy, trial.score, trial.time_seconds) for trial in trials]


def test_windows_line_ends_change_nothing() -> None:
    assert TableReader().feed(EPOCH_ROWS.replace("\n", "\r\n")) == EPOCH_TRIALS


def test_progress_text_without_a_carriage_return_is_not_part_of_the_row() -> None:
    text = EVAL_ROWS.replace("s\r|", "s|")
    assert TableReader().feed(text) == EVAL_TRIALS


def test_a_row_that_is_cut_is_no_trial_until_its_end_comes() -> None:
    reader = TableReader()
    complete = EPOCH_ROWS.index("2.5911")
    assert reader.feed(EPOCH_ROWS[: complete + 3]) == EPOCH_TRIALS[:1]
    assert reader.feed(EPOCH_ROWS[complete + 3 :]) == EPOCH_TRIALS[1:]


def test_without_names_the_first_eval_row_is_the_warm_up() -> None:
    row = "|          |   eval  |     0.9875  |   0.9314  |       {}  |        2.0133  |\n"
    trials = TableReader().feed(row.format("0.1001") + row.format("0.9401"))
    assert [trial.score for trial in trials] == [0.9401]


def test_a_named_run_is_a_trial_even_without_a_warm_up_before_it() -> None:
    row = "|       0  |   eval  |             |           |       0.9401  |        2.0133  |\n"
    assert TableReader().feed(row) == [PrintedTrial("0", None, 0.9401, 2.0133)]


def test_an_eval_row_without_a_time_is_an_error_that_shows_the_row() -> None:
    row = "|       0  |   eval  |     0.9875  |   0.9314  |       0.9401  |                |\n"
    with pytest.raises(AblateError, match=r"Cannot read the row '\|       0  \|   eval"):
        TableReader().feed(row)
