"""Whether two trainings are the same to the last bit, in words."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from originals.comparison import Comparison, make_images
from originals.on_cpu import Edit
from originals.watch import Trained


def compare(comparison: Comparison, folder: Path, dtype: torch.dtype = torch.float32) -> tuple[str, bool]:
    """The line about a comparison, and whether both sides are equal, its cause taken out if it has one."""
    differences, theirs = _differences(comparison, folder, (), dtype)
    if not differences:
        surprise = "" if comparison.cause is None else " although there should be a difference"
        return f"{comparison.script}: equal{surprise}: {_extent(theirs)}", comparison.cause is None
    line = f"{comparison.script}: {'; '.join(differences)}"
    if comparison.cause is None:
        return f"DIFFERS {line}", False
    left, theirs = _differences(comparison, folder, comparison.cause.edits, dtype)
    verdict = f"STILL DIFFERS: {'; '.join(left)}" if left else f"equal: {_extent(theirs)}"
    return f"{line}, because {comparison.cause.words}; without that {verdict}", not left


def _differences(
    comparison: Comparison, folder: Path, edits: Sequence[Edit], dtype: torch.dtype
) -> tuple[list[str], Trained]:
    with tempfile.TemporaryDirectory(prefix="against-originals-") as data:
        images = make_images(comparison.equal_size, Path(data), dtype)
        theirs = comparison.watched(folder, Path(data), edits, dtype)
        mine = comparison.ours_after(theirs, images)
    return differences(theirs, mine), theirs


def differences(theirs: Trained, mine: Trained) -> list[str]:
    """What is not equal to the last bit, in words; nothing if the trainings are the same."""
    if len(theirs.losses) != len(mine.losses):
        return [f"theirs has {len(theirs.losses)} batches of losses, ours {len(mine.losses)}"]
    found = []
    if losses := _unequal(theirs.losses, mine.losses):
        first = min(losses)
        found.append(
            f"losses differ from batch {first + 1} of {len(theirs.losses)} on (there by {losses[first]:.1e}, "
            f"at most by {max(losses.values()):.1e})"
        )
    if weights := _unequal(theirs.weights, mine.weights):
        found.append(
            f"{len(weights)} of {len(theirs.weights)} weights and running statistics differ "
            f"(at most by {max(weights.values()):.1e})"
        )
    if logits := _unequal([theirs.logits], [mine.logits]):
        found.append(f"logits differ (at most by {logits[0]:.1e})")
    return found


def _unequal(theirs: Sequence[Tensor], mine: Sequence[Tensor]) -> dict[int, float]:
    """The largest difference at each place that is not equal to the last bit; NaN equals nothing."""
    return {
        place: float((a - b).abs().max())
        for place, (a, b) in enumerate(zip(theirs, mine, strict=True))
        if not torch.equal(a, b)
    }


def _extent(trained: Trained) -> str:
    numbers = sum(value.numel() for value in trained.weights)
    return (
        f"{len(trained.losses)} batches of losses, {numbers:,} weights and running statistics, "
        f"logits of {len(trained.logits)} test images"
    )
