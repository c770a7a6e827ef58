"""Augmentation by groups of an epoch's images: all of a group are changed alike, so that few choices serve the whole set.

davidcpage/cifar10-fast deals a shuffled set into as many groups as there are choices; 99991/cifar10-fast-simple takes the batches
themselves, and halves of the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from ablate.parts.augment import Dealt, Flip, TwoStageCrop, mirror_chosen
from ablate.parts.compiler import Compiler
from ablate.parts.cutout import Cutout, NoCutout, blanked
from ablate.parts.part import Bounds

MOST_GROUPS = 200
"""How many groups a set is dealt into at most, as published."""


def choices_of_groups(num_images: int, num_choices: int, generator: torch.Generator) -> Tensor:
    """Which of the choices (from 0) each image gets, (N,) int64.

    Images in random order are cut into as many runs of nearly equal length as there are choices, at most `MOST_GROUPS`, the longer
    ones first; every run gets a choice of its own, drawn without replacement.
    """
    device = generator.device
    order = torch.randperm(num_images, device=device, generator=generator)
    choices = torch.randperm(num_choices, device=device, generator=generator)[:MOST_GROUPS]
    shorter, longer = divmod(num_images, len(choices))
    lengths = torch.full((len(choices),), shorter, device=device)
    lengths[:longer] += 1
    dealt = torch.empty_like(order)
    dealt[order] = choices.repeat_interleave(lengths, output_size=num_images)
    return dealt


@dataclass(frozen=True, kw_only=True)
class GroupedCrop(TwoStageCrop):
    """One shift for each of up to 200 groups of images, of the (2·reach + 1)² that there are, none of them twice."""

    def draw(self, num_images: int, generator: torch.Generator) -> Tensor:
        """Corner offsets (y, x), (N, 2) int64; choices count the columns' shifts before the rows'."""
        side = 2 * self.reach + 1
        choice = choices_of_groups(num_images, side**2, generator)
        return torch.stack([choice % side, choice // side], 1)


@dataclass(frozen=True, kw_only=True)
class BatchCrop(TwoStageCrop):
    """One shift for all images of a batch; as published never the last, so that it is from -reach to reach - 1 pixels."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"reach": Bounds(least=1, most=31)}

    def draw(self, num_images: int, generator: torch.Generator) -> Tensor:
        """Offsets (y, x) uniform on 0 to 2·reach - 1, (N, 2) int64."""
        return torch.randint(0, 2 * self.reach, (num_images, 2), device=generator.device, generator=generator)

    def draw_dealt(self, num_images: int, dealt: Dealt, generator: torch.Generator) -> Tensor:
        """Offsets of every image, those of one run alike; an image that is dealt twice has its last run's, one that is not 0."""
        runs = dealt()
        offsets = torch.zeros((num_images, 2), dtype=torch.int64, device=generator.device)
        for run, offset in zip(runs, self.draw(len(runs), generator), strict=True):
            offsets[run] = offset
        return offsets


@dataclass(frozen=True, kw_only=True)
class GroupedFlip(Flip):
    """Exactly half of the images, chosen at random, mirrored in every epoch anew."""

    def once(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Unchanged."""
        return images_NCHW

    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """One of two groups mirrored; of an odd number of images either may have one more."""
        choice = choices_of_groups(len(images_NCHW), 2, generator)
        return mirror_chosen(images_NCHW, choice == 0)


@dataclass(frozen=True, kw_only=True)
class HalfEpochFlip(Flip):
    """The first half of an epoch's images mirrored, in the order in which they are dealt: most batches are all mirrored or not at all."""

    def once(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Unchanged."""
        return images_NCHW

    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """The first half mirrored of images that lie in the order in which they are dealt."""
        places = torch.arange(len(images_NCHW), device=images_NCHW.device)
        return mirror_chosen(images_NCHW, places < len(images_NCHW) // 2)

    def each_dealt(self, images_NCHW: Tensor, epoch: int, dealt: Dealt, generator: torch.Generator) -> Tensor:
        """Those mirrored that are dealt first, half as many as there are images."""
        first = torch.cat(dealt())[: len(images_NCHW) // 2]
        chosen = torch.zeros(len(images_NCHW), dtype=torch.bool, device=images_NCHW.device)
        chosen[first] = True
        return mirror_chosen(images_NCHW, chosen)


@dataclass(frozen=True, kw_only=True)
class GroupedCutout(Cutout):
    """A square of `size` pixels set to zero, always inside the image, at one place for each of up to 200 groups of images."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"size": Bounds(least=1, most=32)}

    size: int

    def cut(self, images_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """Blanked at places none of which two groups share; choices count columns before rows."""
        num_images, _, height, width = images_NCHW.shape
        rows, columns = height - self.size + 1, width - self.size + 1
        choice = choices_of_groups(num_images, rows * columns, generator)
        return blanked(images_NCHW, choice % rows, choice // rows, self.size)

    def trimmed(self, pixels: int) -> Cutout:
        """A smaller square, or none."""
        return replace(self, size=self.size - pixels) if pixels < self.size else NoCutout()
