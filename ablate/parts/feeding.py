"""When images are augmented: all of them once an epoch, or those of a batch when it is their turn."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from ablate.parts.augment import Crop, Flip, Jitter
from ablate.parts.compiler import Compiler
from ablate.parts.part import Part

Batches: TypeAlias = Callable[[Tensor], Tensor]
"""Places (B,) int64 of an epoch's images to the images, augmented, (B, 3, H, W)."""


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
    def epoch(self, slots: Slots, padded_NCHW: Tensor, epoch: int, streams: Generators) -> Batches:
        """The batches of an epoch (from 0), from images as they wait: normalised, mirrored once, padded."""


@dataclass(frozen=True, kw_only=True)
class WholeEpoch(Feeding):
    """The whole set augmented at the epoch's beginning, and batches taken out of it."""

    def epoch(self, slots: Slots, padded_NCHW: Tensor, epoch: int, streams: Generators) -> Batches:
        """A look-up of images that are all there."""
        offsets = slots.crop.draw(len(padded_NCHW), streams["crop"])
        cropped = slots.crop.crop(padded_NCHW, offsets, slots.compiler)
        images = slots.jitter.jitter(
            slots.flip.each_epoch(cropped, epoch, streams["flip"]), streams["jitter"], slots.compiler
        )
        return images.__getitem__


@dataclass(frozen=True, kw_only=True)
class ByBatch(Feeding):
    """Each batch augmented when it is asked for: images that no step uses never are, and none wait.

    Crops and colours are drawn for the whole set as `WholeEpoch` draws them, so that batches are equal to its to the bit; a flip that
    draws in each epoch draws for each batch.
    """

    def epoch(self, slots: Slots, padded_NCHW: Tensor, epoch: int, streams: Generators) -> Batches:
        """A function that augments what it is asked for."""
        crop, flip, jitter, compiler = slots.crop, slots.flip, slots.jitter, slots.compiler
        offsets = crop.draw(len(padded_NCHW), streams["crop"])
        change = jitter.drawn(len(padded_NCHW), streams["jitter"])

        def batch(places: Tensor) -> Tensor:
            cropped = crop.crop(padded_NCHW[places], offsets[places], compiler)
            return change(flip.each_epoch(cropped, epoch, streams["flip"]), places, compiler)

        return batch
