"""Accuracy against time: every arm with its intervals, and the arms that no other beats on both."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ablate.errors import UsageError
from ablate.plots import style, text
from ablate.plots.placement import Box, place_labels
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, mask, number_ticks, sheet
from ablate.plots.table import Looks, need_columns, number, rows
from ablate.stats.pareto import pareto_front

MOST_NAMED_DIRECTLY = 8
"""With more arms than this, points carry numbers and a key below names them."""

_NUMBERS = ("mean", "low", "high")
_COLUMNS = (
    *("arm", "trials", "processes"),
    *(f"tta_accuracy_{column}" for column in _NUMBERS),
    *(f"time_seconds_{column}" for column in _NUMBERS),
)


def frontier(
    data: pd.DataFrame,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    target_tta_accuracy: float | None = None,
    title: str = "",
    setting: str = "",
) -> Axes:
    """Draw each arm of `ablate.stats.arm_summary` at its mean time and TTA accuracy, with a cross of 95 % intervals.

    A stepped line joins the Pareto front. `target_tta_accuracy` (a fraction) adds a line to reach. Few arms with short names
    are named beside their points; otherwise points carry numbers and a key below says what they are.

    Raises:
        UsageError: no arm with a usable trial, a table that lacks columns, a target outside (0, 1), an unknown theme.
    """
    need_columns(data, _COLUMNS, "arms", "ablate.stats.arm_summary")
    if target_tta_accuracy is not None and not 0 < target_tta_accuracy < 1:
        raise UsageError(f"target accuracy {target_tta_accuracy:g}: give a fraction between 0 and 1, such as 0.94.")
    finite = np.isfinite(data["tta_accuracy_mean"]) & np.isfinite(data["time_seconds_mean"])
    table = data[finite].reset_index(drop=True)
    if table.empty:
        raise UsageError("No arm has a usable trial yet, so there is no time and no accuracy to draw.")
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    content = min(max(0.55 * width, 2.1), 5.0)
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        axes = on.ax
        dress(axes, on, grid="xy")
        front = pareto_front(table["time_seconds_mean"], table["tta_accuracy_mean"])
        _limits(axes, table, target_tta_accuracy)
        on.fit()
        number_ticks(axes, on, "x", sample="00.00")
        number_ticks(axes, on, "y")
        label_axis(axes, on, "x", "Time (s)")
        label_axis(axes, on, "y", "TTA accuracy (%)")
        on.fit()
        handles, labels = _draw(axes, on, table, front, target_tta_accuracy)
        on.legend(handles, labels)
        on.header(title)
        on.key(_name_points(axes, on, table, front))
        on.describe(title or "Accuracy against time", _description(table, front))
        on.caption(_remarks(table, data, setting))
        return axes


def _limits(axes: Axes, table: pd.DataFrame, target: float | None) -> None:
    for which, outcome, unit in (("x", "time_seconds", 1.0), ("y", "tta_accuracy", 100.0)):
        columns = [table[f"{outcome}_{column}"].to_numpy(dtype=float) for column in _NUMBERS]
        levels = np.concatenate(columns) * unit
        if which == "y" and target is not None:
            levels = np.append(levels, 100 * target)
        levels = levels[np.isfinite(levels)]
        low, high = float(levels.min()), float(levels.max())
        room = 0.12 * (high - low) or 0.02 * abs(high) or 1.0
        axes.set(**{f"{which}lim": (low - room, high + room)})


def _draw(
    axes: Axes, on: Sheet, table: pd.DataFrame, front: np.ndarray, target: float | None
) -> tuple[list[Artist], list[str]]:
    theme = on.theme
    times, accuracies = (
        table["time_seconds_mean"].to_numpy(dtype=float),
        100 * table["tta_accuracy_mean"].to_numpy(dtype=float),
    )
    # Many crosses lie over each other; those of the front have to stay visible.
    beaten: Looks = {"color": theme.muted, "alpha": 0.75 if len(table) <= MOST_NAMED_DIRECTLY else 0.4, "zorder": 2}
    best: Looks = {"color": theme.gain, "alpha": 0.75, "zorder": 2.5}
    for index in range(len(table)):
        cross: Looks = {"linewidth": 1.1, "solid_capstyle": "butt", **(best if front[index] else beaten)}
        for outcome, unit in (("time_seconds", 1.0), ("tta_accuracy", 100.0)):
            ends = [unit * number(table, index, f"{outcome}_{end}") for end in ("low", "high")]
            if not all(isfinite(end) for end in ends):
                continue
            here = [times[index]] * 2 if outcome == "tta_accuracy" else [accuracies[index]] * 2
            axes.plot(*((here, ends) if outcome == "tta_accuracy" else (ends, here)), **cross)
    order = np.flatnonzero(front)[np.argsort(times[front], kind="stable")]
    handles: list[Artist] = []
    labels: list[str] = []
    looks: Looks = {"color": theme.gain, "linewidth": 1.2, "linestyle": (0, (4, 2)), "zorder": 1.5}
    axes.step(times[order], accuracies[order], where="post", label="Pareto front", **looks)
    dots: Looks = {"linestyle": "none", "markersize": _mark_points(on)}
    for on_front, marker, colour, label in (
        (True, "o", theme.gain, "on the Pareto front of the means"),
        (False, "s", theme.muted, "beaten on both by another arm"),
    ):
        chosen = front if on_front else ~front
        if chosen.any():
            face: Looks = {"markerfacecolor": colour if on_front else theme.background, "markeredgecolor": colour}
            face["zorder"] = 3.5 if on_front else 3
            (line,) = axes.plot(times[chosen], accuracies[chosen], marker=marker, **face, **dots)
            handles.append(line)
            labels.append(label)
    if target is not None:
        line = axes.axhline(100 * target, color=theme.loss, linewidth=1.1, linestyle=(0, (1.5, 1.5)), zorder=1)
        handles.append(Line2D([], [], color=theme.loss, linewidth=1.1, linestyle=(0, (1.5, 1.5))))
        labels.append(f"target {100 * target:g} %")
    return handles, labels


def _mark_points(on: Sheet) -> float:
    return 0.62 * on.points


def _name_points(axes: Axes, on: Sheet, table: pd.DataFrame, front: np.ndarray) -> list[str]:
    """Write names or numbers beside the points; the key to the numbers."""
    on.fit()
    inches = on.inches(axes)
    size = (inches[0] * INCH, inches[1] * INCH)
    names = [str(arm) for arm in table["arm"]]
    words = [text.wrap(name, 0.3 * size[0], on.small) for name in names]
    key: list[str] = []
    found = _placed(axes, on, words, table, size, rings=8) if len(names) <= MOST_NAMED_DIRECTLY else [None]
    if any(middle is None for middle in found):
        words = [str(order) for order in range(1, len(names) + 1)]
        found = _placed(axes, on, words, table, size, rings=60)
        key = [f"{order} {name}" for order, name in zip(words, names, strict=True)]
    places = _in_points(axes, table["time_seconds_mean"], table["tta_accuracy_mean"], size)
    for word, middle, place, best in zip(words, found, places, front, strict=True):
        if middle is not None:
            _write(axes, on, word, middle, place, size, bool(best))
    return key


def _in_points(
    axes: Axes, times: pd.Series, accuracies: pd.Series, size: tuple[float, float]
) -> list[tuple[float, float]]:
    """Where data lie, in points from the lower left corner of the axes."""
    data = np.column_stack([times, 100 * accuracies]).astype(float)
    fractions = axes.transAxes.inverted().transform(axes.transData.transform(data))
    return [(float(x) * size[0], float(y) * size[1]) for x, y in fractions]


def _placed(
    axes: Axes, on: Sheet, words: Sequence[str], table: pd.DataFrame, size: tuple[float, float], *, rings: int
) -> list[tuple[float, float] | None]:
    line = on.small * text.LINE_HEIGHT
    sizes = [(1.04 * text.block_width(word, on.small) + 1.5, text.line_count(word) * line) for word in words]
    places = _in_points(axes, table["time_seconds_mean"], table["tta_accuracy_mean"], size)
    crosses = []
    for end in ("low", "high"):
        ends = _in_points(axes, table[f"time_seconds_{end}"], table[f"tta_accuracy_{end}"], size)
        for (x, y), (end_x, end_y) in zip(places, ends, strict=True):
            if isfinite(end_x):
                crosses.append(Box(min(x, end_x), y - 0.5, max(x, end_x), y + 0.5))
            if isfinite(end_y):
                crosses.append(Box(x - 0.5, min(y, end_y), x + 0.5, max(y, end_y)))
    bounds = Box(1.0, 1.0, size[0] - 1.0, size[1] - 1.0)
    return place_labels(places, sizes, bounds, mark=_mark_points(on), rings=rings, obstacles=crosses)


def _write(
    axes: Axes,
    on: Sheet,
    word: str,
    middle: tuple[float, float],
    place: tuple[float, float],
    size: tuple[float, float],
    best: bool,
) -> None:
    far = max(abs(middle[0] - place[0]) - text.block_width(word, on.small) / 2, abs(middle[1] - place[1]) - on.small)
    leader = {"arrowstyle": "-", "color": on.theme.muted, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
    axes.annotate(
        word,
        xy=(place[0] / size[0], place[1] / size[1]),
        xycoords="axes fraction",
        xytext=(middle[0] / size[0], middle[1] / size[1]),
        textcoords="axes fraction",
        ha="center",
        va="center",
        fontsize=on.small,
        color=on.theme.ink if best else on.theme.muted,
        arrowprops=leader if far > 1.6 * on.points else None,
        annotation_clip=False,
        zorder=5,
        bbox=mask(on),
    )


def _description(table: pd.DataFrame, front: np.ndarray) -> str:
    parts = [
        f"{row.arm}: {100 * row.tta_accuracy_mean:.2f} % in {row.time_seconds_mean:.4g} s{', on the front' if best else ''}"
        for row, best in zip(rows(table), front, strict=True)
    ]
    return f"Scatter plot of TTA accuracy against time, one point an arm. {'; '.join(parts)}."


def _remarks(table: pd.DataFrame, every: pd.DataFrame, setting: str) -> list[str]:
    fewest, most = int(table["trials"].min()), int(table["trials"].max())
    remarks = [f"n = {fewest if fewest == most else f'{fewest} to {most}'} trials an arm", setting]
    crosses = "Crosses: 95 % intervals over trials (accuracy) and over processes (time), which pairing makes narrower for effects"
    remarks.append(crosses)
    if int(table["processes"].max()) == 1:
        remarks.append("One process: no interval of time")
    left_out = [str(arm) for arm in every["arm"] if arm not in set(table["arm"])]
    if left_out:
        more = len(left_out) - MOST_NAMED_DIRECTLY
        named = ", ".join(left_out[:MOST_NAMED_DIRECTLY]) + (f" and {more} more" if more > 0 else "")
        remarks.append(f"Without a usable trial: {named}")
    return remarks
