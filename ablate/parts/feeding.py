"""When images are augmented: all of them once an epoch, or those of a batch when it is their turn."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from ablate.parts.augment import Crop, Flip, Jitter, normalised
from ablate.parts.compiler import Compiler
from ablate.parts.part import Part

Batches: TypeAlias = Callable[[Tensor], Tensor]
"""Places (B,) int64 of an epoch's images to the images, augmented, (B, 3, H, W)."""

Epochs: TypeAlias = Callable[[int], Batches]
"""An epoch, each in its turn from 0, to its batches."""


class Slots(Protocol):
    """What changes images, of a recipe."""

    @property
    def crop(self) -> Crop:
        """How shifted images are cut out."""

    @property
    def flip(self) -> Flip:
        """Which images are mirrored."""

    @property
    def jitter(self) -> Jitter:
        """What is done to colours."""

    @property
    def compiler(self) -> Compiler:
        """Which of the parts' functions are compiled."""


class Generators(Protocol):
    """A random stream for each slot."""

    def __getitem__(self, slot: str) -> torch.Generator:
        """That of a slot."""


@dataclass(frozen=True, kw_only=True)
class Feeding(Part):
    """Slot: how the augmented images of an epoch are had."""

    @abstractmethod
    def epochs(self, slots: Slots, images_NCHW: Tensor, streams: Generators) -> Epochs:
        """Make ready for the first epoch images in [0, 1], (N, 3, H, W)."""

    def why_not(self, slots: Slots) -> str | None:
        """What keeps it from feeding what these slots make, and what to do, in one line; None if nothing does."""
        return None


@dataclass(frozen=True, kw_only=True)
class WholeEpoch(Feeding):
    """The whole set augmented at the epoch's beginning, and batches taken out of it."""

    def epochs(self, slots: Slots, images_NCHW: Tensor, streams: Generators) -> Epochs:
        """Images wait normalised, mirrored once and padded."""
        crop, flip, jitter, compiler = slots.crop, slots.flip, slots.jitter, slots.compiler
        padded = crop.pad(flip.once(normalised(images_NCHW), streams["flip"], compiler))

        def batches(epoch: int) -> Batches:
            cropped = crop.crop(padded, crop.draw(len(padded), streams["crop"]), compiler)
            images = flip.each_epoch(cropped, epoch, streams["flip"])
            return jitter.jitter(images, streams["jitter"], compiler).__getitem__

        return batches


@dataclass(frozen=True, kw_only=True)
class ByBatch(Feeding):
    """Each batch augmented when it is asked for, in one pass: images that no step uses never are, and none wait augmented.

    All that is random is drawn for the whole set as `WholeEpoch` draws it, and batches are equal to its to the bit, in channels_last.
    It takes parts that say what they do to single images, as those of the package do that gather their crops.
    """

    def epochs(self, slots: Slots, images_NCHW: Tensor, streams: Generators) -> Epochs:
        """Images wait normalised, and no more."""
        crop, flip, jitter = slots.crop, slots.flip, slots.jitter
        num_images, _, size, _ = images_NCHW.shape
        waiting = normalised(images_NCHW.contiguous(memory_format=torch.channels_last))
        rows = crop.sources(size).to(waiting.device)
        columns = mirrored_sources(rows)
        chosen_once = flip.chosen_once(num_images, streams["flip"])
        augment = slots.compiler.function(augmented, "default")

        def batches(epoch: int) -> Batches:
            top_N, left_N = crop.draw(num_images, streams["crop"]).unbind(1)
            left_N = 4 * left_N + 2 * flip.chosen_each_epoch(num_images, epoch, streams["flip"]) + chosen_once
            change, draws = jitter.per_image(num_images, waiting.dtype, streams["jitter"])
            return lambda places: augment(waiting, places, rows, top_N, columns, left_N, change, draws)

        return batches

    def why_not(self, slots: Slots) -> str | None:
        """A part that does not say what it does to single images, or changes without saying so what one that does is derived from."""
        for slot, of_sets, of_images in _METHODS:
            part = getattr(slots, slot)
            changed = min(_depth(type(part), name) for name in of_sets)
            if silent := [name for name in of_images if _depth(type(part), name) > changed]:
                return (
                    f"{type(self).__name__} cannot feed what the {slot} {type(part).__name__} makes, which does not say what it does to "
                    f"single images: write its {' and '.join(f'`{name}`' for name in silent)}, or exclude one by the other."
                )
        return None


_METHODS = (
    ("crop", ("pad", "crop"), ("sources",)),
    ("flip", ("once", "each_epoch"), ("chosen_once", "chosen_each_epoch")),
    ("jitter", ("jitter",), ("per_image",)),
)
"""Of each slot, what parts do to a whole set, and what says the same of its images."""


def _depth(part: type[Part], name: str) -> int:
    """How many classes above a part its method is written."""
    return next(depth for depth, kind in enumerate(part.__mro__) if name in vars(kind))


def mirrored_sources(columns_OS: Tensor) -> Tensor:
    """Which column of an image each one of a window is, at each offset, as it is or mirrored after the crop, as it is or before.

    From (offsets, size) to (4 · offsets, size): offset · 4 + 2 if mirrored after + 1 if before.
    """
    last = columns_OS.shape[1] - 1
    after = torch.stack([columns_OS, columns_OS.flip(1)], 1)
    return torch.stack([after, last - after], 2).flatten(0, 2)


def augmented(
    images_NCHW: Tensor,
    places_B: Tensor,
    rows_RS: Tensor,
    row_choice_N: Tensor,
    columns_CS: Tensor,
    column_choice_N: Tensor,
    change: Callable[..., Tensor],
    draws: tuple[Tensor, ...],
) -> Tensor:
    """The images at some places of a set, (B, 3, S, S) in channels_last: of each the rows and columns of its choice, then changed."""
    rows_BS = rows_RS[row_choice_N[places_B]]
    columns_BS = columns_CS[column_choice_N[places_B]]
    images_NHWC = images_NCHW.permute(0, 2, 3, 1)
    picked_BSSC = images_NHWC[places_B[:, None, None], rows_BS[:, :, None], columns_BS[:, None, :]]
    return change(picked_BSSC.permute(0, 3, 1, 2), *(draw[places_B] for draw in draws))
