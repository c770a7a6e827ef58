"""Muon for the convolution filters, in two forms, and SGD for everything else.

Muon: momentum, Nesterov, then the update matrix is replaced by an approximation of its orthogonal factor, found by Newton-Schulz
iterations (Keller Jordan et al., "Muon", 2024). Filters are scaled to norm sqrt(C_out) *before* the update is subtracted, so they
never have exactly that norm when the network uses them.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.parts.compiler import Compiler
from ablate.parts.filter_step import FilterStep, StepInParts
from ablate.parts.newton_schulz import TINY_NORM, Iterates, NewtonSchulz, Orthogonaliser, WholeMatrices
from ablate.parts.part import Part
from ablate.parts.update_batches import OneBatch, UpdateBatches


@dataclass(frozen=True, kw_only=True)
class FilterUpdates(Part):
    """Slot: whether Muon's element-wise work walks over the filters or treats them as one list."""

    @abstractmethod
    def momentum(self, gradients: list[Tensor], buffers: list[Tensor], momentum: float) -> list[Tensor]:
        """Update the buffers in place, buffer ← momentum · buffer + gradient, and return gradient + momentum · buffer (Nesterov)."""

    @abstractmethod
    def normalise(self, filters: list[Tensor]) -> None:
        """Scale every filter in place to Frobenius norm sqrt(C_out)."""

    @abstractmethod
    def apply(self, filters: list[Tensor], directions: list[Tensor], rate: float, decay: float) -> None:
        """filter ← (filter - rate · direction) · (1 - rate · decay), in place."""


@dataclass(frozen=True, kw_only=True)
class LoopedUpdates(FilterUpdates):
    """A Python loop over the filters."""

    def momentum(self, gradients: list[Tensor], buffers: list[Tensor], momentum: float) -> list[Tensor]:
        """Two in-place operations and one addition for each filter."""
        for gradient, buffer in zip(gradients, buffers, strict=True):
            buffer.mul_(momentum).add_(gradient)
        return [gradient.add(buffer, alpha=momentum) for gradient, buffer in zip(gradients, buffers, strict=True)]

    def normalise(self, filters: list[Tensor]) -> None:
        """A norm, a division and a product for each filter."""
        for weight in filters:
            weight.mul_(len(weight) ** 0.5 / weight.norm())

    def apply(self, filters: list[Tensor], directions: list[Tensor], rate: float, decay: float) -> None:
        """One addition for each filter, and one product where there is decay."""
        for weight, direction in zip(filters, directions, strict=True):
            weight.add_(direction, alpha=-rate)
            if decay:
                weight.mul_(1 - rate * decay)


@dataclass(frozen=True, kw_only=True)
class ListwiseUpdates(FilterUpdates):
    """PyTorch's list-wise ("foreach") operations."""

    def momentum(self, gradients: list[Tensor], buffers: list[Tensor], momentum: float) -> list[Tensor]:
        """Three list-wise operations."""
        torch._foreach_mul_(buffers, momentum)
        torch._foreach_add_(buffers, gradients)
        return list(torch._foreach_add(gradients, buffers, alpha=momentum))

    def normalise(self, filters: list[Tensor]) -> None:
        """List-wise norms and products; the factor is rounded to the filters' dtype."""
        norms = torch._foreach_norm(filters)
        factors = [len(weight) ** 0.5 / (norm + TINY_NORM) for weight, norm in zip(filters, norms, strict=True)]
        torch._foreach_mul_(filters, factors)

    def apply(self, filters: list[Tensor], directions: list[Tensor], rate: float, decay: float) -> None:
        """One list-wise addition, and one product where there is decay."""
        torch._foreach_add_(filters, directions, alpha=-rate)
        if decay:
            torch._foreach_mul_(filters, 1 - rate * decay)


@dataclass(frozen=True, kw_only=True)
class MuonRule:
    """What a step does to filters, put together from the recipe's parts and numbers."""

    orthogonaliser: Orthogonaliser
    updates: FilterUpdates
    batches: UpdateBatches
    iteration: NewtonSchulz
    momentum: float
    decay: float

    def directions(self, gradients: list[Tensor], buffers: list[Tensor], compiler: Compiler) -> list[Tensor]:
        """Momentum, which changes the buffers in place, then Newton-Schulz batch by batch."""
        updates = self.updates.momentum(gradients, buffers, self.momentum)
        directions = list(updates)
        for batch in self.batches.batches(updates):
            together = [updates[place] for place in batch]
            found = self.orthogonaliser.orthogonalise(together, self.iteration, compiler)
            for place, direction in zip(batch, found, strict=True):
                directions[place] = direction
        return directions

    def apply(self, filters: list[Tensor], directions: list[Tensor], rate: float) -> None:
        """The update and its decay, in place."""
        self.updates.apply(filters, directions, rate, self.decay)


class Muon:
    """The filters' optimiser: buffers start at zero in the gradients' dtype."""

    def __init__(
        self,
        filters: Sequence[Tensor],
        *,
        orthogonaliser: Orthogonaliser,
        updates: FilterUpdates,
        iteration: NewtonSchulz,
        momentum: float,
        decay: float,
        compiler: Compiler,
        batches: UpdateBatches = OneBatch(),
        iterates: Iterates = WholeMatrices(),
        filter_step: FilterStep = StepInParts(),
    ) -> None:
        self.filters = list(filters)
        self.buffers = [torch.zeros_like(weight) for weight in filters]
        self.rule = MuonRule(
            orthogonaliser=iterates.applied(orthogonaliser),
            updates=updates,
            batches=batches,
            iteration=iteration,
            momentum=momentum,
            decay=decay,
        )
        self.filter_step = filter_step
        self.compiler = compiler

    @torch.no_grad()
    def step(self, rate: float, normalise: bool) -> None:
        """One update from the gradients of the filters that have one; `normalise`: scale these filters first."""
        trained = [place for place, weight in enumerate(self.filters) if weight.grad is not None]
        filters = [self.filters[place] for place in trained]
        gradients = [weight.grad for weight in filters if weight.grad is not None]
        buffers = [self.buffers[place] for place in trained]
        # No direction depends on the filters, so they may be scaled before it is found.
        if normalise:
            self.rule.updates.normalise(filters)
        self.filter_step.step(self.rule, filters, gradients, buffers, rate, self.compiler)


def coupled_sgd(
    groups: Sequence[tuple[list[Tensor], float]], *, momentum: float, decay: float, fused: bool | None = None
) -> torch.optim.SGD:
    """PyTorch's Nesterov SGD over (parameters, peak rate) groups, which keep their peak as "initial_lr".

    Each group's weight decay is `decay` over its rate: rate · weight decay is the same for all groups, and shrinks with the schedule.
    `fused` None leaves the form of the updates to PyTorch.
    """
    return torch.optim.SGD(
        [
            {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay / rate}
            for parameters, rate in groups
        ],
        momentum=momentum,
        nesterov=True,
        fused=fused,
    )
