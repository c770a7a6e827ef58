"""Curves by epoch in reports: which epochs and arms stand there, and that their numbers are those of the statistics."""

import csv
import io
import json
import re
from base64 import b64decode
from dataclasses import replace
from itertools import pairwise

import pytest

from ablate.report import Evidence, report, write_reports
from ablate.report.by_epoch import MOST_EPOCHS, epochs_csv, epochs_table
from ablate.stats import by_epoch
from ablate.study import ladder, leave_one_out
from tests.losses import NAMES, loss_folder
from tests.report.build import resolved, trials_of, write_folder
from tests.report.curves import curved, curves_folder, rising

LADDER = ladder(("silu",))


def _table(folder):
    return epochs_table(Evidence.read(folder))


def test_few_arms_are_columns_of_means_with_intervals_and_epochs_rows(tmp_path):
    folder = curves_folder(tmp_path / "run", LADDER, 12)
    table = _table(folder)
    assert [column.heading for column in table.columns] == ["epoch", "baseline", "+ silu"]
    assert [row[0].text for row in table.rows] == [str(epoch) for epoch in range(1, 13)]
    expected = by_epoch(Evidence.read(folder).frame).set_index(["arm", "epoch"])
    for row in table.rows:
        for arm, cell in zip(("baseline", "+ silu"), row[1:], strict=True):
            numbers = 100 * expected.loc[(arm, float(row[0].text)), ["mean", "mean_low", "mean_high"]]
            assert cell.line == "{:.2f} [{:.2f}, {:.2f}]".format(*numbers)
            assert cell.order == pytest.approx(numbers["mean"])
    assert table.remark == (
        "Validation accuracy % after each epoch, without test-time augmentation: mean with its 95 % interval, n = 6 an arm."
    )
    # However long it is, it is an answer to read from the first epoch to the last.
    assert not table.may_be_cut


def test_of_many_arms_each_has_a_row_with_a_few_epochs_and_its_own_last(tmp_path):
    names = ("silu", "compile", "selective_tta")
    study = resolved(leave_one_out(names), blocks=4, processes=2)
    ends = {"all - silu": 9}
    folder = write_folder(
        tmp_path / "run", study, change=curved(lambda trial: rising(ends.get(trial.spec.arm, 12))(trial))
    )
    assert [column.heading for column in _table(folder).columns] == ["epoch", *(arm.name for arm in study.study.arms)]
    wider = resolved(ladder((*names, "tuning", "svd_whitening")), blocks=4, processes=2)
    ends = {"+ silu": 9}
    folder = write_folder(
        tmp_path / "wider", wider, change=curved(lambda trial: rising(ends.get(trial.spec.arm, 12))(trial))
    )
    table = _table(folder)
    assert [column.heading for column in table.columns] == ["arm", "epoch 1", "epoch 4", "epoch 8", "last epoch"]
    assert [row[0].text for row in table.rows] == [arm.name for arm in wider.study.arms]
    whole = by_epoch(Evidence.read(folder).frame)
    lasts = whole.groupby("arm")["mean"].last()
    for row in table.rows:
        assert row[-1].text == f"{100 * lasts[row[0].text]:.2f}"
        assert len({cell.text for cell in row}) == 5
    assert table.remark.endswith(
        "n = 4 an arm. The last is epoch 9 to 12, as long as the arm is. "
        "by_epoch.csv, which `ablate report DIR --write` makes, has every epoch."
    )


def test_arms_of_one_epoch_have_their_last_alone(tmp_path):
    table = _table(curves_folder(tmp_path / "run", ladder(("silu", "compile", "tuning", "selective_tta")), 1))
    assert [column.heading for column in table.columns] == ["arm", "last epoch"]


def test_of_a_long_training_some_epochs_stand_there_evenly_apart(tmp_path):
    folder = curves_folder(tmp_path / "run", LADDER, 200, blocks=2)
    table = _table(folder)
    epochs = [float(row[0].text) for row in table.rows]
    assert (len(epochs), epochs[0], epochs[-1]) == (MOST_EPOCHS, 1, 200)
    steps = [later - earlier for earlier, later in pairwise(epochs)]
    assert max(steps) - min(steps) <= 1
    assert table.remark.endswith("by_epoch.csv, which `ablate report DIR --write` makes, has every epoch.")
    assert len(list(csv.DictReader(io.StringIO(epochs_csv(Evidence.read(folder)))))) == 400


def test_an_arm_that_ends_within_an_epoch_has_a_row_of_its_own_and_one_trial_no_interval(tmp_path):
    folder = curves_folder(tmp_path / "run", LADDER, 3, blocks=1)
    evidence = replace(Evidence.read(folder), epochs={"+ silu": 2.59})
    table = epochs_table(evidence)
    assert [row[0].text for row in table.rows] == ["1", "2", "2.59", "3"]
    assert [[cell.text == "–" for cell in row[1:]] for row in table.rows[2:]] == [[True, False], [False, True]]
    assert all(cell.detail == "" for row in table.rows for cell in row)
    assert ": mean, n = 1 an arm." in table.remark


def test_a_loss_is_in_its_own_unit_with_decimals_that_show_its_interval(tmp_path):
    table = _table(loss_folder(tmp_path / "run", ladder(NAMES[:1]), curves=True))
    assert [len(row) for row in table.rows] == [3, 3, 3]
    assert re.fullmatch(r"3\.\d{4} \[3\.\d{4}, 3\.\d{4}\]", table.rows[-1][1].line)
    assert table.remark.startswith("Validation loss nats after each epoch: mean")


def test_every_format_has_the_section_and_the_folder_its_file(tmp_path):
    folder = curves_folder(tmp_path / "run", LADDER, 5)
    last = _table(folder).rows[-1][2].line
    assert re.search(r"^By epoch\nepoch +baseline +\+ silu\n +1  ", report(folder), re.MULTILINE)
    assert last in report(folder)
    assert f"## By epoch\n\n{_table(folder).remark}\n\n| epoch | baseline | + silu |\n" in report(folder, "md")
    assert f"| 5 | {_table(folder).rows[-1][1].line} | {last} |\n" in report(folder, "md")
    assert r"\label{tab:made_up-by-epoch}" in report(folder, "latex")
    written = write_reports(folder)
    assert [path.name for path in written[:4]] == ["report.html", "report.md", "effects.csv", "by_epoch.csv"]
    file = (folder / "by_epoch.csv").read_text()
    assert file == epochs_csv(Evidence.read(folder))
    rows = list(csv.DictReader(io.StringIO(file)))
    assert json.loads(report(folder, "json"))["by_epoch"] == [
        {name: value if name == "arm" else pytest.approx(float(value)) for name, value in row.items()} for row in rows
    ]
    page = written[0].read_text()
    assert '<h2 id="by-epoch">By epoch</h2>' in page
    assert '<a href="#by-epoch">' in page
    (uri,) = re.findall(r'download="made-up-by_epoch\.csv" href="data:text/csv;base64,([^"]+)"', page)
    assert b64decode(uri).decode() == file


def test_without_curves_or_with_mixed_data_there_is_none_and_an_older_file_goes(tmp_path):
    study = resolved(LADDER, blocks=4, processes=2)
    plain = write_folder(tmp_path / "plain", study)
    (plain / "by_epoch.csv").write_text("of an earlier version")
    assert "by_epoch.csv" not in {path.name for path in write_reports(plain)}
    assert not (plain / "by_epoch.csv").exists()
    assert "By epoch" not in report(plain)
    assert json.loads(report(plain, "json"))["by_epoch"] is None
    trials = trials_of(study)
    trials[0] = replace(trials[0], data="synthetic", data_digest="5" * 64)
    mixed = write_folder(tmp_path / "mixed", study, trials, change=curved(rising(3)))
    assert Evidence.read(mixed).mixes_data
    assert _table(mixed) is None
    assert epochs_csv(Evidence.read(mixed)) is None
