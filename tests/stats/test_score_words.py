import math

import pytest

from ablate.stats.score_words import (
    axis_name,
    change_words,
    curves_title,
    decimals_of,
    gain_interval,
    gain_name,
    gain_words,
    score_in_full,
    short_name,
    value_name,
    value_words,
)
from ablate.study.score import TTA_ACCURACY, Score
from tests.losses import LOSS

MINUS = "\N{MINUS SIGN}"
BLEU = Score(title="BLEU", better="higher", margin=0.1)
SNR = Score(title="signal to noise", unit="dB", better="higher", margin=0.1)
TOP_ONE = Score(title="top-1 accuracy", unit="pp", value_unit="%", factor=100, margin=0.1)
MILLI = Score(title="validation loss", unit="mnats", factor=1000, better="lower", margin=10)


def test_tta_accuracy_is_said_as_it_always_was():
    assert (short_name(TTA_ACCURACY), gain_name(TTA_ACCURACY)) == ("accuracy", "TTA accuracy")
    assert (value_name(TTA_ACCURACY), value_words(0.9401, TTA_ACCURACY)) == ("TTA accuracy %", "94.01 %")
    assert axis_name(TTA_ACCURACY, "up") == "TTA accuracy (%)"
    assert curves_title(TTA_ACCURACY) == "Validation accuracy by epoch"
    assert change_words(-0.01, TTA_ACCURACY) == f"{MINUS}0.01 pp"
    assert change_words(0.04, TTA_ACCURACY, -0.02, 0.1, full=True) == f"TTA accuracy +0.04 pp [{MINUS}0.02, +0.10]"


def test_any_accuracy_is_called_accuracy_and_any_other_score_by_its_title():
    assert short_name(TOP_ONE) == "accuracy"
    assert change_words(0.5, TOP_ONE, 0.1, 0.9, full=True) == "top-1 accuracy +0.50 pp [+0.10, +0.90]"
    assert short_name(LOSS) == "validation loss"


@pytest.mark.parametrize(
    ("gain", "low", "high", "words"),
    [
        (0.0204, 0.01, 0.031, "lowers validation loss by 0.020 nats [0.010, 0.031]"),
        (-0.0204, -0.031, -0.01, "raises validation loss by 0.020 nats [0.010, 0.031]"),
        (-0.004, -0.014, 0.006, f"raises validation loss by 0.004 nats [{MINUS}0.006, +0.014]"),
        (0.0, -0.01, 0.01, f"lowers validation loss by 0.000 nats [{MINUS}0.010, +0.010]"),
        (0.0204, math.nan, math.nan, "lowers validation loss by 0.020 nats"),
        (-1.5, math.nan, math.nan, "raises validation loss by 1.5 nats"),
        (0.0, math.nan, math.nan, "leaves validation loss as it is"),
        (math.nan, math.nan, math.nan, "validation loss not measured"),
    ],
)
def test_a_loss_is_lowered_or_raised_and_its_interval_points_where_the_verb_does(gain, low, high, words):
    assert change_words(gain, LOSS, low, high) == words


def test_a_brief_change_has_the_decimals_of_its_interval_and_not_the_interval():
    assert change_words(0.0204, LOSS, -0.1, 0.14, brief=True) == "lowers validation loss by 0.02 nats"
    assert change_words(0.0004, LOSS, -0.01, 0.011, brief=True) == "leaves validation loss as it is"


def test_a_score_without_a_unit_is_named_wherever_it_changes():
    assert change_words(0.4, BLEU) == "BLEU +0.40"
    assert change_words(0.4, SNR) == "+0.40 dB"
    assert change_words(0.4, SNR, 0.1, 0.7, full=True) == "signal to noise +0.40 dB [+0.10, +0.70]"
    assert (gain_words(0.4, BLEU), value_words(31.234, BLEU), value_name(BLEU)) == ("+0.40", "31.23", "BLEU")


def test_a_table_of_gains_has_plus_where_better_whatever_the_direction():
    assert gain_name(LOSS) == "validation loss lowered"
    assert gain_words(0.02, LOSS, 0.01, 0.03) == "+0.020 nats"
    assert gain_interval(LOSS, 0.01, 0.03) == "[+0.010, +0.030]"
    assert value_words(3.28123, LOSS) == "3.281 nats"
    assert value_words(3.28123, MILLI) == "3281 mnats"


@pytest.mark.parametrize(
    ("sizes", "decimals"),
    [((0.02,), 3), ((0.0021,), 4), ((0.5,), 2), ((5.0,), 1), ((52.0,), 0), ((1e-9,), 6), ((math.nan, 0.0), 3)],
)
def test_decimals_show_two_digits_of_an_interval(sizes, decimals):
    assert decimals_of(LOSS, *sizes) == decimals
    assert decimals_of(TTA_ACCURACY, *sizes) == 2


def test_what_tells_two_scores_apart_is_said_and_a_margin_does_not():
    assert score_in_full(LOSS) == "validation loss (nats, lower is better)"
    assert score_in_full(TTA_ACCURACY) == "TTA accuracy (%, × 100, higher is better)"
    assert TOP_ONE.measures_as(Score(title="top-1 accuracy", unit="pp", value_unit="%", factor=100, margin=9))
    assert not LOSS.measures_as(MILLI)
