import re

import pytest
import torch
from torch import Tensor, nn

from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.parts import AirbenchNet, Float32Norms, Gelu, GrowingSizes, ImageSizes, NoCompile, OneSize, Scale
from ablate.parts.network import WhitenedConvNet, reset_network
from ablate.recipes.feature import Feature


@pytest.fixture(scope="module")
def network() -> WhitenedConvNet:
    built = AirbenchNet().build(
        scale=Scale(width=0.125),
        activation=Gelu(),
        norm_momentum=0.4,
        precision=Float32Norms(),
        compute_dtype=torch.float32,
        device=torch.device("cpu"),
    )
    reset_network(built, torch.Generator().manual_seed(0))
    with torch.no_grad():
        built.whiten.weight.copy_(
            torch.randn(built.whiten.weight.shape, generator=torch.Generator().manual_seed(1)) / 4
        )
    return built.train()


@pytest.mark.parametrize(
    ("part", "num_steps", "expected"),
    [
        (OneSize(), 3, [32, 32, 32]),
        (GrowingSizes(), 10, [24] * 3 + [28] * 4 + [32] * 3),
        (GrowingSizes(), 200, [24] * 67 + [28] * 66 + [32] * 67),
        (GrowingSizes(), 243, [24] * 81 + [28] * 81 + [32] * 81),
        (GrowingSizes(smaller=(25,), until=(0.5,)), 4, [25, 25, 32, 32]),
        (GrowingSizes(smaller=(31,), until=(1.0,)), 3, [31, 31, 31]),
        # Each share is rounded to whole steps, and a run of one step has room for one size only.
        (GrowingSizes(), 1, [28]),
    ],
)
def test_every_step_has_the_size_of_its_share(part: ImageSizes, num_steps: int, expected: list[int]) -> None:
    assert list(part.sides(num_steps)) == expected


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"smaller": (28, 24)}, "smaller=(28, 24): each has to be larger than the one before it"),
        ({"smaller": (28, 28)}, "smaller=(28, 28): each has to be larger than the one before it"),
        ({"until": (0.5, 0.5)}, "until=(0.5, 0.5): each has to be larger than the one before it"),
        ({"smaller": (24,)}, "smaller=(24,) and until=(0.3333333333333333, 0.6666666666666666) differ in length; each"),
    ],
)
def test_sizes_that_are_no_rise_are_refused(parameters: dict[str, tuple[float, ...]], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        GrowingSizes(**parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"smaller": (23, 28)}, "'smaller' is (23, 28): it takes at least 24 and at most 31 for each of its numbers"),
        ({"smaller": (24, 32)}, "'smaller' is (24, 32): it takes at least 24 and at most 31 for each of its numbers"),
        ({"until": (0.0, 0.5)}, "'until' is (0.0, 0.5): it takes more than 0 and at most 1 for each of its numbers"),
        ({"until": (0.5, 1.5)}, "'until' is (0.5, 1.5): it takes more than 0 and at most 1 for each of its numbers"),
        ({"smaller": (), "until": ()}, "'smaller' is (): it takes at least 24 and at most 31 for each of its numbers"),
    ],
)
def test_sizes_and_shares_out_of_bounds_are_refused(parameters: dict[str, tuple[float, ...]], said: str) -> None:
    part = GrowingSizes(**parameters)  # type: ignore[arg-type]
    feature = Feature(
        name="own", group="beyond", summary="Own.", patch={"image_sizes": part}, source="here", optional=True
    )
    with pytest.raises(UsageError, match=re.escape(said)):
        load_registry().extended([feature])


@pytest.mark.parametrize("part", [OneSize(), GrowingSizes()])
def test_images_of_their_own_size_are_left_as_they_are(part: ImageSizes) -> None:
    images = torch.rand(2, 3, 32, 32)
    assert part.resized(images, 32, NoCompile()) is images


def test_smaller_images_are_interpolated_between_pixel_centres() -> None:
    images = torch.rand(2, 3, 32, 32)
    # Half as many pixels lie in the middle of four.
    torch.testing.assert_close(GrowingSizes().resized(images, 16, NoCompile()), nn.functional.avg_pool2d(images, 2))
    ramp = torch.arange(32.0).expand(1, 3, 32, 32)
    centres = (torch.arange(24) + 0.5) * 32 / 24 - 0.5
    torch.testing.assert_close(GrowingSizes().resized(ramp, 24, NoCompile()), centres.expand(1, 3, 24, 24))
    torch.testing.assert_close(GrowingSizes().resized(ramp.mT, 24, NoCompile()), centres.expand(1, 3, 24, 24).mT)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_resized_images_keep_dtype_and_layout(dtype: torch.dtype) -> None:
    images = torch.rand(2, 3, 32, 32).to(dtype).contiguous(memory_format=torch.channels_last)
    small = GrowingSizes().resized(images, 28, NoCompile())
    assert (small.shape, small.dtype) == ((2, 3, 28, 28), dtype)
    assert small.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(
        small.float(), GrowingSizes().resized(images.float(), 28, NoCompile()), atol=0.01, rtol=0
    )


@pytest.mark.parametrize("side", [24, 28, 32])
def test_a_network_predicts_and_learns_from_every_size(network: WhitenedConvNet, side: int) -> None:
    network.zero_grad(set_to_none=True)
    logits: Tensor = network(torch.rand(8, 3, side, side, generator=torch.Generator().manual_seed(side)))
    assert logits.shape == (8, 10)
    assert logits.isfinite().all()
    logits.square().sum().backward()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in trained)
    assert all(weight.grad is not None and weight.grad.count_nonzero() > 0 for weight in network.filters())


def test_maps_of_three_pixels_are_pooled_as_by_a_pool_of_three_ties_included(network: WhitenedConvNet) -> None:
    generator = torch.Generator().manual_seed(4)
    tied = torch.randint(0, 3, (8, len(network.head.weight[0]), 3, 3), generator=generator).float()
    gradients, weights = [], torch.randn(8, 10, generator=generator)
    for layout in (torch.contiguous_format, torch.channels_last):
        for by_network in (True, False):
            features = tied.clone(memory_format=layout).requires_grad_()
            if by_network:
                hook = network.groups[2].register_forward_hook(lambda *_, features=features: features)
                logits = network(torch.rand(8, 3, 32, 32))
                hook.remove()
            else:
                logits = network.head(nn.MaxPool2d(3)(features).flatten(1)) / network.logit_divisor
            (logits * weights).sum().backward()
            assert features.grad is not None
            gradients.append((logits.detach(), features.grad))
    for one, other in zip(gradients[::2], gradients[1::2], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    # One of each map's equal largest values has all of the gradient.
    assert gradients[0][1].count_nonzero(dim=(2, 3)).unique().tolist() == [1]
