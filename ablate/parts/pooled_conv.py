"""How much of its maps a convolution computes whose outcome is pooled."""

from abc import abstractmethod
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class PooledConv(Part):
    """Slot: the 3×3 convolution before each max-pool of 2."""

    @abstractmethod
    def convolve(self, conv: nn.Conv2d, features_NCHW: Tensor) -> Tensor:
        """Maps whose max-pool of 2 is that of the padded convolution, (N, C, H, W) or a row or column fewer."""


@dataclass(frozen=True, kw_only=True)
class WholeMaps(PooledConv):
    """Every pixel, also those that the pool drops."""

    def convolve(self, conv: nn.Conv2d, features_NCHW: Tensor) -> Tensor:
        """(N, C, H, W)."""
        return conv(features_NCHW)


@dataclass(frozen=True, kw_only=True)
class SurvivingMaps(PooledConv):
    """Without the last row of an odd number of rows, and columns likewise: a pool of 2 drops them.

    Of airbench's maps of 31, 15 and 7 pixels that leaves 0.94, 0.87 and 0.73 of the convolutions before a pool.
    """

    def convolve(self, conv: nn.Conv2d, features_NCHW: Tensor) -> Tensor:
        """(N, C, H, W), both sides even."""
        height, width = features_NCHW.shape[2:]
        if height % 2 == width % 2 == 0:
            # Padding beforehand would copy the maps for nothing.
            return conv(features_NCHW)
        padded = F.pad(features_NCHW, (1, 1 - width % 2, 1, 1 - height % 2))
        return F.conv2d(padded, conv.weight)
