"""Batch normalisation: what of it is trained."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ablate.parts.part import Bounds, Part


@dataclass(frozen=True, kw_only=True)
class Norms(Part):
    """Slot: the normalisation layers. `eps` is added to the variance."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"eps": Bounds()}

    eps: float

    @abstractmethod
    def build(self, channels: int, momentum: float) -> nn.BatchNorm2d:
        """A fresh layer; `momentum` is the weight of the batch in the running statistics."""


@dataclass(frozen=True, kw_only=True)
class FrozenScaleNorms(Norms):
    """BatchNorm whose scale stays 1: only its bias is trained."""

    eps: float = 1e-12

    def build(self, channels: int, momentum: float) -> nn.BatchNorm2d:
        """A layer whose weight needs no gradient."""
        norm = nn.BatchNorm2d(channels, eps=self.eps, momentum=momentum)
        norm.weight.requires_grad_(False)
        return norm


@dataclass(frozen=True, kw_only=True)
class TrainedNorms(Norms):
    """PyTorch's own BatchNorm: scale and bias are trained."""

    eps: float = 1e-5

    def build(self, channels: int, momentum: float) -> nn.BatchNorm2d:
        """A layer as PyTorch makes it."""
        return nn.BatchNorm2d(channels, eps=self.eps, momentum=momentum)
