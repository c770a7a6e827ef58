"""The estimators on arrays, which the simulations check, are those that the public functions use: same trials, same numbers."""

import numpy as np
import pytest

from ablate.stats import equal_accuracy, interactions, list_effects, shapley
from ablate.stats.multiplicity import holm
from ablate.stats.readout import Curve, Reading
from ablate.stats.shapley import shapley_weights
from tests.stats.build import contrast
from tests.stats.worlds import EFFECTS, FACTORIAL, FACTORIAL_ARMS, LENGTH_ARMS, LENGTHS, OTHERS, interaction_weights

SIZES = pytest.mark.parametrize(("blocks", "processes"), [(5, 2), (20, 3), (23, 10)])


@SIZES
def test_effects(blocks, processes):
    drawn = EFFECTS.studies(np.random.default_rng(1), studies=3, blocks=blocks, processes=processes)
    accuracy, time = drawn.against("baseline", OTHERS)
    accuracy_holm, time_holm = holm(accuracy.p), holm(time.p)
    contrasts = [contrast(arm, with_arm=arm, without_arm="baseline") for arm in OTHERS]
    for study in range(3):
        for column, effect in enumerate(list_effects(drawn.frame(study), contrasts)):
            here = (study, column)
            assert effect.score_change == pytest.approx(100 * accuracy.mean[here], rel=1e-9)
            assert effect.score_low == pytest.approx(100 * accuracy.low[here], rel=1e-9)
            assert effect.score_high == pytest.approx(100 * accuracy.high[here], rel=1e-9)
            assert effect.score_p_holm == pytest.approx(accuracy_holm[here], rel=1e-9)
            assert effect.time_percent == pytest.approx(100 * np.expm1(time.mean[here]), rel=1e-9)
            assert effect.time_low_percent == pytest.approx(100 * np.expm1(time.low[here]), rel=1e-9)
            assert effect.time_high_percent == pytest.approx(100 * np.expm1(time.high[here]), rel=1e-9)
            assert effect.time_p_holm == pytest.approx(time_holm[here], rel=1e-9)


@SIZES
def test_shapley_and_interactions(blocks, processes):
    drawn = FACTORIAL.studies(np.random.default_rng(2), studies=2, blocks=blocks, processes=processes)
    accuracy, time = drawn.share(shapley_weights(3), first=0)
    pair_accuracy, pair_time = drawn.weigh(interaction_weights())
    for study in range(2):
        frame = drawn.frame(study)
        table = shapley(frame, FACTORIAL_ARMS).table()
        np.testing.assert_allclose(table["score_change"], 100 * accuracy.mean[study], rtol=1e-9)
        np.testing.assert_allclose(table["score_low"], 100 * accuracy.low[study], rtol=1e-9)
        np.testing.assert_allclose(table["time_saved_percent"], 100 * time.mean[study], rtol=1e-9)
        np.testing.assert_allclose(table["time_saved_high_percent"], 100 * time.high[study], rtol=1e-9)
        pairs = interactions(frame, FACTORIAL_ARMS)
        np.testing.assert_allclose(pairs["score_change"], 100 * pair_accuracy.mean[study], rtol=1e-9)
        np.testing.assert_allclose(pairs["score_high"], 100 * pair_accuracy.high[study], rtol=1e-9)
        np.testing.assert_allclose(pairs["time_percent"], 100 * np.expm1(pair_time.mean[study]), rtol=1e-9)
        np.testing.assert_allclose(pairs["time_low_percent"], 100 * np.expm1(pair_time.low[study]), rtol=1e-9)


@pytest.mark.parametrize(("blocks", "processes"), [(20, 3), (23, 10), (100, 5)])
def test_equal_accuracy(blocks, processes):
    drawn = LENGTHS.studies(np.random.default_rng(3), studies=1, blocks=blocks, processes=processes)
    row = equal_accuracy(drawn.frame(0), LENGTH_ARMS).set_index("arm").loc["silu"]
    log_times = np.stack(
        [drawn.log_time[0, drawn.process == one].mean(axis=0) for one in np.unique(drawn.process)], axis=1
    )
    errors = 1 - drawn.score[0].T
    curve, anchor = Curve.of(log_times[3:], errors[3:]), Curve.of(log_times[1:2], errors[1:2])
    reading = Reading.of(curve, anchor, log_target=None)
    low, high = reading.log_ratio.interval()
    assert row["seconds"] == pytest.approx(np.exp(reading.log_time.value), rel=1e-9)
    assert row["time_percent"] == pytest.approx(100 * np.expm1(reading.log_ratio.value), rel=1e-9)
    assert row["time_low_percent"] == pytest.approx(100 * np.expm1(low), rel=1e-9)
    assert row["time_high_percent"] == pytest.approx(100 * np.expm1(high), rel=1e-9)
