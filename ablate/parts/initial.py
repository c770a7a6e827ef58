"""Starting values, drawn in float32 from a stream of their own whatever the network's dtype."""

import math
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class Initial(Part):
    """Slot: what a convolution's weights start from."""

    @abstractmethod
    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Give weights (C_out, C_in, h, w) new values in place; draws come from `generator`."""

    def reset_later(self, weight: Tensor, generator: torch.Generator) -> None:
        """`reset`, of a convolution that is not its stage's first; only who tells them apart overrides it."""
        self.reset(weight, generator)


@dataclass(frozen=True, kw_only=True)
class UniformInitial(Initial):
    """PyTorch's default for convolutions."""

    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Uniform in ±1/sqrt(fan_in)."""
        copy_uniform(weight, weight[0].numel(), generator)


@dataclass(frozen=True, kw_only=True)
class DiracInitial(UniformInitial):
    """PyTorch's default, then identity filters for the first min(C_in, C_out) outputs: they pass their inputs on (arXiv:1706.00388)."""

    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Uniform in ±1/sqrt(fan_in), the first filters overwritten."""
        super().reset(weight, generator)
        nn.init.dirac_(weight[: weight.shape[1]])


@dataclass(frozen=True, kw_only=True)
class RestandardisedDirac(UniformInitial):
    """Identity filters added to PyTorch's default, brought back to its mean and deviation; a stage's later convolutions are identities.

    hlb-CIFAR10's start without residual connections. What identities leave unused is drawn all the same.
    """

    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Uniform in ±1/sqrt(fan_in) plus the identity, with the mean and the unbiased deviation that it had without."""
        drawn = uniform_like(weight, weight[0].numel(), generator)
        std, mean = torch.std_mean(drawn)
        added = drawn + nn.init.dirac_(torch.empty_like(drawn))
        added_std, added_mean = torch.std_mean(added)
        weight.copy_(added.sub_(added_mean).div_(added_std).mul_(std).add_(mean))

    def reset_later(self, weight: Tensor, generator: torch.Generator) -> None:
        """The identity: as many filters as can pass an input on, all else zero."""
        super().reset(weight, generator)
        nn.init.dirac_(weight)


def copy_uniform(parameter: Tensor, fan_in: int, generator: torch.Generator) -> None:
    """PyTorch's default initialisation in place: uniform in ±1/sqrt(fan_in)."""
    parameter.copy_(uniform_like(parameter, fan_in, generator))


def uniform_like(parameter: Tensor, fan_in: int, generator: torch.Generator) -> Tensor:
    """PyTorch's default initialisation of convolutions and linear layers in float32: uniform in ±1/sqrt(fan_in)."""
    draw = torch.empty(parameter.shape, dtype=torch.float32, device=parameter.device)
    bound = 1 / math.sqrt(fan_in)
    return draw.uniform_(-bound, bound, generator=generator)
