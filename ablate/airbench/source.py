"""Where a loader's images come from: a folder with airbench's own files, or a data set of the package's data home."""

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate.datasets import Dataset
from ablate.errors import DataError
from ablate.formats.printable import printable
from ablate.parts.network import NUM_CLASSES
from ablate.training.image_kind import load_data

SIDE = 32
"""The height and the width of an image, in pixels."""

FILES = {True: "train.pt", False: "test.pt"}
"""airbench's own files, of the training and of the test images."""


@dataclass(frozen=True, slots=True)
class Split:
    """Images uint8 (N, 32, 32, 3) and labels int64 (N,), on the CPU, and the classes' names."""

    images: Tensor
    labels: Tensor
    classes: list[str]


@dataclass(frozen=True, slots=True)
class Source:
    """A folder as a user named it, made absolute, and the data set that its last part names."""

    folder: Path
    name: str

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "Source":
        """The source that a path stands for."""
        folder = Path(path).expanduser().absolute()
        return cls(folder, folder.name)

    def split(self, train: bool) -> Split:
        """The training or the test images: the folder's file, else those of the data set of that name.

        Nothing is written but what a download of "cifar10" puts into the data home.

        Raises:
            DataError: neither is there, the folder has the other split only, or what is there is damaged.
        """
        file, other = self.folder / FILES[train], self.folder / FILES[not train]
        if file.is_file():
            return _read(file)
        if other.is_file():
            raise DataError(
                f"{printable(str(self.folder))} has {other.name} and no {file.name}, and the two belong together.\n"
                f"Put {file.name} beside it, or move {other.name} away: then '{printable(self.name)}' is a data set's name."
            )
        try:
            dataset = _synthetic() if self.name == "synthetic" else load_data(self.name, None, _announce)
        except DataError as error:
            raise DataError(f"No {file.name} in {printable(str(self.folder))}. {error}") from error
        images, labels = (
            (dataset.train_images, dataset.train_labels) if train else (dataset.test_images, dataset.test_labels)
        )
        return Split(_tensor(images), _tensor(labels), list(dataset.classes))


def _announce(line: str) -> None:
    print(line, file=sys.stderr)


@cache
def _synthetic() -> Dataset:
    """Kept, since making it takes seconds, and an experiment has several loaders."""
    return load_data("synthetic", None, _announce)


def _tensor(values: np.ndarray[Any, Any]) -> Tensor:
    # Arrays that are not writable make torch warn; nothing here writes.
    return torch.from_numpy(values if values.flags.writeable else values.copy())


def _read(file: Path) -> Split:
    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # Depending on which bytes are wrong, torch raises almost anything.
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise _damaged(file, f"torch cannot read it ({reason.rstrip('.')})") from error
    if not isinstance(held, dict) or not {"images", "labels", "classes"} <= held.keys():
        raise _damaged(file, "it is no dict of images, labels and classes")
    images, labels, classes = held["images"], held["labels"], held["classes"]
    shape = ("N", SIDE, SIDE, 3)
    if not _is_whole(images) or images.dtype != torch.uint8 or tuple(images.shape[1:]) != shape[1:]:
        raise _damaged(file, f"its images are {_kind(images)}, not uint8 of shape (N, {SIDE}, {SIDE}, 3)")
    if not _is_whole(labels) or labels.shape != images.shape[:1]:
        raise _damaged(file, f"its labels are {_kind(labels)}, not one whole number for each of {len(images):,} images")
    if not len(images):
        raise _damaged(file, "it holds no image")
    if not isinstance(classes, (list, tuple)) or len(classes) > NUM_CLASSES:
        raise _damaged(file, f"its classes are not a list of {NUM_CLASSES} names at most")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= len(classes):
        raise _damaged(file, f"its labels go from {low} to {high}, and it has {len(classes)} classes")
    return Split(images, labels.long(), [str(name) for name in classes])


def _is_whole(value: Any) -> bool:
    return isinstance(value, Tensor) and not value.dtype.is_floating_point and value.dtype != torch.bool


def _kind(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"


def _damaged(file: Path, reason: str) -> DataError:
    return DataError(
        f"{printable(str(file))} is damaged: {printable(reason)}.\n"
        "Write it anew, or move it away: then its folder's name is a data set's (`ablate data list` shows which are here)."
    )
