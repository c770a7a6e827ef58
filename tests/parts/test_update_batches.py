import pytest
import torch

from ablate.parts import (
    BatchedNewtonSchulz,
    BatchesByShape,
    ListwiseUpdates,
    NewtonSchulz,
    NoCompile,
    OneBatch,
    UpdateBatches,
)
from ablate.parts.optimiser import Muon

SHAPES = [(8, 3, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (16, 16, 3, 3), (16, 16, 3, 3)]


def test_filters_of_one_shape_go_together() -> None:
    updates = [torch.zeros(shape) for shape in SHAPES]
    assert OneBatch().batches(updates) == [[0, 1, 2, 3, 4, 5]]
    assert BatchesByShape().batches(updates) == [[0], [1], [2], [3, 4, 5]]
    assert BatchesByShape().batches([updates[3], updates[0], updates[4]]) == [[0, 2], [1]]


def weights_after(batches: UpdateBatches, dtype: torch.dtype, steps: int = 5) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    filters = [torch.randn(shape, generator=generator).to(dtype) for shape in SHAPES]
    muon = Muon(
        filters,
        orthogonaliser=BatchedNewtonSchulz(),
        updates=ListwiseUpdates(),
        iteration=NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843),
        momentum=0.6,
        decay=1e-3,
        compiler=NoCompile(),
        batches=batches,
    )
    for step in range(steps):
        for weight in filters:
            weight.grad = torch.randn(weight.shape, generator=generator).to(dtype)
        muon.step(0.2, step % 2 == 0)
    return filters


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.05)])
def test_weights_are_those_of_one_padded_batch_to_rounding(dtype: torch.dtype, tolerance: float) -> None:
    together, by_shape = (weights_after(batches, dtype) for batches in (OneBatch(), BatchesByShape()))
    for one, other in zip(together, by_shape, strict=True):
        assert (one - other).norm() <= tolerance * one.norm()


def test_a_filter_without_a_gradient_stays_as_it_is() -> None:
    filters = [torch.randn(shape) for shape in SHAPES[:3]]
    before = [weight.clone() for weight in filters]
    muon = Muon(
        filters,
        orthogonaliser=BatchedNewtonSchulz(),
        updates=ListwiseUpdates(),
        iteration=NewtonSchulz(a=3.4, b=-4.7, c=2.0),
        momentum=0.6,
        decay=1e-3,
        compiler=NoCompile(),
    )
    for weight in filters[1:]:
        weight.grad = torch.randn(weight.shape)
    muon.step(0.2, True)
    assert torch.equal(filters[0], before[0])
    assert not muon.buffers[0].any()
    assert not any(torch.equal(now, then) for now, then in zip(filters[1:], before[1:], strict=True))
