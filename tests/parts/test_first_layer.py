from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts import BiasedConv, ConvStem, FrozenBias, NormedConv, Scale, TrainedBias, WhitenedConv
from tests.sgd_recipes import BASELINES, PUBLISHED
from tests.tiny_sgd import NARROW, network_of

FIRST = {
    # Channels, sides, whether it has a bias of its own, whether its filters are trained.
    BiasedConv(): (24, 31, True, True),
    WhitenedConv(): (24, 31, True, False),
    NormedConv(): (24, 31, False, True),
    ConvStem(width=64): (8, 32, False, True),
}


@pytest.mark.parametrize("first_layer", FIRST, ids=str)
def test_first_layers(first_layer: BiasedConv) -> None:
    channels, side, has_bias, is_trained = FIRST[first_layer]
    network = network_of(replace(BASELINES["airbench94"], first_layer=first_layer).scaled(NARROW))
    conv = network.first.conv
    assert network.first(torch.rand(2, 3, 32, 32), True).shape == (2, channels, side, side)
    assert network.first.channels == channels
    assert (conv.bias is not None, conv.weight.requires_grad) == (has_bias, is_trained)
    assert isinstance(network.first.norm, nn.BatchNorm2d) is not has_bias
    before = conv.weight.clone()
    with torch.no_grad():
        first_layer.prepare(network.first, torch.rand(20, 3, 32, 32), NARROW)
    assert torch.equal(conv.weight, before) is is_trained


def test_whitening_uses_the_first_images_as_many_as_the_scale_says() -> None:
    images = torch.rand(100, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    images = F.avg_pool2d(images, 3, 1, 1)
    network = network_of(PUBLISHED["airbench94"].scaled(NARROW))

    def filters(layer: WhitenedConv, given: Tensor, scale: Scale) -> Tensor:
        with torch.no_grad():
            layer.prepare(network.first, given, scale)
        return network.first.conv.weight.clone()

    few = filters(WhitenedConv(images=100), images, Scale(images=0.2))
    assert torch.equal(few, filters(WhitenedConv(), images[:20], Scale()))
    assert not torch.equal(few, filters(WhitenedConv(), images, Scale()))
    means, stds = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    normal = ((images[:20] - means.view(3, 1, 1)) / stds.view(3, 1, 1)).double()
    patches = torch.cat([normal[:, :, y : y + 2, x : x + 2].reshape(20, 12) for y in range(31) for x in range(31)])
    responses = patches @ few[:12].reshape(12, 12).double().T
    variances = (responses**2).mean(0)
    eigenvalues = torch.linalg.eigvalsh(patches.T @ patches / len(patches)).flip(0)
    torch.testing.assert_close(variances, eigenvalues / (eigenvalues + 5e-4), rtol=5e-3, atol=5e-3)
    assert torch.equal(few[12:], -few[:12])


def test_a_frozen_first_bias_gets_no_gradient() -> None:
    network = network_of(PUBLISHED["airbench94"].scaled(NARROW)).train()
    for trained in (True, False):
        network.zero_grad(set_to_none=True)
        network(torch.rand(4, 3, 32, 32), trained).square().sum().backward()
        assert (network.first.conv.bias.grad is not None) is trained
        others = [each for each in network.other_parameters() if each is not network.first.conv.bias]
        assert all(each.grad is not None for each in (*others, *network.scaled_biases()))


def test_a_bias_is_frozen_after_its_epochs_of_the_published_length() -> None:
    assert FrozenBias().steps(476, 48) == 144
    assert FrozenBias(epochs=1.05).steps(476, 20) == 21, "which 1.05 · 20 misses by rounding"
    assert FrozenBias(epochs=0.1).steps(476, 48) == 5
    assert FrozenBias().steps(100, 48) == 100
    assert FrozenBias(epochs=0).steps(476, 48) == 0
    assert TrainedBias().steps(476, 48) == 476
