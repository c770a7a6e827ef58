"""The SGD family's batches: the whole set augmented once an epoch, and dealt out."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count, islice, pairwise
from typing import Protocol

import torch
from torch import Tensor

from ablate.parts import Compiler, Crop, Cutout, Flip
from ablate.parts.augment import Dealt, normalised
from ablate.parts.standardisation import Normalise
from ablate.recipes.sgd import SgdPlan, SgdRecipe
from ablate.training.outcome import Label
from ablate.training.session import Streams


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Training images (N, 3, H, W) in [0, 1], not normalised, labels (N,), and what normalises them."""

    images: Tensor
    labels: Tensor
    normalise: Normalise = normalised


@dataclass(frozen=True, slots=True)
class Batch:
    """Augmented images (B, 3, H, W) and labels, (B,) int64 or (B, 10) weights."""

    images: Tensor
    labels: Tensor
    epoch: int = 0
    """Whose images came last, from 0."""


class Augmentation(Protocol):
    """The slots that change images, of a recipe or of whatever else has them."""

    @property
    def crop(self) -> Crop:
        """How shifted images are cut out."""

    @property
    def flip(self) -> Flip:
        """Which images are mirrored."""

    @property
    def cutout(self) -> Cutout:
        """What is blanked."""

    @property
    def compiler(self) -> Compiler:
        """Which of the parts' functions are compiled."""


@torch.no_grad()
def prepared(augmentation: Augmentation, normalised_NCHW: Tensor, streams: Streams) -> Tensor:
    """Normalised images as they wait for every epoch: mirrored once and padded."""
    mirrored = augmentation.flip.once(normalised_NCHW, streams["flip"], augmentation.compiler)
    return augmentation.crop.pad(mirrored)


@torch.no_grad()
def augmented(
    augmentation: Augmentation, padded_NCHW: Tensor, epoch: int, streams: Streams, dealt: Dealt = tuple
) -> Tensor:
    """The images of an epoch (from 0), (N, 3, H, W), of those that wait; `dealt` for parts that change each batch as a whole."""
    offsets = augmentation.crop.draw_dealt(len(padded_NCHW), dealt, streams["crop"])
    images = augmentation.crop.crop(padded_NCHW, offsets, augmentation.compiler)
    images = augmentation.flip.each_dealt(images, epoch, dealt, streams["flip"])
    return augmentation.cutout.cut(images, streams["cutout"])


Deal = Callable[[SgdRecipe, SgdPlan, TrainingSet, Streams], Generator[Batch, None, None]]
"""Gives the batches of a training without end; see `batches`."""


def batches(
    recipe: SgdRecipe, plan: SgdPlan, training_set: TrainingSet, streams: Streams
) -> Generator[Batch, None, None]:
    """Batches without end, each epoch's images augmented when its first batch is asked for.

    What an order leaves over waits for the next epoch's first images.

    Raises:
        ValueError: an order deals no images, or more than a batch takes.
    """
    augmentation = replace(recipe, cutout=recipe.cutout.trimmed(recipe.cutout_trim))
    padded = prepared(augmentation, training_set.normalise(training_set.images), streams)
    waiting: list[Batch] = []
    for epoch in count():
        pending = sum(len(run.labels) for run in waiting)
        counts = (len(padded), plan.batch_size, plan.steps_per_epoch, pending)
        # Dealt once, by whoever asks first.
        dealt = cache(partial(recipe.order.deal, *counts, streams["order"]))
        augmented_images = augmented(augmentation, padded, epoch, streams, dealt)
        epoch_images, epoch_labels = recipe.cutmix.mix(
            augmented_images, training_set.labels, plan.is_mixed(epoch), streams["cutmix"]
        )
        del augmented_images
        runs = dealt()[: plan.batches_an_epoch]
        _check_lengths([len(chosen) for chosen in runs], pending, plan.batch_size)
        for chosen in runs:
            waiting.append(Batch(epoch_images[chosen], epoch_labels[chosen], epoch))
            pending += len(chosen)
            if pending == plan.batch_size:
                yield _joined(waiting)
                waiting, pending = [], 0
        # The next epoch's images take as much memory again.
        del epoch_images, epoch_labels


def _check_lengths(lengths: list[int], pending: int, batch_size: int) -> None:
    """Refuse what would never fill a batch exactly: whoever waits for it would wait forever."""
    if not any(lengths):
        raise ValueError("the order dealt no images")
    for length in lengths:
        if length > batch_size - pending:
            raise ValueError(f"the order dealt {length} images where a batch took {batch_size - pending} more")
        pending = (pending + length) % batch_size


def _joined(runs: list[Batch]) -> Batch:
    if len(runs) == 1:
        return runs[0]
    return Batch(torch.cat([run.images for run in runs]), torch.cat([run.labels for run in runs]), runs[-1].epoch)


NO_EPOCH = -1
"""Before the first batch."""

FIRST_BATCH, BATCH = "first batch", "batch"


def dealing_label(plan: SgdPlan, epoch: int, before: int) -> Label:
    """What dealing a batch was: the first of all, with the images prepared; the first of an `epoch`, augmented; or any other."""
    return FIRST_BATCH if before == NO_EPOCH else plan.kind_of_augmentation(epoch) if epoch != before else BATCH


def dealing_counts(recipe: SgdRecipe, plan: SgdPlan, num_images: int) -> Mapping[Label, int]:
    """How many batches of each label the steps of a run take, as its order deals `num_images` images."""
    epochs = [NO_EPOCH, *islice(_epochs_of_batches(recipe, plan, num_images), plan.num_steps)]
    return Counter(dealing_label(plan, epoch, before) for before, epoch in pairwise(epochs))


def _epochs_of_batches(recipe: SgdRecipe, plan: SgdPlan, num_images: int) -> Iterator[int]:
    """The epoch of each batch, without end; see `Batch`."""
    generator, pending = torch.Generator().manual_seed(0), 0
    for epoch in count():
        for run in recipe.order.deal(num_images, plan.batch_size, plan.steps_per_epoch, pending, generator):
            pending += len(run)
            if pending == plan.batch_size:
                yield epoch
                pending = 0
