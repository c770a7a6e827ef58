"""Which features work together and which get in each other's way: a map of every pair."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ablate.errors import UsageError
from ablate.plots import style, text
from ablate.plots.interaction_panels import COLUMNS, Panel, panels_of
from ablate.plots.outcomes import Outcome, chosen_panels
from ablate.plots.sheet import INCH, Sheet, dress, sheet
from ablate.plots.table import Looks, first_note, need_columns, rows
from ablate.stats.effect import misses_zero
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import confidence_words, counted, sample_words, signed
from ablate.study.score import TTA_ACCURACY, Score

_COLUMN_SIZE = 0.95

_SPREAD_SIZE = 0.85
"""The size of half-widths, to that of values."""

_STRONGEST = 0.8
"""The opacity of the largest interaction; the words on it stay readable."""

_WEAKEST = 0.3
"""The least opacity of one whose interval misses zero."""

_UNCLEAR = 0.07
"""The opacity of a cell whose interval covers zero, or that has none: a hint of its sign, no finding."""


def interactions(
    data: pd.DataFrame,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    outcome: Outcome = "both",
    titles: Mapping[str, str] | None = None,
    title: str = "",
    setting: str = "",
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> Axes:
    """Draw the table of `ablate.stats.interactions`: each cell the effect of two together minus the sum of both alone.

    Positive is better together, drawn in the colour of what is better; negative is in each other's way. A cell is pale as long as
    its interval covers zero, and stronger for more where it does not: a ring marks that, a filled dot one that still does after
    Holm's correction over all pairs. Values and the half-widths of their intervals are printed where they fit. With `outcome` "both" the
    returned axes hold two panels (`Axes.child_axes`), side by side where there is room.

    `level` is what the intervals were made at.

    Raises:
        UsageError: no pair, no pair with a number, a table that lacks columns, an unknown outcome or theme.
    """
    panels = _chosen(data, outcome, score)
    players = list(dict.fromkeys([*data["first"], *data["second"]]))
    names = [(titles or {}).get(player, player) for player in players]
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    points = style.font_points(width)
    layout = _layout(names, width, points, len(panels))
    content = layout.block if layout.beside or len(panels) == 1 else 2 * layout.block + layout.foot
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        axes = _split(on, len(panels), layout)
        for number, (panel_axes, panel) in enumerate(zip(axes, panels, strict=True)):
            labels = [""] * len(layout.row_names) if layout.beside and number else layout.row_names
            _frame(panel_axes, on, labels, layout, panel.name)
        on.fit()
        for panel_axes, panel in zip(axes, panels, strict=True):
            _draw(panel_axes, on, data, players, panel)
        on.legend(*_legend(on, data, panels))
        on.header(title)
        on.describe(title or "Interactions", _description(data, panels))
        on.caption(_remarks(data, panels, setting, level))
        return on.ax


def _chosen(data: pd.DataFrame, outcome: str, score: Score) -> list[Panel]:
    needed = [
        "first",
        "second",
        "blocks",
        "time_blocks",
        "processes",
        *(name for columns in COLUMNS.values() for name in columns),
    ]
    need_columns(data, needed, "interactions", "ablate.stats.interactions")
    panels = chosen_panels(panels_of(data, score), outcome, lambda panel: data[panel.value])
    if data.empty:
        raise UsageError("An interaction takes two features or groups; this study has fewer.")
    if not panels:
        reason = first_note(data, "no pair was measured")
        raise UsageError(
            f"No interaction can be drawn: {reason}. A study of all combinations has them: `ablate study run shapley` of the groups, "
            "`Study.of(full_factorial([...]), ...)` in a study file of any names."
        )
    return panels


class _Layout(NamedTuple):
    """Labels of rows and columns, whether two panels go side by side, and heights in inches: of a panel, of what is below it."""

    row_names: list[str]
    column_names: list[str]
    upright: bool
    beside: bool
    block: float
    foot: float


def _layout(names: Sequence[str], width: float, points: float, panels: int) -> _Layout:
    rows, columns = names[1:], names[:-1]
    longest = text.widest((piece.rstrip() for name in rows for piece in text.pieces(name)), points) / INCH
    beside = panels == 2 and longest <= 0.18 * width and width / (2 * len(columns) + 4) * INCH >= 2.2 * points
    share = 0.18 if beside else 0.3
    wrapped = [text.wrap(name, share * width * INCH, points) for name in rows]
    across = 2 if beside else 1
    room = width - text.widest(wrapped, points) / INCH - 0.3 - (0.1 * width if beside else 0.0)
    cell = min(room / across / len(columns), 0.75)
    size = _COLUMN_SIZE * points
    for length in (12, 20):
        stood = [text.wrap(name, length * points, size) for name in columns]
        if max(text.line_count(name) for name in stood) * text.LINE_HEIGHT * size <= 0.95 * cell * INCH:
            break
    else:
        # No room for names below the columns: numbers there, and beside the names of the rows.
        stood = [str(number) for number in range(1, len(names))]
        wrapped = [text.wrap(f"{number} {name}", share * width * INCH, points) for number, name in enumerate(rows, 2)]
    upright = text.widest(stood, size) <= 0.9 * cell * INCH
    lines = max(text.line_count(name) for name in wrapped)
    high = max(0.8 * cell, (lines + 0.3) * text.LINE_HEIGHT * points / INCH)
    below = size * text.LINE_HEIGHT if upright else text.widest(stood, size)
    return _Layout(
        row_names=wrapped,
        column_names=stood,
        upright=upright,
        beside=beside,
        block=high * len(rows),
        foot=(below + 3.2 * points) / INCH,
    )


def _split(on: Sheet, count: int, layout: _Layout) -> list[Axes]:
    if count == 1:
        return [on.ax]
    on.ax.set_axis_off()
    if layout.beside:
        return [on.panel(side * 0.53, 0.0, 0.47, on.content_inches) for side in range(2)]
    height = layout.block / (2 * layout.block + layout.foot) * on.content_inches
    return [on.panel(0.0, on.content_inches - height, 1.0, height), on.panel(0.0, 0.0, 1.0, height)]


def _frame(axes: Axes, on: Sheet, rows: Sequence[str], layout: _Layout, name: str) -> None:
    dress(axes, on)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlim(-0.5, len(layout.column_names) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), labels=rows)
    turned: Looks = {"rotation": 0 if layout.upright else 90, "fontsize": _COLUMN_SIZE * on.points}
    axes.set_xticks(range(len(layout.column_names)), labels=layout.column_names, va="top", ha="center", **turned)
    axes.tick_params(length=0)
    axes.annotate(
        name,
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 2),
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize=on.points,
        fontweight="bold",
        color=on.theme.ink,
        annotation_clip=False,
    )


def _draw(axes: Axes, on: Sheet, data: pd.DataFrame, players: Sequence[str], panel: Panel) -> None:
    theme = on.theme
    place = {player: index for index, player in enumerate(players)}
    largest = max([panel.full_scale, *(abs(value) for value in data[panel.value] if isfinite(value))])
    width, height = (inches * INCH for inches in on.inches(axes))
    cell = (width / (len(players) - 1), height / (len(players) - 1))
    size = 0.9 * on.small
    values = [signed(value, panel.decimals) for value in data[panel.value] if isfinite(value)]
    spreads = [_half_width(row, panel) for row in rows(data)]
    written = text.widest(values, size) + 0.4 * size <= cell[0] and 1.9 * size <= cell[1]
    with_spread = (
        written and text.widest(spreads, _SPREAD_SIZE * size) + 0.3 * size <= cell[0] and 3.6 * size <= cell[1]
    )
    for row in rows(data):
        first, second = sorted((place[row.first], place[row.second]))
        column, line = first, second - 1
        value, low, high = (getattr(row, name) for name in panel[:3])
        if not isfinite(value):
            axes.annotate("?", (column, line), ha="center", va="center", fontsize=size, color=theme.muted)
            continue
        clear = misses_zero(low, high)
        opacity = max(_WEAKEST, _STRONGEST * abs(value) / largest) if clear else _UNCLEAR
        looks: Looks = {"facecolor": theme.gain if value > 0 else theme.loss, "alpha": opacity}
        axes.add_artist(Rectangle((column - 0.48, line - 0.48), 0.96, 0.96, linewidth=0, **looks))
        axes.add_artist(
            Rectangle((column - 0.48, line - 0.48), 0.96, 0.96, linewidth=0.6, facecolor="none", edgecolor=theme.grid)
        )
        if written:
            tone = theme.ink if clear else theme.muted
            spot = (column, line + (0.06 if with_spread else 0.2))
            axes.annotate(signed(value, panel.decimals), spot, ha="center", va="center", fontsize=size, color=tone)
        if with_spread:
            below: Looks = {"fontsize": _SPREAD_SIZE * size, "color": tone}
            axes.annotate(_half_width(row, panel), (column, line + 0.33), ha="center", va="center", **below)
        if clear:
            dot: Looks = {"markersize": min(0.42 * on.points, 0.45 * min(cell)), "markeredgecolor": theme.ink}
            face = theme.ink if getattr(row, panel.stands_out) else "none"
            axes.plot([column], [line - (0.29 if written else 0)], "o", markerfacecolor=face, clip_on=False, **dot)


def _half_width(row: Any, panel: Panel) -> str:
    """From the value to the end of its interval on zero's side, as "±0.31"; nothing where there is none.

    The two sides of an interval of time differ; this one says whether it covers zero.
    """
    value, low, high = (getattr(row, name) for name in panel[:3])
    reach = value - low if value >= 0 else high - value
    return f"±{reach:.{panel.decimals}f}" if isfinite(reach) else ""


def _legend(on: Sheet, data: pd.DataFrame, panels: Sequence[Panel]) -> tuple[list[Artist], list[str]]:
    """What occurs, and only that."""
    theme = on.theme
    dot: Looks = {"linestyle": "none", "marker": "o", "markersize": 0.42 * on.points, "markeredgecolor": theme.ink}
    seen: set[str] = set()
    for row in rows(data):
        for panel in panels:
            value, low, high = (getattr(row, name) for name in panel[:3])
            if isfinite(value):
                clear = misses_zero(low, high)
                if not (isfinite(low) and isfinite(high)):
                    seen.add("unknown")
                    continue
                seen.add(("better" if value > 0 else "worse") if clear else "unclear")
                seen.add(("filled" if getattr(row, panel.stands_out) else "ring") if clear else "unclear")
    entries: dict[str, tuple[Artist, str]] = {
        "better": (Patch(facecolor=theme.gain, alpha=_STRONGEST), "better together"),
        "worse": (Patch(facecolor=theme.loss, alpha=_STRONGEST), "in each other's way"),
        "unclear": (Patch(facecolor=theme.gain, alpha=_UNCLEAR, edgecolor=theme.grid), "interval covers zero"),
        "unknown": (Patch(facecolor=theme.gain, alpha=_UNCLEAR, edgecolor=theme.grid), "no interval"),
        "ring": (Line2D([], [], markerfacecolor="none", **dot), "interval misses zero"),
        "filled": (Line2D([], [], markerfacecolor=theme.ink, **dot), "and p (Holm) < 0.05"),
    }
    shown = [entry for name, entry in entries.items() if name in seen]
    return [handle for handle, _ in shown], [label for _, label in shown]


def _description(data: pd.DataFrame, panels: Sequence[Panel]) -> str:
    parts = []
    for panel in panels:
        marked = [
            f"{row.first} with {row.second} {signed(getattr(row, panel.value), panel.decimals)}"
            for row in rows(data)
            if misses_zero(getattr(row, panel.low), getattr(row, panel.high))
        ]
        parts.append(f"{panel.name}, intervals that miss zero: {'; '.join(marked) or 'none'}.")
    return f"Map of pairwise interactions. {' '.join(parts)}"


def _remarks(data: pd.DataFrame, panels: Sequence[Panel], setting: str, level: float) -> list[str]:
    blocks, rounds, processes = (int(data[column].max()) for column in ("blocks", "time_blocks", "processes"))
    remarks = [f"n = {sample_words(blocks, rounds, processes)}", setting]
    remarks.append(
        f"Each cell: the effect of both together minus the sum of the two alone, ± to the end of its {confidence_words(level)} interval "
        "on zero's side; positive is better. "
        f"p (Holm) allows for {counted(len(data), 'pair')}"
    )
    if processes == 1 and any(panel.value == "time_saved_percent" for panel in panels):
        remarks.append("One process: no interval of time")
    unmeasured = sum(not all(isfinite(getattr(row, panel.value)) for panel in panels) for row in rows(data))
    if unmeasured:
        remarks.append(f"? marks what was not measured ({counted(unmeasured, 'pair')})")
    return remarks
