import math

import numpy as np
import pytest
from scipy import stats

from ablate.stats import ladder, list_effects
from tests.stats.build import contrast, deal, frame_of

SECONDS = {"baseline": 2.59, "first": 2.46, "second": 2.50, "all": 2.015}
ARMS = tuple(SECONDS)
RUNGS = [
    contrast(subject, with_arm=above, without_arm=below, kind="ladder")
    for subject, below, above in (
        ("optimiser", "baseline", "first"),
        ("tta", "first", "second"),
        ("tuning", "second", "all"),
    )
]
TOTAL = contrast("all", with_arm="all", without_arm="baseline", kind="total")


def study(blocks=20, processes=4):
    rng = np.random.default_rng(1)
    owners = deal(blocks, processes)
    shift = rng.normal(0, 0.002, processes)[owners]
    return frame_of(
        {arm: rng.normal(0.94, 0.001, blocks) for arm in ARMS},
        {arm: seconds + shift + rng.normal(0, 0.0005, blocks) for arm, seconds in SECONDS.items()},
        owners,
    )


def test_rungs_are_shares_of_the_baselines_time_and_add_up():
    result = ladder(study(), [TOTAL, *RUNGS])
    table = result.table()
    assert table["subject"].tolist() == ["optimiser", "tta", "tuning"]
    expected = [100 * 0.13 / 2.59, -100 * 0.04 / 2.59, 100 * 0.485 / 2.59]
    np.testing.assert_allclose(table["time_saved_percent"], expected, atol=0.05)
    assert table["time_saved_percent"].sum() == pytest.approx(result.total.time_saved_percent)
    assert table["score_change"].sum() == pytest.approx(result.total.score_change)
    assert result.baseline_seconds == pytest.approx(2.59, abs=0.003)
    assert result.final_seconds == pytest.approx(2.015, abs=0.003)
    assert (result.blocks, result.time_blocks, result.processes, result.note) == (20, 20, 4, "")


def test_the_whole_is_the_effect_of_the_total_contrast():
    frame = study()
    (effect,) = list_effects(frame, [TOTAL])
    total = ladder(frame, RUNGS).total
    assert total.time_saved_percent == pytest.approx(effect.time_saved_percent, rel=1e-12)
    assert total.time_saved_low_percent == pytest.approx(effect.time_saved_low_percent, rel=1e-12)
    assert total.time_saved_high_percent == pytest.approx(effect.time_saved_high_percent, rel=1e-12)
    assert total.time_saved_p == pytest.approx(effect.time_p, rel=1e-12)
    assert total.score_change == pytest.approx(effect.score_change)
    assert total.score_low == pytest.approx(effect.score_low)


def test_an_interval_is_that_of_the_delta_method_around_the_mean_log_ratio():
    frame = study()
    wide = np.log(frame.pivot_table(index=["process", "block"], columns="arm", values="time_seconds"))
    means = wide.groupby("process").mean()
    ratio = means.sub(means["baseline"], axis=0)
    second, final = np.exp(ratio["second"].mean()), np.exp(ratio["all"].mean())
    slope = second * (ratio["second"] - ratio["second"].mean()) - final * (ratio["all"] - ratio["all"].mean())
    low, high = stats.ttest_1samp(100 * (second - final + slope), 0.0).confidence_interval(0.95)
    tuning = ladder(frame, RUNGS).shares[2]
    assert tuning.time_saved_percent == pytest.approx(100 * (second - final), rel=1e-12)
    assert (tuning.time_saved_low_percent, tuning.time_saved_high_percent) == pytest.approx((low, high), rel=1e-9)


def test_a_block_without_every_rung_does_not_count():
    frame = study()
    frame.loc[(frame["arm"] == "first") & (frame["block"] == 3), "status"] = "failed"
    frame.loc[(frame["arm"] == "first") & (frame["block"] == 9), "process"] = 99
    result = ladder(frame, RUNGS)
    assert (result.blocks, result.time_blocks) == (19, 18)
    assert "1 block torn between processes, counted for accuracy only" in result.note


def test_no_block_in_one_process_means_no_times():
    frame = study(blocks=6)
    frame["process"] = np.arange(len(frame))
    result = ladder(frame, RUNGS)
    assert math.isnan(result.shares[0].time_saved_percent)
    assert math.isnan(result.baseline_seconds)
    assert "no block ran all arms in one process" in result.note


def test_what_is_no_ladder_says_so():
    assert "not a ladder" in ladder(study(), [TOTAL]).note
    assert "not a ladder" in ladder(study(), []).note
    gap = ladder(study(), [RUNGS[0], RUNGS[2]])
    assert gap.note == "this ladder has a gap: 'tuning' starts from 'second', not from 'first'"
    assert gap.total is None
    frame = study()
    assert "arm 'second' has no trial" in ladder(frame[frame["arm"] != "second"], RUNGS).note


def test_a_change_of_environment_is_noted():
    frame = study()
    frame.loc[frame["block"] >= 10, "environment"] = "another"
    assert "the blocks ran in 2 environments" in ladder(frame, RUNGS).note
