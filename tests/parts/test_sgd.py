"""Nesterov's SGD with the rate in the velocity, beside PyTorch's."""

import pytest
import torch
from torch import Tensor

from ablate.parts import Sgd, TorchSgd, VelocitySgd

GRADIENTS = [torch.randn(5, generator=torch.Generator().manual_seed(step)) for step in range(6)]


def weights_after(sgd: Sgd, factors: list[float]) -> Tensor:
    weight = torch.linspace(-1, 1, 5).requires_grad_()
    optimiser = sgd.build([([weight], 0.1)], momentum=0.9, decay=0.02)
    for gradient, factor in zip(GRADIENTS, factors, strict=False):
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor
        weight.grad = gradient.clone()
        optimiser.step()
    return weight.detach()


def test_under_a_constant_rate_both_are_the_same() -> None:
    factors = [0.7] * 6
    torch.testing.assert_close(weights_after(VelocitySgd(), factors), weights_after(TorchSgd(), factors))


def test_steps_keep_the_rates_that_they_were_made_at() -> None:
    factors = [0.2, 0.6, 1.0, 0.5, 0.1, 0.1]
    weight, velocity = torch.linspace(-1, 1, 5).double(), torch.zeros(5).double()
    for gradient, factor in zip(GRADIENTS, factors, strict=True):
        step = -0.1 * factor * (gradient.double() + 0.2 * weight)
        velocity = 0.9 * velocity + step
        weight = weight + step + 0.9 * velocity
    torch.testing.assert_close(weights_after(VelocitySgd(), factors).double(), weight, rtol=1e-5, atol=1e-6)
    apart = (weights_after(VelocitySgd(), factors) - weights_after(TorchSgd(), factors)).abs().max()
    assert apart > 0.01, "and PyTorch's do not"


def test_what_has_no_gradient_neither_decays_nor_coasts() -> None:
    weight = torch.ones(3).requires_grad_()
    optimiser = VelocitySgd().build([([weight], 0.1)], momentum=0.9, decay=0.1)
    weight.grad = torch.ones(3)
    optimiser.step()
    moved = weight.detach().clone()
    weight.grad = None
    optimiser.step()
    assert torch.equal(weight, moved)
    assert not torch.equal(moved, torch.ones(3))


@pytest.mark.parametrize("sgd", [TorchSgd(), VelocitySgd()])
def test_groups_share_the_product_of_rate_and_decay(sgd: Sgd) -> None:
    groups = sgd.build([([torch.ones(1)], 0.1), ([torch.ones(1)], 6.4)], momentum=0.9, decay=0.02).param_groups
    assert [group["weight_decay"] * group["initial_lr"] for group in groups] == pytest.approx([0.02, 0.02])
    assert {(group["momentum"], group["nesterov"]) for group in groups} == {(0.9, True)}
