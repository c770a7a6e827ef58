"""Whether two trainings are the same to the last bit, in words."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from originals.comparison import Comparison, make_images
from originals.on_cpu import Edit
from originals.watch import Trained


def compare(comparison: Comparison, folder: Path) -> tuple[str, bool]:
    """The line about a comparison, and whether both sides are equal, its cause taken out if it has one."""
    differences, theirs = _differences(comparison, folder, ())
    if not differences:
        surprise = "" if comparison.cause is None else " although there should be a difference"
        return f"{comparison.script}: equal{surprise}: {_extent(theirs)}", comparison.cause is None
    line = f"{comparison.script}: {'; '.join(differences)}"
    if comparison.cause is None:
        return f"DIFFERS {line}", False
    left, theirs = _differences(comparison, folder, comparison.cause.edits)
    verdict = f"STILL DIFFERS: {'; '.join(left)}" if left else f"equal: {_extent(theirs)}"
    return f"{line}, because {comparison.cause.words}; without that {verdict}", not left


def _differences(comparison: Comparison, folder: Path, edits: Sequence[Edit]) -> tuple[list[str], Trained]:
    with tempfile.TemporaryDirectory(prefix="against-originals-") as data:
        images = make_images(comparison.equal_size, Path(data))
        theirs = comparison.watched(folder, Path(data), edits)
        mine = comparison.ours_after(theirs, images)
    return differences(theirs, mine), theirs


def differences(theirs: Trained, mine: Trained) -> list[str]:
    """What is not equal to the last bit, and where first; none of it if the trainings are the same."""
    if len(theirs.losses) != len(mine.losses):
        return [f"{len(theirs.losses)} batches of losses, ours {len(mine.losses)}"]
    pairs = {
        "losses": (theirs.losses, mine.losses),
        "weights": (theirs.weights, mine.weights),
        "logits": ([theirs.logits], [mine.logits]),
    }
    return [
        f"{name} differ{_where(unequal, len(theirs_all))}, by up to {largest:.1e}"
        for name, (theirs_all, ours_all) in pairs.items()
        for unequal, largest in _unequal(theirs_all, ours_all)
    ]


def _unequal(theirs: Sequence[Tensor], mine: Sequence[Tensor]) -> list[tuple[dict[int, float], float]]:
    """The largest difference at each unequal place, and of all, if there is one; NaN equals nothing."""
    places = {
        place: float((a - b).abs().max())
        for place, (a, b) in enumerate(zip(theirs, mine, strict=True))
        if not torch.equal(a, b)
    }
    return [(places, max(places.values()))] if places else []


def _where(unequal: dict[int, float], count: int) -> str:
    first = next(iter(unequal))
    return "" if count == 1 else f" from {first + 1} of {count} on, there by {unequal[first]:.1e}"


def _extent(trained: Trained) -> str:
    numbers = sum(value.numel() for value in trained.weights)
    return (
        f"{len(trained.losses)} batches of losses, {numbers:,} weights and running statistics, "
        f"logits of {len(trained.logits)} test images"
    )
