"""The loader: a whole set on the device, augmented at once for each epoch, and dealt out in batches."""

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ablate.airbench.augmentation import InStorageOrder, LoaderAugmentation
from ablate.airbench.randomness import streams_of
from ablate.airbench.source import Source
from ablate.errors import UsageError
from ablate.parts import Order, Reshuffled
from ablate.parts.augment import normalised
from ablate.training.batches import augmented, prepared
from ablate.training.session import Streams, compute_dtype_of, in_unit_range, open_device

Normalise = Callable[[Tensor], Tensor]
"""Images in [0, 1] to what a network takes, in the same shape."""


class CifarLoader:
    """Batches of a set that lies on the device: images (B, 3, 32, 32), normalised and augmented, with labels (B,).

    `path` is a folder with airbench's `train.pt` and `test.pt`, or the name of a data set in the data home, with folders before it
    or none: './cifar10' is CIFAR-10. `aug`: `flip` (bool), `translate` (pixels), `cutout` (the square's side). `drop_last` and
    `shuffle` are as `train` where they are not given. `altflip`: mirrored in every second epoch instead of at random. Without a
    `seed`, draws follow torch's global generator.

    `images` (N, 3, 32, 32) are in [0, 1] and not normalised, in the device's compute dtype: float16 on a GPU, bfloat16 or float32 on
    a CPU. They and `labels` may be replaced before the first iteration, or after setting `epoch` to 0; `normalize`, which makes of
    images what networks take, at any time. `epoch` counts iterations begun. `proc_images` keeps what is done once only: "pad", the
    images normalised, mirrored once and padded. A subclass may have an `__iter__` and `__len__` of its own, also for trainings.

    Raises:
        UsageError: an unknown key or a wrong number in `aug`, no batch size, no such device; at iteration, images and labels that do
            not go together, or a batch that never fills.
        DataError: there are no such images, or they are damaged.
    """

    images: Tensor
    labels: Tensor

    def __init__(
        self,
        path: str | os.PathLike[str],
        train: bool = True,
        batch_size: int = 500,
        aug: Mapping[str, Any] | None = None,
        drop_last: bool | None = None,
        shuffle: bool | None = None,
        altflip: bool = False,
        *,
        device: str = "auto",
        seed: int | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.aug = {} if aug is None else aug
        self.altflip = altflip
        self.drop_last = train if drop_last is None else drop_last
        self.shuffle = train if shuffle is None else shuffle
        self.seed = seed
        self._check_batch_size()
        self.augmentation()

        opened = open_device(device)
        self.source = Source.of(path)
        split = self.source.split(train)
        self.epoch = 0
        self.images = in_unit_range(split.images.to(opened), compute_dtype_of(opened))
        self.labels = split.labels.to(opened)
        self.classes = split.classes
        self.device = self.images.device
        self.normalize: Normalise = normalised
        self.proc_images: dict[str, Tensor] = {}
        self._prepared_by: tuple[LoaderAugmentation, Normalise] | None = None
        self._streams = None if seed is None else streams_of(seed, self.device)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("images", "labels") and self.__dict__.get("epoch", 0) != 0:
            raise UsageError(
                f"{name} of a loader in epoch {self.epoch} cannot be replaced: its prepared images would stay the old ones.\n"
                f"Replace {name} before the first iteration, or set loader.epoch = 0 first."
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """Batches an epoch, of the images that the loader has now."""
        batches = len(self.images) / self.batch_size
        return math.floor(batches) if self.drop_last else math.ceil(batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.check()
        streams = self._streams or streams_of(None, self.device)
        augmentation = self.augmentation()
        if self.epoch == 0 or not self.proc_images or self._prepared_by != (augmentation, self.normalize):
            self.proc_images = {"pad": prepared(augmentation, self.normalize(self.images), streams)}
            self._prepared_by = augmentation, self.normalize
        images = augmented(augmentation, self.proc_images["pad"], self.epoch, streams)
        # Counted before the first batch: an epoch that is left early is one too.
        self.epoch += 1
        for chosen in self.order().deal(len(images), self.batch_size, len(self), 0, streams["order"]):
            yield images[chosen], self.labels[chosen]

    @contextmanager
    def drawing_from(self, streams: Streams) -> Iterator[None]:
        """Draw from these streams meanwhile, instead of its own or new ones."""
        own, self._streams = self._streams, streams
        try:
            yield
        finally:
            self._streams = own

    def of_test_images(self) -> "CifarLoader":
        """A loader of the test images that belong to where its images came from, normalised as it normalises."""
        test = CifarLoader(self.source.folder, train=False, batch_size=2000, device=str(self.device))
        test.normalize = self.normalize
        return test

    def augmentation(self) -> LoaderAugmentation:
        """The parts that change its images, as `aug` and `altflip` are now."""
        return LoaderAugmentation.of(self.aug, altflip=self.altflip)

    def order(self) -> Order:
        """The part that deals them out."""
        return Reshuffled() if self.shuffle else InStorageOrder()

    def check(self) -> None:
        """Refuse what cannot be iterated.

        Raises:
            UsageError: what `check_images` refuses, or a batch that never fills.
        """
        self._check_batch_size()
        self.check_images()
        if len(self) == 0:
            raise UsageError(
                f"A batch of {self.batch_size:,} never fills from {len(self.images):,} images. "
                "Lower batch_size, or set drop_last=False."
            )

    def check_images(self) -> None:
        """Refuse images and labels that cannot be used.

        Raises:
            UsageError: they are of another kind or on another device, there are none, or not as many of the one as of the other.
        """
        images, labels = self.images, self.labels
        if (
            not isinstance(images, Tensor)
            or not images.is_floating_point()
            or images.dim() != 4
            or images.shape[1] != 3
        ):
            raise UsageError(
                f"loader.images are {_kind(images)}; a loader takes floating-point images in [0, 1] of shape (N, 3, 32, 32)."
            )
        if not isinstance(labels, Tensor) or labels.dtype != torch.int64 or labels.dim() != 1:
            raise UsageError(f"loader.labels are {_kind(labels)}; a loader takes int64 labels of shape (N,).")
        if len(images) != len(labels):
            raise UsageError(
                f"The loader has {len(images):,} images and {len(labels):,} labels. "
                "Select from both: images = images[mask], labels = labels[mask]."
            )
        for name, tensor in (("images", images), ("labels", labels)):
            if tensor.device != self.device:
                raise UsageError(
                    f"loader.{name} are on {tensor.device} and the loader on {self.device}. Move them: .to('{self.device}')."
                )
        if not len(images):
            raise UsageError("The loader has no images left. Select at least one.")

    def _check_batch_size(self) -> None:
        size = self.batch_size
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise UsageError(f"batch_size is {size!r}; write a whole number of images, 1 or more.")


def _kind(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
