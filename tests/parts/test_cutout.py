import pytest
import torch
from torch import Tensor

from ablate.parts import NoCutout, SquareCutout
from ablate.parts.cutout import blanked


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def corners_of(cut: Tensor, size: int) -> Tensor:
    """The upper left corner of the one blank square of each image, found pixel by pixel; fails if it is not a whole square."""
    corners = []
    for image in cut:
        blank = (image == 0).all(0).nonzero()
        top, left = blank.min(0).values.tolist()
        expected = {(y, x) for y in range(top, top + size) for x in range(left, left + size)}
        assert {tuple(place) for place in blank.tolist()} == expected
        corners.append((top, left))
    return torch.tensor(corners)


@pytest.mark.parametrize("size", [1, 12, 16, 32])
def test_every_image_loses_one_square_that_lies_inside(size: int) -> None:
    images = torch.rand(60, 3, 32, 32, generator=stream(1)) + 1
    before = images.clone()
    cut = SquareCutout(size=size).cut(images, stream())
    corners = corners_of(cut, size)
    assert corners.min() >= 0
    assert corners.max() <= 32 - size
    assert torch.equal(cut[cut != 0], images[cut != 0])
    assert torch.equal(images, before), "what was handed in is left alone"


def test_corners_are_uniform_and_independent() -> None:
    images = torch.ones(4000, 1, 32, 32)
    cut = SquareCutout(size=28).cut(images, stream(3))
    rows, columns = (cut[:, 0] == 0).any(2).int().argmax(1), (cut[:, 0] == 0).any(1).int().argmax(1)
    counts = torch.bincount(rows * 5 + columns, minlength=25)
    # A count of 160 has a standard deviation of 12.
    assert counts.shape == (25,)
    assert counts.min() > 100
    assert counts.max() < 220


def test_rows_are_drawn_before_columns() -> None:
    images = torch.ones(9, 3, 32, 32)
    generator = stream(5)
    top = torch.randint(0, 21, (9,), generator=generator)
    left = torch.randint(0, 21, (9,), generator=generator)
    assert torch.equal(corners_of(SquareCutout(size=12).cut(images, stream(5)), 12), torch.stack([top, left], 1))


def test_a_square_is_where_it_is_said_to_be() -> None:
    images = torch.ones(2, 3, 4, 5)
    expected = images.clone()
    expected[0, :, 0:2, 3:5] = 0
    expected[1, :, 2:4, 1:3] = 0
    assert torch.equal(blanked(images, torch.tensor([0, 2]), torch.tensor([3, 1]), 2), expected)


def test_squares_are_zero_in_the_images_dtype() -> None:
    cut = SquareCutout(size=12).cut(torch.ones(3, 3, 32, 32, dtype=torch.float16), stream())
    assert cut.dtype == torch.float16
    assert (cut == 0).sum() == 3 * 3 * 144


def test_a_recipe_may_leave_images_whole() -> None:
    images = torch.rand(3, 3, 32, 32)
    assert NoCutout().cut(images, stream()) is images
