"""What a plot is drawn on: the caller's axes, or a figure of our own that fits closely around what is drawn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any, cast

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, ScalarFormatter
from matplotlib.transforms import Bbox, ScaledTranslation

from ablate.plots import style, text
from ablate.plots.table import Looks

INCH = 72.0
"""Points to the inch."""

_EDGE_INCHES = 0.06
_HANDLE_EMS = 3.9
_SETTLED_INCHES = 0.005


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Axes to draw on, the colours, and the size of ordinary text in points; made by `sheet`.

    On a figure of our own, `fit` gives the axes the height asked for and the width that is left, and makes the figure as high as
    all of it takes. On the caller's axes it does nothing: their layout is the caller's.
    """

    ax: Axes
    theme: style.Theme
    points: float
    width_inches: float
    content_inches: float
    own: bool
    _fitted: tuple[Bbox, Bbox] | None = field(default=None, init=False)

    @property
    def small(self) -> float:
        """The size of captions and of text beside marks."""
        return style.SMALL * self.points

    @property
    def line_inches(self) -> float:
        """The height of a line of ordinary text."""
        return self.points * text.LINE_HEIGHT / INCH

    def fit(self) -> None:
        """Lay the figure out around what is on it so far."""
        self._fit()

    def _fit(self) -> tuple[Bbox, Bbox]:
        """`fit`, and the boxes as they are then: measuring every word is nearly all that a figure costs."""
        if not self.own:
            return self._boxes()
        figure = cast(Figure, self.ax.figure)
        if self._fitted is not None and not figure.stale:
            return self._fitted
        self._fitted = self._laid_out(figure)
        # Whatever is drawn or changed from here on sets it again.
        figure.stale = False
        return self._fitted

    def _laid_out(self, figure: Figure) -> tuple[Bbox, Bbox]:
        for _ in range(3):
            inner, outer = self._boxes()
            left, right = (inner.x0 - outer.x0 + _EDGE_INCHES, outer.x1 - inner.x1 + _EDGE_INCHES)
            below, above = (inner.y0 - outer.y0 + _EDGE_INCHES, outer.y1 - inner.y1 + _EDGE_INCHES)
            width = max(self.width_inches - left - right, 0.2 * self.width_inches)
            height = self.content_inches + below + above
            shifts = (
                inner.width - width,
                inner.height - self.content_inches,
                inner.x0 - left,
                figure.get_figheight() - height,
            )
            if max(abs(shift) for shift in shifts) < _SETTLED_INCHES:
                return inner, outer
            figure.set_size_inches(self.width_inches, height)
            self.ax.set_position(
                (left / self.width_inches, below / height, width / self.width_inches, self.content_inches / height)
            )
        return self._boxes()

    def describe(self, title: str, description: str) -> None:
        """Leave words for screen readers on a figure of our own, where `save` finds them."""
        if self.own:
            self.ax.figure.set_label(title)
            self.ax.set_label(description)

    def panel(self, left: float, bottom_inches: float, width: float, height_inches: float) -> Axes:
        """Axes inside the sheet's: `left` and `width` as fractions of its width, the rest in inches of its height."""
        bottom, height = bottom_inches / self.content_inches, height_inches / self.content_inches
        return self.ax.inset_axes((left, bottom, width, height))

    def inches(self, axes: Axes) -> tuple[float, float]:
        """The width and height of axes as they are now."""
        locator = axes.get_axes_locator()
        if locator is not None:
            # A panel learns its place only when it is drawn.
            axes.apply_aspect(locator(axes, cast(Any, None)))
        box = axes.get_window_extent()
        return box.width / self.ax.figure.dpi, box.height / self.ax.figure.dpi

    def header(self, title: str, subtitle: str = "") -> None:
        """A title and a line below it, above all that is there."""
        for line, points, weight, colour in (
            (subtitle, self.points, "normal", self.theme.muted),
            (title, 1.15 * self.points, "bold", self.theme.ink),
        ):
            if line:
                self._place(line, points, weight, colour, above=True)

    def caption(self, remarks: Sequence[str]) -> None:
        """Sentences in small type, below all that is there."""
        whole = " ".join(text.as_sentence(remark) for remark in remarks if remark)
        if whole:
            self._place(whole, self.small, "normal", self.theme.muted, above=False)

    def legend(self, handles: Sequence[Artist], labels: Sequence[str], *, above: bool = True) -> None:
        """What the marks mean, in as many columns as the width allows, above or below all that is there."""
        if not handles:
            return
        inner, outer = self._fit()
        room = self._room(outer) - _HANDLE_EMS * self.small
        wrapped = [text.wrap(label, max(room, 4 * self.small), self.small) for label in labels]
        column = text.widest(wrapped, self.small) + _HANDLE_EMS * self.small
        rows = ceil(len(handles) / max(1, int(self._room(outer) / column)))
        columns = ceil(len(handles) / rows)
        anchor = outer.y1 - inner.y1 if above else outer.y0 - inner.y0
        shift = ScaledTranslation(outer.x0 - inner.x0, anchor, self.ax.figure.dpi_scale_trans)
        drawn = self.ax.legend(
            handles,
            wrapped,
            ncols=columns,
            loc="lower left" if above else "upper left",
            bbox_to_anchor=(0.0, 1.0 if above else 0.0),
            bbox_transform=self.ax.transAxes + shift,
            frameon=False,
            fontsize=self.small,
            labelcolor=self.theme.ink,
            borderaxespad=0.3,
            borderpad=0.2,
            handlelength=1.8,
            handletextpad=0.5,
            columnspacing=1.4,
            alignment="left",
        )
        drawn.set_zorder(5)

    def key(self, entries: Sequence[str]) -> None:
        """Short entries below all that is there, one a line, in as many columns as the width allows."""
        if not entries:
            return
        boxes = self._fit()
        room = self._room(boxes[1])
        wrapped = [text.wrap(entry, room, self.small) for entry in entries]
        column = text.widest(wrapped, self.small) + 1.5 * self.small
        columns = min(len(wrapped), max(1, int(room / column)))
        rows = ceil(len(wrapped) / columns)
        for number, start in enumerate(range(0, len(wrapped), rows)):
            block = "\n".join(wrapped[start : start + rows])
            self._annotate(block, self.small, "normal", self.theme.ink, boxes, right=number * column)
        self.fit()

    def _place(self, words: str, points: float, weight: str, colour: str, *, above: bool) -> None:
        boxes = self._fit()
        wrapped = text.balanced(words, self._room(boxes[1]), points, weight)
        self._annotate(wrapped, points, weight, colour, boxes, above=above)
        self.fit()

    def _annotate(
        self,
        words: str,
        points: float,
        weight: str,
        colour: str,
        boxes: tuple[Bbox, Bbox],
        *,
        above: bool = False,
        right: float = 0.0,
    ) -> None:
        """Write a block of lines above or below the outer box, `right` points from its left edge."""
        inner, outer = boxes
        gap = 0.35 * points
        vertical = (outer.y1 - inner.y1) * INCH + gap if above else (outer.y0 - inner.y0) * INCH - gap
        self.ax.annotate(
            words,
            xy=(0.0, 1.0 if above else 0.0),
            xycoords="axes fraction",
            xytext=((outer.x0 - inner.x0) * INCH + right, vertical),
            textcoords="offset points",
            ha="left",
            va="bottom" if above else "top",
            fontsize=points,
            fontweight=weight,
            color=colour,
            annotation_clip=False,
        )

    def _room(self, outer: Bbox) -> float:
        """The width for text above or below, in points; a little less, for renderers that set type wider."""
        width = self.width_inches - 2 * _EDGE_INCHES if self.own else outer.width
        return 0.97 * width * INCH

    def _boxes(self) -> tuple[Bbox, Bbox]:
        """The axes and all that is on and around them, in inches; the second holds the first."""
        dpi = self.ax.figure.dpi
        inner = self.ax.get_window_extent()
        outer = self.ax.get_tightbbox()
        everything = Bbox.union([inner, outer]) if outer is not None else inner
        return Bbox(inner.get_points() / dpi), Bbox(everything.get_points() / dpi)


@contextmanager
def sheet(ax: Axes | None, *, theme: str, width_inches: float | None, content_inches: float) -> Iterator[Sheet]:
    """Open a sheet on `ax`, or on a figure of our own that is `width_inches` wide with axes `content_inches` high.

    Raises:
        UsageError: an unknown theme, or a width that no figure can have.
    """
    colours = style.theme_named(theme)
    if ax is None:
        width = style.check_width(style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches)
    else:
        box = ax.get_window_extent()
        content_inches = box.height / ax.figure.dpi
        width = box.width / ax.figure.dpi if width_inches is None else style.check_width(width_inches)
    points = style.font_points(width)
    with style.settings(colours, points):
        yield Sheet(
            ax=_own_axes(width, content_inches) if ax is None else ax,
            theme=colours,
            points=points,
            width_inches=width,
            content_inches=content_inches,
            own=ax is None,
        )


def _own_axes(width: float, content: float) -> Axes:
    figure = Figure(figsize=(width, content + 1.0))
    # A canvas that can measure text; the figure stays out of pyplot's list.
    FigureCanvasAgg(figure)
    return figure.add_axes((0.25, 0.2, 0.7, content / (content + 1.0)))


def dress(axes: Axes, on: Sheet, *, grid: str = "") -> None:
    """Give axes the sheet's colours and sizes, two spines, and grid lines across the axis named by `grid` ("x", "y", "xy")."""
    theme = on.theme
    axes.set_facecolor(theme.background)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_edgecolor(theme.muted)
        spine.set_linewidth(0.8)
    axes.tick_params(
        which="both", color=theme.muted, labelcolor=theme.ink, labelsize=on.points, length=3, width=0.8, pad=2.5
    )
    for name in ("x", "y"):
        shown = name in grid
        looks: Looks = {"color": theme.grid, "linewidth": 0.7, "linestyle": "-"} if shown else {}
        axes.grid(shown, axis=cast(Any, name), **looks)


def label_axis(axes: Axes, on: Sheet, which: str, words: str) -> None:
    """Name an axis, wrapped to its length."""
    width, height = on.inches(axes)
    length = (width if which == "x" else height) * INCH
    wrapped = text.wrap(words, max(length, 6 * on.points), on.points)
    set_label = axes.set_xlabel if which == "x" else axes.set_ylabel
    set_label(wrapped, fontsize=on.points, color=on.theme.ink, labelpad=3)


def number_ticks(
    axes: Axes, on: Sheet, which: str, *, sample: str = "−00.0", whole: bool = False, percent: bool = False
) -> None:
    """As many ticks on a numeric axis as `sample`-sized labels have room for; at `whole` numbers where fractions mean nothing.

    With `percent` each label has its sign: "5 %".
    """
    width, height = on.inches(axes)
    needed = 1.9 * text.line_width(sample, on.points) if which == "x" else 2.2 * on.points
    count = int((width if which == "x" else height) * INCH / needed)
    axis = axes.xaxis if which == "x" else axes.yaxis
    bins = min(max(count, 2), 9)
    axis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10], min_n_ticks=min(bins, 3), integer=whole))
    if percent:
        numbers = ScalarFormatter()
        numbers.set_axis(axis)

        def with_sign(value: float, place: int | None) -> str:
            numbers.set_locs(list(axis.get_majorticklocs()))
            return f"{numbers(value, place)} %"

        axis.set_major_formatter(FuncFormatter(with_sign))


def mask(on: Sheet) -> Looks:
    """What keeps lines from running through text."""
    return {"boxstyle": "square,pad=0.06", "facecolor": on.theme.background, "edgecolor": "none"}
