import math
from dataclasses import replace

import numpy as np
import pytest

from ablate.stats import BEYOND_REACH, list_effects
from ablate.stats.score_words import gain_words
from ablate.stats.sentences import headline, sentence
from ablate.stats.wording import (
    blocks_counted,
    counted,
    counted_each,
    interval_words,
    sample_words,
    saved_signed,
    saved_words,
    signed,
    start_words,
    that_of_start,
)
from ablate.study.score import TTA_ACCURACY
from tests.stats.build import contrast, noisy_pair

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.012, "+0.01"), (-0.012, f"{MINUS}0.01"), (-0.004, "0.00"), (0.0, "0.00"), (math.nan, "?"), (math.inf, "?")],
)
def test_what_rounds_to_zero_has_no_sign(value, words):
    assert signed(value, 2) == words
    assert gain_words(value, TTA_ACCURACY) == f"{words} pp"


@pytest.mark.parametrize(
    ("saved", "words", "in_a_table"),
    [
        (2.28, "saves 2.3 %", "+2.3 %"),
        (-0.284, "costs 0.28 %", f"{MINUS}0.28 %"),
        (0.996, "saves 1.0 %", "+1.0 %"),
        (-0.004, "takes as long", "0.00 %"),
        (0.0, "takes as long", "0.00 %"),
        (-120.0, "costs 120.0 %", f"{MINUS}120.0 %"),
    ],
)
def test_time_is_saved_or_costs_and_plus_is_better(saved, words, in_a_table):
    assert saved_words(saved) == words
    assert saved_signed(saved) == in_a_table


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((14.4, 5.86, 22.18), "saves 14.4 % [5.9, 22.2]"),
        ((-2.0, -10.9, 6.2), f"costs 2.0 % [{MINUS}6.2, +10.9]"),
        ((-0.31, -0.38, -0.24), "costs 0.31 % [0.24, 0.38]"),
        ((2.31, 2.2901, 2.3302), "saves 2.310 % [2.290, 2.330]"),
        ((-0.02, -3.0, 3.1), f"saves 0.0 % [{MINUS}3.0, +3.1]"),
        ((16.96, math.nan, 20.6), "saves 17.0 % [?, 20.6]"),
        ((16.96, 16.95, math.nan), "saves 16.960 % [16.950, ?]"),
        ((-16.9, -20.6, math.nan), "costs 16.9 % [?, 20.6]"),
        ((0.001, math.nan, 5.0), "saves 0.0 % [?, 5.0]"),
        ((0.001, -5.0, math.nan), f"saves 0.0 % [{MINUS}5.0, ?]"),
    ],
)
def test_the_interval_points_where_the_verb_does_and_holds_its_number(numbers, words):
    assert saved_words(*numbers) == words


def test_a_number_lies_inside_the_interval_beside_it_however_it_is_rounded():
    rng = np.random.default_rng(3)
    for _ in range(500):
        value, width = rng.normal(0, 5), 10 ** rng.uniform(-3, 1)
        low, high = value - rng.uniform(0, 1) * width, value + rng.uniform(0, 1) * width
        text = saved_words(value, low, high).replace(MINUS, "-").replace("+", "")
        number, ends = text.split()[1], text[text.index("[") + 1 : -1].split(", ")
        assert float(ends[0]) <= float(number) <= float(ends[1]), text


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
        "score_change": -0.011,
        "score_low": -0.05,
        "score_high": 0.03,
        "time_percent": -2.31,
        "time_low_percent": -2.36,
        "time_high_percent": -2.26,
        "time_saved_percent": 2.31,
        "time_saved_low_percent": 2.26,
        "time_saved_high_percent": 2.36,
        "time_verdict": "better",
        "score_verdict": "inconclusive",
        "score_more_blocks": 30,
    }
    return replace(effect, **(measured | changes))


def test_the_short_form():
    assert headline(known()) == f"selective_tta: saves 2.3 % of the time, {MINUS}0.01 pp"
    assert headline(known(time_percent=math.nan)) == f"selective_tta: time not measured, {MINUS}0.01 pp"


def test_the_full_form_has_intervals_verdicts_and_what_would_settle_them():
    assert sentence(known()) == (
        "selective_tta: saves 2.31 % of the time [2.26, 2.36], better; "
        f"TTA accuracy {MINUS}0.01 pp [{MINUS}0.05, +0.03], inconclusive "
        "(about 30 more blocks would settle it if mean and spread stay as they are) (20 blocks, 5 processes)"
    )


def test_one_more_and_more_than_anyone_could_run():
    assert "about 1 more process would settle it" in sentence(known(time_verdict="inconclusive", time_more_processes=1))
    hopeless = known(
        score_more_blocks=BEYOND_REACH,
        time_verdict="inconclusive",
        time_more_processes=BEYOND_REACH,
        time_low_percent=-5.0,
        time_high_percent=0.4,
    )
    assert "inconclusive (no number of blocks would settle it)" in sentence(hopeless)
    assert "inconclusive (no number of processes would settle it)" in sentence(hopeless)


def test_without_an_interval_there_are_no_brackets():
    bare = {
        "time_low_percent": math.nan,
        "time_saved_low_percent": math.nan,
        "time_high_percent": math.nan,
        "time_saved_high_percent": math.nan,
        "score_low": math.nan,
    }
    words = sentence(known(time_verdict="no verdict", score_verdict="no verdict", **bare))
    assert words == (
        "selective_tta: saves 2.3 % of the time, no verdict; "
        f"TTA accuracy {MINUS}0.01 pp, no verdict (20 blocks, 5 processes)"
    )


def test_where_interval_and_verdict_part_the_words_say_so():
    parted = known(
        time_verdict="inconclusive",
        time_more_processes=3,
        time_family=22,
        score_low=-0.02,
        score_high=-0.001,
    )
    assert parted.time_seen_alone
    assert "[2.26, 2.36], inconclusive (seen on its own; not settled among 22; about 3 more processes" in sentence(
        parted
    )
    assert sentence(parted).count("seen on its own") == 2
    covered = known(time_verdict="inconclusive", time_low_percent=-3.0, time_high_percent=1.0)
    assert not covered.time_seen_alone
    assert "seen on its own" not in sentence(covered)
    assert not known(time_verdict="better").time_seen_alone
    assert "time not measured, no verdict" in sentence(known(time_percent=math.nan, time_verdict="no verdict"))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([5, 5], "5 trials"), ([1], "1 trial"), ([7, 5, 6], "5 to 7 trials"), ([0, 1], "0 to 1 trial")],
)
def test_how_many_each_has(numbers, said):
    assert counted_each(numbers, "trial") == said


def test_what_arms_are_measured_from():
    assert (start_words("baseline"), that_of_start("baseline")) == ("the baseline", "the baseline's")
    assert (start_words("others"), that_of_start("others")) == ("'others'", "that of 'others'")


def test_blocks_or_rounds_where_there_are_none():
    assert [blocks_counted(*numbers) for numbers in ((20, 6), (1, 0), (0, 6), (0, 0))] == [
        *("20 blocks", "1 block", "6 rounds of times", "0 blocks")
    ]


def test_what_numbers_stand_on():
    assert sample_words(20, 20, 5) == "20 blocks in 5 processes"
    assert sample_words(1, 0, 1, " of 7 arms") == "1 block of 7 arms in 1 process"
    assert sample_words(0, 6, 2) == "6 rounds of times in 2 processes"
    # Of trainings side by side no times are compared, and scores ask for no process.
    assert sample_words(20, 0, 0) == "20 blocks"
