"""Nesterov's SGD in the forms that recipes train with: they part as soon as the rate changes."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ablate.parts.optimiser import coupled_sgd
from ablate.parts.part import Part

Groups: TypeAlias = Sequence[tuple[list[Tensor], float]]
"""Parameters and their peak rate."""


@dataclass(frozen=True, kw_only=True)
class Sgd(Part):
    """Slot: the optimiser of a network of the SGD family."""

    @abstractmethod
    def build(self, groups: Groups, *, momentum: float, decay: float) -> torch.optim.Optimizer:
        """An optimiser whose groups keep their peak rate as "initial_lr"; each group's weight decay is `decay` over its rate."""


@dataclass(frozen=True, kw_only=True)
class TorchSgd(Sgd):
    """PyTorch's own: the velocity sums gradients, and a step is the rate of the moment times it."""

    def build(self, groups: Groups, *, momentum: float, decay: float) -> torch.optim.Optimizer:
        """`torch.optim.SGD` with Nesterov's momentum."""
        return coupled_sgd(groups, momentum=momentum, decay=decay)


@dataclass(frozen=True, kw_only=True)
class VelocitySgd(Sgd):
    """The velocity sums steps, each with the rate that it was made at; a later rate leaves them as they are.

    With g the gradient, w the weights, d their decay, m the momentum: s = -rate·(g + d·w), v = m·v + s, w = w + s + m·v
    (davidcpage/cifar10-fast, torch_backend.py). Under a constant rate it is PyTorch's.
    """

    def build(self, groups: Groups, *, momentum: float, decay: float) -> torch.optim.Optimizer:
        """A `VelocityOptimiser` over the groups."""
        return VelocityOptimiser(
            [
                {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay / rate}
                for parameters, rate in groups
            ],
            momentum=momentum,
        )


class VelocityOptimiser(torch.optim.Optimizer):
    """See `VelocitySgd`. A step leaves nothing of use in the gradients; velocities begin at zero in the weights' dtype."""

    def __init__(self, groups: list[dict[str, Any]], *, momentum: float) -> None:
        super().__init__(groups, {"momentum": momentum, "nesterov": True})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient; a closure is not called."""
        for group in self.param_groups:
            rate, decay, momentum = group["lr"], group["weight_decay"], group["momentum"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["velocity"] = torch.zeros_like(weight)
                # In the gradient's place, as published: weights in half precision are rounded at the same points.
                change = weight.grad.add_(weight, alpha=decay).mul_(-rate)
                state["velocity"].mul_(momentum).add_(change)
                weight.add_(change.add_(state["velocity"], alpha=momentum))
