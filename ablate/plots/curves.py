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
from ablate.stats.frames import usable
from ablate.stats.score_words import by_epoch, curve_name, is_percentage, short_name, value_unit, value_words, with_unit
from ablate.stats.wording import counted
from ablate.study.score import TTA_ACCURACY, Score

MOST_BANDS = 6
"""With more arms than this the spreads would hide the lines, and only the lines are drawn."""


_LEAST_ERROR = 0.01

_LOG_ERROR = "log-error scale"


class _Curve(NamedTuple):
    """One arm at each of `epochs`: mean, lowest and highest of `trials` trials, as trials hold them; all four are `(n,)`."""

    arm: str
    trials: int
    epochs: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray


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
) -> Axes:
    """Draw the `curve` of each usable trial of `ablate.stats.trials_frame` as its arm's mean by epoch.

    Up is better: of a score of which less is, the axis runs backwards. Percentages are spaced by the logarithm of what is missing to
    100 %, positive scores of which less is better by their own. The band reaches from the lowest to the highest trial, for up to six
    arms. Arms differ in colour, dashes and marker. Curves are measured after each epoch, outside the clock, of image recipes without TTA;
    `epochs` says how many each arm trains, so that one that ends within an epoch has its last point there.

    Raises:
        UsageError: no usable trial has a curve (they come with `ablate run --curves`), or an unknown theme.
    """
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
        handles = [
            _draw(axes, on, curve, number, score.factor, bands=len(found) <= MOST_BANDS)
            for number, curve in enumerate(found)
        ]
        scale = _limits(axes, found, score)
        on.fit()
        number_ticks(axes, on, "x", sample="000", whole=True)
        if scale == _LOG_ERROR:
            _percent_ticks(axes, on)
        else:
            number_ticks(axes, on, "y")
        label_axis(axes, on, "x", "Epoch")
        label_axis(axes, on, "y", _axis_name(score, scale))
        on.legend(handles, [curve.arm for curve in found], above=False)
        on.header(title)
        on.describe(title or by_epoch(score), _description(found, score))
        on.caption(_remarks(trials, found, setting, score))
        return axes


def _curves(trials: pd.DataFrame, trained: Mapping[str, float]) -> list[_Curve]:
    found = []
    for arm, group in trials.groupby("arm", sort=False):
        measured = [np.asarray(curve, dtype=np.float64) for curve in group["curve"] if len(curve)]
        measured = [curve for curve in measured if np.isfinite(curve).all()]
        if not measured:
            continue
        # A study's arm has one length; a folder put together from several may not.
        length = min(len(curve) for curve in measured)
        together = np.stack([curve[:length] for curve in measured])
        epochs = np.arange(1.0, length + 1)
        end = trained.get(str(arm), float(length))
        if length - 1 < end < length:
            epochs[-1] = end
        found.append(
            _Curve(
                arm=str(arm),
                trials=len(measured),
                epochs=epochs,
                mean=together.mean(axis=0),
                low=together.min(axis=0),
                high=together.max(axis=0),
            )
        )
    return found


def _draw(axes: Axes, on: Sheet, curve: _Curve, number: int, factor: float, *, bands: bool) -> Artist:
    theme = on.theme
    looks: Looks = {
        "color": theme.series[number % len(theme.series)],
        "linestyle": style.DASHES[number // len(theme.series) % len(style.DASHES)],
        "marker": style.MARKERS[number % len(style.MARKERS)],
        "markersize": 0.45 * on.points,
        "linewidth": 1.4,
    }
    if bands and curve.trials > 1:
        axes.fill_between(
            curve.epochs,
            factor * curve.low,
            factor * curve.high,
            color=looks["color"],
            alpha=0.15,
            linewidth=0,
            zorder=1,
        )
    axes.plot(curve.epochs, factor * curve.mean, label=curve.arm, zorder=2, **looks)
    return Line2D([], [], **looks)


def _limits(axes: Axes, found: list[_Curve], score: Score) -> str:
    """Scale the axes; what the name of the vertical one says of its scale, "" for an even one."""
    low = score.factor * min(float(curve.low.min()) for curve in found)
    high = score.factor * max(float(curve.high.max()) for curve in found)
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
    return f"{by_epoch(score)}{without}, means over trials. {'; '.join(parts)}."


def _remarks(trials: pd.DataFrame, found: list[_Curve], setting: str, score: Score) -> list[str]:
    fewest, most = min(curve.trials for curve in found), max(curve.trials for curve in found)
    remarks = [
        f"n = {fewest if fewest == most else f'{fewest} to {most}'} {'trial' if most == 1 else 'trials'} an arm",
        setting,
    ]
    if score.measures_as(TTA_ACCURACY):
        remarks.append("Without test-time augmentation")
    if len(found) <= MOST_BANDS and most > 1:
        remarks.append("Lines: means; bands: lowest to highest trial")
    else:
        remarks.append("Lines: means over trials" if most > 1 else "One trial an arm: no spread to show")
    without = len(trials) - sum(curve.trials for curve in found)
    if without:
        remarks.append(f"{counted(without, 'trial')} without a curve left out")
    return remarks
