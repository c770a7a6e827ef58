"""The head: from the last feature maps to logits."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from ablate.parts.network import NUM_CLASSES
from ablate.parts.part import Part


class PooledLinear(nn.Module):
    """Pooling, a linear layer, and a factor on the logits."""

    def __init__(self, pool: nn.Module, linear: nn.Linear, logit_scale: float) -> None:
        super().__init__()
        self.pool, self.linear, self.logit_scale = pool, linear, logit_scale

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 10)."""
        return self.linear(self.pool(features).flatten(1)) * self.logit_scale


@dataclass(frozen=True, kw_only=True)
class Head(Part):
    """Slot: from the last feature maps (N, channels, H, W) to logits (N, 10)."""

    side: ClassVar[int | None] = None
    """The pixels of a side that it takes from maps less than twice as wide; None if it takes any."""

    @abstractmethod
    def build(self, channels: int) -> nn.Module:
        """A fresh head."""


@dataclass(frozen=True, kw_only=True)
class MaxPoolHead(Head):
    """The maximum over 3×3 pixels, and a linear layer without a bias whose logits are multiplied by `logit_scale`: airbench's head."""

    side: ClassVar[int | None] = 3

    logit_scale: float = 1 / 9

    def build(self, channels: int) -> nn.Module:
        """For maps of 3×3."""
        return PooledLinear(nn.MaxPool2d(3), nn.Linear(channels, NUM_CLASSES, bias=False), self.logit_scale)


@dataclass(frozen=True, kw_only=True)
class WideMaxPoolHead(MaxPoolHead):
    """The maximum over 4×4 pixels, and a linear layer without a bias whose logits are multiplied by `logit_scale`: a ResNet-9's head."""

    side: ClassVar[int | None] = 4

    logit_scale: float = 1 / 8

    def build(self, channels: int) -> nn.Module:
        """For maps of 4×4."""
        return PooledLinear(nn.MaxPool2d(4), nn.Linear(channels, NUM_CLASSES, bias=False), self.logit_scale)


class ScaledLinear(nn.Linear):
    """A linear layer without a bias whose weight is multiplied by a factor before it is used."""

    def __init__(self, channels: int, weight_scale: float) -> None:
        super().__init__(channels, NUM_CLASSES, bias=False)
        self.weight_scale = weight_scale

    def forward(self, features_NC: Tensor) -> Tensor:
        """(N, C) to (N, 10)."""
        return features_NC @ (self.weight * self.weight_scale).T


class GlobalMax(nn.Module):
    """The maximum over all pixels."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C)."""
        return features.amax((2, 3))


@dataclass(frozen=True, kw_only=True)
class GlobalMaxHead(Head):
    """The maximum over all pixels, and a linear layer without a bias whose weight is multiplied by `weight_scale`: hlb-CIFAR10's head."""

    weight_scale: float = 1 / 9

    def build(self, channels: int) -> nn.Module:
        """For maps of any size."""
        return nn.Sequential(GlobalMax(), ScaledLinear(channels, self.weight_scale))


@dataclass(frozen=True, kw_only=True)
class AveragePoolHead(Head):
    """The mean over 4×4 pixels, and a linear layer with a bias: a ResNet's head."""

    side: ClassVar[int | None] = 4

    def build(self, channels: int) -> nn.Module:
        """For maps of 4×4."""
        return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(channels, NUM_CLASSES))
