"""First layers that prepare maps: patches whitened without their negatives, and a norm whose bias learns as the others' do."""

import torch
import torch.nn.functional as F
from torch import nn

from ablate.lineages.germer.baseline import PAGE_2019
from ablate.lineages.page.baseline import PAGE_2018
from ablate.parts import Scale
from ablate.parts.augment import normalised
from tests.tiny_sgd import NARROW, network_of


def test_filters_whiten_the_patches_of_the_first_images_only() -> None:
    generator = torch.Generator().manual_seed(5)
    smooth = F.interpolate(torch.rand(40, 3, 4, 4, generator=generator), size=32, mode="bilinear")
    images = (smooth + 0.1 * torch.rand(40, 3, 32, 32, generator=generator)).clamp(0, 1)
    network, layer = network_of(PAGE_2019.scaled(NARROW)), PAGE_2019.first_layer
    # A thousandth of 10,000 images.
    layer.prepare(network.first, images, Scale(images=0.001))
    weight = network.first.conv.weight
    assert weight.shape == (27, 3, 3, 3)
    assert not weight.requires_grad
    responses = F.conv2d(normalised(images[:10]), weight).transpose(0, 1).flatten(1).double()
    moment = responses @ responses.T / (responses.shape[1] - 1)
    assert moment.triu(1).abs().max() < 1e-3
    eigenvalues = moment.diagonal() / (1 - moment.diagonal()) * 1e-2
    assert (eigenvalues[:-1] >= eigenvalues[1:] - 1e-6).all(), "in descending order"
    kept = weight.clone()
    layer.prepare(network.first, images[:10], Scale(images=0.001))
    assert torch.equal(weight, kept), "the other images do not count"


def test_the_pointwise_convolution_follows_without_a_norm_between() -> None:
    network = network_of(PAGE_2019.scaled(Scale(width=0.125, batch=2 / 512))).train()
    convs = [module for module in network.first.modules() if isinstance(module, nn.Conv2d)]
    images = torch.rand(2, 3, 32, 32)
    mixed = F.conv2d(F.conv2d(images, convs[0].weight, padding=1), convs[1].weight)
    normed = F.batch_norm(mixed, None, None, training=True)
    torch.testing.assert_close(network.first(images, True), F.celu(normed, 0.3), rtol=1e-3, atol=1e-4)


def test_the_first_norms_bias_has_the_rate_of_the_others() -> None:
    for recipe in (PAGE_2018, PAGE_2019):
        network = network_of(recipe.scaled(NARROW))
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        assert [id(bias) for bias in network.scaled_biases()] == [id(norm.bias) for norm in norms]
        assert len(norms) == 8
