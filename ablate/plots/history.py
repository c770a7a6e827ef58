"""Times to a target accuracy over the years: every published record, and the best of each target so far."""

from collections.abc import Sequence
from math import ceil, floor

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from ablate.errors import UsageError
from ablate.plots import style, text
from ablate.plots.dated_points import FILLED_DEVICE, DatedPoint, DatedRecord, dated_points, worth_a_name
from ablate.plots.labels import label_size, with_seconds, write_label
from ablate.plots.measured_column import MeasuredColumn
from ablate.plots.placement import Box, box_about, place_labels
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, sheet
from ablate.plots.table import Looks

_FEWEST_YEARS = 2.0
_RINGS = 3
_SHARES_OF_WIDTH = (0.27, 0.17)
"""How much of the axes' width a label may take: what has no room in long lines is tried in shorter ones."""


def history(
    data: Sequence[DatedRecord],
    *,
    measured: pd.DataFrame | None = None,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    target: float | None = None,
    title: str = "",
    setting: str = "",
) -> Axes:
    """Draw published records of CIFAR-10 by date, seconds on a logarithmic axis, with a step line for each target's best so far.

    Marks of an A100 are filled, those of other hardware hollow; the horizontal axis is in years. `target` keeps the records of
    one target. `measured`, as `ablate.stats.arm_summary` makes it, puts the arms' mean times in a column of their own at the
    right: all of up to eight, else the fastest and the slowest. `setting` says what they were measured on.

    Raises:
        UsageError: no records, a target that none has, a table that lacks columns or has no time, an unknown theme.
    """
    points = dated_points(_of_target(data, target))
    targets = sorted({point.record.target for point in points})
    title = title or f"Time to {_listed([str(each) for each in targets])} % on CIFAR-10, as published"
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=min(max(0.6 * width, 3.1), 5.4)) as on:
        axes = on.ax
        column = None if measured is None else MeasuredColumn.of(measured)
        dress(axes, on, grid="xy")
        _scale_seconds(axes, [point.record.seconds for point in points], () if column is None else column.seconds)
        label_axis(axes, on, "y", "Time (s)")
        end = _scale_years(axes, on, points, column)
        # A target looks alike alone and among others.
        looks = {each: place for place, each in enumerate(sorted({record.target for record in data}))}
        handles = [
            _draw_target(axes, on, [point for point in points if point.record.target == each], looks[each], end)
            for each in targets
        ]
        on.legend(*_legend(on, handles, targets, points))
        on.header(title)
        if column is not None:
            column.draw(axes, on, end)
        named = _name_points(axes, on, points, end)
        on.describe(title, _description(points, column))
        on.caption(_remarks(points, named, column, setting))
        return axes


def _of_target(data: Sequence[DatedRecord], target: float | None) -> list[DatedRecord]:
    if not data:
        raise UsageError("Which records? Give some, such as `ablate.lineages.RECORDS`.")
    there = sorted({record.target for record in data})
    if target is not None and target not in there:
        raise UsageError(
            f"There is no record of a time to {target:g} %; the targets are {_listed(list(map(str, there)))}."
        )
    return [record for record in data if target in (None, record.target)]


def _scale_seconds(axes: Axes, published: Sequence[float], measured: Sequence[float]) -> None:
    seconds = [*published, *measured]
    axes.set_yscale("log")
    axes.set_ylim(min(seconds) / 1.5, max(seconds) * 1.5)
    # Less than a decade may have one power of ten in it, or none.
    many = max(seconds) / min(seconds) > 30
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3) if many else (1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _scale_years(axes: Axes, on: Sheet, points: Sequence[DatedPoint], column: MeasuredColumn | None) -> float:
    """Set the horizontal axis up, with room for the column at its right end; where the records' part ends."""
    years = [point.year for point in points]
    span = max(max(years) - min(years), _FEWEST_YEARS)
    middle = (max(years) + min(years)) / 2
    start, end = middle - 0.53 * span, middle + 0.6 * span
    axes.set_xlim(start, end)
    _year_ticks(axes, on, start, end)
    on.fit()
    width = on.inches(axes)[0] * INCH
    share = 0.0 if column is None else column.share_of_width(on, width)
    axes.set_xlim(start, start + (end - start) / (1 - share))
    _year_ticks(axes, on, start, end)
    on.fit()
    return end


def _year_ticks(axes: Axes, on: Sheet, start: float, end: float) -> None:
    """A tick at the beginning of as many years from `start` to `end` as have room for it."""
    left, right = axes.get_xlim()
    room = on.inches(axes)[0] * INCH * (end - start) / (right - left)
    most = max(room / (1.7 * text.line_width("2024", on.points)), 1)
    step = next((step for step in (1, 2, 5) if (end - start) / step <= most), 10)
    first = ceil(start / step) * step
    axes.xaxis.set_major_locator(FixedLocator(range(first, floor(end) + 1, step)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:.0f}"))


def _draw_target(axes: Axes, on: Sheet, points: Sequence[DatedPoint], place: int, end: float) -> Line2D:
    """One target's marks and its best so far; what stands for it in the legend."""
    colour, marker = on.theme.series[place % len(on.theme.series)], style.MARKERS[place % len(style.MARKERS)]
    target = points[0].record.target
    best = [point for point in points if point.best]
    years, seconds = [*(point.year for point in best), end], [point.record.seconds for point in best]
    line: Looks = {"color": colour, "linewidth": 1.3, "alpha": 0.8, "solid_capstyle": "butt", "zorder": 2}
    axes.step(years, [*seconds, seconds[-1]], where="post", label=f"best so far to {target} %", **line)
    for filled in (True, False):
        chosen = [point for point in points if point.filled == filled]
        if chosen:
            axes.plot(
                [point.year for point in chosen],
                [point.record.seconds for point in chosen],
                linestyle="none",
                label=f"{target} % on {'an A100' if filled else 'other hardware'}",
                **_mark(on, colour, marker, filled=filled),
            )
    return Line2D([], [], color=colour, linewidth=1.3, **_mark(on, colour, marker, filled=True))


def _mark(on: Sheet, colour: str, marker: str, *, filled: bool) -> Looks:
    face = colour if filled else on.theme.background
    looks: Looks = {"marker": marker, "markersize": _mark_points(on), "markeredgewidth": 1.1, "zorder": 3}
    return looks | {"markerfacecolor": face, "markeredgecolor": colour}


def _mark_points(on: Sheet) -> float:
    return 0.58 * on.points


def _legend(
    on: Sheet, handles: Sequence[Line2D], targets: Sequence[int], points: Sequence[DatedPoint]
) -> tuple[list[Line2D], list[str]]:
    shown, labels = list(handles), [f"{target} %" for target in targets]
    if not all(point.filled for point in points):
        for filled, words in ((True, "A100"), (False, "other hardware")):
            shown.append(Line2D([], [], linestyle="none", **_mark(on, on.theme.muted, "o", filled=filled)))
            labels.append(words)
    return shown, labels


def _name_points(axes: Axes, on: Sheet, points: Sequence[DatedPoint], end: float) -> int:
    """Write names beside the records that have room for one, the greatest steps first; how many have."""
    on.fit()
    inches = on.inches(axes)
    size = (inches[0] * INCH, inches[1] * INCH)
    right, _ = _in_points(axes, size, end, points[0].record.seconds)
    bounds = Box(1.0, 1.0, right - 1.0, size[1] - 1.0)
    taken = _lines(axes, size, points, end)
    every = worth_a_name(points)
    left = every
    for share in _SHARES_OF_WIDTH:
        words = [with_seconds(point.name, point.record.seconds, share * size[0], on.small) for point in left]
        found = place_labels(
            [_place(axes, size, point) for point in left],
            [label_size(word, on) for word in words],
            bounds,
            mark=_mark_points(on),
            rings=_RINGS,
            cross=False,
            obstacles=taken,
            others=[_place(axes, size, point) for point in points if point not in left],
        )
        for word, middle, point in zip(words, found, left, strict=True):
            if middle is not None:
                write_label(axes, on, word, middle, _place(axes, size, point), size, strong=point.best)
                taken.append(box_about(middle, label_size(word, on)))
        left = [point for point, middle in zip(left, found, strict=True) if middle is None]
    return len(every) - len(left)


def _place(axes: Axes, size: tuple[float, float], point: DatedPoint) -> tuple[float, float]:
    return _in_points(axes, size, point.year, point.record.seconds)


def _in_points(axes: Axes, size: tuple[float, float], year: float, seconds: float) -> tuple[float, float]:
    """Where a time of a day lies, in points from the lower left corner of the axes."""
    x, y = axes.transAxes.inverted().transform(axes.transData.transform((year, seconds)))
    return float(x) * size[0], float(y) * size[1]


def _lines(axes: Axes, size: tuple[float, float], points: Sequence[DatedPoint], end: float) -> list[Box]:
    """The step lines as boxes, in points."""
    boxes = []
    for target in {point.record.target: None for point in points}:
        best = [point for point in points if point.best and point.record.target == target]
        for point, until in zip(best, [*(later.year for later in best[1:]), end], strict=True):
            x, y = _in_points(axes, size, point.year, point.record.seconds)
            right, _ = _in_points(axes, size, until, point.record.seconds)
            boxes.append(Box(x, y - 0.8, right, y + 0.8))
            if point.before != float("inf"):
                _, above = _in_points(axes, size, point.year, point.before)
                boxes.append(Box(x - 0.8, y, x + 0.8, above))
    return boxes


def _description(points: Sequence[DatedPoint], column: MeasuredColumn | None) -> str:
    parts = [
        f"{record.date}, {record.target} %: {record.name} in {record.seconds:g} s on {record.device}{', best so far' if best else ''}"
        for record, best in ((point.record, point.best) for point in points)
    ]
    said = f"Scatter plot of published times by date, one point a record. {'; '.join(parts)}."
    return said if column is None else f"{said} Measured here: {column.words}."


def _remarks(points: Sequence[DatedPoint], named: int, column: MeasuredColumn | None, setting: str) -> list[str]:
    marks = {True: "filled", False: "hollow"}
    devices = {
        filled: sorted({FILLED_DEVICE if filled else point.record.device for point in points if point.filled == filled})
        for filled in marks
    }
    hardware = " and ".join(f"{_listed(names)} ({marks[filled]})" for filled, names in devices.items() if names)
    remarks = [
        f"Published seconds on the hardware of each record: {hardware}",
        "A line is the best so far, on any hardware; what a clock counts differs from record to record",
    ]
    if named < len(points):
        remarks.append(
            f"{named} of {len(points)} records are named: of one name the first and the fastest, where there is room"
        )
    if column is not None:
        remarks.append(column.remark(setting))
    return remarks


def _listed(names: Sequence[str]) -> str:
    """ "94", "94 and 95", "94, 95 and 96"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
