"""The SGD family's batches: what happens to the images, in which order, and that none is lost where none is to be."""

from dataclasses import dataclass, replace
from itertools import islice, pairwise

import pytest
import torch
from torch import Tensor

from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.parts import (
    AcrossEpochs,
    AlternatingFlip,
    LoopedCrop,
    NoFlip,
    Order,
    RandomFlip,
    Reshuffled,
    SquareCutmix,
    SquareCutout,
    TwoStageCrop,
    WithReplacement,
)
from ablate.parts.augment import normalised
from ablate.recipes.sgd import SgdRecipe
from ablate.training.batches import Batch, TrainingSet, batches
from ablate.training.session import Streams
from tests.tiny_sgd import CPU, tiny

DRAWING = ("flip", "crop", "cutout", "cutmix", "order")


def numbered(number: int) -> TrainingSet:
    """Random images whose labels are their places."""
    return TrainingSet(torch.rand(number, 3, 32, 32, generator=torch.Generator().manual_seed(3)), torch.arange(number))


def recipe_with(**changes: object) -> SgdRecipe:
    return tiny(replace(AIRBENCH94_PLAIN, **changes), batch_size=4)


def first(count: int, recipe: SgdRecipe, data: TrainingSet, seed: int = 0) -> list[Batch]:
    return list(islice(batches(recipe, recipe.plan(len(data.labels)), data, Streams(seed, CPU)), count))


@pytest.mark.parametrize("number", [4, 5, 10, 11])
def test_across_epochs_every_batch_is_full_and_every_epoch_whole(number: int) -> None:
    dealt = first(3 * number, recipe_with(order=AcrossEpochs()), numbered(number))
    assert {len(batch.labels) for batch in dealt} == {len(batch.images) for batch in dealt} == {4}
    labels = torch.cat([batch.labels for batch in dealt]).tolist()
    epochs = [labels[start : start + number] for start in range(0, len(labels), number)]
    assert len(epochs) == 12
    for epoch in epochs:
        assert sorted(epoch) == list(range(number))
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_reshuffled_epochs_have_as_many_batches_as_are_full() -> None:
    dealt = first(6, recipe_with(order=Reshuffled()), numbered(11))
    for epoch in (dealt[:2], dealt[2:4], dealt[4:]):
        labels = torch.cat([batch.labels for batch in epoch]).tolist()
        assert len(labels) == len(set(labels)) == 8


def changed_by_hand(recipe: SgdRecipe, data: TrainingSet, num_epochs: int, seed: int = 0) -> list[Tensor]:
    """Each epoch's whole set, image by image: cropped, then mirrored, then cut out, from the slots' own streams."""
    streams, number = Streams(seed, CPU), len(data.labels)
    images = normalised(data.images)
    mirrored_once = torch.rand(number, generator=streams["flip"]) < 0.5
    images = torch.stack([image.flip(2) if once else image for image, once in zip(images, mirrored_once, strict=True)])
    reach = recipe.crop.reach
    padded = torch.nn.functional.pad(images, (reach,) * 4, "reflect")
    epochs = []
    for epoch in range(num_epochs):
        offsets = torch.randint(0, 2 * reach + 1, (number, 2), generator=streams["crop"])
        top = torch.randint(0, 21, (number,), generator=streams["cutout"])
        left = torch.randint(0, 21, (number,), generator=streams["cutout"])
        made = []
        for image, (y, x), row, column in zip(padded, offsets.tolist(), top.tolist(), left.tolist(), strict=True):
            window = image[:, y : y + 32, x : x + 32].clone()
            window = window.flip(2) if epoch % 2 else window
            window[:, row : row + 12, column : column + 12] = 0
            made.append(window)
        epochs.append(torch.stack(made))
    return epochs


@pytest.mark.parametrize("order", [Reshuffled(), AcrossEpochs()], ids=str)
def test_images_are_cropped_then_mirrored_then_cut_out_anew_each_epoch(order: Order) -> None:
    data = numbered(10)
    recipe = recipe_with(order=order, crop=TwoStageCrop(reach=4), flip=AlternatingFlip(), cutout=SquareCutout(size=12))
    epochs = changed_by_hand(recipe, data, 4)
    per_epoch = 10 if order == AcrossEpochs() else 8
    dealt = first(4 * per_epoch // 4, recipe, data)
    images, labels = torch.cat([batch.images for batch in dealt]), torch.cat([batch.labels for batch in dealt])
    assert len(labels) == 4 * per_epoch
    for place, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        assert torch.equal(image, epochs[place // per_epoch][label]), f"image {label} in epoch {place // per_epoch}"


@pytest.mark.parametrize(
    ("slot", "part"),
    [
        ("flip", NoFlip()),
        ("flip", AlternatingFlip()),
        ("crop", TwoStageCrop(reach=4)),
        ("cutout", SquareCutout(size=12)),
        ("cutmix", SquareCutmix(size=3, epochs=100.0)),
        ("order", AcrossEpochs()),
        ("order", WithReplacement()),
    ],
    ids=str,
)
def test_toggling_one_slot_leaves_the_draws_of_the_others_alone(slot: str, part: object) -> None:
    data = replace(numbered(12), labels=torch.arange(12) % 10)
    plain = recipe_with(flip=RandomFlip(), crop=LoopedCrop(), order=Reshuffled())
    ends = []
    for recipe in (plain, replace(plain, **{slot: part})):
        streams = Streams(5, CPU)
        assert len(list(islice(batches(recipe, recipe.plan(12), data, streams), 9))) == 9
        ends.append({name: streams[name].get_state().tolist() for name in DRAWING})
    untouched = set(DRAWING) - {slot}
    assert {name for name in untouched if ends[0][name] != ends[1][name]} == set()
    assert all(ends[0][name] != Streams(5, CPU)[name].get_state().tolist() for name in ("flip", "crop", "order"))


def test_cutout_changes_its_squares_alone() -> None:
    data = numbered(12)
    whole = first(6, recipe_with(flip=RandomFlip()), data)
    cut = first(6, recipe_with(flip=RandomFlip(), cutout=SquareCutout(size=12)), data)
    for before, after in zip(whole, cut, strict=True):
        assert torch.equal(before.labels, after.labels)
        blank = (after.images == 0).all(1, keepdim=True).expand_as(after.images)
        assert (blank.sum((1, 2, 3)) == 3 * 144).all()
        assert torch.equal(after.images[~blank], before.images[~blank])


def test_streams_that_begin_anew_give_the_same_batches_again() -> None:
    data, recipe = numbered(10), recipe_with(order=AcrossEpochs(), cutout=SquareCutout(size=12))
    streams = Streams(1, CPU)
    plan = recipe.plan(10)
    once = list(islice(batches(recipe, plan, data, streams), 7))
    again = list(islice(batches(recipe, plan, data, streams.anew()), 7))
    for one, other in zip(once, again, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)
    within = list(islice(batches(recipe, plan, data, streams.within("proxy")), 7))
    assert any(not torch.equal(one.labels, other.labels) for one, other in zip(once, within, strict=True))


def test_batches_have_the_same_strides_whether_or_not_they_began_in_another_epoch() -> None:
    for crop in (LoopedCrop(), TwoStageCrop()):
        recipe = recipe_with(order=AcrossEpochs(), crop=crop, flip=AlternatingFlip())
        data = numbered(11)
        data = TrainingSet(data.images.contiguous(memory_format=torch.channels_last), data.labels)
        strides = [batch.images.stride() for batch in first(12, recipe, data)]
        assert all(one == other for one, other in pairwise(strides))


@dataclass(frozen=True, kw_only=True)
class Dealing(Order):
    """Runs of given lengths."""

    lengths: tuple[int, ...]

    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        return tuple(torch.arange(length) for length in self.lengths)


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ((), "the order dealt no images"),
        ((0, 0), "the order dealt no images"),
        ((8,), "the order dealt 8 images where a batch took 4 more"),
        ((4, 3, 2), "the order dealt 2 images where a batch took 1 more"),
    ],
)
@pytest.mark.timeout(30)
def test_an_order_that_never_fills_a_batch_is_refused_and_not_waited_for(lengths: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        first(9, recipe_with(order=Dealing(lengths=lengths)), numbered(8))


def test_an_order_may_deal_batches_in_pieces() -> None:
    for lengths, labels in (((1, 1, 2), [0, 0, 0, 1]), ((2,), [0, 1, 0, 1]), ((1,), [0, 0, 0, 0])):
        dealt = first(3, recipe_with(order=Dealing(lengths=lengths)), numbered(8))
        assert [batch.labels.tolist() for batch in dealt] == [labels] * 3
