from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn

from ablate.parts import (
    BatchedNewtonSchulz,
    BatchesByShape,
    ListwiseUpdates,
    NewtonSchulz,
    NoCompile,
    OneBatch,
    UpdateBatches,
)
from ablate.parts.compiler import Compiler
from ablate.parts.optimiser import Muon, MuonRule

ITERATION = NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843)
# As airbench's: three shapes that come once, and one that comes three times; and one of them again in between.
SHAPES = [(8, 3, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (8, 8, 3, 3), (16, 16, 3, 3)]
BY_SHAPE = [[0], [1, 4], [2], [3, 5]]
# Zeros add nothing, but the sum of more numbers is rounded in another order; three iterations amplify that a little.
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 0.04}


@dataclass(frozen=True, kw_only=True)
class Watched(BatchedNewtonSchulz):
    """Keeps which shapes went together."""

    seen: list[list[tuple[int, ...]]] = field(default_factory=list)

    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: Compiler) -> list[Tensor]:
        self.seen.append([tuple(update.shape) for update in updates])
        return super().orthogonalise(updates, iteration, compiler)


def random_tensors(seed: int, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator).to(dtype) for shape in SHAPES]


def trained(batches: UpdateBatches, dtype: torch.dtype, num_steps: int) -> list[Tensor]:
    weights = [nn.Parameter(value) for value in random_tensors(0, dtype)]
    optimiser = Muon(
        weights,
        orthogonaliser=BatchedNewtonSchulz(),
        updates=ListwiseUpdates(),
        iteration=ITERATION,
        momentum=0.655,
        decay=0.0016,
        compiler=NoCompile(),
        batches=batches,
    )
    for step in range(num_steps):
        for weight, gradient in zip(weights, random_tensors(step + 1, dtype), strict=True):
            weight.grad = gradient
        optimiser.step(0.205 * (1 - step / num_steps), step % 2 == 1)
    return [weight.detach() for weight in weights]


def test_batches_are_the_shapes_in_the_order_in_which_they_come() -> None:
    updates = [torch.zeros(shape) for shape in SHAPES]
    assert BatchesByShape().batches(updates) == BY_SHAPE
    assert OneBatch().batches(updates) == [[0, 1, 2, 3, 4, 5]]
    # As where the first group is frozen.
    assert BatchesByShape().batches(updates[2:]) == [[0], [1, 3], [2]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_directions_are_those_of_the_padded_batch_in_its_order(dtype: torch.dtype) -> None:
    updates, watched = random_tensors(7, dtype), Watched()
    together = BatchedNewtonSchulz().orthogonalise(updates, ITERATION, NoCompile())
    rule = MuonRule(
        orthogonaliser=watched,
        updates=ListwiseUpdates(),
        batches=BatchesByShape(),
        iteration=ITERATION,
        momentum=0.0,
        decay=0.0,
    )
    by_shape = rule.directions(updates, [torch.zeros_like(update) for update in updates], NoCompile())
    assert watched.seen == [[SHAPES[place] for place in batch] for batch in BY_SHAPE]
    for shape, one, other in zip(SHAPES, by_shape, together, strict=True):
        assert (one.shape, one.dtype) == (shape, dtype)
        # A direction's largest value is about one over the root of its columns.
        assert (one - other).abs().max() < TOLERANCE[dtype] * other.abs().max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_five_steps_leave_the_weights_that_the_padded_batch_leaves(dtype: torch.dtype) -> None:
    for one, other in zip(trained(BatchesByShape(), dtype, 5), trained(OneBatch(), dtype, 5), strict=True):
        assert (one - other).abs().max() < TOLERANCE[dtype] * other.abs().max()
