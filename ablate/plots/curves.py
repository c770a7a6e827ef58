"""Validation accuracy, or another score, by epoch: each arm's mean over its trials, and how far they spread."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from ablate.errors import UsageError
from ablate.plots import style
from ablate.plots.marks import FloatArray
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, number_ticks, sheet
from ablate.plots.table import Looks, need_columns
from ablate.stats.epochs import by_epoch, first_epoch_at
from ablate.stats.frames import usable
from ablate.stats.score_words import (
    curve_name,
    curves_title,
    is_percentage,
    short_name,
    value_unit,
    value_words,
    with_unit,
)
from ablate.stats.targets import check_reachable, target_words
from ablate.stats.wording import counted, counted_each, listed
from ablate.study.score import TTA_ACCURACY, Score

MOST_BANDS = 6
"""With more arms than this the spreads would hide the lines, and only the lines are drawn."""

ENOUGH_FOR_PERCENTILES = 20
"""Trials of an arm from which on one of them alone lies beyond the 5th or the 95th percentile."""

_LEAST_ERROR = 0.01

_LOG_ERROR = "log-error scale"


class _Curve(NamedTuple):
    """One arm at each of `epochs`: mean, ends of all and of the middle 90 % of `trials` trials, as trials hold them, all `(n,)`."""

    arm: str
    trials: int
    epochs: FloatArray
    mean: FloatArray
    lowest: FloatArray
    percentile_5: FloatArray
    percentile_95: FloatArray
    highest: FloatArray

    def ends(self, spread: str) -> tuple[FloatArray, FloatArray]:
        """Between what its trials are drawn: see `_spread_of`."""
        shown = {"middle": (self.percentile_5, self.percentile_95), "range": (self.lowest, self.highest)}
        return shown.get(spread, (self.mean, self.mean))

    def first_at(self, target: float, score: Score) -> float | None:
        """See `first_epoch_at`."""
        return first_epoch_at(self.epochs, self.mean, target, score)


def curves(
    data: pd.DataFrame,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    epochs: Mapping[str, float] | None = None,
    title: str = "",
    setting: str = "",
    score: Score = TTA_ACCURACY,
    target_score: float | None = None,
) -> Axes:
    """Draw the `curve` of each usable trial of `ablate.stats.trials_frame` as its arm's mean by epoch.

    Up is better: of a score of which less is, the axis runs backwards. Percentages are spaced by the logarithm of what is missing to
    100 %, positive scores of which less is better by their own. Up to six arms have a band from the lowest to the highest trial; with
    20 trials or more in each it holds their middle 90 %. Arms differ in colour, dashes and marker. Curves are measured after each
    epoch, outside the clock, of image recipes without TTA; `epochs` says how many each arm trains, so that one that ends within an
    epoch has its last point there. `target_score`, as trials hold it, is drawn as a dashed line, and the caption says when each mean
    first reaches it.

    Raises:
        UsageError: no usable trial has a curve (they come with `ablate run --curves`), a target that the score cannot reach, or an
            unknown theme.
    """
    if target_score is not None:
        check_reachable(target_score, score)
    need_columns(data, ("curve",), "trials", "ablate.stats.trials_frame")
    trials = data[usable(data)]
    found = _curves(trials, epochs or {})
    if not found:
        raise UsageError(
            f"None of the {len(trials):,} usable trials has a curve; run the study with --curves to measure {short_name(score)} by epoch."
        )
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=min(max(0.5 * width, 2.1), 4.6)) as on:
        axes = on.ax
        dress(axes, on, grid="y")
        spread = _spread_of(found)
        handles = [_draw(axes, on, curve, number, score.factor, spread) for number, curve in enumerate(found)]
        labels = [curve.arm for curve in found]
        scale = _limits(axes, found, score, target_score, spread)
        if target_score is not None:
            handles.append(_draw_target(axes, on, score.factor * target_score))
            labels.append(f"target {target_words(target_score, score)}")
        on.fit()
        number_ticks(axes, on, "x", sample="000", whole=True)
        if scale == _LOG_ERROR:
            _percent_ticks(axes, on)
        else:
            number_ticks(axes, on, "y")
        label_axis(axes, on, "x", "Epoch")
        label_axis(axes, on, "y", _axis_name(score, scale))
        on.legend(handles, labels, above=False)
        on.header(title)
        on.describe(title or curves_title(score), _description(found, score))
        on.caption(_remarks(trials, found, setting, score, target_score))
        return axes


def _curves(trials: pd.DataFrame, trained: Mapping[str, float]) -> list[_Curve]:
    return [
        _Curve(
            str(arm),
            int(table["n"].iloc[0]),
            *(table[name].to_numpy(dtype=np.float64) for name in ("epoch", *_Curve._fields[3:])),
        )
        for arm, table in by_epoch(trials, trained).groupby("arm", sort=False)
    ]


def _spread_of(found: list[_Curve]) -> str:
    """What the spreads show: "" with none, "range" all trials, "middle" their middle 90 %."""
    if len(found) > MOST_BANDS or max(curve.trials for curve in found) == 1:
        return ""
    return "middle" if min(curve.trials for curve in found) >= ENOUGH_FOR_PERCENTILES else "range"


def _draw(axes: Axes, on: Sheet, curve: _Curve, number: int, factor: float, spread: str) -> Artist:
    theme = on.theme
    looks: Looks = {
        "color": theme.series[number % len(theme.series)],
        "linestyle": style.DASHES[number // len(theme.series) % len(style.DASHES)],
        "marker": style.MARKERS[number % len(style.MARKERS)],
        "markersize": 0.45 * on.points,
        "linewidth": 1.4,
    }
    if spread and curve.trials > 1:
        low, high = curve.ends(spread)
        axes.fill_between(
            curve.epochs,
            factor * low,
            factor * high,
            color=looks["color"],
            alpha=0.15,
            linewidth=0,
            zorder=1,
        )
    axes.plot(curve.epochs, factor * curve.mean, label=curve.arm, zorder=2, **looks)
    return Line2D([], [], **looks)


def _draw_target(axes: Axes, on: Sheet, target: float) -> Artist:
    looks: Looks = {"color": on.theme.muted, "linewidth": 1.0, "linestyle": (0, (4, 2))}
    axes.axhline(target, zorder=1.8, **looks)
    return Line2D([], [], **looks)


def _limits(axes: Axes, found: list[_Curve], score: Score, target: float | None, spread: str) -> str:
    """Scale the axes; what the name of the vertical one says of its scale, "" for an even one."""
    asked = [] if target is None else [target]
    ends = [curve.ends(spread) for curve in found]
    low = score.factor * min([*asked, *(float(lows.min()) for lows, _ in ends)])
    high = score.factor * max([*asked, *(float(highs.max()) for _, highs in ends)])
    scale = _scale_of(score, low)
    if scale.name:
        axes.set_yscale("function", functions=(scale.to_level, scale.from_level))
    bottom, top = scale.to_level(np.array([low, high]))
    room = 0.06 * (top - bottom) or 0.05
    limits = scale.from_level(np.array([bottom - room, top + room]))
    axes.set_ylim(*(limits if score.better == "higher" else limits[::-1]))
    first, last = min(float(curve.epochs[0]) for curve in found), max(float(curve.epochs[-1]) for curve in found)
    room = 0.03 * last if last > first else 0.5 * last
    axes.set_xlim(first - room, last + room)
    return scale.name


class _Scale(NamedTuple):
    """How an axis is spaced: what its name says of that, and to and from what is even."""

    name: str
    to_level: Callable[[ArrayLike], FloatArray]
    from_level: Callable[[ArrayLike], FloatArray]


def _scale_of(score: Score, lowest: float) -> _Scale:
    """Errors and losses fall by factors: spaced by their logarithm, the last tenths of a percent are as visible as the first tens."""
    if is_percentage(score):
        return _Scale(_LOG_ERROR, _from_percent, _to_percent)
    if score.better == "lower" and lowest > 0:
        return _Scale("log scale", _log, _exp)
    return _Scale("", _same, _same)


def _same(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _log(values: ArrayLike) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(np.asarray(values, dtype=np.float64)))


def _exp(values: ArrayLike) -> FloatArray:
    return np.asarray(np.exp(np.asarray(values, dtype=np.float64)))


def _axis_name(score: Score, scale: str) -> str:
    reverse = "" if score.better == "higher" else ", reversed: up is better"
    return with_unit(curve_name(score), ", ".join(filter(None, (value_unit(score), scale)))) + reverse


def _from_percent(accuracy: ArrayLike) -> FloatArray:
    return np.asarray(-np.log(np.maximum(100.0 - np.asarray(accuracy, dtype=np.float64), _LEAST_ERROR)))


def _to_percent(level: ArrayLike) -> FloatArray:
    return np.asarray(100.0 - np.exp(-np.asarray(level, dtype=np.float64)))


def _percent_ticks(axes: Axes, on: Sheet) -> None:
    """Round accuracies, the finest steps for which all labels have room."""
    low, high = axes.get_ylim()
    bottom, top = _from_percent(np.array([low, high]))
    _, height = on.inches(axes)
    apart = 1.6 * on.points / (height * INCH) * (top - bottom)
    chosen: list[float] = []
    for step in (50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1):
        for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step:
            near = min(
                (abs(float(_from_percent(value)) - float(_from_percent(other))) for other in chosen), default=np.inf
            )
            fine_enough = step >= (100 - value) / 10
            if value < 100 and near >= apart and fine_enough:
                chosen.append(round(float(value), 1))
    axes.set_yticks(sorted(chosen), labels=[f"{value:g}" for value in sorted(chosen)])
    axes.minorticks_off()


def _description(found: list[_Curve], score: Score) -> str:
    parts = [f"{curve.arm}: {value_words(curve.mean[-1], score)} after {curve.epochs[-1]:g} epochs" for curve in found]
    without = ", without test-time augmentation" if score.measures_as(TTA_ACCURACY) else ""
    return f"{curves_title(score)}{without}, means over trials. {'; '.join(parts)}."


def _when(found: list[_Curve], target: float, score: Score) -> str:
    """When each mean first reaches the target, those at one epoch together."""
    arms: dict[float | None, list[str]] = {}
    for curve in found:
        arms.setdefault(curve.first_at(target, score), []).append(curve.arm)
    words = target_words(target, score)
    never = arms.pop(None, [])
    if not arms:
        return f"No mean reaches {words}"
    if len(arms) == 1 and not never and len(found) > 1:
        return f"The mean of every arm first reaches {words} after epoch {next(iter(arms)):g}"
    reached = [
        f"{listed(names)} after epoch {epoch:g}"
        for epoch, names in sorted(arms.items(), key=lambda entry: entry[0] or 0)
    ]
    return f"The mean first reaches {words}: {'; '.join(reached)}" + (
        f"; not reached: {listed(never)}" if never else ""
    )


def _remarks(trials: pd.DataFrame, found: list[_Curve], setting: str, score: Score, target: float | None) -> list[str]:
    most = max(curve.trials for curve in found)
    remarks = [f"n = {counted_each((curve.trials for curve in found), 'trial')} an arm", setting]
    if score.measures_as(TTA_ACCURACY):
        remarks.append("Without test-time augmentation")
    match _spread_of(found):
        case "middle":
            remarks.append("Lines: means; bands: the middle 90 % of trials")
        case "range":
            remarks.append("Lines: means; bands: lowest to highest trial")
        case _:
            remarks.append("Lines: means over trials" if most > 1 else "One trial an arm: no spread to show")
    if target is not None:
        remarks.append(_when(found, target, score))
    without = len(trials) - sum(curve.trials for curve in found)
    if without:
        remarks.append(f"{counted(without, 'trial')} without a curve left out")
    return remarks
