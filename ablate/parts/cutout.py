"""Cutout: a square of every image blanked, after crop and mirror, anew in each epoch (arXiv:1708.04552)."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from ablate.parts.part import Bounds, Part


@dataclass(frozen=True, kw_only=True)
class Cutout(Part):
    """Slot: what of the cropped and mirrored images (N, 3, H, W) of an epoch is blanked."""

    @abstractmethod
    def cut(self, images_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """The set of an epoch, in the same shape and dtype; draws come from `generator`."""

    def trimmed(self, pixels: int) -> "Cutout":
        """The same with a square whose side is so many pixels shorter; unchanged where there is no square."""
        return self


@dataclass(frozen=True, kw_only=True)
class NoCutout(Cutout):
    """Images as they are."""

    def cut(self, images_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """Unchanged."""
        return images_NCHW


@dataclass(frozen=True, kw_only=True)
class SquareCutout(Cutout):
    """A square of `size` pixels set to zero, which is the data set's mean; it always lies inside the image, as in airbench."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"size": Bounds(least=1, most=32)}

    size: int

    def cut(self, images_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """Blanked at corners drawn uniformly, rows before columns."""
        num_images, _, height, width = images_NCHW.shape
        device = images_NCHW.device
        top, left = (
            torch.randint(0, side - self.size + 1, (num_images,), device=device, generator=generator)
            for side in (height, width)
        )
        return blanked(images_NCHW, top, left, self.size)

    def trimmed(self, pixels: int) -> Cutout:
        """A smaller square, or none."""
        return replace(self, size=self.size - pixels) if pixels < self.size else NoCutout()


def blanked(images_NCHW: Tensor, top_N: Tensor, left_N: Tensor, size: int) -> Tensor:
    """The images, zero in the square of `size` pixels whose upper left corner is given."""
    return images_NCHW.masked_fill(inside_squares(images_NCHW, top_N, left_N, size), 0)


def inside_squares(images_NCHW: Tensor, top_N: Tensor, left_N: Tensor, size: int) -> Tensor:
    """Of every pixel whether it lies in its image's square of `size` pixels with the given upper left corner, (N, 1, H, W) bool."""
    height, width = images_NCHW.shape[2:]
    rows = torch.arange(height, device=images_NCHW.device) - top_N[:, None]
    columns = torch.arange(width, device=images_NCHW.device) - left_N[:, None]
    in_rows, in_columns = (rows >= 0) & (rows < size), (columns >= 0) & (columns < size)
    return (in_rows[:, :, None] & in_columns[:, None, :])[:, None]
