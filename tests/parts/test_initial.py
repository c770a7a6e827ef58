"""What networks of convolutions start from."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from ablate.parts import CosineFilters, DiracInitial, DrawnFilters, MaxPoolHead, UniformInitial
from ablate.parts.convnet import reset_conv_net
from tests.sgd_recipes import PUBLISHED
from tests.tiny_sgd import NARROW, network_of


@pytest.mark.parametrize("name", ["airbench94", "airbench96"])
def test_convolutions_start_as_identities(name: str) -> None:
    for conv in (module for module in network_of(PUBLISHED[name]).modules() if isinstance(module, nn.Conv2d)):
        outputs, inputs, size, _ = conv.weight.shape
        identities = torch.zeros(min(inputs, outputs), inputs, size, size)
        places = range(len(identities))
        identities[places, places, size // 2, size // 2] = 1
        assert torch.equal(conv.weight[:inputs], identities)
        if outputs > inputs:
            bound = 1 / math.sqrt(inputs * size**2)
            assert 0.9 * bound < conv.weight[inputs:].abs().max() <= bound
        assert conv.bias is None or conv.bias.count_nonzero() == 0


def test_dirac_changes_the_first_filters_alone() -> None:
    recipe = PUBLISHED["airbench94"].scaled(NARROW)
    plain, dirac = (network_of(replace(recipe, initial=initial)) for initial in (UniformInitial(), DiracInitial()))
    for (name, one), other in zip(plain.named_parameters(), dirac.parameters(), strict=True):
        if one.ndim == 4:
            assert torch.equal(one[one.shape[1] :], other[one.shape[1] :]), name
            assert one.abs().max() <= 1 / math.sqrt(one[0].numel())
            assert not torch.equal(one, other)
        else:
            assert torch.equal(one, other), name


def test_heads_start_as_pytorch_starts_linear_layers() -> None:
    for name, inputs, has_bias in (("airbench94", 256, False), ("resnet18", 512, True)):
        (head,) = (module for module in network_of(PUBLISHED[name]).modules() if isinstance(module, nn.Linear))
        bound = 1 / math.sqrt(inputs)
        assert 0.98 * bound < head.weight.abs().max() <= bound
        assert head.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.03)
        assert (head.bias is not None) is has_bias
        if has_bias:
            assert 0 < head.bias.abs().max() <= bound
    assert MaxPoolHead().logit_scale == 1 / 9


@pytest.mark.parametrize(
    ("name", "momentum", "eps"), [("airbench95", 0.4, 1e-12), ("airbench96", 0.1, 1e-12), ("resnet18", 0.1, 1e-5)]
)
def test_norms_are_the_published_ones_and_start_anew(name: str, momentum: float, eps: float) -> None:
    recipe = PUBLISHED[name].scaled(NARROW)
    network = network_of(recipe)
    network.train()(torch.rand(8, 3, 32, 32))
    for parameter in network.parameters():
        parameter.data.add_(1)
    reset_conv_net(network, recipe.initial, torch.Generator().manual_seed(0))
    for one, other in zip(network.state_dict().values(), network_of(recipe).state_dict().values(), strict=True):
        assert torch.equal(one, other)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.momentum, norm.eps) for norm in norms} == {(momentum, eps)}
    assert {norm.weight.requires_grad for norm in norms} == {name == "resnet18"}
    for norm in norms:
        values = [tensor.unique().tolist() for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
        assert values == [[1], [0], [0], [1]]


def test_cosine_filters_follow_the_identities_channel_by_channel() -> None:
    drawn = torch.randn(64, 24, 3, 3, generator=torch.Generator().manual_seed(2))
    weight = drawn.clone()
    DrawnFilters().start(weight)
    assert torch.equal(weight, drawn)
    CosineFilters().start(weight)
    assert torch.equal(weight[:24], drawn[:24])
    matrix = weight[24:].flatten(1)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(40))
    # No pattern sees a uniform area, and each is of one channel, eight of each of the first five.
    torch.testing.assert_close(weight[24:].sum(dim=(1, 2, 3)), torch.zeros(40), atol=1e-6, rtol=0)
    channels = weight[24:].abs().sum(dim=(2, 3)).argmax(dim=1)
    assert channels.tolist() == [place // 8 for place in range(40)]
    half_root = 0.5**0.5
    torch.testing.assert_close(weight[24, 0], torch.tensor([[half_root, 0.0, -half_root]]).expand(3, 3) / 3**0.5)


def test_drawn_filters_stay_where_no_channel_is_left() -> None:
    drawn = torch.randn(12, 1, 3, 3, generator=torch.Generator().manual_seed(2))
    weight = drawn.clone()
    CosineFilters().start(weight)
    assert torch.equal(weight[9:], drawn[9:])
    assert not torch.equal(weight[8], drawn[8])
