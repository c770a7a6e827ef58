"""Cutmix by a second way: pixel by pixel."""

import pytest
import torch

from ablate.parts import NoCutmix, SquareCutmix

LABELS = torch.arange(12) % 10
IMAGES = torch.rand(12, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_every_image_gets_one_square_of_another_and_its_share_of_the_label() -> None:
    images, weights = SquareCutmix(size=3, epochs=6.0).mix(IMAGES, LABELS, True, torch.Generator().manual_seed(2))
    draws = torch.Generator().manual_seed(2)
    partner = torch.randperm(12, generator=draws)
    top, left = (torch.randint(0, 6, (12,), generator=draws) for _ in range(2))
    for place, other in enumerate(partner.tolist()):
        for y in range(8):
            for x in range(8):
                inside = 0 <= y - top[place] < 3 and 0 <= x - left[place] < 3
                expected = IMAGES[other if inside else place, :, y, x]
                assert torch.equal(images[place, :, y, x], expected)
        label = torch.zeros(10)
        label[LABELS[place]] += 55 / 64
        label[LABELS[other]] += 9 / 64
        torch.testing.assert_close(weights[place], label)


def test_labels_are_weights_before_it_is_due_and_nothing_is_drawn() -> None:
    generator = torch.Generator().manual_seed(3)
    before = generator.get_state()
    images, weights = SquareCutmix(size=3, epochs=6.0).mix(IMAGES.half(), LABELS, False, generator)
    assert torch.equal(images, IMAGES.half())
    assert (weights.dtype, weights.argmax(1).tolist()) == (torch.float16, LABELS.tolist())
    same, labels = NoCutmix().mix(IMAGES, LABELS, True, generator)
    assert same is IMAGES
    assert labels is LABELS
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(
    ("epochs", "factor", "first"), [(12.1, 1.0, 7), (12.0, 1.0, 6), (12.0, 0.5, 3), (12.1, 0.5, 4), (4.0, 1.0, 0)]
)
def test_the_last_epochs_begin_with_a_whole_one(epochs: float, factor: float, first: int) -> None:
    assert SquareCutmix(size=3, epochs=6.0).begins(epochs, factor) == first
    assert NoCutmix().begins(epochs, factor) is None
