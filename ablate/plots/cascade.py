"""Bars that each start where the one before it ended, standing or lying."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke

from ablate.plots import text
from ablate.plots.sheet import INCH, Sheet, mask
from ablate.plots.steps import Step
from ablate.plots.table import Looks
from ablate.stats.wording import MINUS

PALE = 0.42
"""The opacity of a ladder's bars beside Shapley's."""

OPEN = 0.3
"""The opacity of a step that is not settled; its outline stays as strong as the others'."""

HATCH = "////"
"""Of steps that go down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Steps with their place in each slot: `offset` from its middle and `thickness`, both as fractions of a slot.

    `published` ones are drawn in a colour of their own; `open_steps` are the subjects whose verdict is not settled. `widening` is how
    many times as wide the intervals are that hold for all contrasts at once.
    """

    steps: Sequence[Step]
    label: str
    offset: float
    thickness: float
    published: bool
    widening: float = 1.0
    open_steps: frozenset[str] = frozenset()

    def at_once(self, step: Step) -> tuple[float, float]:
        """The levels between which a step ends in an interval that holds for all contrasts at once; NaN where it has none."""
        low, high = (step.value + self.widening * (end - step.value) for end in (step.low, step.high))
        return step.start + low, step.start + high

    @property
    def ends(self) -> list[float]:
        """The level that each bar ends at."""
        return [step.start + step.value for step in self.steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Axes with one slot for each bar: from left to right, or with `lying` from top to bottom."""

    axes: Axes
    on: Sheet
    lying: bool

    def bars(self, cascade: Cascade) -> BarContainer:
        """The bars: those that go down hatched and in the warning colour, the last in the total's, the open ones light."""
        theme = self.on.theme
        places = [slot + cascade.offset for slot in range(len(cascade.steps))]
        values, starts = [step.value for step in cascade.steps], [step.start for step in cascade.steps]
        colours = [theme.gain if value >= 0 else theme.loss for value in values]
        colours[-1] = theme.total
        if cascade.published:
            colours = [theme.published] * len(values)
        draw = self.axes.barh if self.lying else self.axes.bar
        sizes: Looks = {"left" if self.lying else "bottom": starts}
        container = draw(places, values, cascade.thickness, color=colours, label=cascade.label, zorder=2, **sizes)
        for patch, step, colour in zip(container.patches, cascade.steps, colours, strict=True):
            unsettled = step.subject in cascade.open_steps
            patch.set_edgecolor(colour if unsettled or step.value >= 0 else theme.background)
            patch.set_linewidth(0.9 if unsettled else 0.6)
            if unsettled:
                patch.set_facecolor(to_rgba(colour, OPEN))
            if step.value < 0 and not unsettled:
                patch.set_hatch(HATCH)
            elif step.value < 0:
                # On top and without a face: SVG gives a translucent face's colour to the hatch, which then cannot be seen.
                over = Rectangle(
                    patch.get_xy(), patch.get_width(), patch.get_height(), fill=False, linewidth=0, zorder=2
                )
                over.set(hatch=HATCH, edgecolor=colour)
                self.axes.add_patch(over)
        return container

    def starts(self, cascade: Cascade) -> None:
        """A short line where each step with an interval starts: what its whisker is read against."""
        reach = cascade.thickness / 2 + 0.06
        for slot, step in enumerate(cascade.steps):
            if isfinite(step.low) and isfinite(step.high):
                place = slot + cascade.offset
                looks: Looks = {"color": self.on.theme.ink, "linewidth": 1.3, "solid_capstyle": "butt", "zorder": 3.5}
                self.line([place - reach, place + reach], [step.start, step.start], label="_start", **looks)

    def connectors(self, cascade: Cascade) -> None:
        """A dashed line from the end of each bar to the start of the next, and to the top of the total."""
        half = cascade.thickness / 2
        for slot, level in enumerate(cascade.ends[:-1]):
            along = [slot + cascade.offset + half, slot + 1 + cascade.offset - half]
            self.line(along, [level, level], linestyle=(0, (3, 2)), linewidth=0.8, color=self.on.theme.muted, zorder=1)

    def line(self, along: Sequence[float], levels: Sequence[float], **looks: Any) -> None:
        """A line given by places along the slots and by levels."""
        first, second = (levels, along) if self.lying else (along, levels)
        self.axes.plot(first, second, **looks)

    def whiskers(self, places: Sequence[float], levels: Sequence[float], ends: Sequence[tuple[float, float]]) -> None:
        """Intervals around levels; those with an end that is not finite reach only to the other, or are left out."""
        for place, level, (low, high) in zip(places, levels, ends, strict=True):
            reach = [end for end in (low, high) if isfinite(end)]
            if not reach:
                continue
            low, high = min([*reach, level]), max([*reach, level])
            errors: Looks = {"xerr" if self.lying else "yerr": [[level - low], [high - level]]}
            x, y = (level, place) if self.lying else (place, level)
            drawn = self.axes.errorbar(
                [x],
                [y],
                **errors,
                fmt="none",
                ecolor=self.on.theme.ink,
                elinewidth=1.0,
                capsize=0.28 * self.on.points,
                capthick=1.0,
                zorder=4,
            )
            # An edge in the page's colour keeps ink readable on any bar.
            edge: list[AbstractPathEffect] = [withStroke(linewidth=2.6, foreground=self.on.theme.background)]
            for artist in (*drawn.lines[1], *drawn.lines[2]):
                artist.set_path_effects(edge)

    def thin_whiskers(self, places: Sequence[float], cascade: Cascade) -> None:
        """The intervals that hold for all contrasts at once, as thin lines that go on where the whiskers end."""
        for place, step in zip(places, cascade.steps, strict=True):
            low, high = cascade.at_once(step)
            if cascade.widening > 1 and isfinite(low) and isfinite(high):
                looks: Looks = {"color": self.on.theme.ink, "linewidth": 0.5, "solid_capstyle": "butt", "zorder": 3.9}
                edge: list[AbstractPathEffect] = [withStroke(linewidth=1.5, foreground=self.on.theme.background)]
                self.line([place, place], [low, high], label="_at_once", path_effects=edge, **looks)

    def value(self, cascade: Cascade, slot: int, colour: str, points: float) -> None:
        """The value of a bar at its own end: beside a standing bar's whisker, below a lying bar that has one."""
        step = cascade.steps[slot]
        if self.lying and has_whisker(step):
            # There the row's words hold it, with the gain.
            return
        place, level = slot + cascade.offset, step.start + step.value
        upwards = step.value >= 0
        gap = 0.35 * points if upwards else -0.35 * points
        across = 0.0
        if self.lying:
            side = ("left" if upwards else "right", "center")
        else:
            side = ("center", "bottom" if upwards else "top")
            if has_whisker(step):
                side, across = ("right", side[1]), -0.3 * points
                place = self.whisker_place(cascade, slot)
        self.axes.annotate(
            value_words(step.value),
            xy=(level, place) if self.lying else (place, level),
            xytext=(gap, across) if self.lying else (across, gap),
            textcoords="offset points",
            ha=side[0],
            va=side[1],
            fontsize=points,
            color=colour,
            annotation_clip=False,
            zorder=6,
            bbox=mask(self.on),
        )

    def whisker_place(self, cascade: Cascade, slot: int) -> float:
        """Where a step's whisker is along the slots: in the middle of a lying bar, at the right of a standing one."""
        return slot + cascade.offset + (0.0 if self.lying else 0.42 * cascade.thickness)

    def limit(self, cascades: Sequence[Cascade], extra: Sequence[float], points: float) -> None:
        """Bounds of the levels that leave room for the values beyond the bars and whiskers."""
        levels = [0.0, *(level for level in extra if isfinite(level))]
        downwards = []
        for cascade in cascades:
            for step in cascade.steps:
                reach = [step.start + bound for bound in (0.0, step.value, step.low, step.high) if isfinite(bound)]
                reach += [end for end in cascade.at_once(step) if isfinite(end)]
                levels += reach
                if step.value < 0:
                    downwards.append(min(reach))
        low, high = min(levels), max(levels)
        span = high - low or 1.0
        width, height = self.on.inches(self.axes)
        length = (width if self.lying else height) * INCH
        widest = text.widest((value_words(step.value) for cascade in cascades for step in cascade.steps), points)
        label = (widest if self.lying else points * text.LINE_HEIGHT) + 0.9 * points
        below = 0.0
        # How far the lowest label hangs out depends on the scale, and the scale on that; it settles quickly.
        for _ in range(4):
            unit = (span + below) / max(length - label, 0.3 * length)
            below = max([0.0, *(low - (level - label * unit) for level in downwards)])
        bounds = (low - below, high + label * unit)
        self.axes.set(**{"xlim" if self.lying else "ylim": bounds})


def has_whisker(step: Step) -> bool:
    """Whether a step has an interval to draw."""
    return isfinite(step.low) or isfinite(step.high)


def value_words(value: float) -> str:
    """Percent with two decimals, as in the published figure: "5.17 %"."""
    digits = f"{abs(value):.2f}"
    return f"{MINUS if value < 0 and float(digits) else ''}{digits} %"
