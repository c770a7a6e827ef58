"""Muon for the convolution filters, in two forms, and SGD for everything else.

Muon: momentum, Nesterov, then the update matrix is replaced by an approximation of its orthogonal factor, found by Newton-Schulz
iterations (Keller Jordan et al., "Muon", 2024). Filters are scaled to norm sqrt(C_out) *before* the update is subtracted, so they
never have exactly that norm when the network uses them.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.parts.compiler import Compiler
from ablate.parts.filter_step import FilterStep, StepInParts
from ablate.parts.part import Part
from ablate.parts.update_batches import OneBatch, UpdateBatches

TINY_NORM = 1e-7

Quintic: TypeAlias = tuple[float, float, float]
"""The coefficients (a, b, c) of a·x + b·x³ + c·x⁵."""


@dataclass(frozen=True, kw_only=True)
class NewtonSchulz(Part):
    """Slot: the quintic iteration X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, run `steps` times from a matrix of unit norm."""

    a: float
    b: float
    c: float
    steps: int = 3

    def quintics(self) -> tuple[Quintic, ...]:
        """(a, b, c) of each step."""
        return ((self.a, self.b, self.c),) * self.steps


@dataclass(frozen=True, kw_only=True)
class SeparateSteps(NewtonSchulz):
    """The iteration with coefficients of its own at `each` step; `a`, `b` and `c` are the first's."""

    each: tuple[Quintic, ...]

    def quintics(self) -> tuple[Quintic, ...]:
        """As given."""
        return self.each


@dataclass(frozen=True, kw_only=True)
class Orthogonaliser(Part):
    """Slot: how the update matrices go through Newton-Schulz."""

    @abstractmethod
    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        """Filter-shaped tensors (C_out, C_in, h, w), each with its matrix (C_out, C_in·h·w) orthogonalised."""


@dataclass(frozen=True, kw_only=True)
class LoopedNewtonSchulz(Orthogonaliser):
    """One matrix after the other, in bfloat16 whatever the compute dtype."""

    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        """As many compiled calls as there are filters."""
        iterate = compiler.function(orthogonalise_in_bfloat16, "default")
        return [iterate(update, iteration.quintics()) for update in updates]


def orthogonalise_in_bfloat16(update: Tensor, quintics: tuple[Quintic, ...]) -> Tensor:
    """Newton-Schulz on one filter-shaped tensor, the result in bfloat16."""
    return orthogonalise_matrix(update.flatten(1).bfloat16(), quintics).view(update.shape)


def orthogonalise_matrix(matrix_RC: Tensor, quintics: tuple[Quintic, ...]) -> Tensor:
    """Newton-Schulz on one matrix in its own dtype, transposed while it iterates if it is tall."""
    tall = matrix_RC.shape[0] > matrix_RC.shape[1]
    x = matrix_RC / (matrix_RC.norm() + TINY_NORM)
    x = x.T if tall else x
    for a, b, c in quintics:
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


@dataclass(frozen=True, kw_only=True)
class BatchedNewtonSchulz(Orthogonaliser):
    """All matrices zero-padded to a common shape and iterated as one batch in the compute dtype.

    Padding is exact: zero rows and columns add nothing to a norm and stay zero. The published script also scales to a magnitude that
    falls over the run, which the normalisation right after it cancels; that is left out.
    """

    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        """One compiled call, padding and cutting included."""
        batched = compiler.function(orthogonalise_padded, "default")
        return batched(updates, iteration.quintics())


def orthogonalise_padded(updates: list[Tensor], quintics: tuple[Quintic, ...]) -> list[Tensor]:
    """Newton-Schulz on filter-shaped tensors as one (n, rows, columns) batch; columns are padded to a multiple of 16."""
    matrices = [update.flatten(1) for update in updates]
    num_rows = max(matrix.shape[0] for matrix in matrices)
    num_columns = -(-max(matrix.shape[1] for matrix in matrices) // 16) * 16
    x = torch.stack(
        [F.pad(matrix, (0, num_columns - matrix.shape[1], 0, num_rows - matrix.shape[0])) for matrix in matrices]
    )
    # The guard is larger than the loop's: a half-precision sum would swallow a smaller one.
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-5)
    tall = num_rows > num_columns
    x = x.mT if tall else x
    for a, b, c in quintics:
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    x = x.mT if tall else x
    return [
        x[index, : matrix.shape[0], : matrix.shape[1]].reshape(update.shape)
        for index, (matrix, update) in enumerate(zip(matrices, updates, strict=True))
    ]


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
        filter_step: FilterStep = StepInParts(),
    ) -> None:
        self.filters = list(filters)
        self.buffers = [torch.zeros_like(weight) for weight in filters]
        self.rule = MuonRule(
            orthogonaliser=orthogonaliser,
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
