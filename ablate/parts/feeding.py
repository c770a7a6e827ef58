"""When images are augmented: all of them once an epoch, or those of a batch when it is their turn."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from ablate.parts.augment import CHANNEL_MEANS, CHANNEL_STDS, Crop, Flip, Jitter, normalised
from ablate.parts.compiler import Compiler
from ablate.parts.part import Part

Batches: TypeAlias = Callable[[Tensor], Tensor]
"""Places (B,) int64 of an epoch's images to the images, augmented, (B, 3, H, W)."""

Epochs: TypeAlias = Callable[[int], Batches]
"""An epoch, each in its turn from 0, to its batches."""


_CHUNK_IMAGES = 2000


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
        """Images wait normalised and padded, as they are and mirrored: a mirrored window is another one of the mirrored image."""
        crop, flip, jitter = slots.crop, slots.flip, slots.jitter
        num_images = len(images_NCHW)
        windows = crop.windows(both_ways(images_NCHW, crop))
        is_mirrored_N = flip.chosen_once(num_images, streams["flip"])
        image_N = torch.arange(num_images, device=windows.device)
        augment = slots.compiler.function(augmented, "default")

        def batches(epoch: int) -> Batches:
            top_N, left_N = crop.draw(num_images, streams["crop"]).unbind(1)
            again_N = flip.chosen_each_epoch(num_images, epoch, streams["flip"])
            row_N = image_N + num_images * (is_mirrored_N ^ again_N)
            left_N = torch.where(again_N, 2 * crop.reach - left_N, left_N)
            change, draws = jitter.per_image(num_images, windows.dtype, streams["jitter"])
            return lambda places: augment(windows, places, row_N, top_N, left_N, change, draws)

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
    ("crop", ("pad", "crop"), ("windows",)),
    ("flip", ("once", "each_epoch"), ("chosen_once", "chosen_each_epoch")),
    ("jitter", ("jitter",), ("per_image",)),
)
"""Of each slot, what parts do to a whole set, and what says the same of its images."""


def _depth(part: type[Part], name: str) -> int:
    """How many classes above a part its method is written."""
    return next(depth for depth, kind in enumerate(part.__mro__) if name in vars(kind))


def both_ways(images_NCHW: Tensor, crop: Crop) -> Tensor:
    """Images in [0, 1] normalised and padded, then the same mirrored, (2N, H, W, 3) contiguous."""
    num_images, channels, size, _ = images_NCHW.shape
    padded_size = size + 2 * crop.reach
    both = images_NCHW.new_empty((2, num_images, padded_size, padded_size, channels))
    parts = [each.split(_CHUNK_IMAGES) for each in (images_NCHW, both[0], both[1])]
    # In chunks, so that what is made on the way is small beside what is kept.
    for images, as_they_are, mirrored in zip(*parts, strict=True):
        padded = crop.pad(normalised_by_row(images))
        as_they_are.copy_(padded.permute(0, 2, 3, 1))
        mirrored.copy_(as_they_are.flip(2))
    return both.flatten(0, 1)


def normalised_by_row(images_NCHW: Tensor) -> Tensor:
    """`normalised`, to the bit, in channels_last: on a CPU a row of pixels at a time is ten times as fast as a pixel at a time."""
    num_images, channels, height, width = images_NCHW.shape
    rows = images_NCHW.permute(0, 2, 3, 1).reshape(num_images, height, width * channels)
    means, stds = (rows.new_tensor(values).repeat(width) for values in (CHANNEL_MEANS, CHANNEL_STDS))
    return (rows - means).div_(stds).view(num_images, height, width, channels).permute(0, 3, 1, 2)


def augmented(
    windows: Tensor,
    places_B: Tensor,
    row_N: Tensor,
    top_N: Tensor,
    left_N: Tensor,
    change: Callable[..., Tensor],
    draws: tuple[Tensor, ...],
) -> Tensor:
    """The images at some places of a set, (B, 3, H, W) in channels_last: of each the window at its row and corner, then changed.

    `windows` are those of `Crop.windows`.
    """
    picked_BHWC = windows[row_N[places_B], top_N[places_B], left_N[places_B]]
    return change(picked_BHWC.permute(0, 3, 1, 2), *(draw[places_B] for draw in draws))
