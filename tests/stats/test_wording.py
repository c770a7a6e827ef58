import math
from dataclasses import replace

import numpy as np
import pytest

from ablate.stats import BEYOND_REACH, list_effects
from ablate.stats.sentences import headline, sentence
from ablate.stats.wording import accuracy_words, counted, interval_words, signed, time_words
from tests.stats.build import contrast, noisy_pair

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.012, "+0.01"), (-0.012, f"{MINUS}0.01"), (-0.004, "0.00"), (0.0, "0.00"), (math.nan, "?"), (math.inf, "?")],
)
def test_what_rounds_to_zero_has_no_sign(value, words):
    assert signed(value, 2) == words
    assert accuracy_words(value) == f"{words} pp"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (-2.28, "2.3 % faster"),
        (0.284, "0.28 % slower"),
        (-0.996, "1.0 % faster"),
        (0.004, "as fast"),
        (0.0, "as fast"),
        (120.0, "120.0 % slower"),
    ],
)
def test_times_are_faster_slower_or_as_fast(change, words):
    assert time_words(change) == words


def test_intervals_and_counts():
    assert interval_words(-0.05, 0.03, 2) == f"[{MINUS}0.05, +0.03]"
    assert [counted(1, "process"), counted(5, "process"), counted(1200, "block")] == [
        "1 process",
        "5 processes",
        "1,200 blocks",
    ]


def known(**changes):
    (effect,) = list_effects(noisy_pair(np.random.default_rng(1)), [contrast("selective_tta")])
    measured = {
        "tta_accuracy_pp": -0.011,
        "tta_accuracy_low_pp": -0.05,
        "tta_accuracy_high_pp": 0.03,
        "time_percent": -2.31,
        "time_low_percent": -2.36,
        "time_high_percent": -2.26,
        "time_verdict": "better",
        "tta_accuracy_verdict": "inconclusive",
        "tta_accuracy_more_blocks": 30,
    }
    return replace(effect, **(measured | changes))


def test_the_short_form():
    assert headline(known()) == f"selective_tta: 2.3 % faster, {MINUS}0.01 pp"
    assert headline(known(time_percent=math.nan)) == f"selective_tta: time not measured, {MINUS}0.01 pp"


def test_the_full_form_has_intervals_verdicts_and_what_would_settle_them():
    assert sentence(known()) == (
        f"selective_tta: time {MINUS}2.31 % [{MINUS}2.36, {MINUS}2.26], better; "
        f"TTA accuracy {MINUS}0.01 pp [{MINUS}0.05, +0.03], inconclusive "
        "(about 30 more blocks would settle it if mean and spread stay as they are) (20 blocks, 5 processes)"
    )


def test_one_more_and_more_than_anyone_could_run():
    assert "about 1 more process would settle it" in sentence(known(time_verdict="inconclusive", time_more_processes=1))
    hopeless = known(
        tta_accuracy_more_blocks=BEYOND_REACH, time_verdict="inconclusive", time_more_processes=BEYOND_REACH
    )
    assert "inconclusive (no number of blocks would settle it)" in sentence(hopeless)
    assert "inconclusive (no number of processes would settle it)" in sentence(hopeless)


def test_without_an_interval_there_are_no_brackets():
    bare = {"time_low_percent": math.nan, "tta_accuracy_low_pp": math.nan}
    words = sentence(known(time_verdict="no verdict", tta_accuracy_verdict="no verdict", **bare))
    assert (
        words
        == f"selective_tta: time {MINUS}2.31 %, no verdict; TTA accuracy {MINUS}0.01 pp, no verdict (20 blocks, 5 processes)"
    )
    assert "time not measured, no verdict" in sentence(known(time_percent=math.nan, time_verdict="no verdict"))
