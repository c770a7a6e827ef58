"""Small archives and folders in the layouts that users have."""

import io
import pickle
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ablate.datasets import official

CLASSES = ("ant", "bee", "cow")


def image_bytes(seed: int, *, size: tuple[int, int] = (32, 32), mode: str = "RGB", file_format: str = "PNG") -> bytes:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, file_format)
    return buffer.getvalue()


def picture_files(per_class: int = 2) -> dict[str, bytes]:
    """`train/<class>/N.png` and `test/<class>/N.png`, every image different."""
    return {
        f"{split}/{cls}/{number}.png": image_bytes(10_000 * split_number + 1_000 * class_number + number)
        for split_number, split in enumerate(("train", "test"))
        for class_number, cls in enumerate(CLASSES)
        for number in range(per_class)
    }


def write_tar(path: Path, files: Mapping[str, bytes], extra: Iterable[tarfile.TarInfo] = (), mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def python2_batch(data: np.ndarray, labels: list[int]) -> bytes:
    """A batch, spelled opcode by opcode as Python 2 pickled it: byte strings for keys and pixels, numpy.core for arrays."""

    def text(value: bytes) -> bytes:
        return b"T" + len(value).to_bytes(4, "little") + value

    def integer(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little", signed=True)

    def tuple_of(*items: bytes) -> bytes:
        return b"(" + b"".join(items) + b"t"

    kind = b"cnumpy\ndtype\n" + tuple_of(text(b"u1"), integer(0), integer(1)) + b"R"
    kind += tuple_of(integer(3), text(b"|"), b"N", b"N", b"N", integer(-1), integer(-1), integer(0)) + b"b"
    array = b"cnumpy.core.multiarray\n_reconstruct\n"
    array += tuple_of(b"cnumpy\nndarray\n", tuple_of(integer(0)), text(b"b")) + b"R"
    shape = tuple_of(*(integer(length) for length in data.shape))
    array += tuple_of(integer(1), shape, kind, b"\x89", text(data.tobytes())) + b"b"
    listed = b"](" + b"".join(integer(label) for label in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + listed + b"u."


def official_files(per_batch: int = 4, *, python2: bool = False) -> dict[str, bytes]:
    """The seven official files, with a handful of images each."""
    rng = np.random.default_rng(0)
    files = {}
    for file in (*official.TRAIN_BATCHES, official.TEST_BATCH):
        data = rng.integers(0, 256, (per_batch, 3072), dtype=np.uint8)
        labels = [int(label) for label in rng.integers(0, 3, per_batch)]
        content = (
            python2_batch(data, labels) if python2 else pickle.dumps({b"data": data, b"labels": labels}, protocol=2)
        )
        files[f"cifar-10-batches-py/{file}"] = content
    files["cifar-10-batches-py/batches.meta"] = pickle.dumps({b"label_names": list(CLASSES)}, protocol=2)
    files["cifar-10-batches-py/readme.html"] = b"<html></html>"
    return files
