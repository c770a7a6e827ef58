"""The network: a frozen whitening convolution, three groups of two convolutions, and a linear head."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts.initial import copy_uniform, uniform_like
from ablate.parts.part import POSITIVE, Bounds, Part
from ablate.parts.pooled_conv import PooledConv, WholeMaps
from ablate.parts.precision import Precision
from ablate.parts.scale import Scale

NUM_CLASSES = 10
WHITENING_KERNEL = 2
WHITENING_FILTERS = 2 * 3 * WHITENING_KERNEL**2
NORM_EPS = 1e-12


@dataclass(frozen=True, kw_only=True)
class Activation(Part):
    """Slot: the nonlinearity between layers (after a Muon recipe's whitening layer it is always GELU)."""

    @abstractmethod
    def build(self) -> nn.Module:
        """A fresh module for one convolution group, any tensor to one of its shape."""

    def stretched(self, factor: float) -> "Activation":
        """The same curve with both axes in units of 1 / factor: factor · f(x / factor)."""
        return self if factor == 1 else _Stretched(inside=self, factor=factor)


@dataclass(frozen=True, kw_only=True)
class Gelu(Activation):
    """GELU in its exact (erf) form."""

    def build(self) -> nn.Module:
        """`nn.GELU()`."""
        return nn.GELU()


@dataclass(frozen=True, kw_only=True)
class Silu(Activation):
    """SiLU, x · sigmoid(x)."""

    def build(self) -> nn.Module:
        """`nn.SiLU()`."""
        return nn.SiLU()


@dataclass(frozen=True, kw_only=True)
class Relu(Activation):
    """max(x, 0)."""

    def build(self) -> nn.Module:
        """`nn.ReLU()`."""
        return nn.ReLU()

    def stretched(self, factor: float) -> Activation:
        """The same: it has no scale of its own."""
        return self


@dataclass(frozen=True, kw_only=True)
class Celu(Activation):
    """CELU, max(x, 0) + min(0, α · (exp(x / α) - 1)): ReLU without its edge (arXiv:1704.07483)."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"alpha": POSITIVE}

    alpha: float = 1.0

    def build(self) -> nn.Module:
        """`nn.CELU(alpha)`."""
        return nn.CELU(self.alpha)

    def stretched(self, factor: float) -> Activation:
        """The CELU of an α that many times as large."""
        return replace(self, alpha=self.alpha * factor)


@dataclass(frozen=True, kw_only=True)
class _Stretched(Activation):
    inside: Activation
    factor: float

    def build(self) -> nn.Module:
        return _StretchedModule(self.inside.build(), self.factor)


class _StretchedModule(nn.Module):
    def __init__(self, inside: nn.Module, factor: float) -> None:
        super().__init__()
        self.inside, self.factor = inside, factor

    def forward(self, features: Tensor) -> Tensor:
        return self.factor * self.inside(features / self.factor)


@dataclass(frozen=True, kw_only=True)
class Network(Part):
    """Slot: the architecture. `widths` are the output channels of the groups as published."""

    widths: tuple[int, ...]

    @abstractmethod
    def build(
        self,
        *,
        scale: Scale,
        activation: Activation,
        norm_momentum: float,
        precision: Precision,
        compute_dtype: torch.dtype,
        device: torch.device,
    ) -> "WhitenedConvNet":
        """A network with uninitialised meaning; `reset_network` gives it its starting values."""


@dataclass(frozen=True, kw_only=True)
class AirbenchNet(Network):
    """airbench94's plain network: whitening, then groups of conv-pool-norm-activation and conv-norm-activation, no residuals."""

    widths: tuple[int, ...] = (64, 256, 256)

    def build(
        self,
        *,
        scale: Scale,
        activation: Activation,
        norm_momentum: float,
        precision: Precision,
        compute_dtype: torch.dtype,
        device: torch.device,
    ) -> "WhitenedConvNet":
        """The network in `compute_dtype`, its norms in the precision's dtype, weights in channels_last."""
        widths = [scale.channels(width) for width in self.widths]
        # As published the divisor is the head's width. A narrower head keeps both the spread of its starting logits and the
        # effective learning rate of its weights if it is divided by the geometric mean of its own width and the published one.
        divisor = math.sqrt(widths[-1] * self.widths[-1])
        network = WhitenedConvNet(widths, activation, norm_momentum, precision, divisor).to(device, compute_dtype)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.to(precision.norm_dtype(compute_dtype))
        return network.to(memory_format=torch.channels_last)


class ConvGroup(nn.Module):
    """conv, max-pool 2, norm, activation, conv, norm, activation; the pool comes before the norm."""

    def __init__(self, in_channels: int, channels: int, activation: Activation, norm_momentum: float) -> None:
        super().__init__()
        self.pooled_conv: PooledConv = WholeMaps()
        self.conv1 = _conv(in_channels, channels)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = _norm(channels, norm_momentum)
        self.conv2 = _conv(channels, channels)
        self.norm2 = _norm(channels, norm_momentum)
        self.activation = activation.build()

    def forward(self, features: Tensor) -> Tensor:
        """(N, C_in, H, W) to (N, C, H // 2, W // 2)."""
        features = self.activation(self.norm1(self.pool(self.pooled_conv.convolve(self.conv1, features))))
        return self.activation(self.norm2(self.conv2(features)))

    def normed_convs(self) -> tuple[tuple[nn.Conv2d, nn.BatchNorm2d], ...]:
        """Each convolution and the norm of what it computes."""
        return (self.conv1, self.norm1), (self.conv2, self.norm2)


class WhitenedConvNet(nn.Module):
    """Images (N, 3, 32, 32) to logits (N, 10)."""

    def __init__(
        self,
        widths: list[int],
        activation: Activation,
        norm_momentum: float,
        precision: Precision,
        logit_divisor: float,
    ) -> None:
        super().__init__()
        self.precision = precision
        self.logit_divisor = logit_divisor
        self.whiten = nn.Conv2d(3, WHITENING_FILTERS, WHITENING_KERNEL)
        self.whiten.weight.requires_grad_(False)
        self.whiten_activation = nn.GELU()
        in_channels = [WHITENING_FILTERS, *widths[:-1]]
        self._groups = [
            ConvGroup(before, width, activation, norm_momentum)
            for before, width in zip(in_channels, widths, strict=True)
        ]
        self.groups = nn.Sequential(*self._groups)
        self.head = nn.Linear(widths[-1], NUM_CLASSES, bias=False)

    def pool_with(self, pooled_conv: PooledConv) -> None:
        """How much of their maps the convolutions before pools compute."""
        for group in self._groups:
            group.pooled_conv = pooled_conv

    def forward(self, images_NCHW: Tensor, train_whitening_bias: bool = True, frozen_groups: int = 0) -> Tensor:
        """Logits; what is detached or frozen has no gradient at all, so that its optimiser leaves it alone.

        Images of other sides than 32 pixels leave maps of other sides than 3, of which the head sees the maximum too.
        """
        bias = self.whitening_bias if train_whitening_bias else self.whitening_bias.detach()
        features = F.conv2d(self.precision.arrange(images_NCHW), self.whiten.weight, bias)
        features = self.whiten_activation(features)
        for place, group in enumerate(self._groups):
            # A frozen group's own activations need not be kept for a backward pass either.
            with torch.set_grad_enabled(torch.is_grad_enabled() and place >= frozen_groups):
                features = group(features)
        features = F.max_pool2d(features, features.shape[2:]).flatten(1)
        # The head starts with unit-variance weights, so its logits are divided down.
        return self.head(features) / self.logit_divisor

    @property
    def whitening_bias(self) -> Tensor:
        """The bias of the whitening convolution, its only trained parameter."""
        assert self.whiten.bias is not None
        return self.whiten.bias

    def conv_groups(self) -> tuple[ConvGroup, ...]:
        """The convolution groups, in order from the input."""
        return tuple(self._groups)

    def filters(self) -> list[Tensor]:
        """The trained convolution weights, in order from the input."""
        return [conv.weight for group in self._groups for conv in (group.conv1, group.conv2)]

    def norm_biases(self) -> list[Tensor]:
        """The biases of the normalisation layers, in order from the input."""
        return [norm.bias for group in self._groups for norm in (group.norm1, group.norm2)]


@torch.no_grad()
def reset_network(network: WhitenedConvNet, generator: torch.Generator) -> None:
    """Give a network new starting values in place, drawn in float32 from `generator` whatever the network's dtype.

    Convolutions: PyTorch's default, then identity filters for the first min(C_in, C_out) outputs. Head: PyTorch's default scaled to
    unit standard deviation. Whitening bias: PyTorch's default, *not* zero as in airbench94's older scripts. Norms: 1, 0, 0, 1.
    """
    copy_uniform(network.whitening_bias, network.whiten.weight[0].numel(), generator)
    for weight in network.filters():
        copy_uniform(weight, weight[0].numel(), generator)
        nn.init.dirac_(weight[: weight.shape[1]])
    head = uniform_like(network.head.weight, network.head.in_features, generator)
    network.head.weight.copy_(head / head.std())
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    network.zero_grad(set_to_none=True)


def _conv(in_channels: int, channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, channels, 3, padding="same", bias=False)


def _norm(channels: int, momentum: float) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels, eps=NORM_EPS, momentum=momentum)
    norm.weight.requires_grad_(False)
    return norm
