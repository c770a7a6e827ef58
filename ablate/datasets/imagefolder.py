"""Data sets in ImageFolder layout: `train/<class>/<image>` and `test/<class>/<image>`."""

import hashlib
import io
from collections import defaultdict
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from ablate.datasets.dataset import IMAGE_SHAPE, Dataset, Images, Labels
from ablate.errors import DataError, near_match
from ablate.formats.printable import printable

SPLITS = ("train", "test")
LARGEST_IMAGE_BYTES = 2**20
# Named one by one: among the formats that Pillow would try by itself are some that start other programs.
IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "PPM", "TIFF", "WEBP")


class ImageFolderReader:
    """Collects images one by one, in any order, and puts them together at the end, in an order that their names decide."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._wrappers: dict[str, PurePosixPath] = {}
        # One string of 3,072 bytes an image: 60,000 small arrays would cost as much again in headers.
        self._pixels: dict[tuple[str, str], dict[str, bytes]] = defaultdict(dict)

    @property
    def image_count(self) -> int:
        """How many images were added."""
        return sum(len(images) for images in self._pixels.values())

    def add_folder(self, path: PurePosixPath) -> None:
        """Note a folder, so that an empty class is noticed."""
        place = self._place(path, levels=2)
        if place is not None:
            self._pixels[place]

    def add_file(self, path: PurePosixPath, content: bytes) -> None:
        """Decode one image; a file that lies beside `train` and `test` (a README) is passed over.

        Raises:
            DataError: the file lies elsewhere, or is not a 32×32 RGB image.
        """
        if len(path.parts) <= 1 or (
            len(path.parts) == 2 and path.parts[0] not in SPLITS and path.parts[1] not in SPLITS
        ):
            return
        place = self._place(path.parent, levels=2)
        if place is None:
            raise DataError(
                f"{self._source}: found '{printable(str(path))}'; expected train/<class>/<image> and test/<class>/<image> only."
            )
        self._pixels[place][path.name] = self._decoded(path, content)

    def dataset(self, name: str) -> Dataset:
        """The data set of all images added: classes sorted by name, images mixed in a fixed order.

        Raises:
            DataError: a split or a class is missing or empty.
        """
        if len(self._wrappers) > 1:
            first, second = (str(path) for path in list(self._wrappers.values())[:2])
            raise DataError(
                f"{self._source}: images under both '{printable(first)}' and '{printable(second)}'; expected one train and one test."
            )
        classes_of = {split: {cls for found, cls in self._pixels if found == split} for split in SPLITS}
        for split in SPLITS:
            if not classes_of[split]:
                raise DataError(
                    f"{self._source}: no folder {split}/<class>; expected train/<class>/* and test/<class>/*."
                )
        for split, other in (SPLITS, SPLITS[::-1]):
            for cls in sorted(classes_of[other] - classes_of[split]):
                hint = printable(near_match(cls, classes_of[split]))
                raise DataError(f"{self._source}: class '{printable(cls)}' is in {other} but not in {split}.{hint}")
        for (split, cls), images in sorted(self._pixels.items()):
            if not images:
                raise DataError(
                    f"{self._source}: class folder {split}/{printable(cls)} is empty; expected at least one image."
                )
        classes = tuple(sorted(classes_of["train"]))
        unprintable = [cls for cls in classes if printable(cls) != cls]
        if unprintable:
            raise DataError(
                f"{self._source}: class folder '{printable(unprintable[0])}' has a line break or a control character in its "
                "name; rename it."
            )
        if len(classes) < 2:
            raise DataError(f"{self._source}: only one class, '{classes[0]}'; expected at least two.")
        return Dataset.of(name, classes, self._split("train", classes), self._split("test", classes))

    def _place(self, path: PurePosixPath, levels: int) -> tuple[str, str] | None:
        """The split and class that a folder stands for, within at most one folder around train and test."""
        parts = path.parts
        wrapper = "" if parts and parts[0] in SPLITS else parts[0] if parts else ""
        inner = parts[1:] if wrapper else parts
        if len(inner) != levels or inner[0] not in SPLITS:
            return None
        self._wrappers.setdefault(wrapper, path)
        return inner[0], inner[1]

    def _decoded(self, path: PurePosixPath, content: bytes) -> bytes:
        where = f"{self._source}: '{printable(str(path))}'"
        if len(content) > LARGEST_IMAGE_BYTES:
            raise DataError(f"{where} has {len(content):,} bytes; expected a 32x32 image.")
        try:
            with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
                size, mode = image.size, image.mode
                if size == IMAGE_SHAPE[:2] and mode == "RGB":
                    return image.tobytes()
        except UnidentifiedImageError as error:
            formats = ", ".join(IMAGE_FORMATS)
            raise DataError(f"{where} cannot be read as an image (it is none of {formats}).") from error
        # Pillow's decoders raise whatever they stumble over: OSError, SyntaxError, ValueError, struct.error, …
        except Exception as error:
            reason = printable(str(error)) or type(error).__name__
            raise DataError(f"{where} cannot be read as an image ({reason.rstrip('.')}).") from error
        raise DataError(f"{where} is {size[0]}x{size[1]} {mode}; expected 32x32 RGB.")

    def _split(self, split: str, classes: tuple[str, ...]) -> tuple[Images, Labels]:
        # Mixed, in an order that only the names decide: recipes take the first images for whitening, and presets the first
        # part of a set, and neither may be all of one class.
        mixed = sorted(
            ((label, name) for label, cls in enumerate(classes) for name in self._pixels[split, cls]),
            key=lambda place: hashlib.sha256(
                f"{classes[place[0]]}/{place[1]}".encode(errors="surrogateescape")
            ).digest(),
        )
        pixels = bytearray().join(self._pixels[split, classes[label]][name] for label, name in mixed)
        labels = np.array([label for label, _ in mixed], dtype=np.int64)
        return np.frombuffer(pixels, np.uint8).reshape(-1, *IMAGE_SHAPE), labels
