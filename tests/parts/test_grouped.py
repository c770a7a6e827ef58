"""Augmentation by groups: how many images share a choice, and that batches share theirs."""

from dataclasses import replace
from itertools import islice

import pytest
import torch
from torch import Tensor

from ablate.lineages.fastcifar10.baseline import GERMER
from ablate.parts import (
    BatchCrop,
    GroupedCrop,
    GroupedCutout,
    GroupedFlip,
    HalfEpochFlip,
    NoCompile,
    NoCutout,
    NoFlip,
    SquareCutout,
)
from ablate.parts.augment import normalised
from ablate.parts.grouped import choices_of_groups
from ablate.training.batches import Batch, TrainingSet, batches
from ablate.training.session import Streams
from tests.tiny_sgd import CPU, tiny


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("num_images", "num_choices", "lengths"),
    [
        (20, 9, [3, 3, 2, 2, 2, 2, 2, 2, 2]),
        (3, 9, [1, 1, 1]),
        (5, 2, [3, 2]),
        (1000, 784, [5] * 200),
        (50_000, 81, [618] * 23 + [617] * 58),
    ],
)
def test_groups_are_nearly_equal_and_no_two_make_the_same_choice(
    num_images: int, num_choices: int, lengths: list[int]
) -> None:
    choices, counts = choices_of_groups(num_images, num_choices, generator()).unique(return_counts=True)
    assert counts.sort(descending=True).values.tolist() == lengths
    assert 0 <= choices.min() <= choices.max() < num_choices


def test_which_images_are_in_a_group_changes_with_every_epoch() -> None:
    stream = generator()
    first, second = (choices_of_groups(40, 4, stream) for _ in range(2))
    assert not torch.equal(first, second)
    assert not torch.equal(first, first.sort().values), "groups are not cut in storage order"


def test_a_grouped_crop_uses_every_shift_about_equally_often() -> None:
    offsets = GroupedCrop(reach=1).draw(18, generator())
    assert sorted(offsets.tolist()) == sorted([[y, x] for y in range(3) for x in range(3)] * 2)


@pytest.mark.parametrize("num_images", [10, 11])
def test_a_grouped_flip_mirrors_exactly_half(num_images: int) -> None:
    images = torch.rand(num_images, 3, 8, 8, generator=generator(1))
    counts = set()
    for seed in range(10):
        flipped = GroupedFlip().each_epoch(images, 0, generator(seed))
        mirrored = [torch.equal(image, before.flip(-1)) for image, before in zip(flipped, images, strict=True)]
        kept = [torch.equal(image, before) for image, before in zip(flipped, images, strict=True)]
        assert [not each for each in mirrored] == kept
        counts.add(sum(mirrored))
    assert counts == {num_images // 2, (num_images + 1) // 2}


def test_a_grouped_cutout_blanks_one_square_inside_every_image_at_no_more_than_200_places() -> None:
    cut = GroupedCutout(size=5).cut(torch.ones(600, 3, 32, 32), generator())
    assert (cut == 0).sum((1, 2, 3)).eq(3 * 25).all()
    places = {tuple(image[0].eq(0).nonzero()[0].tolist()) for image in cut}
    assert len(places) == 200
    assert max(max(place) for place in places) <= 27


def test_a_cutout_is_trimmed_to_a_smaller_square_or_none() -> None:
    assert GroupedCutout(size=8).trimmed(3) == GroupedCutout(size=5)
    assert SquareCutout(size=8).trimmed(7) == SquareCutout(size=1)
    assert SquareCutout(size=8).trimmed(0) == SquareCutout(size=8)
    assert GroupedCutout(size=8).trimmed(8) == SquareCutout(size=8).trimmed(9) == NoCutout().trimmed(3) == NoCutout()


def places(number: int) -> TrainingSet:
    """Images whose pixels are all different, so that a window tells its corner, and whose labels are their places."""
    pixel = torch.arange(32 * 32).view(1, 1, 32, 32) / (32 * 32)
    return TrainingSet(pixel.expand(number, 3, -1, -1).clone(), torch.arange(number))


def first_epoch(data: TrainingSet, **changes: object) -> list[Batch]:
    recipe = replace(tiny(GERMER, 4), **changes)
    plan = recipe.plan(len(data.labels))
    return list(islice(batches(recipe, plan, data, Streams(0, CPU)), plan.steps_per_epoch))


def corners(batch: Batch, data: TrainingSet, crop: BatchCrop | GroupedCrop) -> set[tuple[int, int]]:
    padded = crop.pad(normalised(data.images[:1]))
    side = 2 * crop.reach + 1
    windows = {(y, x): padded[0, :, y : y + 32, x : x + 32] for y in range(side) for x in range(side)}
    return {corner for image in batch.images for corner, window in windows.items() if torch.equal(image, window)}


def test_the_images_of_a_batch_share_a_shift_that_is_never_the_last() -> None:
    data, crop = places(100), BatchCrop(reach=1)
    found = [corners(batch, data, crop) for batch in first_epoch(data, crop=crop, flip=NoFlip())]
    assert [len(each) for each in found] == [1] * 25
    assert set().union(*found) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    grouped = GroupedCrop(reach=1)
    mixed = [corners(batch, data, grouped) for batch in first_epoch(data, crop=grouped, flip=NoFlip())]
    assert max(len(each) for each in mixed) > 1


def test_the_first_half_of_an_epoch_is_mirrored_and_the_second_is_not() -> None:
    data = places(22)
    still = GroupedCrop(reach=0)

    def mirrored(batch: Batch) -> list[bool]:
        plain = normalised(data.images[:1])[0]
        return [torch.equal(image, plain.flip(-1)) for image in batch.images]

    dealt = first_epoch(data, crop=still, flip=HalfEpochFlip())
    assert [each for batch in dealt for each in mirrored(batch)] == [True] * 11 + [False] * 9
    assert torch.cat([batch.labels for batch in dealt]).tolist() != list(range(20))


def test_images_that_lie_in_their_order_are_mirrored_in_it() -> None:
    images = torch.rand(5, 3, 4, 4, generator=generator())
    flipped = HalfEpochFlip().each_epoch(images, 0, generator())
    assert torch.equal(flipped, torch.cat([images[:2].flip(-1), images[2:]]))
    assert torch.equal(HalfEpochFlip().once(images, generator(), NoCompile()), images)


def test_an_image_that_is_not_dealt_keeps_to_the_corner() -> None:
    def dealt() -> tuple[Tensor, ...]:
        return torch.tensor([3, 1]), torch.tensor([0, 3])

    first, second = BatchCrop(reach=2).draw(2, generator()).tolist()
    assert first != second
    offsets = BatchCrop(reach=2).draw_dealt(5, dealt, generator()).tolist()
    assert offsets == [second, first, [0, 0], second, [0, 0]]
