from math import isnan, sqrt

import numpy as np
import pytest

from ablate.errors import UsageError
from ablate.stats import shares_above
from ablate.stats.targets import as_trials_hold, percent_words, reached_words, reaches, share_interval
from ablate.study.score import TTA_ACCURACY, Score
from tests.stats.build import frame_of

LOSS = Score(title="validation loss", unit="nats", better="lower", margin=0.005)
ERROR = Score(title="error", unit="pp", value_unit="%", factor=100.0, better="lower", margin=0.05)


def _frame(**scores):
    return frame_of(scores, {arm: [2.0] * len(each) for arm, each in scores.items()})


def _wilson(above, n, z=1.959963984540054):
    """The interval as it is derived: the shares whose normal score test does not reject what was seen."""
    centre, half = above / n + z * z / (2 * n), z * sqrt(above / n * (1 - above / n) / n + z * z / (4 * n * n))
    return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


@pytest.mark.parametrize("above", [0, 1, 7, 84, 100])
def test_the_share_at_or_above_has_a_wilson_interval(above):
    scores = [0.94 + 0.0001 * (place % 3) for place in range(above)] + [0.9399] * (100 - above)
    row = shares_above(_frame(a=scores), 0.94).iloc[0]
    assert (row["arm"], row["n"], row["above"], row["share"]) == ("a", 100, above, above / 100)
    assert (row["share_low"], row["share_high"]) == pytest.approx(_wilson(above, 100), abs=1e-12)
    assert 0 <= row["share_low"] <= row["share"] <= row["share_high"] <= 1


def test_84_of_100_is_what_r_gives():
    # prop.test(84, 100, correct = FALSE) in R.
    row = shares_above(_frame(a=[0.95] * 84 + [0.9] * 16), 0.94).iloc[0]
    assert (row["share_low"], row["share_high"]) == pytest.approx((0.7557973, 0.8990471), abs=1e-7)


def test_less_is_better_counts_at_or_below():
    table = shares_above(_frame(a=[3.2, 3.28, 3.3], b=[3.4, 3.5, 3.6]), 3.28, score=LOSS)
    assert table[["arm", "above"]].to_numpy().tolist() == [["a", 2], ["b", 0]]


def test_a_score_in_single_precision_reaches_the_number_it_stands_for_and_the_next_lower_does_not():
    held = np.array([np.float32(0.94), np.float32(0.9399), np.float32(0.93999)], dtype=np.float64)
    assert held[0] < 0.94
    assert reaches(held, 0.94, TTA_ACCURACY).tolist() == [True, False, False]
    assert all(reaches(np.array([hits / 10_000]), (hits / 100) / 100, TTA_ACCURACY)[0] for hits in range(1, 10_001))


def test_trials_without_a_score_do_not_count_and_an_arm_of_these_has_no_share():
    frame = _frame(a=[0.95, 0.93, 0.95], b=[0.95] * 3)
    frame.loc[(frame["arm"] == "a") & (frame["block"] == 2), "status"] = "failed"
    frame.loc[frame["arm"] == "b", "score"] = float("nan")
    frame.loc[frame["arm"] == "b", "measures"] = "time"
    table = shares_above(frame, 0.94).set_index("arm")
    assert table.loc["a", ["n", "above", "share"]].tolist() == [2, 1, 0.5]
    assert table.loc["b", ["n", "above"]].tolist() == [0, 0]
    assert all(isnan(table.loc["b", name]) for name in ("share", "share_low", "share_high"))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (float("nan"), "target accuracy nan: give a finite number."),
        (94, "target accuracy 94: give a number from 0 to 1, as trials hold it."),
    ],
)
def test_a_target_that_no_trial_could_reach_is_refused(target, message):
    with pytest.raises(UsageError) as refused:
        shares_above(_frame(a=[0.95]), target)
    assert str(refused.value) == message


def test_targets_are_read_and_said_in_the_unit_that_people_read():
    assert as_trials_hold(94, TTA_ACCURACY) == 0.94
    assert as_trials_hold(0.94, TTA_ACCURACY) == 0.94
    assert as_trials_hold(1, TTA_ACCURACY) == 0.01
    assert as_trials_hold(3.28, LOSS) == 3.28
    assert as_trials_hold(0.5, ERROR) == 0.005
    assert reached_words(0.9401, TTA_ACCURACY) == "94.01 % or more"
    assert reached_words(3.28, LOSS) == "3.28 nats or less"


@pytest.mark.parametrize(
    ("target", "score", "message"),
    [
        (0, TTA_ACCURACY, "--target 0 is 0 % of TTA accuracy; give a percentage, such as 94."),
        (194, TTA_ACCURACY, "--target 194 is 194 % of TTA accuracy; give a percentage, such as 94."),
        (-1, ERROR, "--target -1 is -1 % of error; give a percentage, such as 94."),
        (float("inf"), LOSS, "--target inf: give a finite number of nats."),
    ],
)
def test_targets_that_no_trial_could_mean_are_refused(target, score, message):
    with pytest.raises(UsageError) as refused:
        as_trials_hold(target, score)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("above", "n", "words"),
    [
        (84, 100, "84 %"),
        (1, 3, "33.3 %"),
        (1999, 2000, "99.95 %"),
        (29999, 30000, "99.997 %"),
        (0, 100, "0 %"),
        (7, 7, "100 %"),
    ],
)
def test_a_share_never_rounds_to_none_or_all(above, n, words):
    assert percent_words(above, n) == words


def test_its_interval_is_in_percent():
    assert share_interval(0.7557973, 0.8990471) == "[75.6, 89.9]"
    assert share_interval(float("nan"), float("nan")) == ""
