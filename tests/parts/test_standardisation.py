"""Images normalised by moments of their own."""

import torch

from ablate.parts import OwnMoments, PublishedMoments
from ablate.parts.augment import normalised

IMAGES = torch.rand(50, 3, 32, 32, generator=torch.Generator().manual_seed(4)) * torch.tensor([1, 0.5, 0.2]).view(
    3, 1, 1
)


def test_own_moments_are_unbiased_and_apply_to_other_images() -> None:
    normalise = OwnMoments().fitted(IMAGES)
    result = normalise(IMAGES)
    pixels = result.transpose(0, 1).flatten(1)
    torch.testing.assert_close(pixels.mean(1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(pixels.square().sum(1) / (pixels.shape[1] - 1), torch.ones(3))
    shifted = normalise(IMAGES[:2] + 0.1)
    torch.testing.assert_close(
        shifted - result[:2], (0.1 / IMAGES.std((0, 2, 3))).view(1, 3, 1, 1).expand(2, 3, 32, 32)
    )


def test_the_order_in_memory_changes_no_bit_and_half_is_rounded_once() -> None:
    whole = OwnMoments().fitted(IMAGES)(IMAGES)
    last = IMAGES.contiguous(memory_format=torch.channels_last)
    assert torch.equal(OwnMoments().fitted(last)(last), whole)
    half = IMAGES.half()
    assert torch.equal(OwnMoments().fitted(half)(half), OwnMoments().fitted(half.float())(half.float()).half())
    double = OwnMoments().fitted(IMAGES.double())(IMAGES.double())
    assert double.dtype is torch.float64


def test_a_channel_of_one_value_becomes_zero() -> None:
    grey = IMAGES.clone()
    grey[:, 1] = 0.3
    result = OwnMoments().fitted(grey)(grey)
    assert float(result[:, 1].abs().max()) < 1e-5


def test_published_moments_are_those_of_airbench() -> None:
    assert torch.equal(PublishedMoments().fitted(IMAGES)(IMAGES), normalised(IMAGES))
