from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.parts import AirbenchNet, ComputeDtypeNorms, Gelu, PooledConv, Scale, SurvivingMaps, WholeMaps
from ablate.parts.network import WhitenedConvNet, reset_network
from ablate.parts.pooled_conv import padded

BOTH: tuple[PooledConv, PooledConv] = (WholeMaps(), SurvivingMaps(least_saved=0))
# Wider than what comes before, so that every map is mixed of others and takes part in the gradient.
NARROW = replace(AirbenchNet(), widths=(32, 40, 48))

# A pixel's sum is the same numbers; kernels for another size may add them in another order. Of bfloat16's 8 bits the last is rounded
# once for every layer, and batch norm divides by a deviation of a few such values.
RELATIVE = {torch.float32: 1e-5, torch.bfloat16: 0.03}


def relative_error(one: Tensor, other: Tensor) -> float:
    """By the largest value: a gradient is a sum whose small values are differences of large ones."""
    assert one.shape == other.shape
    return ((one - other).abs().max() / other.abs().max()).item()


def pooled(part: PooledConv, side: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """The pooled maps of a convolution and the gradients of a loss that weighs each of them differently."""
    generator = torch.Generator().manual_seed(side)
    conv = nn.Conv2d(8, 16, 3, padding="same", bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.randn(conv.weight.shape, generator=generator))
    conv = conv.to(dtype).to(memory_format=torch.channels_last)
    features = (
        torch.randn(4, 8, side, side, generator=generator).to(dtype).contiguous(memory_format=torch.channels_last)
    )
    maps = F.max_pool2d(part.convolve(conv, features.requires_grad_()), 2)
    (maps * torch.randn(maps.shape, generator=generator).to(dtype)).sum().backward()
    assert conv.weight.grad is not None
    assert features.grad is not None
    return {"maps": maps.detach(), "weight": conv.weight.grad, "features": features.grad}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("side", [31, 15, 7])
def test_what_a_pool_keeps_of_odd_maps_is_what_it_keeps_of_whole_ones(side: int, dtype: torch.dtype) -> None:
    whole, surviving = (pooled(part, side, dtype) for part in BOTH)
    for name, value in whole.items():
        assert relative_error(surviving[name], value) < RELATIVE[dtype], name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("side", [14, 6])
def test_even_maps_are_whole_to_the_bit(side: int, dtype: torch.dtype) -> None:
    whole, surviving = (pooled(part, side, dtype) for part in BOTH)
    assert all(torch.equal(surviving[name], value) for name, value in whole.items())


@pytest.mark.parametrize(("height", "width"), [(31, 31), (7, 6), (6, 7), (8, 8)])
def test_maps_have_the_rows_and_columns_that_a_pool_reads(height: int, width: int) -> None:
    conv, features = nn.Conv2d(3, 4, 3, padding="same", bias=False), torch.randn(2, 3, height, width)
    whole, surviving = (part.convolve(conv, features) for part in BOTH)
    assert surviving.shape == (2, 4, height // 2 * 2, width // 2 * 2)
    torch.testing.assert_close(surviving, whole[:, :, : height // 2 * 2, : width // 2 * 2])


def trained(part: PooledConv, side: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """A training step of a whole network: logits, gradients of all that is trained, and running statistics."""
    network: WhitenedConvNet = NARROW.build(
        scale=Scale(),
        activation=Gelu(),
        norm_momentum=0.4,
        precision=ComputeDtypeNorms(),
        compute_dtype=dtype,
        device=torch.device("cpu"),
    )
    network.pool_with(part)
    reset_network(network, torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        network.whiten.weight.copy_(torch.randn(network.whiten.weight.shape, generator=generator))
    logits = network.train()(torch.randn(32, 3, side, side, generator=generator).to(dtype))
    (logits * torch.randn(logits.shape, generator=generator).to(dtype)).sum().backward()
    gradients = {name: value.grad for name, value in network.named_parameters() if value.requires_grad}
    assert all(gradient is not None for gradient in gradients.values())
    statistics = {name: value for name, value in network.named_buffers() if name.endswith(("mean", "var"))}
    assert len(statistics) == 12
    return {"logits": logits.detach(), **gradients, **statistics}


@pytest.mark.parametrize(("side", "dtype"), [(32, torch.float32), (24, torch.float32), (32, torch.bfloat16)])
def test_a_network_learns_from_surviving_maps_what_it_learns_from_whole_ones(side: int, dtype: torch.dtype) -> None:
    whole, surviving = (trained(part, side, dtype) for part in BOTH)
    for name, value in whole.items():
        assert relative_error(surviving[name], value) < RELATIVE[dtype], name


def test_only_what_is_worth_a_copy_is_left_out() -> None:
    # Of the first group's 31 pixels too little, at one multiplication for each filter and pixel of a kernel; of 15 and 7 enough.
    for in_channels, out_channels, side, kept in ((24, 64, 31, 31), (64, 256, 15, 14), (256, 256, 7, 6)):
        conv, features = (
            nn.Conv2d(in_channels, out_channels, 3, padding="same", bias=False),
            torch.rand(1, in_channels, side, side),
        )
        assert SurvivingMaps().convolve(conv, features).shape[2:] == (kept, kept)
        assert SurvivingMaps(least_saved=1e9).convolve(conv, features).shape[2:] == (side, side)


@pytest.mark.parametrize(("height", "width"), [(7, 7), (7, 6), (6, 7), (6, 6)])
def test_padding_is_zeros_on_the_sides_that_a_pool_reads(height: int, width: int) -> None:
    features = torch.randn(2, 3, height, width, dtype=torch.float64, requires_grad=True)
    even = padded(features, height % 2, width % 2)
    assert torch.equal(even, F.pad(features, (1, 1 - width % 2, 1, 1 - height % 2)))
    assert even.is_contiguous(memory_format=torch.channels_last)
    assert torch.autograd.gradcheck(lambda maps: padded(maps, height % 2, width % 2), features)
    # What the compiler is told of it: its shape and layout, and that it has a gradient.
    tests = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(padded, (features, height % 2, width % 2), test_utils=tests)
