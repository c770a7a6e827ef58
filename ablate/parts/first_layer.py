"""The first layer of a network on images, and how long its bias is trained."""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts.augment import normalised
from ablate.parts.network import WHITENING_FILTERS, WHITENING_KERNEL, Activation
from ablate.parts.part import Bounds, Part
from ablate.parts.scale import Scale
from ablate.parts.standardisation import Normalise
from ablate.parts.whitening import DescendingEigenWhitening

MakeNorm: TypeAlias = Callable[[int], nn.BatchNorm2d]
"""Channels to a fresh normalisation layer."""


class FirstConv(nn.Module):
    """A convolution, a norm or none, and the activation."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.activation = conv, norm, activation
        self.channels = conv.out_channels

    def forward(self, images_NCHW: Tensor, train_bias: bool) -> Tensor:
        """(N, 3, H, W) to (N, channels, ·, ·); a detached bias has no gradient at all, so that its optimiser leaves it alone."""
        bias = self.conv.bias
        bias = bias if bias is None or train_bias else bias.detach()
        features = F.conv2d(images_NCHW, self.conv.weight, bias, padding=self.conv.padding)
        return self.activation(self.norm(features))

    def scaled_biases(self) -> list[Tensor]:
        """What of it is trained at the rate of the stages' norms' biases: nothing."""
        return []


@dataclass(frozen=True, kw_only=True)
class FirstLayer(Part):
    """Slot: what makes the first feature maps of normalised images."""

    weights_format: ClassVar[torch.memory_format | None] = None
    """How its convolution's weight lies in memory; None for as all others do."""

    @abstractmethod
    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """The layer, (N, 3, 32, 32) to (N, channels, ·, ·)."""

    def prepare(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale) -> None:
        """Set the layer in place from the training images in [0, 1]; on the clock."""

    def prepare_normalised(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale, normalise: Normalise) -> None:
        """`prepare`, given what the recipe normalises images by; only who depends on that uses it."""
        self.prepare(layer, images_NCHW, scale)


@dataclass(frozen=True, kw_only=True)
class BiasedConv(FirstLayer):
    """A trained 2×2 convolution with a bias, and the activation; as many filters as whitening has."""

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """(N, 3, 32, 32) to (N, 24, 31, 31), whatever the scale."""
        return FirstConv(nn.Conv2d(3, WHITENING_FILTERS, WHITENING_KERNEL), nn.Identity(), activation.build())


@dataclass(frozen=True, kw_only=True)
class WhitenedConv(BiasedConv):
    """The same layer with frozen filters: those that whiten the 2×2 patches of the first training images, and their negatives.

    `images`: how many, in storage order. `eps` is added to every eigenvalue.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"images": Bounds(least=1), "eps": Bounds()}

    images: int = 5000
    eps: float = 5e-4

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """As a `BiasedConv`, whose weight needs no gradient."""
        layer = super().build(scale, activation, make_norm)
        layer.conv.weight.requires_grad_(False)
        return layer

    def prepare(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale) -> None:
        """Whitening filters in descending order of eigenvalue, then their negatives."""
        chosen = images_NCHW[: math.ceil(round(self.images * scale.images, 9))]
        layer.conv.weight.copy_(DescendingEigenWhitening(eps=self.eps).filters(normalised(chosen)))


@dataclass(frozen=True, kw_only=True)
class NormedConv(FirstLayer):
    """A trained 2×2 convolution without a bias, a norm and the activation; as many filters as whitening has."""

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """(N, 3, 32, 32) to (N, 24, 31, 31), whatever the scale."""
        conv = nn.Conv2d(3, WHITENING_FILTERS, WHITENING_KERNEL, bias=False)
        return FirstConv(conv, make_norm(WHITENING_FILTERS), activation.build())


@dataclass(frozen=True, kw_only=True)
class ConvStem(FirstLayer):
    """A trained 3×3 convolution without a bias, a norm and the activation: how a ResNet for small images begins."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"width": Bounds(least=1)}

    width: int = 64

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """(N, 3, 32, 32) to (N, width, 32, 32), the width as the scale has it."""
        channels = scale.channels(self.width)
        return FirstConv(nn.Conv2d(3, channels, 3, padding=1, bias=False), make_norm(channels), activation.build())


@dataclass(frozen=True, kw_only=True)
class FirstBias(Part):
    """Slot: how long the first layer's bias is trained, where it has one of its own."""

    @abstractmethod
    def steps(self, num_steps: int, epoch_steps: float) -> int:
        """At how many steps, from the first, of a run of `num_steps`; `epoch_steps` is the length of a published epoch."""


@dataclass(frozen=True, kw_only=True)
class TrainedBias(FirstBias):
    """To the end of the run."""

    def steps(self, num_steps: int, epoch_steps: float) -> int:
        """All of them."""
        return num_steps


@dataclass(frozen=True, kw_only=True)
class FrozenBias(FirstBias):
    """Over the first `epochs` only; then it keeps its value, without decay or momentum."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"epochs": Bounds()}

    epochs: float = 3.0

    def steps(self, num_steps: int, epoch_steps: float) -> int:
        """The steps of its epochs, rounded up."""
        return min(num_steps, math.ceil(round(self.epochs * epoch_steps, 9)))
