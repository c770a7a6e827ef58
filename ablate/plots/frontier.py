"""The score against time: every arm with its intervals, and the arms that no other beats on both."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ablate.errors import UsageError, near_match
from ablate.plots import style, text
from ablate.plots.labels import label_size, write_label
from ablate.plots.length_curves import LengthCurves
from ablate.plots.placement import Box, place_labels
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, number_ticks, sheet
from ablate.plots.table import Looks, need_columns, number, rows
from ablate.stats.equal_accuracy import check_target
from ablate.stats.frames import trials_each
from ablate.stats.pareto import pareto_front
from ablate.stats.score_words import against_time, axis_name, short_name, value_unit, value_words
from ablate.study.score import TTA_ACCURACY, Score

MOST_NAMED = 10
"""With more arms than this only those are named that a reader looks for, and the rest are told apart by kind."""

_MOST_LEFT_OUT = 8

_NUMBERS = ("mean", "low", "high")
_COLUMNS = (
    *("arm", "trials", "scored", "timed", "processes"),
    *(f"score_{column}" for column in _NUMBERS),
    *(f"time_seconds_{column}" for column in _NUMBERS),
)


def frontier(
    data: pd.DataFrame,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    target_score: float | None = None,
    named: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    title: str = "",
    setting: str = "",
    common_seeds: bool = True,
    lengths: LengthCurves | None = None,
    score: Score = TTA_ACCURACY,
) -> Axes:
    """Draw each arm of `ablate.stats.arm_summary` at its mean time and score, with a cross of 95 % intervals.

    Up is better: of a score of which less is, the axis runs backwards. A stepped line joins the Pareto front. `target_score`, as
    trials hold it, adds a line to reach. Up to ten arms are all named.
    Of more, those on the front and those in `named` have a name and a cross; the others
    are dots, coloured by what `kinds` says of them (arm to a few words for the legend). A name that has no room beside its point
    is a number there and stands in a key below. `common_seeds` says whether the arms of a block are trained from one seed.
    `lengths` joins the arms that are one recipe at several lengths, and marks when it reaches the score of the reference.

    Raises:
        UsageError: no arm with a usable trial, a table that lacks columns, an arm in `named` that is not there, a target that the
            score cannot reach, an unknown theme.
    """
    need_columns(data, _COLUMNS, "arms", "ablate.stats.arm_summary")
    if target_score is not None:
        check_target(target_score, score)
    finite = np.isfinite(data["score_mean"]) & np.isfinite(data["time_seconds_mean"])
    table = data[finite].reset_index(drop=True)
    if table.empty:
        raise UsageError(f"No arm has a usable trial yet, so there is no time and no {short_name(score)} to draw.")
    for name in named:
        if name not in set(table["arm"]):
            raise UsageError(f"There is no arm '{name}' with a usable trial.{near_match(name, list(table['arm']))}")
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    content = min(max(0.55 * width, 2.1), 5.0)
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        axes = on.ax
        dress(axes, on, grid="xy")
        front = pareto_front(table["time_seconds_mean"], table["score_mean"], score=score)
        shown = _named(table, front, named)
        _limits(axes, table, shown, target_score, score)
        on.fit()
        number_ticks(axes, on, "x", sample="00.00")
        number_ticks(axes, on, "y")
        label_axis(axes, on, "x", "Time (s)")
        label_axis(axes, on, "y", axis_name(score, "up"))
        on.fit()
        handles, labels = _draw(axes, on, table, front, shown, kinds or {}, score)
        if lengths is not None:
            more_handles, more_labels = lengths.draw(axes, on, table, score)
            handles, labels = handles + more_handles, labels + more_labels
        if target_score is not None:
            dotted: Looks = {"color": on.theme.loss, "linewidth": 1.1, "linestyle": (0, (1.5, 1.5))}
            axes.axhline(score.factor * target_score, zorder=1, **dotted)
            handles.append(Line2D([], [], **dotted))
            labels.append(f"target {score.factor * target_score:g} {value_unit(score)}".rstrip())
        on.legend(handles, labels)
        on.header(title)
        on.key(_name_points(axes, on, table, front, shown, score))
        reached = "" if lengths is None else lengths.description(score)
        on.describe(title or against_time(score), f"{_description(table, front, score)}{reached}")
        remarks = _remarks(table, data, shown, setting, common_seeds)
        on.caption(remarks if lengths is None else [*remarks, *lengths.remarks()])
        return axes


def _named(table: pd.DataFrame, front: np.ndarray, named: Sequence[str]) -> np.ndarray:
    """Which arms `(arms,)` have a name and a cross."""
    if len(table) <= MOST_NAMED:
        return np.ones(len(table), dtype=bool)
    return np.asarray(front | table["arm"].isin(list(named)).to_numpy(dtype=bool))


def _limits(axes: Axes, table: pd.DataFrame, shown: np.ndarray, target: float | None, score: Score) -> None:
    for which, outcome, unit in (("x", "time_seconds", 1.0), ("y", "score", score.factor)):
        crosses = [table[f"{outcome}_{column}"].to_numpy(dtype=float)[shown] for column in ("low", "high")]
        levels = np.concatenate([table[f"{outcome}_mean"].to_numpy(dtype=float), *crosses]) * unit
        if which == "y" and target is not None:
            levels = np.append(levels, score.factor * target)
        levels = levels[np.isfinite(levels)]
        low, high = float(levels.min()), float(levels.max())
        room = 0.12 * (high - low) or 0.02 * abs(high) or 1.0
        limits = (low - room, high + room)
        axes.set(**{f"{which}lim": limits[::-1] if which == "y" and score.better == "lower" else limits})


def _draw(
    axes: Axes,
    on: Sheet,
    table: pd.DataFrame,
    front: np.ndarray,
    shown: np.ndarray,
    kinds: Mapping[str, str],
    score: Score,
) -> tuple[list[Artist], list[str]]:
    theme = on.theme
    times = table["time_seconds_mean"].to_numpy(dtype=float)
    scores = score.factor * table["score_mean"].to_numpy(dtype=float)
    _crosses(axes, on, table, front, shown, score.factor)
    order = np.flatnonzero(front)[np.argsort(times[front], kind="stable")]
    looks: Looks = {"color": theme.gain, "linewidth": 1.2, "linestyle": (0, (4, 2)), "zorder": 1.5}
    axes.step(times[order], scores[order], where="post", label="Pareto front", **looks)
    handles: list[Artist] = []
    labels: list[str] = []

    def mark(chosen: np.ndarray, label: str, **looks: Any) -> None:
        if chosen.any():
            (line,) = axes.plot(times[chosen], scores[chosen], linestyle="none", label=label, **looks)
            handles.append(line)
            labels.append(label)

    size = _mark_points(on)
    best: Looks = {"markerfacecolor": theme.gain, "markeredgecolor": theme.gain}
    mark(front, "on the Pareto front of the means", marker="o", markersize=size, zorder=3.5, **best)
    hollow: Looks = {"markerfacecolor": theme.background, "markeredgecolor": theme.muted}
    beaten = shown & ~front
    label = "beaten on both by another arm" if shown.all() else "named, beaten on both by another arm"
    mark(beaten, label, marker="s", markersize=size, zorder=3, **hollow)
    rest = ~shown
    told = np.array([kinds.get(str(arm), "any other arm") for arm in table["arm"]])
    # In the order of `kinds`, which knows one; arms come as the study has them.
    known = [kind for kind in dict.fromkeys(kinds.values()) if kind in told[rest]]
    for place, kind in enumerate(dict.fromkeys([*known, *told[rest]])):
        colour = theme.series[(place + 1) % len(theme.series)]
        dots: Looks = {"markerfacecolor": colour, "markeredgewidth": 0, "alpha": 0.85}
        shape = style.MARKERS[place % len(style.MARKERS)]
        mark(rest & (told == kind), str(kind), marker=shape, markersize=0.7 * size, zorder=2.5, **dots)
    return handles, labels


def _crosses(axes: Axes, on: Sheet, table: pd.DataFrame, front: np.ndarray, shown: np.ndarray, factor: float) -> None:
    theme = on.theme
    for index in np.flatnonzero(shown).tolist():
        cross: Looks = {"linewidth": 1.1, "solid_capstyle": "butt", "alpha": 0.75 if shown.all() else 0.5}
        cross |= {"color": theme.gain, "zorder": 2.2} if front[index] else {"color": theme.muted, "zorder": 2}
        time, level = number(table, index, "time_seconds_mean"), factor * number(table, index, "score_mean")
        ends = [number(table, index, f"time_seconds_{end}") for end in ("low", "high")]
        if all(isfinite(end) for end in ends):
            axes.plot(ends, [level, level], **cross)
        ends = [factor * number(table, index, f"score_{end}") for end in ("low", "high")]
        if all(isfinite(end) for end in ends):
            axes.plot([time, time], ends, **cross)


def _mark_points(on: Sheet) -> float:
    return 0.62 * on.points


def _name_points(
    axes: Axes, on: Sheet, table: pd.DataFrame, front: np.ndarray, shown: np.ndarray, score: Score
) -> list[str]:
    """Write names beside the points that have one; those without room become numbers, and the key to them is returned."""
    on.fit()
    inches = on.inches(axes)
    size = (inches[0] * INCH, inches[1] * INCH)
    others = _in_points(axes, table["time_seconds_mean"][~shown], table["score_mean"][~shown] * score.factor, size)
    by_time = np.argsort(table["time_seconds_mean"].to_numpy()[shown], kind="stable")
    chosen, front = table[shown].iloc[by_time].reset_index(drop=True), front[shown][by_time]
    levels = [f"score_{column}" for column in _NUMBERS]
    chosen = chosen.assign(**{level: score.factor * chosen[level] for level in levels})
    names = [str(arm) for arm in chosen["arm"]]
    words = [text.wrap(name, 0.3 * size[0], on.small) for name in names]
    key: list[str] = []
    found = _placed(axes, on, words, chosen, others, size, rings=8)
    # Among many points, names of several lines would be a wall of words.
    if (others and any(text.line_count(word) > 1 for word in words)) or any(middle is None for middle in found):
        words = [str(order) for order in range(1, len(names) + 1)]
        found = _placed(axes, on, words, chosen, others, size, rings=60)
        key = [f"{order} {name}" for order, name in zip(words, names, strict=True)]
    places = _in_points(axes, chosen["time_seconds_mean"], chosen["score_mean"], size)
    for word, middle, place, best in zip(words, found, places, front, strict=True):
        if middle is not None:
            write_label(axes, on, word, middle, place, size, strong=bool(best))
    return key


def _in_points(axes: Axes, times: pd.Series, levels: pd.Series, size: tuple[float, float]) -> list[tuple[float, float]]:
    """Where data lie, in points from the lower left corner of the axes."""
    data = np.column_stack([times, levels]).astype(float)
    fractions = axes.transAxes.inverted().transform(axes.transData.transform(data))
    return [(float(x) * size[0], float(y) * size[1]) for x, y in fractions]


def _placed(
    axes: Axes,
    on: Sheet,
    words: Sequence[str],
    table: pd.DataFrame,
    others: Sequence[tuple[float, float]],
    size: tuple[float, float],
    *,
    rings: int,
) -> list[tuple[float, float] | None]:
    sizes = [label_size(word, on) for word in words]
    places = _in_points(axes, table["time_seconds_mean"], table["score_mean"], size)
    crosses = []
    for end in ("low", "high"):
        ends = _in_points(axes, table[f"time_seconds_{end}"], table[f"score_{end}"], size)
        for (x, y), (end_x, end_y) in zip(places, ends, strict=True):
            if isfinite(end_x):
                crosses.append(Box(min(x, end_x), y - 0.5, max(x, end_x), y + 0.5))
            if isfinite(end_y):
                crosses.append(Box(x - 0.5, min(y, end_y), x + 0.5, max(y, end_y)))
    bounds = Box(1.0, 1.0, size[0] - 1.0, size[1] - 1.0)
    return place_labels(places, sizes, bounds, mark=_mark_points(on), rings=rings, obstacles=crosses, others=others)


def _description(table: pd.DataFrame, front: np.ndarray, score: Score) -> str:
    parts = [
        f"{row.arm}: {value_words(row.score_mean, score)} in {row.time_seconds_mean:.4g} s{', on the front' if best else ''}"
        for row, best in zip(rows(table), front, strict=True)
    ]
    return f"Scatter plot of {score.title} against time, one point an arm. {'; '.join(parts)}."


def _remarks(
    table: pd.DataFrame, every: pd.DataFrame, shown: np.ndarray, setting: str, common_seeds: bool
) -> list[str]:
    remarks = [f"n = {trials_each(table)} an arm", setting]
    if not shown.all():
        named = int(shown.sum())
        remarks.append(
            f"{named} of {len(table)} arms are named: the front, the baseline, everything, and those asked for"
        )
    left_out = [str(arm) for arm in every["arm"] if arm not in set(table["arm"])]
    if left_out:
        more = len(left_out) - _MOST_LEFT_OUT
        listed = ", ".join(left_out[:_MOST_LEFT_OUT]) + (f" and {more} more" if more > 0 else "")
        remarks.append(f"Without a usable trial: {listed}")
    if int(table["processes"].max()) == 1:
        remarks.append("One process: no interval of time")
    shared, better = ("seed and process", "the difference of two is") if common_seeds else ("process", "two times are")
    remarks.append(
        f"Crosses: 95 % intervals of each arm by itself. Arms of a block share its {shared}, so {better} "
        f"known better{'' if common_seeds else ' beside each other'} than their crosses suggest"
    )
    return remarks
