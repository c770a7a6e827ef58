"""The official CIFAR-10 files: Python-2 pickles of 10,000 images each, read without trusting them.

Source: https://www.cs.toronto.edu/~kriz/cifar.html; checksums as torchvision publishes them.
"""

import hashlib
import io
import pickle
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ablate.datasets.dataset import Dataset, Images, Labels
from ablate.errors import DataError
from ablate.formats.printable import printable


@dataclass(frozen=True)
class OfficialArchive:
    """Where the official archive is, and how to know it."""

    url: str
    size_bytes: int
    md5: str


ARCHIVE = OfficialArchive(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    size_bytes=170_498_071,
    md5="c58f30108f718f92721af3b95e74349a",
)
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_BATCH = "test_batch"
META = "batches.meta"
FILES = (*TRAIN_BATCHES, TEST_BATCH, META)
FILE_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
}


class OfficialReader:
    """Collects the seven files of the official layout and puts them together at the end.

    With `genuine`, every file must have the checksum of the published one.
    """

    def __init__(self, source: str, *, genuine: bool) -> None:
        self._source = source
        self._genuine = genuine
        self._contents: dict[str, dict[str, Any]] = {}

    @property
    def file_count(self) -> int:
        """How many of the seven files were added."""
        return len(self._contents)

    @staticmethod
    def takes(path: PurePosixPath) -> bool:
        """Whether a path is one of the seven files, bare or in at most two folders."""
        return path.name in FILES and len(path.parts) <= 3

    def add_file(self, path: PurePosixPath, content: bytes) -> None:
        """Read one of the seven files.

        Raises:
            DataError: it is there twice, is not the published file though it should be, or is no harmless pickle.
        """
        if path.name in self._contents:
            raise DataError(f"{self._source}: a second '{path.name}' at '{printable(str(path))}'; expected one.")
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if self._genuine and found != FILE_MD5[path.name]:
            raise DataError(
                f"{self._source}: '{printable(str(path))}' has md5 {found}, the official file {FILE_MD5[path.name]}; "
                "import it under a name other than cifar10, or get the official archive with `ablate data fetch`."
            )
        self._contents[path.name] = _unpickled(f"{self._source}: '{printable(str(path))}'", content)

    def dataset(self, name: str) -> Dataset:
        """The data set of the files added, images in the order of the batches.

        Raises:
            DataError: a file is missing, or does not hold what it should.
        """
        missing = [file for file in FILES if file not in self._contents]
        if missing:
            raise DataError(f"{self._source}: {', '.join(missing)} missing; expected {', '.join(FILES)}.")
        classes = self._classes()
        batches = [self._batch(file, len(classes)) for file in TRAIN_BATCHES]
        train = (np.concatenate([batch[0] for batch in batches]), np.concatenate([batch[1] for batch in batches]))
        return Dataset.of(name, classes, train, self._batch(TEST_BATCH, len(classes)))

    def _classes(self) -> tuple[str, ...]:
        names = self._contents[META].get("label_names")
        if isinstance(names, list):
            names = [name.decode("latin1") if isinstance(name, bytes) else name for name in names]
            if len(names) >= 2 and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
                return tuple(names)
        raise DataError(f"{self._source}: '{META}' has no list of distinct label_names.")

    def _batch(self, file: str, num_classes: int) -> tuple[Images, Labels]:
        data = self._contents[file].get("data")
        if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3 * 32 * 32:
            found = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
            raise DataError(f"{self._source}: '{file}' has data {found}; expected uint8 of shape (N, 3072).")
        labels = self._contents[file].get("labels")
        if not isinstance(labels, list) or len(labels) != len(data) or not labels:
            found = f"{len(labels)} labels" if isinstance(labels, list) else f"labels {type(labels).__name__}"
            raise DataError(f"{self._source}: '{file}' has {found} for {len(data)} images; expected one each.")
        if not all(isinstance(label, int) and 0 <= label < num_classes for label in labels):
            raise DataError(f"{self._source}: '{file}' has a label outside 0 to {num_classes - 1}.")
        images = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), np.array(labels, np.int64)


class _ArrayUnpickler(pickle.Unpickler):
    """Builds lists, dictionaries, texts, numbers and numpy arrays; nothing in a pickle can make it call anything else."""

    def find_class(self, module: str, name: str) -> Any:
        # numpy.core became numpy._core in numpy 2; both spellings mean the function this numpy pickles arrays with.
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if module == "_codecs" and name == "encode":
            return _latin1_bytes
        raise pickle.UnpicklingError(f"it wants to call {module}.{name}")


def _latin1_bytes(text: str, encoding: str = "latin1") -> bytes:
    """How Python 3 spells bytes in the old protocols; any other encoding is refused."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it wants to encode as {encoding}")
    return text.encode("latin1")


def _unpickled(source: str, content: bytes) -> dict[str, Any]:
    try:
        loaded = _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()
    # A garbled pickle can raise almost anything; whatever it was, the file is not what it should be.
    except Exception as error:
        raise DataError(f"{source} is not a CIFAR-10 batch: {printable(str(error)).rstrip('.')}.") from error
    if not isinstance(loaded, dict):
        raise DataError(f"{source} is not a CIFAR-10 batch: expected a dictionary, found {type(loaded).__name__}.")
    return {key.decode("latin1") if isinstance(key, bytes) else str(key): value for key, value in loaded.items()}
