"""By which channel means and standard deviations images are normalised."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from ablate.parts.augment import normalised
from ablate.parts.part import Part

FLAT = 1e-6
"""A channel that deviates by no more holds one value, but for rounding."""

Normalise: TypeAlias = Callable[[Tensor], Tensor]
"""Images (N, 3, H, W) in [0, 1] to normalised ones, in the same shape and dtype."""


@dataclass(frozen=True, kw_only=True)
class Standardisation(Part):
    """Slot: by which channel means and standard deviations all images are normalised; found before the clock starts."""

    @abstractmethod
    def fitted(self, images_NCHW: Tensor) -> Normalise:
        """What normalises training and test images, given all training images in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class PublishedMoments(Standardisation):
    """CIFAR-10's, as airbench has them, whatever the data set."""

    def fitted(self, images_NCHW: Tensor) -> Normalise:
        """`ablate.parts.augment.normalised`."""
        return normalised


@dataclass(frozen=True, kw_only=True)
class OwnMoments(Standardisation):
    """Those of the training images themselves, in float32 at least; the variance is the unbiased one, as in hlb-CIFAR10."""

    def fitted(self, images_NCHW: Tensor) -> Normalise:
        """Over all pixels of each channel; a channel of one value becomes zero. What is normalised lies in plain NCHW."""
        exact = _exact(images_NCHW)
        std, mean = (moment.view(1, -1, 1, 1) for moment in torch.std_mean(exact, dim=(0, 2, 3)))
        std = torch.where(std > FLAT, std, 1.0)

        def normalise(images_NCHW: Tensor) -> Tensor:
            return ((_exact(images_NCHW) - mean) / std).to(images_NCHW.dtype)

        return normalise


def _exact(images_NCHW: Tensor) -> Tensor:
    # In one layout whatever the images': a sum's order decides its last bits, and the script's lie so.
    return images_NCHW.to(torch.promote_types(images_NCHW.dtype, torch.float32)).contiguous()
