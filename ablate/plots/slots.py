"""Where the bars of a waterfall, their names and their gains in score go: side by side, or one below the other."""

from collections.abc import Sequence
from typing import NamedTuple

from ablate.plots import text
from ablate.plots.cascade import Cascade, Slots, has_whisker, value_words
from ablate.plots.sheet import INCH, mask

_NAME_SIZE = 0.85
"""The size of names below standing bars, to that of ordinary text."""

WIDE_SPACE = "\N{EM SPACE}"
"""Between two numbers: browsers fold several plain spaces into one."""

_BAR, _GAP = 1.15, 0.55
"""A lying bar and the space between two slots, in lines of type."""


def can_stand(cascades: Sequence[Cascade], width: float, points: float, *, measured: bool) -> bool:
    """Whether every name, number and gain fits into a slot between its neighbours.

    Measured steps must leave room for published ones, so that the same figure stands or lies with and without them.
    """
    steps = cascades[-1].steps
    beside = 2 if measured else 1
    slot = _slot_points(width, points, len(steps))
    words = [piece.rstrip() for step in steps for piece in text.pieces(step.name)]
    numbers = [value_words(step.value) for cascade in cascades for step in cascade.steps]
    second_lines = [line for step in steps for line in _two_lines(step.gain).split("\n")]
    size = _NAME_SIZE * points
    lines = max(text.line_count(text.wrap(step.name, 0.94 * slot, size)) for step in steps)
    return (
        text.widest(words, size) <= 0.94 * slot
        and lines <= 4
        and text.widest(second_lines, 0.9 * points) <= 0.92 * slot
        and text.widest(numbers, 0.9 * points) <= 0.96 * slot / beside
    )


class Row(NamedTuple):
    """What a lying bar's slot holds, in lines of type from its top: a mark, the bars, the gain, and what is left."""

    mark: float
    bars: int
    gain: float
    names: float

    @property
    def lines(self) -> float:
        """The height of the slot."""
        return max(self.mark + _BAR * self.bars + self.gain + _GAP, self.names)

    def bar_offset(self, index: int) -> float:
        """The middle of a bar, from the middle of the slot."""
        spare = self.lines - self.mark - _BAR * self.bars - self.gain
        return (spare / 2 + self.mark + _BAR * (index + 0.5)) / self.lines - 0.5

    @property
    def thickness(self) -> float:
        """Of a bar, as a fraction of the slot."""
        return 0.92 * _BAR / self.lines

    @property
    def mark_offset(self) -> float:
        """The middle of the mark, from the middle of the slot."""
        return self.bar_offset(0) - (_BAR + self.mark) / 2 / self.lines


def row_of(names: Sequence[str], width: float, points: float, bars: int, gains: bool, marks: bool) -> Row:
    """How high lying slots must be, for names beside them in a figure of `width` inches."""
    lines = max(text.line_count(text.wrap(name, _name_points(width), points)) for name in names)
    return Row(mark=0.7 if marks else 0.0, bars=bars, gain=1.1 if gains else 0.0, names=lines + 0.4)


def _name_points(width: float) -> float:
    """How wide names may be beside lying bars."""
    return 0.34 * width * INCH


def _slot_points(width: float, points: float, slots: int) -> float:
    """The room of one standing bar: what the value axis leaves, divided."""
    return (width * INCH - 5 * points) / slots


def _two_lines(gain: str) -> str:
    return gain.replace(" ± ", "\n± ")


def name_slots(slots: Slots, names: Sequence[str], gains: Sequence[str]) -> None:
    """Write the names beside or below the slots; below standing ones, the gains between bar and name."""
    axes, on = slots.axes, slots.on
    places = range(len(names))
    if slots.lying:
        wrapped = [text.wrap(name, _name_points(on.width_inches), on.points) for name in names]
        axes.set_yticks(places, labels=wrapped)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        return
    axes.set_xlim(-0.5, len(names) - 0.5)
    slot = _slot_points(on.width_inches, on.points, len(names))
    size = _NAME_SIZE * on.points
    axes.set_xticks(places, labels=[text.wrap(name, 0.94 * slot, size) for name in names], fontsize=size)
    shown = gains if text.widest(gains, on.small) <= 0.92 * slot else [_two_lines(words) for words in gains]
    lines = max(text.line_count(words) for words in shown) if any(gains) else 0
    axes.tick_params(axis="x", length=0, pad=3 + lines * on.small * text.LINE_HEIGHT + (2 if lines else 0))
    for place, words in zip(places, shown, strict=True):
        if words:
            axes.annotate(
                words,
                xy=(place, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, -3.5),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=on.small,
                color=on.theme.muted,
                annotation_clip=False,
            )


def words_inside(slots: Slots, cascades: Sequence[Cascade]) -> None:
    """Below each lying bar its value, where a whisker takes the place at its end, and its gain; inside the axes."""
    cascade, on = cascades[-1], slots.on
    low, high = slots.axes.get_xlim()
    for slot, step in enumerate(cascade.steps):
        value = value_words(step.value) if has_whisker(step) else ""
        words = WIDE_SPACE.join(filter(None, (value, step.gain)))
        if not words:
            continue
        first, last = sorted((step.start, step.start + step.value))
        rightwards = (first + last) / 2 < (low + high) / 2
        slots.axes.annotate(
            words,
            xy=(max(first, low) if rightwards else last, slot + cascade.offset + cascade.thickness / 2),
            xytext=(0.3 * on.small if rightwards else 0.0, -0.2 * on.small),
            textcoords="offset points",
            ha="left" if rightwards else "right",
            va="top",
            fontsize=on.small,
            color=on.theme.ink if value else on.theme.muted,
            annotation_clip=False,
            zorder=5,
            bbox=mask(on),
        )
