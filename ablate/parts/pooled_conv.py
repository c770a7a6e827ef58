"""How much of its maps a convolution computes whose outcome is pooled."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts.part import Bounds, Part


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

    Of airbench's maps of 31, 15 and 7 pixels that leaves 0.94, 0.87 and 0.73 of the convolutions before a pool. Padding on two sides only
    takes a copy of the maps, so that it is done where it saves at least `least_saved` multiplications for each value copied.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"least_saved": Bounds()}

    least_saved: float = 100.0

    def convolve(self, conv: nn.Conv2d, features_NCHW: Tensor) -> Tensor:
        """(N, C, H, W), both sides even; as it is where nothing is worth leaving out."""
        height, width = features_NCHW.shape[2:]
        dropped = 1 - (height - height % 2) * (width - width % 2) / (height * width)
        if dropped * conv.out_channels * conv.weight[0, 0].numel() < self.least_saved or dropped == 0:
            return conv(features_NCHW)
        return F.conv2d(padded(features_NCHW, height % 2, width % 2), conv.weight)


@torch.library.custom_op("ablate::padded", mutates_args=())
def padded(features_NCHW: Tensor, odd_height: int, odd_width: int) -> Tensor:
    """Zeros around maps, one pixel wide, but below an odd height and beside an odd width; in channels_last.

    Out of the compiler's sight: fused into what comes before it, it would have the activation computed value by value.
    """
    batch, channels, height, width = features_NCHW.shape
    bigger = (batch, channels, height + 2 - odd_height, width + 2 - odd_width)
    whole = torch.empty(
        bigger, dtype=features_NCHW.dtype, device=features_NCHW.device, memory_format=torch.channels_last
    )
    whole[:, :, 0], whole[:, :, 1 + height :] = 0, 0
    whole[:, :, :, 0], whole[:, :, :, 1 + width :] = 0, 0
    whole[:, :, 1 : 1 + height, 1 : 1 + width] = features_NCHW
    return whole


@padded.register_fake
def _shape(features_NCHW: Tensor, odd_height: int, odd_width: int) -> Tensor:
    batch, channels, height, width = features_NCHW.shape
    bigger = (batch, channels, height + 2 - odd_height, width + 2 - odd_width)
    return torch.empty(
        bigger, dtype=features_NCHW.dtype, device=features_NCHW.device, memory_format=torch.channels_last
    )


def _remember(ctx: Any, inputs: tuple[Tensor, int, int], output: Tensor) -> None:
    ctx.sides = inputs[0].shape[2:]


def _gradient(context: Any, gradient_NCHW: Tensor) -> tuple[Tensor, None, None]:
    height, width = context.sides
    return gradient_NCHW[:, :, 1 : 1 + height, 1 : 1 + width], None, None


padded.register_autograd(_gradient, setup_context=_remember)
