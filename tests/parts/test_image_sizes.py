import pytest
import torch
from torch import nn

from ablate.parts import AirbenchNet, Float32Norms, Gelu, GrowingSizes, NoCompile, OneSize, Scale
from ablate.parts.network import WhitenedConvNet


def test_images_grow_in_steps_to_their_own_size() -> None:
    assert GrowingSizes().sides(9) == (24, 24, 24, 28, 28, 28, 32, 32, 32)
    assert GrowingSizes(smaller=(26,), until=(0.5,)).sides(5) == (26, 26, 32, 32, 32)
    assert OneSize().sides(3) == (32, 32, 32)


@pytest.mark.parametrize(
    ("smaller", "until", "words"),
    [
        ((28, 24), (0.3, 0.6), r"smaller=\(28, 24\): each has to be larger than the one before it"),
        ((24, 28), (0.6, 0.6), r"until=\(0.6, 0.6\): each has to be larger"),
        ((24, 28), (0.6,), r"smaller=\(24, 28\) and until=\(0.6,\) differ in length; each size ends somewhere"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(smaller: tuple[int, ...], until: tuple[float, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GrowingSizes(smaller=smaller, until=until)


def test_only_images_of_another_size_are_touched() -> None:
    images = torch.rand(2, 3, 32, 32)
    assert GrowingSizes().resized(images, 32, NoCompile()) is images
    smaller = GrowingSizes().resized(images, 24, NoCompile())
    assert smaller.shape == (2, 3, 24, 24)
    # Interpolation keeps what is linear, away from the border.
    ramp = torch.arange(32.0).expand(1, 3, 32, 32)
    step = GrowingSizes().resized(ramp, 24, NoCompile())[0, 0, 12].diff()
    torch.testing.assert_close(step, torch.full((23,), 32 / 24), rtol=1e-5, atol=1e-5)


@pytest.fixture
def network() -> WhitenedConvNet:
    torch.manual_seed(0)
    return AirbenchNet(widths=(8, 8, 8)).build(
        scale=Scale(),
        activation=Gelu(),
        norm_momentum=0.4,
        precision=Float32Norms(),
        compute_dtype=torch.float32,
        device=torch.device("cpu"),
    )


@pytest.mark.parametrize("side", [24, 28, 32])
def test_a_network_takes_every_size(network: WhitenedConvNet, side: int) -> None:
    logits = network(torch.rand(4, 3, side, side))
    assert logits.shape == (4, 10)
    assert logits.isfinite().all()


def test_the_head_sees_the_maximum_of_3_by_3_as_a_pool_of_3_takes_it(network: WhitenedConvNet) -> None:
    seen: list[torch.Tensor] = []
    network.head.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    last = network.groups[-1]
    last.register_forward_hook(lambda module, inputs, output: output.detach().round().requires_grad_())
    maps: list[torch.Tensor] = []
    last.register_forward_hook(lambda module, inputs, output: maps.append(output))
    network(torch.rand(4, 3, 32, 32)).sum().backward()
    again = maps[0].detach().clone().requires_grad_()
    pooled = nn.MaxPool2d(3)(again).flatten(1)
    torch.testing.assert_close(seen[0], pooled, rtol=0, atol=0)
    # Rounded, many pixels tie: the gradient goes to the same one of them.
    (pooled @ network.head.weight.T / network.logit_divisor).sum().backward()
    assert maps[0].grad is not None
    torch.testing.assert_close(maps[0].grad, again.grad, rtol=0, atol=0)
