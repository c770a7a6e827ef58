"""Cutmix: a square of every image replaced by another image's, and the label by a mixture of both (arXiv:1905.04899)."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.parts.cutout import inside_squares
from ablate.parts.network import NUM_CLASSES
from ablate.parts.part import Bounds, Part


@dataclass(frozen=True, kw_only=True)
class Cutmix(Part):
    """Slot: what of an epoch's augmented images (N, 3, H, W) is replaced by other images', and what becomes of the labels."""

    def begins(self, epochs: float, factor: float) -> int | None:
        """The first epoch (from 0) whose images are mixed, of a run of `factor` times the published `epochs`; None for none."""
        return None

    @abstractmethod
    def mix(
        self, images_NCHW: Tensor, labels_N: Tensor, is_due: bool, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """An epoch's images in the same shape and dtype, and its labels, (N,) int64 or (N, 10) weights; draws come from `generator`."""


@dataclass(frozen=True, kw_only=True)
class NoCutmix(Cutmix):
    """Images and labels as they are."""

    def mix(
        self, images_NCHW: Tensor, labels_N: Tensor, is_due: bool, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Unchanged."""
        return images_NCHW, labels_N


@dataclass(frozen=True, kw_only=True)
class SquareCutmix(Cutmix):
    """A square of `size` pixels, wholly inside, of every image of about the last `epochs`, from a random image of the same epoch.

    As hlb-CIFAR10 has it: every image is mixed, with itself too if it is drawn, labels by the square's share of the pixels; an epoch
    counts whole or not at all, so that of 12.1 epochs the last 6 begin at the seventh.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"size": Bounds(least=1, most=32), "epochs": Bounds()}

    size: int
    epochs: float

    def begins(self, epochs: float, factor: float) -> int | None:
        """The first epoch that lies wholly within the last ones."""
        return max(0, math.ceil(round((epochs - self.epochs) * factor, 9)))

    def mix(
        self, images_NCHW: Tensor, labels_N: Tensor, is_due: bool, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Labels as weights in the images' dtype in every epoch, mixed ones only where it is due."""
        weights = F.one_hot(labels_N, NUM_CLASSES).to(images_NCHW.dtype)
        if not is_due:
            return images_NCHW, weights
        num_images, _, height, width = images_NCHW.shape
        device = images_NCHW.device
        partner = torch.randperm(num_images, device=device, generator=generator)
        top, left = (
            torch.randint(0, side - self.size + 1, (num_images,), device=device, generator=generator)
            for side in (height, width)
        )
        square = inside_squares(images_NCHW, top, left, self.size)
        share = self.size**2 / (height * width)
        mixed = torch.where(square, images_NCHW[partner], images_NCHW)
        return mixed, share * weights[partner] + (1 - share) * weights
