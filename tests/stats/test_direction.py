"""Less is better: the statements about a loss are those about its negative, number for number."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.stats import (
    Margins,
    blocks_needed,
    effects,
    equal_accuracy,
    interactions,
    ladder,
    list_effects,
    measured_spreads,
    pareto_front,
    shapley,
    visible,
)
from ablate.study import ladder as ladder_design
from ablate.study.score import TTA_ACCURACY, Score
from tests.losses import LOSS
from tests.stats.build import contrast, deal, frame_of, noisy_pair
from tests.stats.simulate import FakeTrainer
from tests.stats.worlds import EFFECTS, FACTORIAL, FACTORIAL_ARMS, LENGTH_ARMS, LENGTHS, PLAYERS

ERROR = Score(title="error", unit="points", factor=100.0, better="lower", margin=0.05)
"""What is missing to an accuracy of 1: the same numbers as TTA accuracy, the other way round."""

WORDS = {"headline", "sentence", "note"}
RAW = {"with_score", "without_score", "raw_score_change"}


def as_errors(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(score=1 - frame["score"])


def alike(one: object, other: object, but: set[str] = frozenset()) -> None:
    """See that two records hold the same numbers, to rounding."""
    first, second = (pd.DataFrame(list(rows)).drop(columns=list(but)) for rows in (one, other))
    pd.testing.assert_frame_equal(first, second, rtol=1e-6, atol=1e-9)


@pytest.fixture
def drawn() -> pd.DataFrame:
    return EFFECTS.studies(np.random.default_rng(3), studies=1, blocks=20, processes=5).frame(0)


CONTRASTS = [contrast(arm, with_arm=arm, without_arm="baseline", kind="add_one_in") for arm in ("a", "b", "ab")]


def test_effects_on_an_error_are_those_on_the_accuracy(drawn):
    gained = list_effects(drawn, CONTRASTS)
    lowered = list_effects(as_errors(drawn), CONTRASTS, score=ERROR)
    alike([asdict(e) for e in gained], [asdict(e) for e in lowered], WORDS | RAW)
    for one, other in zip(gained, lowered, strict=True):
        assert other.raw_score_change == pytest.approx(-one.raw_score_change)
        assert other.with_score - other.without_score == pytest.approx(-one.score_change / 100)


def test_raw_differences_have_the_sign_that_was_measured(drawn):
    out = contrast("b", with_arm="ab", without_arm="a", kind="leave_one_out")
    (effect,) = list_effects(as_errors(drawn), [out], score=ERROR)
    # The arm is the one without: its error minus that of the reference, which has the feature.
    assert effect.raw_score_change == pytest.approx(100 * (effect.without_score - effect.with_score))
    assert effect.score_change == pytest.approx(effect.raw_score_change)


@pytest.mark.parametrize(
    ("loss_with", "verdict", "verb"),
    [(3.20, "better", "lowers"), (3.30, "worse", "raises"), (3.2501, "equivalent", None)],
)
def test_a_lower_loss_is_better_and_the_sentence_says_which_way_it_went(loss_with, verdict, verb):
    rng = np.random.default_rng(0)
    losses = {name: mean + rng.normal(0, 0.003, 12) for name, mean in (("with", loss_with), ("without", 3.25))}
    frame = frame_of(losses, {name: rng.normal(2, 0.001, 12) for name in losses}, deal(12, 4))
    (effect,) = list_effects(frame, [contrast()], score=LOSS)
    assert effect.score_verdict == verdict
    assert effect.score_change == pytest.approx(3.25 - loss_with, abs=0.005)
    assert effect.score_low < effect.score_change < effect.score_high
    if verb:
        assert f"{verb} validation loss by 0.0" in effect.headline
        assert f"; {verb} validation loss by 0.0" in effect.sentence
        assert f", {verdict} (12 blocks" in effect.sentence
    assert "accuracy" not in effect.sentence + effect.headline
    assert "pp" not in effect.sentence + effect.headline


def test_the_scores_own_margin_decides_unless_another_is_given():
    frame = noisy_pair(np.random.default_rng(1), blocks=8, gain=0.0003)
    frame = frame.assign(score=10 * frame["score"])
    (own,) = list_effects(frame, [contrast()], score=LOSS)
    (wide,) = list_effects(frame, [contrast()], score=replace(LOSS, margin=0.1))
    (given,) = list_effects(frame, [contrast()], score=LOSS, margins=Margins(score=0.1))
    assert own.score_verdict != "equivalent"
    assert (wide.score_verdict, given.score_verdict) == ("equivalent", "equivalent")
    assert Margins().score_band(LOSS) == (-0.01, 0.01)
    assert Margins(time_percent=1).score_band(ERROR) == (-0.0005, 0.0005)


def test_identical_and_spreadless_losses_are_named_so():
    same = frame_of({"with": [3.0] * 5, "without": [3.0] * 5}, {"with": [1.0, 2.0] * 3, "without": [1.0, 2.0] * 3})
    (effect,) = list_effects(same, [contrast()], score=LOSS)
    assert effect.headline.endswith("identical validation loss")
    assert "validation loss identical" in effect.sentence
    shifted = frame_of({"with": [3.5] * 5, "without": [3.0] * 5}, {"with": [1.0] * 5, "without": [1.0] * 5})
    (effect,) = list_effects(shifted, [contrast()], score=LOSS)
    assert "every block gives the same difference of validation loss" in effect.note


def test_shares_and_interactions_of_an_error_are_those_of_the_accuracy():
    frame = FACTORIAL.studies(np.random.default_rng(5), studies=1, blocks=20, processes=5).frame(0)
    errors = as_errors(frame)
    gained, lowered = (
        shapley(frame, FACTORIAL_ARMS, players=PLAYERS),
        shapley(errors, FACTORIAL_ARMS, players=PLAYERS, score=ERROR),
    )
    alike([asdict(s) for s in gained.shares], [asdict(s) for s in lowered.shares])
    alike([asdict(gained.total)], [asdict(lowered.total)])
    assert lowered.baseline_score == pytest.approx(1 - gained.baseline_score)
    pd.testing.assert_frame_equal(
        interactions(frame, FACTORIAL_ARMS), interactions(errors, FACTORIAL_ARMS, score=ERROR), rtol=1e-6, atol=1e-9
    )


def test_the_steps_of_a_ladder_of_errors_are_those_of_the_accuracy():
    design = ladder_design(("a", "b"))
    names = [arm.name for arm in design.arms]
    trainer = FakeTrainer(
        accuracy=dict(zip(names, (0.94, 0.941, 0.939), strict=True)),
        seconds=dict(zip(names, (2.0, 1.9, 1.8), strict=True)),
    )
    frame = trainer.studies(np.random.default_rng(2), studies=1, blocks=10, processes=5).frame(0)
    gained, lowered = ladder(frame, design.contrasts), ladder(as_errors(frame), design.contrasts, score=ERROR)
    alike([asdict(s) for s in gained.shares], [asdict(s) for s in lowered.shares])
    assert lowered.shares[0].score_change > 0 > lowered.shares[1].score_change


def test_the_pareto_front_of_losses_is_low_and_fast():
    times, losses = [1.0, 2.0, 2.0, 3.0, 0.5], [3.3, 3.2, 3.25, 3.22, np.nan]
    assert pareto_front(times, losses, score=LOSS).tolist() == [True, True, False, False, False]
    accuracies = [0.9, 0.94, 0.94, 0.93]
    assert (
        pareto_front(times[:4], accuracies).tolist()
        == pareto_front(times[:4], [1 - one for one in accuracies], score=ERROR).tolist()
    )


def test_times_at_an_equal_loss_are_read_off_its_own_logarithm():
    """An error falls as a power of time in this world, whether it is told as an accuracy or as a loss."""
    frame = LENGTHS.studies(np.random.default_rng(8), studies=1, blocks=20, processes=5).frame(0)
    gained, lowered = equal_accuracy(frame, LENGTH_ARMS), equal_accuracy(as_errors(frame), LENGTH_ARMS, score=ERROR)
    silu = lowered.set_index("arm").loc["silu"]
    assert silu["log_slope"] < 0
    assert silu["low_seconds"] < silu["seconds"] < silu["high_seconds"]
    alike(gained.to_dict("records"), lowered.to_dict("records"), {"target_score"})
    np.testing.assert_allclose(lowered["target_score"], 1 - gained["target_score"])
    # A target of one's own: reached later where it is lower.
    first, later = (
        equal_accuracy(as_errors(frame), LENGTH_ARMS, target_score=target, score=ERROR).set_index("arm").loc["silu"]
        for target in (0.061, 0.060)
    )
    assert first["seconds"] < later["seconds"]


def test_where_no_line_makes_sense_the_note_says_why():
    frame = LENGTHS.studies(np.random.default_rng(8), studies=1, blocks=8, processes=4).frame(0)
    decibels = Score(title="signal to noise", unit="dB", margin=0.1)
    table = equal_accuracy(frame, LENGTH_ARMS, score=decibels)
    assert set(table["note"]) == {
        "times are read off at equal percentages or at equal scores of which less is better; signal to noise is neither"
    }
    assert table["seconds"].isna().all()
    below_zero = frame.assign(score=-frame["score"])
    note = equal_accuracy(below_zero, LENGTH_ARMS, score=LOSS).set_index("arm").loc["silu", "note"]
    assert note == "a validation loss of zero or less has no logarithm to draw a line through"
    growing = equal_accuracy(frame, LENGTH_ARMS, score=LOSS).set_index("arm").loc["silu", "note"]
    assert growing.startswith("validation loss does not fall measurably with time")
    short = equal_accuracy(frame, [arm for arm in LENGTH_ARMS if arm.length == 1], score=LOSS)
    assert "equal validation loss needs 3" in short.set_index("arm").loc["silu", "note"]
    with pytest.raises(UsageError, match="target validation loss inf: give a finite number"):
        equal_accuracy(frame, LENGTH_ARMS, target_score=float("inf"), score=LOSS)
    percent = Score(title="exact match", unit="pp", margin=0.1)
    with pytest.raises(UsageError, match="target exact match 120: give a number between 0 and 100"):
        equal_accuracy(frame, LENGTH_ARMS, target_score=120, score=percent)


def test_spreads_and_what_can_be_seen_are_in_the_scores_unit(drawn):
    spreads = measured_spreads(drawn, score=LOSS)
    in_points = measured_spreads(drawn)
    assert spreads is not None
    assert in_points is not None
    assert spreads.score_sd == pytest.approx(in_points.score_sd / 100)
    assert spreads.correlation == in_points.correlation
    seen = visible(20, 5, spreads=spreads, score=LOSS)
    assert seen.score_change == pytest.approx(visible(20, 5, spreads=in_points).score_change / 100)
    assert "This study can see 0.0011 nats of validation loss and" in seen.sentence
    assert blocks_needed(0.001, spreads=spreads) == blocks_needed(0.1, spreads=in_points)


def test_intervals_of_a_loss_hold_the_truth_at_the_nominal_rate():
    rng = np.random.default_rng(20261125)
    covered, studies = 0, 200
    for _ in range(studies):
        shared = rng.normal(0, 0.003, 10)
        losses = {name: mean + shared + rng.normal(0, 0.004, 10) for name, mean in (("with", 3.24), ("without", 3.25))}
        frame = frame_of(losses, {name: [2.0] * 10 for name in losses})
        (row,) = effects(frame, [contrast()], score=LOSS).to_dict("records")
        covered += row["score_low"] <= 0.01 <= row["score_high"]
    # Four standard errors of a share of 0.95 among 200.
    assert abs(covered / studies - 0.95) < 0.062


def test_tta_accuracy_is_what_is_meant_where_nothing_is_said(drawn):
    alike(
        effects(drawn, CONTRASTS).to_dict("records"), effects(drawn, CONTRASTS, score=TTA_ACCURACY).to_dict("records")
    )
