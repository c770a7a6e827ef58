"""Bars that each start where the one before it ended, standing or lying."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from ablate.plots import text
from ablate.plots.sheet import INCH, Sheet, mask
from ablate.plots.steps import Step
from ablate.plots.table import Looks
from ablate.stats.wording import MINUS

PALE = 0.42
"""The opacity of published bars where measured ones stand beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Steps with their place in each slot: `offset` from its middle and `thickness`, both as fractions of a slot."""

    steps: Sequence[Step]
    label: str
    offset: float
    thickness: float
    pale: bool

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
        """The bars, the ones that go down hatched and in the warning colour, the last in the total's."""
        theme = self.on.theme
        places = [slot + cascade.offset for slot in range(len(cascade.steps))]
        values, starts = [step.value for step in cascade.steps], [step.start for step in cascade.steps]
        colours = [theme.gain if value >= 0 else theme.loss for value in values]
        colours[-1] = theme.total
        draw = self.axes.barh if self.lying else self.axes.bar
        sizes: Looks = {"left" if self.lying else "bottom": starts}
        container = draw(places, values, cascade.thickness, color=colours, label=cascade.label, zorder=2, **sizes)
        for patch, value, colour in zip(container.patches, values, colours, strict=True):
            patch.set_edgecolor(theme.background if value < 0 and not cascade.pale else colour)
            patch.set_linewidth(0.6)
            if value < 0:
                patch.set_hatch("////")
            if cascade.pale:
                patch.set_alpha(PALE)
        return container

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
            self.axes.errorbar(
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

    def value(self, place: float, step: Step, colour: str, points: float) -> None:
        """The value of a bar, beyond its end and its whisker."""
        end = step.start + step.value
        upwards = step.value >= 0
        beyond = [end, *(step.start + bound for bound in (step.low, step.high) if isfinite(bound))]
        level = max(beyond) if upwards else min(beyond)
        gap = 0.35 * points if upwards else -0.35 * points
        side = ("left" if upwards else "right", "center") if self.lying else ("center", "bottom" if upwards else "top")
        self.axes.annotate(
            value_words(step.value),
            xy=(level, place) if self.lying else (place, level),
            xytext=(gap, 0) if self.lying else (0, gap),
            textcoords="offset points",
            ha=side[0],
            va=side[1],
            fontsize=points,
            color=colour,
            annotation_clip=False,
            zorder=6,
            bbox=mask(self.on),
        )

    def limit(self, cascades: Sequence[Cascade], extra: Sequence[float], points: float) -> None:
        """Bounds of the levels that leave room for the values beyond the bars and whiskers."""
        levels = [0.0, *(level for level in extra if isfinite(level))]
        downwards = []
        for cascade in cascades:
            for step in cascade.steps:
                reach = [step.start + bound for bound in (0.0, step.value, step.low, step.high) if isfinite(bound)]
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


def value_words(value: float) -> str:
    """Percent with two decimals, as in the published figure: "5.17 %"."""
    digits = f"{abs(value):.2f}"
    return f"{MINUS if value < 0 and float(digits) else ''}{digits} %"
