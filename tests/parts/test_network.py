import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ablate.parts import (
    Activation,
    AirbenchNet,
    ComputeDtypeNorms,
    Float32Norms,
    Gelu,
    Precision,
    Scale,
    Silu,
)
from ablate.parts.network import WhitenedConvNet, reset_network

GELU, FLOAT32_NORMS = Gelu(), Float32Norms()
PUBLISHED_NORMS = [6.10, 8, 11.31, 16, 16, 16]


def build(
    scale: Scale = Scale(),
    activation: Activation = GELU,
    precision: Precision = FLOAT32_NORMS,
    dtype: torch.dtype = torch.float32,
) -> WhitenedConvNet:
    network = AirbenchNet().build(
        scale=scale,
        activation=activation,
        norm_momentum=0.4,
        precision=precision,
        compute_dtype=dtype,
        device=torch.device("cpu"),
    )
    reset_network(network, torch.Generator().manual_seed(0))
    return network


@pytest.fixture(scope="module")
def published() -> WhitenedConvNet:
    return build()


def test_shapes_and_parameter_counts_are_the_sheets(published: WhitenedConvNet) -> None:
    shapes = [tuple(weight.shape) for weight in published.filters()]
    assert shapes == [(64, 24, 3, 3), (64, 64, 3, 3), (256, 64, 3, 3), *[(256, 256, 3, 3)] * 3]
    assert [len(bias) for bias in published.norm_biases()] == [64, 64, 256, 256, 256, 256]
    assert published.whiten.weight.shape == (24, 3, 2, 2)
    assert published.head.weight.shape == (10, 256)
    assert published.head.bias is None
    sizes = {name: parameter.numel() for name, parameter in published.named_parameters()}
    scales = {f"groups.{group}.norm{index}.weight" for group in range(3) for index in (1, 2)}
    assert sum(sizes.values()) == 1_972_792
    assert sum(sizes[name] for name in scales) == 1_152
    frozen = {name for name, parameter in published.named_parameters() if not parameter.requires_grad}
    assert frozen == {"whiten.weight"} | scales
    assert sum(sizes[name] for name in sizes.keys() - frozen) == 1_971_352
    assert sum(weight.numel() for weight in published.filters()) == 1_967_616


def test_activations_have_the_sheets_sizes(published: WhitenedConvNet) -> None:
    sizes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            sizes[name] = tuple(output.shape[1:])

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in published.named_modules() if name]
    published(torch.rand(2, 3, 32, 32))
    for handle in hooks:
        handle.remove()
    assert sizes["whiten_activation"] == (24, 31, 31)
    assert [sizes[f"groups.{group}"] for group in range(3)] == [(64, 15, 15), (256, 7, 7), (256, 3, 3)]
    assert [sizes[f"groups.{group}.conv1"] for group in range(3)] == [(64, 31, 31), (256, 15, 15), (256, 7, 7)]
    assert sizes["head"] == (10,)


def test_forward_is_the_published_pipeline(published: WhitenedConvNet) -> None:
    images = torch.rand(4, 3, 32, 32)
    weights = dict(published.named_parameters())
    features = nn.functional.conv2d(images, weights["whiten.weight"], weights["whiten.bias"])
    features = nn.functional.gelu(features)
    for group in range(3):
        for index in (1, 2):
            features = nn.functional.conv2d(features, weights[f"groups.{group}.conv{index}.weight"], padding=1)
            if index == 1:
                features = nn.functional.max_pool2d(features, 2)
            mean, variance = features.mean((0, 2, 3)), features.var((0, 2, 3), correction=0)
            centred = (features - mean.view(1, -1, 1, 1)) / (variance + 1e-12).sqrt().view(1, -1, 1, 1)
            features = nn.functional.gelu(centred + weights[f"groups.{group}.norm{index}.bias"].view(1, -1, 1, 1))
    expected = features.amax((2, 3)) @ weights["head.weight"].T / 256
    torch.testing.assert_close(published.train()(images), expected, rtol=1e-3, atol=1e-4)


def test_filters_start_with_identities_and_the_sheets_norms(published: WhitenedConvNet) -> None:
    for weight, norm in zip(published.filters(), PUBLISHED_NORMS, strict=True):
        outputs, inputs = weight.shape[:2]
        identities = torch.zeros(inputs, inputs, 3, 3)
        identities[range(inputs), range(inputs), 1, 1] = 1
        assert torch.equal(weight[: min(inputs, outputs)], identities)
        assert weight.norm().item() == pytest.approx(norm, abs=0.06)
        if outputs > inputs:
            bound = 1 / math.sqrt(9 * inputs)
            assert 0.99 * bound < weight[inputs:].abs().max() <= bound


def test_head_has_unit_deviation_and_the_whitening_bias_is_not_zero(published: WhitenedConvNet) -> None:
    head, bias = published.head.weight, published.whiten.bias
    assert head.std().item() == pytest.approx(1, abs=1e-6)
    # Uniform, so no further out than sqrt(3) deviations.
    assert head.abs().max().item() == pytest.approx(3**0.5, abs=0.03)
    assert bias.abs().max() <= 0.2887
    assert bias.std().item() == pytest.approx(0.2887 / 3**0.5, rel=0.4)


def test_norms_are_the_sheets_and_start_anew(published: WhitenedConvNet) -> None:
    network = build(Scale(width=0.125))
    network.train()(torch.rand(8, 3, 32, 32))
    reset_network(network, torch.Generator().manual_seed(1))
    for net in (published, network):
        norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
        assert len(norms) == 6
        assert {(norm.momentum, norm.eps) for norm in norms} == {(0.4, 1e-12)}
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        values = [norm.weight.unique().tolist(), norm.bias.unique().tolist()]
        assert values == [[1], [0]]
        assert norm.running_mean.count_nonzero() == 0
        assert norm.running_var.unique().tolist() == [1]


def test_silu_leaves_the_activation_after_whitening_alone() -> None:
    for activation, kind in ((Gelu(), nn.GELU), (Silu(), nn.SiLU)):
        network = build(Scale(width=0.125), activation)
        assert type(network.whiten_activation) is nn.GELU
        assert network.whiten_activation.approximate == "none"
        assert [type(group.activation) for group in network.groups] == [kind] * 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize(("precision", "follows"), [(Float32Norms(), False), (ComputeDtypeNorms(), True)])
def test_norms_are_float32_unless_half_precision_is_on(precision: Precision, follows: bool, dtype: torch.dtype) -> None:
    network = build(Scale(width=0.125), precision=precision, dtype=dtype)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            tensors = [module.weight, module.bias, module.running_mean, module.running_var]
            assert {tensor.dtype for tensor in tensors} == {dtype if follows else torch.float32}
    others = [*network.filters(), network.whiten.weight, network.whiten.bias, network.head.weight]
    assert {parameter.dtype for parameter in others} == {dtype}
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in network.filters())


def test_half_precision_turns_inputs_to_channels_last() -> None:
    images = torch.rand(2, 3, 32, 32)
    assert Float32Norms().arrange(images) is images
    arranged = ComputeDtypeNorms().arrange(images)
    assert arranged.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(arranged, images)


def test_starting_values_do_not_depend_on_the_precision() -> None:
    exact = build(Scale(width=0.125))
    half = build(Scale(width=0.125), precision=ComputeDtypeNorms(), dtype=torch.float16)
    for one, other in zip(exact.parameters(), half.parameters(), strict=True):
        if one.shape != exact.whiten.weight.shape:
            assert torch.equal(one.half(), other)


def test_a_detached_whitening_bias_gets_no_gradient() -> None:
    network = build(Scale(width=0.125)).train()
    for trained in (True, False):
        network.zero_grad(set_to_none=True)
        network(torch.rand(4, 3, 32, 32), trained).square().sum().backward()
        assert (network.whiten.bias.grad is not None) is trained
        assert all(weight.grad is not None for weight in network.filters())


@pytest.mark.parametrize(("width", "channels"), [(1.0, [64, 256, 256]), (0.25, [16, 64, 64]), (0.01, [8, 8, 8])])
def test_width_scales_in_multiples_of_eight(width: float, channels: list[int]) -> None:
    network = build(Scale(width=width))
    assert [len(group.conv2.weight) for group in network.groups] == channels
    logits: Tensor = network(torch.rand(2, 3, 32, 32))
    assert logits.shape == (2, 10)
