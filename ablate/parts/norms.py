"""Batch normalisation: what of it is trained, and over how much of a batch."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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


class GhostBatchNorm(nn.BatchNorm2d):
    """BatchNorm of each of `splits` ghost batches by itself: the j-th of them is every `splits`-th image from the j-th on.

    Every ghost batch has running statistics of its own, (splits · channels,), one behind the other (davidcpage/cifar10-fast).
    Evaluation sees their mean, or those of the first.
    """

    split_shares: Tensor

    def __init__(self, channels: int, splits: int, *, eps: float, momentum: float | None) -> None:
        super().__init__(channels, eps=eps, momentum=momentum)
        self.splits = splits
        self.running_mean = torch.zeros(splits * channels)
        self.running_var = torch.ones(splits * channels)
        # A tensor, since a number that differs between runs would have a compiled network compiled anew.
        self.register_buffer("split_shares", torch.full((splits, 1), 1 / splits), persistent=False)

    @torch.no_grad()
    def evaluate_mean(self) -> None:
        """Have evaluation see the mean of the running statistics."""
        self.split_shares.fill_(1 / self.splits)

    @torch.no_grad()
    def evaluate_first(self) -> None:
        """Have evaluation see the first ghost batch's running statistics."""
        self.split_shares.zero_()[0] = 1

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Running means and variances, (splits · channels,) each."""
        assert self.running_mean is not None
        assert self.running_var is not None
        return self.running_mean, self.running_var

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape.

        Raises:
            ValueError: a batch that is trained on does not split evenly.
        """
        mean, variance = self.statistics()
        if not self.training:
            mean, variance = ((self.split_shares * each.view(self.splits, -1)).sum(0) for each in (mean, variance))
            return F.batch_norm(features, mean, variance, self.weight, self.bias, eps=self.eps)
        num_images, channels, height, width = features.shape
        if num_images % self.splits:
            raise ValueError(
                f"a batch of {num_images} images does not split into {self.splits} equal ghost batches; "
                "set 'batch_size' to a multiple of 'norm_splits'"
            )
        split = features.reshape(-1, self.splits * channels, height, width)
        weight, bias = self.weight.repeat(self.splits), self.bias.repeat(self.splits)
        momentum = 0.0 if self.momentum is None else self.momentum
        normed = F.batch_norm(split, mean, variance, weight, bias, training=True, momentum=momentum, eps=self.eps)
        return normed.reshape(features.shape)


def in_ghost_batches(norm: nn.BatchNorm2d, splits: int) -> nn.BatchNorm2d:
    """A layer that normalises as many ghost batches by themselves, trained in what the given one is; the same layer for one."""
    if splits == 1:
        return norm
    ghost = GhostBatchNorm(norm.num_features, splits, eps=norm.eps, momentum=norm.momentum)
    ghost.weight.requires_grad_(norm.weight.requires_grad)
    ghost.bias.requires_grad_(norm.bias.requires_grad)
    return ghost
