import numpy as np
import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.stats import by_epoch, trials_frame
from ablate.store.records import Measurements
from tests.stats.build import trial

CURVES = {"baseline": [(0.5, 0.7, 0.9), (0.6, 0.8, 0.92), (0.1, 0.9, 0.97)], "+ ema": [(0.4, 0.95), (0.6, 0.97)]}


def _frame(curves=CURVES):
    trials = []
    for position, (arm, each) in enumerate(curves.items()):
        for block, curve in enumerate(each):
            measured = Measurements(score=0.94, time_seconds=2.0, curve=curve)
            trials.append(trial(arm, block, position=position))
            object.__setattr__(trials[-1], "measurements", measured)
    return trials_frame(trials)


def test_rows_are_arms_and_epochs_with_n_mean_sd_and_spread_of_the_curves():
    table = by_epoch(_frame())
    assert table["arm"].tolist() == ["baseline"] * 3 + ["+ ema"] * 2
    rows = table.set_index(["arm", "epoch"])
    values = np.array(CURVES["baseline"])
    for epoch in (1, 2, 3):
        row, column = rows.loc[("baseline", epoch)], values[:, epoch - 1]
        assert row["n"] == 3
        assert row["mean"] == pytest.approx(sum(column) / 3)
        assert row["sd"] == pytest.approx((sum((column - sum(column) / 3) ** 2) / 2) ** 0.5)
        # 4.302653 is the 97.5th percentile of Student's t with two degrees of freedom.
        half_width = 4.302653 * row["sd"] / 3**0.5
        assert (row["mean_low"], row["mean_high"]) == pytest.approx(
            (row["mean"] - half_width, row["mean"] + half_width)
        )
        assert (row["lowest"], row["highest"]) == (min(column), max(column))
    # Of three values the 5th percentile lies a tenth of the way from the lowest to the middle one.
    assert rows.loc[("baseline", 1), "percentile_5"] == pytest.approx(0.1 + 0.1 * (0.5 - 0.1))
    assert rows.loc[("baseline", 1), "percentile_95"] == pytest.approx(0.6 - 0.1 * (0.6 - 0.5))


def test_an_arm_that_ends_within_an_epoch_has_its_last_row_there():
    table = by_epoch(_frame(), {"baseline": 2.5, "+ ema": 7.0})
    assert table["epoch"][table["arm"] == "baseline"].tolist() == [1, 2, 2.5]
    assert table["epoch"][table["arm"] == "+ ema"].tolist() == [1, 2]


def test_only_usable_trials_with_a_whole_curve_count_and_the_shortest_says_how_long():
    nan = float("nan")
    frame = _frame({"a": [(0.5, 0.9), (0.7, 0.8, 0.99), (), (0.5, nan)], "b": [()]})
    lost = _frame({"a": [(0.0, 0.0)]}).assign(status="failed", block=9)
    table = by_epoch(pd.concat([frame, lost], ignore_index=True))
    assert table[["arm", "epoch", "n"]].to_numpy().tolist() == [["a", 1.0, 2], ["a", 2.0, 2]]
    assert table["mean"].tolist() == pytest.approx([0.6, 0.85])
    single = by_epoch(_frame({"a": [(0.5,)]}))
    assert single[["sd", "mean_low", "mean_high"]].isna().all(axis=None)
    assert single["percentile_5"][0] == single["percentile_95"][0] == 0.5


def test_without_curves_the_table_has_columns_and_no_rows_and_another_table_is_refused():
    empty = by_epoch(_frame({"a": [()]}))
    assert empty.empty
    assert list(empty.columns) == list(by_epoch(_frame()).columns)
    with pytest.raises(
        UsageError, match=r"^this table of trials lacks curve; make it with ablate\.stats\.trials_frame$"
    ):
        by_epoch(_frame().drop(columns="curve"))
