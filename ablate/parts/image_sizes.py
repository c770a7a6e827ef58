"""How large images are while a network learns from them."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from ablate.parts.compiler import Compiler
from ablate.parts.part import Bounds, Part

IMAGE_SIDE = 32
"""Pixels of a side of the images of a data set."""

LEAST_SIDE = 24
"""The least that three groups with a pool of 2 each leave more of than a pixel."""


@dataclass(frozen=True, kw_only=True)
class ImageSizes(Part):
    """Slot: the size of a step's images."""

    @abstractmethod
    def sides(self, num_steps: int) -> tuple[int, ...]:
        """The pixels of a side, of every step of a run."""

    def resized(self, images_NCHW: Tensor, side: int, compiler: Compiler) -> Tensor:
        """A step's images (N, 3, side, side), interpolated bilinearly where they have another size, compiled."""
        if images_NCHW.shape[-1] == side:
            return images_NCHW
        return compiler.function(interpolated, "default")(images_NCHW, side)


def interpolated(images_NCHW: Tensor, side: int) -> Tensor:
    """The images bilinearly at another size, (N, 3, side, side); pixels are squares, whose corners stay where they are."""
    return F.interpolate(images_NCHW, size=(side, side), mode="bilinear", align_corners=False)


@dataclass(frozen=True, kw_only=True)
class OneSize(ImageSizes):
    """Images as they are."""

    def sides(self, num_steps: int) -> tuple[int, ...]:
        """The same throughout."""
        return (IMAGE_SIDE,) * num_steps


@dataclass(frozen=True, kw_only=True)
class GrowingSizes(ImageSizes):
    """Smaller images first: each of the `smaller` sides until its share of the steps in `until`, then the images as they are.

    Progressive resizing: a step costs about the square of its images' side, and what is learnt from small ones carries over. Both
    rise; predictions are made on images as they are.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        "smaller": Bounds(least=LEAST_SIDE, most=IMAGE_SIDE - 1),
        "until": Bounds(above=True, most=1),
    }

    smaller: tuple[int, ...] = (24, 28)
    until: tuple[float, ...] = (1 / 3, 2 / 3)

    def __post_init__(self) -> None:
        for name, values in (("smaller", self.smaller), ("until", self.until)):
            if list(values) != sorted(set(values)):
                raise ValueError(f"{name}={values}: each has to be larger than the one before it")
        if len(self.smaller) != len(self.until):
            raise ValueError(
                f"smaller={self.smaller} and until={self.until} differ in length; each size ends somewhere"
            )

    def sides(self, num_steps: int) -> tuple[int, ...]:
        """In steps up from the smallest."""
        ends = [round(share * num_steps) for share in self.until]
        places = (sum(step >= end for end in ends) for step in range(num_steps))
        return tuple((*self.smaller, IMAGE_SIDE)[place] for place in places)
