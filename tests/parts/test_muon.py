import pytest
import torch
from torch import Tensor, nn

from ablate.parts import (
    BatchedNewtonSchulz,
    FilterUpdates,
    ListwiseUpdates,
    LoopedNewtonSchulz,
    LoopedUpdates,
    NewtonSchulz,
    NoCompile,
    Orthogonaliser,
)
from ablate.parts.optimiser import Muon, coupled_sgd

ITERATION = NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843)
SHAPES = [(8, 3, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3)]
UPDATES = [LoopedUpdates(), ListwiseUpdates()]


class NoOrthogonalisation(Orthogonaliser):
    """Directions as they come, so that a step's arithmetic can be followed to the last digit."""

    def orthogonalise(self, updates: list[Tensor], iteration: NewtonSchulz, compiler: object) -> list[Tensor]:
        return updates


def filters(dtype: torch.dtype = torch.float64) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(5)
    return [nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in SHAPES]


def gradients(step: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(100 + step)
    return [torch.randn(shape, generator=generator).to(dtype) for shape in SHAPES]


def run(updates: FilterUpdates, orthogonaliser: Orthogonaliser, dtype: torch.dtype, decay: float) -> list[Tensor]:
    weights = filters(dtype)
    muon = Muon(
        weights,
        orthogonaliser=orthogonaliser,
        updates=updates,
        iteration=ITERATION,
        momentum=0.655,
        decay=decay,
        compiler=NoCompile(),
    )
    for step, normalise in enumerate([False, True, False, True]):
        for weight, gradient in zip(weights, gradients(step, dtype), strict=True):
            weight.grad = gradient
        muon.step(0.205 * (1 - step / 4), normalise)
    return [weight.detach() for weight in weights]


def run_naively(decay: float) -> list[Tensor]:
    """One filter after the other: momentum, Nesterov, norm, update, decay, in that order, in float64."""
    weights = [weight.detach().clone() for weight in filters()]
    for index, weight in enumerate(weights):
        buffer = torch.zeros_like(weight)
        for step, normalise in enumerate([False, True, False, True]):
            rate = 0.205 * (1 - step / 4)
            gradient = gradients(step)[index]
            buffer = 0.655 * buffer + gradient
            update = gradient + 0.655 * buffer
            if normalise:
                weight = weight / weight.square().sum().sqrt() * weight.shape[0] ** 0.5
            weight = weight - rate * update
            weight = weight * (1 - rate * decay)
        weights[index] = weight
    return weights


@pytest.mark.parametrize("updates", UPDATES, ids=["looped", "listwise"])
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_a_step_is_momentum_then_norm_then_update_then_decay(updates: FilterUpdates, decay: float) -> None:
    for weight, expected in zip(
        run(updates, NoOrthogonalisation(), torch.float64, decay), run_naively(decay), strict=True
    ):
        torch.testing.assert_close(weight, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_looped_and_listwise_updates_are_equal(dtype: torch.dtype) -> None:
    looped, listwise = (run(updates, BatchedNewtonSchulz(), dtype, 0.0016) for updates in UPDATES)
    for one, other in zip(looped, listwise, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_the_baseline_adds_bfloat16_updates_to_weights_of_any_dtype() -> None:
    for weight in run(LoopedUpdates(), LoopedNewtonSchulz(), torch.float16, 0.0):
        assert weight.dtype == torch.float16
        assert weight.isfinite().all()


@pytest.mark.parametrize("updates", UPDATES, ids=["looped", "listwise"])
def test_normalised_filters_have_the_root_of_their_outputs_as_norm(updates: FilterUpdates) -> None:
    weights = [weight.detach() for weight in filters(torch.float32)]
    updates.normalise(weights)
    for weight, shape in zip(weights, SHAPES, strict=True):
        assert weight.square().sum().sqrt().item() == pytest.approx(shape[0] ** 0.5, rel=1e-5)


def test_momentum_buffers_start_at_zero_in_the_filters_dtype() -> None:
    muon = Muon(
        filters(torch.float16),
        orthogonaliser=LoopedNewtonSchulz(),
        updates=LoopedUpdates(),
        iteration=ITERATION,
        momentum=0.6,
        decay=0.0,
        compiler=NoCompile(),
    )
    assert {buffer.dtype for buffer in muon.buffers} == {torch.float16}
    assert all(buffer.count_nonzero() == 0 for buffer in muon.buffers)


def test_sgd_is_coupled_decay_then_nesterov_momentum() -> None:
    values = torch.linspace(-1, 1, 7, dtype=torch.float64)
    parameter = nn.Parameter(values.clone())
    peak, momentum, decay = 0.67, 0.85, 0.004
    sgd = coupled_sgd([([parameter], peak)], momentum=momentum, decay=decay)
    expected, buffer = values.clone(), torch.zeros_like(values)
    for step in range(4):
        rate = peak * (1 - step / 4)
        parameter.grad = torch.full_like(values, 0.1 * step - 0.2)
        sgd.param_groups[0]["lr"] = rate
        sgd.step()
        gradient = torch.full_like(values, 0.1 * step - 0.2) + decay / peak * expected
        buffer = gradient if step == 0 else momentum * buffer + gradient
        expected = expected - rate * (gradient + momentum * buffer)
    torch.testing.assert_close(parameter.detach(), expected)
