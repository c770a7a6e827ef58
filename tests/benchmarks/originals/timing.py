"""Seconds of both sides' trainings, in turn."""

import statistics
import tempfile
from pathlib import Path

from originals.comparison import Comparison, make_images

TARGET = (0.97, 1.03)


def compare_times(comparison: Comparison, folder: Path, pairs: int) -> tuple[str, bool]:
    """The line about a comparison's times, and whether the median ratio ours/theirs is within the target."""
    size = comparison.timed_size
    ratios, ours_seconds, their_seconds = [], [], []
    with tempfile.TemporaryDirectory(prefix="against-originals-") as data:
        images = make_images(size, Path(data))

        def theirs() -> float:
            return comparison.theirs(folder, Path(data), size, watched=False).seconds

        def ours() -> float:
            return comparison.ours(images, size)

        ours(), theirs()
        for pair in range(pairs):
            if pair % 2 == 0:
                mine, other = ours(), theirs()
            else:
                other, mine = theirs(), ours()
            ratios.append(mine / other)
            ours_seconds.append(mine)
            their_seconds.append(other)
    ratio = statistics.median(ratios)
    holds = TARGET[0] <= ratio <= TARGET[1]
    line = (
        f"{comparison.script}: ours/theirs {ratio:.3f}, median of n = {pairs} pairs from {min(ratios):.3f} to "
        f"{max(ratios):.3f}; medians {statistics.median(ours_seconds):.2f} s and "
        f"{statistics.median(their_seconds):.2f} s: {'within' if holds else 'OUTSIDE'} {TARGET[0]} to {TARGET[1]}"
    )
    return line, holds
