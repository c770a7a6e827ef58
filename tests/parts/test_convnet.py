"""Networks that are put together from parts: what they are made of, what they compute and what they start from."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts import (
    AveragePoolHead,
    Celu,
    ComputeDtypeNorms,
    ConvStem,
    MaxPoolHead,
    NormedConv,
    ProxySelection,
    Relu,
    ResNet9Stage,
    Silu,
)
from ablate.parts.convnet import ConvNet
from ablate.training.sgd_loop import build_network
from tests.sgd_recipes import PUBLISHED
from tests.tiny_sgd import CPU, NARROW, network_of


def outputs(network: ConvNet, size: int = 2) -> list[tuple[int, ...]]:
    """The shapes, without the batch, after the first layer, each stage and the head."""
    shapes: list[tuple[int, ...]] = []
    modules = [network.first, *network.stages, network.head]
    hooks = [
        module.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[1:])))
        for module in modules
    ]
    network.eval()(torch.rand(size, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    return shapes


GROUPS_64 = [(24, 31, 31), (64, 15, 15), (256, 7, 7), (256, 3, 3), (10,)]
GROUPS_128 = [(24, 31, 31), (128, 15, 15), (384, 7, 7), (384, 3, 3), (10,)]
GROUPS_96 = [(24, 31, 31), (128, 15, 15), (384, 7, 7), (512, 3, 3), (10,)]
RESNET = [(64, 32, 32), (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (10,)]
RESNET9 = [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (10,)]

SIZES: dict[str, tuple[int, int, list[tuple[int, ...]]]] = {
    # Parameters, those of them that are trained, shapes.
    "airbench94": (1_972_792, 1_971_352, GROUPS_64),
    "airbench95": (4_606_520, 4_604_440, GROUPS_128),
    "airbench96": (9_918_776, 9_915_416, GROUPS_96),
    "resnet18": (11_173_962, 11_173_962, RESNET),
    "page": (6_573_849, 6_570_880, RESNET9),
    "germer": (6_573_849, 6_570_880, RESNET9),
    "hlb": (4_335_648, 4_333_696, [(24, 31, 31), (64, 15, 15), (256, 7, 7), (512, 3, 3), (10,)]),
}


@pytest.mark.parametrize("name", SIZES)
def test_networks_have_the_published_sizes(name: str) -> None:
    network = network_of(PUBLISHED[name])
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    total, trained, shapes = SIZES[name]
    assert sum(size for size, _ in sizes) == total
    assert sum(size for size, is_trained in sizes if is_trained) == trained
    assert outputs(network) == shapes


def test_the_proxy_has_the_published_size() -> None:
    recipe = PUBLISHED["airbench96_faster"]
    eager = replace(recipe, compiler=PUBLISHED["airbench96"].compiler)
    compiled = build_network(eager, torch.float32, CPU)
    ((proxy, small),) = compiled.proxies.items()
    assert proxy == ProxySelection() == recipe.selection
    sizes = [(name, parameter.numel()) for name, parameter in small.network.named_parameters()]
    scales = sum(module.weight.numel() for module in small.network.modules() if isinstance(module, nn.BatchNorm2d))
    assert sum(size for _, size in sizes) == 146_744
    assert sum(size for _, size in sizes) - scales == 146_424
    assert outputs(small.network) == [(24, 31, 31), (32, 15, 15), (64, 7, 7), (64, 3, 3), (10,)]
    assert sum(parameter.numel() for parameter in compiled.network.parameters()) == 9_918_776
    assert small.proxies == {}


@pytest.mark.parametrize(
    ("name", "biases", "others"),
    [("airbench94", 6, 8), ("airbench96", 9, 11), ("resnet18", 19, 43), ("page", 8, 9), ("hlb", 6, 7)],
)
def test_the_norms_biases_are_a_group_of_their_own(name: str, biases: int, others: int) -> None:
    network = network_of(PUBLISHED[name].scaled(NARROW))
    scaled, rest = network.scaled_biases(), network.other_parameters()
    assert (len(scaled), len(rest)) == (biases, others)
    assert all(bias.ndim == 1 for bias in scaled)
    ids = [id(parameter) for parameter in (*scaled, *rest)]
    assert sorted(ids) == sorted(id(parameter) for parameter in network.parameters() if parameter.requires_grad)


def test_the_first_layers_norm_keeps_the_common_rate() -> None:
    network = network_of(replace(PUBLISHED["airbench94"], first_layer=NormedConv()).scaled(NARROW))
    assert isinstance(network.first.norm, nn.BatchNorm2d)
    assert id(network.first.norm.bias) in {id(each) for each in network.other_parameters()}
    assert len(network.scaled_biases()) == 6


def normed(features: Tensor, bias: Tensor, eps: float) -> Tensor:
    mean, variance = features.mean((0, 2, 3), keepdim=True), features.var((0, 2, 3), correction=0, keepdim=True)
    return (features - mean) / (variance + eps).sqrt() + bias.view(1, -1, 1, 1)


@pytest.mark.parametrize("name", ["airbench94", "airbench96"])
def test_forward_is_the_published_pipeline(name: str) -> None:
    recipe = PUBLISHED[name].scaled(NARROW)
    network = network_of(recipe)
    images = torch.rand(4, 3, 32, 32)
    convs = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    biases = network.scaled_biases()
    for index, bias in enumerate(biases):
        nn.init.normal_(bias, generator=torch.Generator().manual_seed(index))
    features = F.gelu(F.conv2d(images, convs[0].weight, convs[0].bias))
    depth, skip = len(biases) // 3, features
    for index, (conv, bias) in enumerate(zip(convs[1:], biases, strict=True)):
        features = F.conv2d(features, conv.weight, padding=1)
        if index % depth == 0:
            features = F.max_pool2d(features, 2)
        features = normed(features, bias, 1e-12)
        if depth == 3 and index % depth == 2:
            features = features + skip
        features = F.gelu(features)
        if index % depth == 0:
            skip = features
    head = next(module for module in network.head.modules() if isinstance(module, nn.Linear))
    expected = features.amax((2, 3)) @ head.weight.T / 9
    torch.testing.assert_close(network.train()(images), expected, rtol=1e-3, atol=1e-4)


def test_a_residual_network_is_the_published_one() -> None:
    network = network_of(PUBLISHED["resnet18"].scaled(NARROW)).train()
    images = torch.rand(4, 3, 32, 32)
    convs = iter([module for module in network.modules() if isinstance(module, nn.Conv2d)])

    def convolve(features: Tensor, stride: int, size: int = 3) -> Tensor:
        conv = next(convs)
        assert conv.kernel_size == (size, size)
        made = F.conv2d(features, conv.weight, stride=stride, padding=size // 2)
        return normed(made, torch.zeros(len(conv.weight)), 1e-5)

    features = convolve(images, 1).relu()
    for stage in range(4):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            inner = convolve(convolve(features, stride).relu(), 1)
            features = (inner + (convolve(features, stride, 1) if stride == 2 else features)).relu()
    assert next(convs, None) is None
    head = next(module for module in network.modules() if isinstance(module, nn.Linear))
    expected = features.mean((2, 3)) @ head.weight.T + head.bias
    torch.testing.assert_close(network(images), expected, rtol=1e-3, atol=1e-4)


def test_an_activation_is_everywhere() -> None:
    network = network_of(replace(PUBLISHED["airbench96"], activation=Silu()).scaled(NARROW))
    kinds = [type(module) for module in network.modules() if isinstance(module, (nn.SiLU, nn.GELU))]
    assert kinds == [nn.SiLU] * 10


def test_a_state_has_weights_and_running_statistics_and_no_counts() -> None:
    network = network_of(PUBLISHED["airbench94"].scaled(NARROW))
    state = network.state()
    assert len(state) == 8 + 1 + 6 + 6 + 12
    assert all(tensor.is_floating_point() for tensor in state)
    state[0].fill_(7)
    assert network.first.conv.weight.unique().item() == 7, "in the network's own memory"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_norms_are_float32_unless_the_precision_says_otherwise(dtype: torch.dtype) -> None:
    recipe = PUBLISHED["airbench96"].scaled(NARROW)
    exact, half = network_of(recipe), network_of(recipe, dtype)
    whole = network_of(replace(recipe, precision=ComputeDtypeNorms()), dtype)
    for network, expected in ((half, torch.float32), (whole, dtype)):
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                tensors = (module.weight, module.bias, module.running_mean, module.running_var)
                assert {tensor.dtype for tensor in tensors} == {expected}
            elif isinstance(module, (nn.Conv2d, nn.Linear)):
                assert module.weight.dtype == dtype
    for one, other in zip(exact.parameters(), half.parameters(), strict=True):
        assert torch.equal(one.to(other.dtype), other), "starting values are drawn in float32"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("airbench94", {"widths": (64, 256)}, "2 stages leave maps of 7×7, and MaxPoolHead takes 3×3"),
        ("airbench96", {"widths": (64, 64, 64, 64)}, "4 stages leave maps of 1×1, and MaxPoolHead takes 3×3"),
        ("resnet18", {"widths": (64, 128, 256)}, "3 stages leave maps of 8×8, and AveragePoolHead takes 4×4"),
        ("airbench94", {"head": AveragePoolHead()}, "3 stages leave maps of 3×3, and AveragePoolHead takes 4×4"),
    ],
)
def test_stages_that_do_not_fit_the_head_are_refused(name: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        network_of(replace(PUBLISHED[name], **changes).scaled(NARROW))


def test_pooling_may_leave_out_a_border() -> None:
    network = network_of(replace(PUBLISHED["airbench94"], first_layer=ConvStem()).scaled(NARROW))
    assert outputs(network)[-2:] == [(32, 4, 4), (10,)]


def test_a_head_of_the_users_own_may_take_maps_of_any_size() -> None:
    class AnySize(MaxPoolHead):
        side = None

        def build(self, channels: int) -> nn.Module:
            return nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10, bias=False))

    network = network_of(replace(PUBLISHED["airbench94"], widths=(64, 256), head=AnySize()).scaled(NARROW))
    assert network.training
    assert outputs(network)[-2:] == [(32, 7, 7), (10,)]


@pytest.mark.parametrize("pool_first", [False, True])
def test_a_resnet9_pools_where_it_says_and_adds_at_its_first_and_last_stage(pool_first: bool) -> None:
    recipe = replace(PUBLISHED["page"], stage=ResNet9Stage(pool_first=pool_first), norm_splits=1).scaled(NARROW)
    network = network_of(recipe).train()

    def block(features: Tensor, conv: nn.Conv2d) -> Tensor:
        return F.celu(normed(F.conv2d(features, conv.weight, padding=1), torch.zeros(conv.out_channels), 1e-5), 0.3)

    features = torch.rand(4, network.first.channels, 32, 32)
    given = features
    for place, stage in enumerate(network.stages):
        first, *more = (module for module in stage.modules() if isinstance(module, nn.Conv2d))
        assert len(more) == (0 if place == 1 else 2)
        if pool_first:
            pooled = F.max_pool2d(F.conv2d(features, first.weight, padding=1), 2)
            features = F.celu(normed(pooled, torch.zeros(first.out_channels), 1e-5), 0.3)
        else:
            features = F.max_pool2d(block(features, first), 2)
        if more:
            features = features + block(block(features, more[0]), more[1])
    torch.testing.assert_close(network.stages(given), features, rtol=1e-3, atol=1e-4)
    head = network.head.linear.weight  # type: ignore[union-attr]
    expected = features.amax((2, 3)) @ head.T / 16  # type: ignore[operator]
    torch.testing.assert_close(network.head(features), expected)


def test_an_activation_is_stretched_along_both_axes() -> None:
    values = torch.linspace(-3, 3, 50)
    for activation in (Relu(), Silu(), Celu(alpha=0.075)):
        stretched = activation.stretched(4.0).build()(values)
        torch.testing.assert_close(stretched, 4 * activation.build()(values / 4), rtol=1e-4, atol=1e-6)
        assert activation.stretched(1.0) == activation
    assert Celu(alpha=0.075).stretched(4.0) == Celu(alpha=0.3)


def test_a_plain_layout_has_no_channels_last() -> None:
    recipe = PUBLISHED["page"].scaled(NARROW)
    network = build_network(recipe, torch.float16, CPU).network
    assert all(weight.is_contiguous() for weight in network.parameters())
    images = torch.rand(2, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    assert recipe.precision.arrange(images).is_contiguous()
    dtypes = {
        value.dtype
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
        for value in module.parameters()
    }
    assert dtypes == {torch.float32}
