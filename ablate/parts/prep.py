"""First layers of a network that prepares maps of one width for its stages, as davidcpage/cifar10-fast has them.

Their norm's bias is trained at the rate of the other norms' biases, unlike that of a norm in airbench's first layer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from ablate.parts.augment import normalised
from ablate.parts.first_layer import ConvStem, FirstConv, MakeNorm
from ablate.parts.network import Activation
from ablate.parts.part import Bounds
from ablate.parts.scale import Scale
from ablate.parts.whitening import DescendingEigenWhitening, sample_moment

KERNEL = (3, 3)
FILTERS = 3 * KERNEL[0] * KERNEL[1]


class PrepConv(FirstConv):
    """A convolution, a norm whose bias counts among the network's, and the activation."""

    def scaled_biases(self) -> list[Tensor]:
        """The norm's bias."""
        return [module.bias for module in self.norm.modules() if isinstance(module, nn.BatchNorm2d)]


class WhitenedPrepConv(PrepConv):
    """A frozen convolution, then a trained 1×1 convolution, a norm, and the activation."""

    def __init__(self, conv: nn.Conv2d, pointwise: nn.Conv2d, norm: nn.Module, activation: nn.Module) -> None:
        super().__init__(conv, nn.Sequential(pointwise, norm), activation)
        self.channels = pointwise.out_channels


@dataclass(frozen=True, kw_only=True)
class PrepStem(ConvStem):
    """A trained 3×3 convolution without a bias, a norm and the activation."""

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """(N, 3, 32, 32) to (N, width, 32, 32), the width as the scale has it."""
        channels = scale.channels(self.width)
        return PrepConv(nn.Conv2d(3, channels, 3, padding=1, bias=False), make_norm(channels), activation.build())


@dataclass(frozen=True, kw_only=True)
class WhitenedPrep(PrepStem):
    """Frozen filters that whiten the 3×3 patches of the first training images, a 1×1 convolution, a norm and the activation.

    27 filters, without their negatives. `images`: how many, in storage order. `eps` is added to every eigenvalue.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        **ConvStem.parameter_bounds,
        "images": Bounds(least=1),
        "eps": Bounds(),
    }

    images: int = 10_000
    eps: float = 1e-2

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """(N, 3, 32, 32) to (N, width, 32, 32); the first convolution's weight needs no gradient."""
        channels = scale.channels(self.width)
        whitening = nn.Conv2d(3, FILTERS, KERNEL, padding=1, bias=False)
        whitening.weight.requires_grad_(False)
        pointwise = nn.Conv2d(FILTERS, channels, 1, bias=False)
        return WhitenedPrepConv(whitening, pointwise, make_norm(channels), activation.build())

    def prepare(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale) -> None:
        """Whitening filters in descending order of eigenvalue."""
        chosen = images_NCHW[: math.ceil(round(self.images * scale.images, 9))]
        rows = DescendingEigenWhitening(eps=self.eps).rows(sample_moment(normalised(chosen), KERNEL))
        layer.conv.weight.copy_(rows.reshape(layer.conv.weight.shape))
