"""Seconds of both sides' trainings, in turn."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from originals.comparison import Comparison, make_images
from originals.on_cpu import Edit

TARGET = (0.97, 1.03)


def compare_times(comparison: Comparison, folder: Path, pairs: int, seconds: Callable[[], float]) -> tuple[str, bool]:
    """The line about a comparison's times, and whether the median ratio ours/theirs is within the target.

    Where the script does more than ours for a known cause, the one that counts is without it. Of a recipe with features that the
    script does not have, the ratio is told and not judged.
    """
    published = _pairs(comparison, folder, pairs, seconds, ())
    line = f"{comparison.script}: {_words(published)}"
    if comparison.enabled:
        return f"{line}: ours with {', '.join(comparison.enabled)}", True
    if comparison.cause is None:
        return f"{line}: {_verdict(published)}", _is_within(published)
    without = _pairs(comparison, folder, pairs, seconds, comparison.cause.edits)
    return f"{line}; without its cause of difference {_words(without)}: {_verdict(without)}", _is_within(without)


def _pairs(
    comparison: Comparison, folder: Path, pairs: int, seconds: Callable[[], float], edits: Sequence[Edit]
) -> list[tuple[float, float]]:
    """Seconds of ours and theirs, the one first and the other first in turn, after a training of each that is not counted."""
    with tempfile.TemporaryDirectory(prefix="against-originals-") as data:
        images = make_images(comparison.timed_size, Path(data))

        def theirs() -> float:
            return comparison.their_seconds(folder, Path(data), seconds, edits)

        def ours() -> float:
            return comparison.our_seconds(images, seconds)

        ours(), theirs()
        measured = []
        for pair in range(pairs):
            if pair % 2 == 0:
                mine, other = ours(), theirs()
            else:
                other, mine = theirs(), ours()
            measured.append((mine, other))
        return measured


def _ratios(measured: list[tuple[float, float]]) -> list[float]:
    return [mine / other for mine, other in measured]


def _is_within(measured: list[tuple[float, float]]) -> bool:
    low, high = TARGET
    return low <= statistics.median(_ratios(measured)) <= high


def _verdict(measured: list[tuple[float, float]]) -> str:
    return f"{'within' if _is_within(measured) else 'OUTSIDE'} {TARGET[0]} to {TARGET[1]}"


def _words(measured: list[tuple[float, float]]) -> str:
    ratios, (mine, other) = _ratios(measured), (statistics.median(side) for side in zip(*measured, strict=True))
    return (
        f"ours/theirs {statistics.median(ratios):.3f}, median of n = {len(ratios)} pairs from {min(ratios):.3f} to "
        f"{max(ratios):.3f} ({mine:.2f} s and {other:.2f} s)"
    )
