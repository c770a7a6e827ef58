from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from ablate.parts import AirbenchNet, ComputeDtypeNorms, PooledConv, Scale, Silu, SurvivingMaps, WholeMaps
from ablate.parts.network import WhitenedConvNet


def convolution(dtype: torch.dtype = torch.float32) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(4, 6, 3, padding="same", bias=False).to(dtype)


@pytest.mark.parametrize(("height", "width"), [(31, 31), (15, 15), (7, 7), (7, 10), (10, 7), (12, 12)])
def test_a_pool_of_two_sees_no_difference(height: int, width: int) -> None:
    conv, features = convolution(), torch.rand(3, 4, height, width)
    whole, surviving = (part.convolve(conv, features) for part in (WholeMaps(), SurvivingMaps(least_saved=0)))
    assert surviving.shape == (3, 6, height - height % 2, width - width % 2)
    pool = nn.MaxPool2d(2)
    torch.testing.assert_close(pool(surviving), pool(whole), rtol=1e-6, atol=1e-6)


def network(pooled_conv: PooledConv, dtype: torch.dtype) -> WhitenedConvNet:
    torch.manual_seed(1)
    built = AirbenchNet(widths=(8, 16, 16)).build(
        scale=Scale(),
        activation=Silu(),
        norm_momentum=0.4,
        precision=ComputeDtypeNorms(),
        compute_dtype=dtype,
        device=torch.device("cpu"),
    )
    built.pool_with(pooled_conv)
    return built


def trained_on(net: WhitenedConvNet, images: Tensor) -> dict[str, Tensor]:
    """Logits, gradients and running statistics of a step."""
    logits = net(images)
    (logits * torch.linspace(-1, 1, 10, dtype=logits.dtype)).sum().backward()
    found = {"logits": logits.detach()}
    found |= {name: value.grad for name, value in net.named_parameters() if value.grad is not None}
    return found | {name: value for name, value in net.named_buffers() if "running" in name}


def test_a_network_learns_the_same_without_what_its_pools_drop() -> None:
    images = torch.rand(16, 3, 32, 32)
    plain = network(WholeMaps(), torch.float32)
    lean = deepcopy(plain)
    lean.pool_with(SurvivingMaps(least_saved=0))
    whole, surviving = trained_on(plain, images), trained_on(lean, images)
    assert whole.keys() == surviving.keys()
    assert len(whole) == 1 + 14 + 12
    for name, value in whole.items():
        scale = value.abs().max().item()
        torch.testing.assert_close(surviving[name], value, rtol=1e-4, atol=1e-5 * scale, msg=name)


def test_in_half_precision_the_two_differ_by_its_rounding() -> None:
    images = torch.rand(16, 3, 32, 32, dtype=torch.bfloat16)
    whole, surviving = (
        network(part, torch.bfloat16)(images).float() for part in (WholeMaps(), SurvivingMaps(least_saved=0))
    )
    # Seven convolutions, each rounded to 8 bits.
    assert (surviving - whole).abs().max() <= 7 * 2**-8 * whole.abs().max()


def test_only_what_is_worth_a_copy_is_left_out() -> None:
    conv = nn.Conv2d(64, 256, 3, padding="same", bias=False)
    assert SurvivingMaps().convolve(conv, torch.rand(1, 64, 15, 15)).shape[2:] == (14, 14)
    few = nn.Conv2d(24, 64, 3, padding="same", bias=False)
    assert SurvivingMaps().convolve(few, torch.rand(1, 24, 31, 31)).shape[2:] == (31, 31)
