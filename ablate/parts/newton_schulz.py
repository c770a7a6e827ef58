"""Newton-Schulz: the approximation of a matrix's orthogonal factor, one matrix after the other or all in a batch."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.parts.compiler import Compiler
from ablate.parts.part import Part

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
        """The polynomial of each step."""
        return ((self.a, self.b, self.c),) * self.steps


@dataclass(frozen=True, kw_only=True)
class Orthogonaliser(Part):
    """Slot: how the update matrices go through Newton-Schulz."""

    @abstractmethod
    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        """Filter-shaped tensors (C_out, C_in, h, w), each with its matrix (C_out, C_in·h·w) orthogonalised."""

    def on_grams(self) -> "Orthogonaliser":
        """The same, two steps on one Gram matrix; itself where it cannot be."""
        return self


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

    def on_grams(self) -> Orthogonaliser:
        """The same matrices, in the same batches."""
        return GramNewtonSchulz()

    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        """One compiled call, padding and cutting included."""
        batched = compiler.function(orthogonalise_padded, "default")
        return batched(updates, iteration.quintics())


@dataclass(frozen=True, kw_only=True)
class GramNewtonSchulz(BatchedNewtonSchulz):
    """The same batch, two steps on one Gram matrix."""

    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        """One compiled call, padding and cutting included."""
        batched = compiler.function(orthogonalise_padded_by_grams, "default")
        return batched(updates, iteration.quintics())


def orthogonalise_padded(updates: list[Tensor], quintics: tuple[Quintic, ...]) -> list[Tensor]:
    """Newton-Schulz on filter-shaped tensors as one (n, rows, columns) batch; columns are padded to a multiple of 16."""
    return _in_one_batch(updates, lambda x: iterated(x, quintics))


def orthogonalise_padded_by_grams(updates: list[Tensor], quintics: tuple[Quintic, ...]) -> list[Tensor]:
    """`orthogonalise_padded`, two steps on one Gram matrix."""
    return _in_one_batch(updates, lambda x: iterated_by_grams(x, quintics))


def _in_one_batch(updates: list[Tensor], iterate: Callable[[Tensor], Tensor]) -> list[Tensor]:
    matrices = [update.flatten(1) for update in updates]
    num_rows = max(matrix.shape[0] for matrix in matrices)
    num_columns = -(-max(matrix.shape[1] for matrix in matrices) // 16) * 16
    x = torch.stack(
        [F.pad(matrix, (0, num_columns - matrix.shape[1], 0, num_rows - matrix.shape[0])) for matrix in matrices]
    )
    # The guard is larger than the loop's: a half-precision sum would swallow a smaller one.
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-5)
    tall = num_rows > num_columns
    x = iterate(x.mT if tall else x)
    x = x.mT if tall else x
    return [
        x[index, : matrix.shape[0], : matrix.shape[1]].reshape(update.shape)
        for index, (matrix, update) in enumerate(zip(matrices, updates, strict=True))
    ]


def iterated(x_NRC: Tensor, quintics: tuple[Quintic, ...]) -> Tensor:
    """On matrices that are not tall, X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, step by step."""
    for a, b, c in quintics:
        gram = x_NRC @ x_NRC.mT
        x_NRC = a * x_NRC + (b * gram + c * (gram @ gram)) @ x_NRC
    return x_NRC


def iterated_by_grams(x_NRC: Tensor, quintics: tuple[Quintic, ...]) -> Tensor:
    """What `iterated` gives, two steps at a time: of three steps, four products of (R, C) instead of six.

    For that there are six of (R, R) instead of three, so matrices less than half as wide again as high are iterated as they are.
    No more than two at a time: what rounding does to a Gram matrix's small eigenvalues grows a²-fold with each step, and after two
    it is no more than it is to the matrices themselves; up to three times that where the first step's polynomial is a steep one.
    """
    pairs = len(quintics) // 2 if 2 * x_NRC.shape[2] >= 3 * x_NRC.shape[1] else 0
    for first, second in zip(quintics[: 2 * pairs : 2], quintics[1 : 2 * pairs : 2], strict=True):
        x_NRC = two_steps_on_one_gram(x_NRC, first, second)
    return iterated(x_NRC, quintics[2 * pairs :])


def two_steps_on_one_gram(x_NRC: Tensor, first: Quintic, second: Quintic) -> Tensor:
    """Two steps of `iterated`: with A = X·Xᵀ and F = b·A + c·A², X becomes (a·I + F)·X and A becomes (a·I + F)²·A, since polynomials
    of one matrix commute.
    """
    (a1, b1, c1), (a2, b2, c2) = first, second
    gram = x_NRC @ x_NRC.mT
    factor1 = b1 * gram + c1 * (gram @ gram)
    half_way = a1 * gram + factor1 @ gram
    gram = a1 * half_way + factor1 @ half_way
    factor2 = b2 * gram + c2 * (gram @ gram)
    # The multiple of I is kept apart: on a half-precision diagonal it would swallow what is small.
    return a1 * a2 * x_NRC + (a2 * factor1 + a1 * factor2 + factor2 @ factor1) @ x_NRC


@dataclass(frozen=True, kw_only=True)
class Iterates(Part):
    """Slot: what Newton-Schulz carries from step to step."""

    @abstractmethod
    def applied(self, orthogonaliser: Orthogonaliser) -> Orthogonaliser:
        """The orthogonaliser as it is to be run."""


@dataclass(frozen=True, kw_only=True)
class WholeMatrices(Iterates):
    """The matrices themselves."""

    def applied(self, orthogonaliser: Orthogonaliser) -> Orthogonaliser:
        """Unchanged."""
        return orthogonaliser


@dataclass(frozen=True, kw_only=True)
class GramMatrices(Iterates):
    """The Gram matrices, for two steps, and then the matrices; see `iterated_by_grams`."""

    def applied(self, orthogonaliser: Orthogonaliser) -> Orthogonaliser:
        """See `Orthogonaliser.on_grams`."""
        return orthogonaliser.on_grams()
