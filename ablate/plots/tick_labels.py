"""Numbers below two narrow panels side by side: none may touch the next, in its own panel or the other."""

from itertools import pairwise
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

    def touches(self, following: "_Label", on: Sheet) -> bool:
        """Whether there is too little room between this one and one to its right."""
        return self.end + _GAP_EMS * on.points > following.start


def keep_apart(left: Axes, right: Axes, on: Sheet) -> None:
    """Leave out ticks of the horizontal axes: every second one while labels touch, then the last or first of the panel with more."""
    ours, theirs = _thinned(left, on), _thinned(right, on)
    if not ours or not theirs or not ours[-1].touches(theirs[0], on):
        return
    if len(ours) > len(theirs):
        left.set_xticks([label.tick for label in ours[:-1]])
    else:
        right.set_xticks([label.tick for label in theirs[1:]])


def _thinned(axes: Axes, on: Sheet) -> list[_Label]:
    labels = _labels(axes, on)
    while any(label.touches(following, on) for label, following in pairwise(labels)):
        axes.set_xticks([label.tick for label in labels[::2]])
        labels = _labels(axes, on)
    return labels


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
