"""Figures of a loss: right and up are better, in the artists and in the words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from ablate import plots
from ablate.errors import UsageError
from ablate.plots.style import LIGHT
from ablate.stats import arm_summary, effects_frame
from ablate.stats.evidence import Evidence
from ablate.study import ladder, lengths, shapley
from ablate.study.score import Score
from tests.losses import LOSS, NAMES, loss_folder
from tests.plots.looking import all_words, cut, figure_of, overlaps


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A ladder with curves."""
    return Evidence.read(loss_folder(tmp_path_factory.mktemp("runs") / "steps", ladder(NAMES), curves=True))


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return Evidence.read(loss_folder(tmp_path_factory.mktemp("runs") / "shares", shapley(NAMES)))


def panels(axes: Axes) -> Sequence[Axes]:
    return list(axes.child_axes) or [axes]


KINDS = ("waterfall", "effects", "frontier", "distribution", "curves")


@pytest.mark.parametrize("width", [3.5, 7.0])
@pytest.mark.parametrize("kind", [*KINDS, "shapley", "interactions"])
def test_no_figure_speaks_of_accuracy_and_its_words_have_room(
    kind: str, width: float, steps: Evidence, shares: Evidence
) -> None:
    figure = plots.draw(kind, shares if kind in ("shapley", "interactions") else steps, width_inches=width)
    words = all_words(figure)
    assert "alidation loss" in words
    for wrong in ("ccurac", "TTA", "pp", "test-time"):
        assert wrong not in words
    assert overlaps(figure) == []
    assert cut(figure) == []
    for said in figure.get_gid() or "", str(getattr(figure, "_ablate_description", "")):
        assert "ccurac" not in said


def test_the_forest_plot_has_what_lowers_the_loss_at_the_right(steps: Evidence) -> None:
    axes = plots.effects(effects_frame(steps.effects), score=LOSS, outcome="score")
    drawn = {
        round(float(line.get_xdata()[0]), 6): to_hex(line.get_markeredgecolor())
        for line in axes.lines
        if line.get_marker() not in ("None", None, "")
    }
    changes = {effect.subject: round(effect.score_change, 6) for effect in steps.effects if effect.kind == "ladder"}
    assert changes["warm_up"] > 0 > changes["dropout"]
    assert drawn[changes["warm_up"]] == LIGHT.gain
    assert drawn[changes["dropout"]] == LIGHT.loss
    assert not axes.xaxis_inverted()
    assert axes.get_xlabel() == "Validation loss lowered (nats)"
    assert "Margin ±0.01 nats" in all_words(figure_of(axes))
    (margin,) = [patch for patch in axes.patches if to_hex(patch.get_facecolor()) == LIGHT.shade]
    assert (margin.get_x(), margin.get_width()) == (-0.01, 0.02)


def test_the_frontier_runs_backwards_and_its_front_is_low_and_fast(shares: Evidence) -> None:
    arms = arm_summary(shares.frame)
    axes = plots.frontier(arms, score=LOSS, target_score=3.26)
    assert axes.yaxis_inverted()
    assert axes.get_ylabel() == "Validation loss (nats), reversed: up is better"
    (line,) = [line for line in axes.lines if line.get_label() == "on the Pareto front of the means"]
    front = set(zip(line.get_xdata(), line.get_ydata(), strict=True))
    points = list(zip(arms["time_seconds_mean"], arms["score_mean"], strict=True))
    beaten = {
        (time, loss)
        for time, loss in points
        if any(t <= time and v <= loss and (t, v) != (time, loss) for t, v in points)
    }
    assert front == set(points) - beaten
    (stairs,) = [line for line in axes.lines if line.get_label() == "Pareto front"]
    assert np.all(np.diff(stairs.get_ydata()) < 0), "slower arms of the front have lower losses"
    assert "target 3.26 nats" in all_words(figure_of(axes))
    assert not plots.frontier(arms).yaxis_inverted()
    with pytest.raises(UsageError, match="target validation loss nan: give a finite number"):
        plots.frontier(arms, score=LOSS, target_score=float("nan"))


def test_the_distribution_has_low_losses_at_the_right(steps: Evidence) -> None:
    loss, time, _ = panels(plots.distribution(steps.frame, score=LOSS))
    assert loss.xaxis_inverted()
    assert loss.get_xlabel().replace("\n", " ") == "Validation loss (nats), reversed: right is better"
    assert not time.xaxis_inverted()
    assert not panels(plots.distribution(steps.frame))[0].xaxis_inverted()


def test_curves_of_a_loss_rise_on_a_log_scale(steps: Evidence) -> None:
    axes = plots.curves(steps.frame, score=LOSS)
    assert axes.yaxis_inverted()
    assert axes.get_ylabel() == "Validation loss (nats, log scale), reversed: up is better"
    curve = axes.lines[0]
    heights = [axes.transData.transform((x, y))[1] for x, y in zip(curve.get_xdata(), curve.get_ydata(), strict=True)]
    assert heights == sorted(heights)
    # Equal factors take equal room: 1.6 to 1.2 and 1.2 to 0.9.
    places = [axes.transData.transform((1, level))[1] for level in (1.6, 1.2, 0.9)]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])
    assert "test-time" not in all_words(figure_of(axes))


def test_curves_of_other_scores_have_an_even_scale(steps: Evidence) -> None:
    decibels = Score(title="signal to noise", unit="dB", margin=0.1)
    axes = plots.curves(steps.frame, score=decibels)
    assert axes.get_ylabel() == "Signal to noise (dB)"
    assert not axes.yaxis_inverted()
    assert axes.get_yscale() == "linear"
    below_zero = steps.frame.assign(curve=[tuple(-value for value in curve) for curve in steps.frame["curve"]])
    assert plots.curves(below_zero, score=LOSS).get_yscale() == "linear"


def test_shares_of_a_loss_are_bars_to_the_right_where_it_falls(shares: Evidence) -> None:
    values = shares.shapley
    assert values is not None
    axes = plots.shapley(values, score=LOSS, outcome="score")
    colours = {round(patch.get_width(), 6): to_hex(patch.get_facecolor()) for patch in axes.patches}
    gains = {share.subject: round(share.score_change, 6) for share in values.shares}
    assert gains["warm_up"] > 0.02
    assert colours[gains["warm_up"]] == LIGHT.gain
    assert colours[gains["dropout"]] == LIGHT.loss
    assert axes.get_xlabel() == "Validation loss lowered, nats"
    assert f"+{gains['warm_up']:.4f} nats" in all_words(figure_of(axes))


def test_two_that_lower_the_loss_more_together_are_in_the_colour_of_gain(shares: Evidence) -> None:
    table = shares.interactions
    assert table is not None
    better = table.assign(score_change=0.05, score_low=0.04, score_high=0.06)
    axes = plots.interactions(better, score=LOSS, outcome="score")
    words = all_words(figure_of(axes))
    assert "Validation loss lowered (nats)" in words
    assert "better together" in words
    assert "in each other's way" not in words
    assert "+0.050" in words


def test_below_the_waterfalls_bars_stands_by_how_much_the_loss_fell(steps: Evidence, tmp_path: Path) -> None:
    words = all_words(plots.draw("waterfall", steps))
    assert "Below each bar: validation loss lowered, plus is better" in words
    assert steps.ladder is not None
    (gained,) = [share.score_change for share in steps.ladder.shares if share.subject == "warm_up"]
    assert f"+{gained:.3f} ± 0.00" in words
    at_lengths = loss_folder(tmp_path / "lengths", lengths(ladder(NAMES), (0.85, 1.0, 1.15)))
    words = all_words(plots.draw("waterfall", at_lengths, equal_accuracy=True))
    assert "saved so far, at equal validation loss" in words
