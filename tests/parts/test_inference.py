from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from ablate.parts import (
    AirbenchNet,
    AsTrained,
    ComputeDtypeNorms,
    Float32Norms,
    FoldedNorms,
    NoCompile,
    Precision,
    Scale,
    Silu,
    SurvivingMaps,
)
from ablate.parts.network import WhitenedConvNet, reset_network

EPS = {torch.float32: 2**-23, torch.bfloat16: 2**-8}
COMPUTE_DTYPE_NORMS = ComputeDtypeNorms()
CASES = [
    (torch.float32, Float32Norms()),
    (torch.bfloat16, Float32Norms()),
    (torch.bfloat16, COMPUTE_DTYPE_NORMS),
]


def trained_network(dtype: torch.dtype = torch.float32, precision: Precision = COMPUTE_DTYPE_NORMS) -> WhitenedConvNet:
    """A network whose norms have statistics and biases far from their starting values, in evaluation mode."""
    network = AirbenchNet(widths=(8, 16, 16)).build(
        scale=Scale(),
        activation=Silu(),
        norm_momentum=0.4,
        precision=precision,
        compute_dtype=dtype,
        device=torch.device("cpu"),
    )
    generator = torch.Generator().manual_seed(0)
    reset_network(network, generator)
    network.pool_with(SurvivingMaps(least_saved=0))
    with torch.no_grad():
        for bias in network.norm_biases():
            bias.copy_(torch.randn(bias.shape, generator=generator) / 2)
        network(some_images(64, dtype))
    return network.eval()


def some_images(number: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(number, 3, 32, 32, generator=torch.Generator().manual_seed(number)).to(dtype)


@pytest.mark.parametrize(("dtype", "precision"), CASES)
@torch.no_grad()
def test_without_norms_a_network_predicts_the_same_to_rounding(dtype: torch.dtype, precision: Precision) -> None:
    network, images = trained_network(dtype, precision), some_images(40, dtype)
    folded = FoldedNorms().build(network, NoCompile())(network)
    assert not [module for module in folded.modules() if isinstance(module, nn.BatchNorm2d)]
    # What both round: the same weights and images, in more digits than either has.
    exact = deepcopy(network).double()(images.double())
    scale = exact.abs().max()
    errors = [((net(images).double() - exact).abs().max() / scale).item() for net in (network, folded)]
    # Six convolutions, rounded weights and rounded outcomes in each, which add up in quadrature.
    assert max(errors) <= 4 * 12**0.5 * EPS[dtype], errors
    # Folding is itself no second rounding of what the trained network computes.
    assert errors[1] <= 2 * errors[0] + EPS[dtype]


@torch.no_grad()
def test_what_is_folded_is_the_network_as_it_is_then_and_it_stays_as_it_is() -> None:
    network, images = trained_network(), some_images(8)
    predicting = FoldedNorms().build(network, NoCompile())
    first = predicting(network)(images)
    # Another arm of its compile key trains it.
    reset_network(network, torch.Generator().manual_seed(1))
    network.train()(some_images(32))
    state = {name: value.clone() for name, value in network.eval().state_dict().items()}
    second = predicting(network)(images)
    torch.testing.assert_close(second, network(images), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(first, second, rtol=1e-2, atol=1e-2)
    assert state.keys() == network.state_dict().keys()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_a_network_as_trained_predicts_itself() -> None:
    network = trained_network()
    assert AsTrained().build(network, NoCompile())(network) is network


def test_no_weight_is_held_twice_but_those_that_norms_scale() -> None:
    network = trained_network()
    folded = FoldedNorms().build(network, NoCompile())(network)
    kept = {id(parameter) for parameter in network.parameters()}
    own = sum(parameter.numel() for parameter in folded.parameters() if id(parameter) not in kept)
    norms = sum(bias.numel() for bias in network.norm_biases())
    assert own == sum(weight.numel() for weight in network.filters()) + norms
    assert not any(parameter.requires_grad for name, parameter in folded.named_parameters() if "groups" in name)
    # What both have is trained as before.
    assert network.whitening_bias.requires_grad
    assert network.head.weight.requires_grad


def test_a_scale_that_may_become_negative_is_refused() -> None:
    network = trained_network()
    network.conv_groups()[1].norm1.weight.requires_grad_(True)
    with pytest.raises(
        ValueError, match="FoldedNorms takes norms whose scale is not trained: a negative one and a max-pool"
    ):
        FoldedNorms().build(network, NoCompile())
