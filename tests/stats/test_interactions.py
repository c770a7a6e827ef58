from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.stats import holm, interactions, shapley
from tests.stats.worlds import FACTORIAL, FACTORIAL_ARMS


def drawn(seed=1, blocks=40, processes=5):
    rng = np.random.default_rng(seed)
    return FACTORIAL.studies(rng, studies=1, blocks=blocks, processes=processes).frame(0)


def test_numbers_are_those_of_scipy_on_four_arms():
    frame = drawn()
    row = interactions(frame, FACTORIAL_ARMS).set_index(["first", "second"]).loc[("b", "c")]
    accuracy = frame.pivot_table(index="block", columns="arm", values="score")
    by_block = 100 * (accuracy["b+c"] - accuracy["b"] - accuracy["c"] + accuracy["baseline"])
    reference = stats.ttest_1samp(by_block, 0.0)
    low, high = reference.confidence_interval(0.95)
    assert (row["score_low"], row["score_high"]) == pytest.approx((low, high), rel=1e-9)
    assert row["score_p"] == pytest.approx(reference.pvalue, rel=1e-9)
    times = np.log(frame.pivot_table(index=["process", "block"], columns="arm", values="time_seconds"))
    by_process = (times["b+c"] - times["b"] - times["c"] + times["baseline"]).groupby("process").mean()
    low, high = stats.ttest_1samp(by_process, 0.0).confidence_interval(0.95)
    assert row["time_percent"] == pytest.approx(100 * np.expm1(by_process.mean()), rel=1e-9)
    assert row["time_low_percent"] == pytest.approx(100 * np.expm1(low), rel=1e-9)
    assert row["time_high_percent"] == pytest.approx(100 * np.expm1(high), rel=1e-9)


def test_the_interacting_pairs_stand_out_and_no_other():
    table = interactions(drawn(blocks=200), FACTORIAL_ARMS)
    assert list(zip(table["first"], table["second"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert table["score_stands_out"].tolist() == [False, True, False]
    assert table["time_stands_out"].tolist() == [False, False, True]
    np.testing.assert_allclose(table["score_p_holm"], holm(table["score_p"]))


def test_a_pair_without_its_four_arms_says_which_is_missing():
    arms = [arm for arm in FACTORIAL_ARMS if arm.features != {"a", "b"}]
    table = interactions(drawn(), arms).set_index(["first", "second"])
    assert table.loc[("a", "b"), "note"] == (
        "this study has no arm with a + b on and all else off; an interaction takes neither, each alone, and both"
    )
    assert np.isnan(table.loc[("a", "b"), "score_change"])
    assert table.loc[("a", "c"), "note"] == ""


def test_few_blocks_have_numbers_and_stand_out_nowhere():
    table = interactions(drawn(blocks=3, processes=1), FACTORIAL_ARMS)
    assert np.isfinite(table["score_change"]).all()
    assert not table["score_stands_out"].any()
    assert "3 blocks: numbers and no verdict; run at least 5" in table.loc[0, "note"]
    assert "one process: no interval of time" in table.loc[0, "note"]


def test_failed_arms_and_torn_blocks():
    frame = drawn()
    frame.loc[frame["arm"] == "b", "status"] = "timeout"
    table = interactions(frame, FACTORIAL_ARMS).set_index(["first", "second"])
    assert "all 40 trials of arm 'b' failed or ran out of time" in table.loc[("a", "b"), "note"]
    torn = drawn()
    torn["process"] = np.arange(len(torn))
    assert "no block ran all four arms in one process" in interactions(torn, FACTORIAL_ARMS).loc[0, "note"]
    apart = drawn(blocks=4)
    apart.loc[(apart["arm"] == "a") == (apart["block"] > 1), "status"] = "failed"
    assert "no block has a usable trial of all four arms" in interactions(apart, FACTORIAL_ARMS).loc[0, "note"]


def test_no_pair_no_rows():
    table = interactions(drawn(), FACTORIAL_ARMS[:2])
    assert len(table) == 0
    assert "score_change" in table.columns


def test_what_every_arm_has_on_is_no_player():
    frame = drawn()
    common = [replace(arm, features=arm.features | {"p", "q"}) for arm in FACTORIAL_ARMS]
    pd.testing.assert_frame_equal(interactions(frame, common), interactions(frame, FACTORIAL_ARMS))
    pd.testing.assert_frame_equal(
        pd.DataFrame(shapley(frame, common).shares), pd.DataFrame(shapley(frame, FACTORIAL_ARMS).shares)
    )
