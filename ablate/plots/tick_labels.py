"""Numbers below two panels side by side: those at the ends that face each other must not touch."""

from typing import NamedTuple

from matplotlib.axes import Axes

from ablate.plots import text
from ablate.plots.sheet import INCH, Sheet

_GAP_EMS = 0.6


class _Label(NamedTuple):
    """A tick and where its label begins and ends, in points from the left edge of the figure."""

    tick: float
    start: float
    end: float


def keep_apart(left: Axes, right: Axes, on: Sheet) -> None:
    """Leave out the tick of one of two panels whose label would touch the other panel's; of the one that has more."""
    ours, theirs = _labels(left, on), _labels(right, on)
    if not ours or not theirs or ours[-1].end + _GAP_EMS * on.points <= theirs[0].start:
        return
    if len(ours) > len(theirs):
        left.set_xticks([label.tick for label in ours[:-1]])
    else:
        right.set_xticks([label.tick for label in theirs[1:]])


def _labels(axes: Axes, on: Sheet) -> list[_Label]:
    """Those inside the limits, from left to right; an axis may run backwards."""
    # Asked first, since a panel learns its place by it.
    on.inches(axes)
    low, high = sorted(axes.get_xlim())
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    words = axes.xaxis.get_major_formatter().format_ticks(ticks)
    labels = []
    for tick, word in zip(ticks, words, strict=True):
        middle = axes.transData.transform((tick, 0.0))[0] / axes.figure.dpi * INCH
        half = text.line_width(word, on.points) / 2
        labels.append(_Label(tick, middle - half, middle + half))
    return sorted(labels, key=lambda label: label.start)
