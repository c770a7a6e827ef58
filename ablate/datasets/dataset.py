"""What a data set is once it is in memory, and the digest that trials cite."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Images: TypeAlias = npt.NDArray[np.uint8]
Labels: TypeAlias = npt.NDArray[np.int64]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is (bytes or files)."""

IMAGE_SHAPE = (32, 32, 3)


def no_progress(stage: str, done: int, total: int) -> None:
    """The progress display of callers that want none."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled image set, as the trainer reads it.

    Images are uint8 of shape (N, 32, 32, 3), labels int64 of shape (N,), all in C order; labels index `classes`. `name` is what
    was resolved, never "auto"; `digest` is `content_digest` of the four arrays.
    """

    name: str
    digest: str
    classes: tuple[str, ...]
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels

    @classmethod
    def of(
        cls,
        name: str,
        classes: tuple[str, ...],
        train: tuple[Images, Labels],
        test: tuple[Images, Labels],
    ) -> "Dataset":
        """A data set of these arrays, (images, labels) for each split, with its digest computed."""
        arrays: dict[str, Any] = {
            "train_images": np.ascontiguousarray(train[0], dtype=np.uint8),
            "train_labels": np.ascontiguousarray(train[1], dtype=np.int64),
            "test_images": np.ascontiguousarray(test[0], dtype=np.uint8),
            "test_labels": np.ascontiguousarray(test[1], dtype=np.int64),
        }
        return cls(name, content_digest(arrays), classes, **arrays)

    @property
    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The four arrays by field name."""
        return {
            "train_images": self.train_images,
            "train_labels": self.train_labels,
            "test_images": self.test_images,
            "test_labels": self.test_labels,
        }


def content_digest(arrays: dict[str, npt.NDArray[np.generic]]) -> str:
    """The sha256, in hex, over names, types, shapes and values of the arrays, in the order of their names.

    File names, dates, class names and the machine's byte order do not enter it.
    """
    hasher = hashlib.sha256()
    for field in sorted(arrays):
        array = np.ascontiguousarray(arrays[field])
        little_endian = array.astype(array.dtype.newbyteorder("<"), copy=False)
        hasher.update(f"{field} {little_endian.dtype.str} {little_endian.shape}\n".encode())
        hasher.update(little_endian.reshape(-1).data)
    return hasher.hexdigest()
