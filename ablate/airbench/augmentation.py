"""What a loader does to its images, as the parts that do it in a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ablate.airbench.source import SIDE
from ablate.errors import UsageError, near_match_and_all
from ablate.parts import (
    AlternatingFlip,
    Compiler,
    Crop,
    Cutout,
    Flip,
    LoopedCrop,
    NoCompile,
    NoCutout,
    NoFlip,
    Order,
    RandomFlip,
    SquareCutout,
    TwoStageCrop,
)

KEYS = ("flip", "translate", "cutout")
"""What `aug` may hold."""

LOOPED_REACH = 2
"""Up to how many pixels one loop over all shifts is cheaper than two over rows and columns."""


@dataclass(frozen=True, slots=True)
class LoaderAugmentation:
    """The parts that change a loader's images; see `ablate.training.batches.Augmentation`."""

    crop: Crop
    flip: Flip
    cutout: Cutout
    compiler: Compiler = NoCompile()  # noqa: RUF009 (a frozen part)

    @classmethod
    def of(cls, aug: Mapping[str, Any], *, altflip: bool) -> "LoaderAugmentation":
        """The parts that `aug` asks for.

        Raises:
            UsageError: an unknown key, or a value that is no switch or no number of pixels.
        """
        if not isinstance(aug, Mapping):
            raise UsageError(f"aug is {aug!r}; write a dict, as in dict(flip=True, translate=2, cutout=12).")
        for key in aug:
            if key not in KEYS:
                raise UsageError(f"aug has an unknown key '{key}'.{near_match_and_all(str(key), KEYS)}")
        if not isinstance(aug.get("flip", False), bool):
            raise UsageError(f"aug has flip={aug['flip']!r}; write flip=True or flip=False.")
        # Reflection needs pixels beyond the border's.
        reach, size = _pixels(aug, "translate", SIDE - 1), _pixels(aug, "cutout", SIDE)
        flip = AlternatingFlip() if altflip else RandomFlip()
        return cls(
            crop=LoopedCrop(reach=reach) if reach <= LOOPED_REACH else TwoStageCrop(reach=reach),
            flip=flip if aug.get("flip", False) else NoFlip(),
            cutout=SquareCutout(size=size) if size else NoCutout(),
        )


def _pixels(aug: Mapping[str, Any], key: str, most: int) -> int:
    value = aug.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"aug has {key}={value!r}; write a whole number of pixels from 0 to {most}.")
    return value


@dataclass(frozen=True, kw_only=True)
class InStorageOrder(Order):
    """Every image once an epoch, in the order in which they are stored; what does not fill a batch is dropped."""

    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """The first batches of the images as they are."""
        return torch.arange(num_images, device=generator.device).split(batch_size)[:num_batches]
