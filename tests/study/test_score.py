import math
from dataclasses import replace

import pytest

from ablate.errors import UsageError
from ablate.study.score import TTA_ACCURACY, Score
from tests.losses import LOSS


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"title": " "}, "A score has no title; say what it measures, such as 'validation loss'"),
        ({"title": "loss\n"}, "A score's title has a line break"),
        ({"unit": "na\tts"}, "Score 'validation loss': its unit has a tab"),
        ({"factor": 0.0}, r"Score 'validation loss' has factor=0\.0; a positive number belongs there"),
        ({"margin": math.inf}, "has margin=inf"),
        ({"margin": True}, "has margin=True"),
        ({"better": "less"}, "has better='less'; it takes 'higher' or 'lower'"),
    ],
)
def test_a_score_that_could_not_be_printed_or_judged_is_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        replace(LOSS, **wrong)


def test_a_gain_is_a_difference_times_the_sign():
    assert (TTA_ACCURACY.sign, LOSS.sign) == (1, -1)


def test_numbers_stand_side_by_side_where_all_but_the_margin_is_the_same():
    assert LOSS.measures_as(replace(LOSS, margin=9.0))
    for other in ({"title": "loss"}, {"unit": "bits"}, {"value_unit": "%"}, {"factor": 2.0}, {"better": "higher"}):
        assert not LOSS.measures_as(replace(LOSS, **other))
    assert Score(title="TTA accuracy", unit="pp", value_unit="%", factor=100, margin=1).measures_as(TTA_ACCURACY)
