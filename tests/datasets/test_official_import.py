import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from ablate import datasets
from ablate.datasets import official
from ablate.errors import DataError
from tests.datasets.archives import CLASSES, official_files, picture_files, write_folder, write_tar


def test_the_checksums_are_those_that_torchvision_publishes() -> None:
    published = dict([*CIFAR10.train_list, *CIFAR10.test_list, (CIFAR10.meta["filename"], CIFAR10.meta["md5"])])
    assert published == official.FILE_MD5
    assert (official.ARCHIVE.url, official.ARCHIVE.md5) == (CIFAR10.url, CIFAR10.tgz_md5)


@pytest.mark.parametrize("python2", [False, True])
def test_archive_and_folders_give_the_same_set(tmp_path: Path, home: Path, python2: bool) -> None:
    files = official_files(python2=python2)
    archived = datasets.import_dataset("a", write_tar(tmp_path / "a.tar.gz", files, mode="w:gz"), home)
    folder = write_folder(tmp_path / "unpacked", files)
    assert datasets.import_dataset("b", folder, home).digest == archived.digest
    assert datasets.import_dataset("c", folder / "cifar-10-batches-py", home).digest == archived.digest
    assert archived.classes == CLASSES
    assert archived.train_images.shape == (20, 32, 32, 3)


def test_pixels_and_labels_land_where_the_format_says(tmp_path: Path, home: Path) -> None:
    files = official_files()
    batch = pickle.loads(files["cifar-10-batches-py/data_batch_2"])
    dataset = datasets.import_dataset("a", write_tar(tmp_path / "a.tar", files), home)
    # A row holds 1,024 reds, then greens, then blues, each line by line; batch 2 starts at image 4.
    row = batch[b"data"][1]
    for y, x, channel in [(0, 0, 0), (0, 31, 1), (17, 5, 2), (31, 31, 2)]:
        assert dataset.train_images[5, y, x, channel] == row[1024 * channel + 32 * y + x]
    assert dataset.train_labels[4:8].tolist() == batch[b"labels"]


def test_as_cifar10_only_the_published_files_are_taken(tmp_path: Path, home: Path, genuine: dict[str, bytes]) -> None:
    assert datasets.import_dataset("cifar10", write_tar(tmp_path / "a.tar", genuine), home).name == "cifar10"
    changed = {**genuine, "cifar-10-batches-py/test_batch": genuine["cifar-10-batches-py/data_batch_1"]}
    with pytest.raises(DataError, match=r"test_batch' has md5 \w{32}, the official file \w{32};"):
        datasets.import_dataset("cifar10", write_tar(tmp_path / "b.tar", changed), home, replace=True)
    with pytest.raises(DataError, match=r"as 'cifar10' only the official files are taken"):
        datasets.import_dataset("cifar10", write_tar(tmp_path / "c.tar", picture_files()), home, replace=True)
    assert datasets.load("cifar10", home).train_images.shape == (20, 32, 32, 3)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("open('owned', 'w')",))


ROWS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Hostile()), r"it wants to call builtins\.eval"),
        (pickle.dumps({b"data": Hostile()}, protocol=2), r"it wants to call __builtin__\.eval"),
        (b"c_codecs\nencode\n(V\nVzip\ntR.", r"it wants to encode as zip"),
        (pickle.dumps({b"data": ROWS, b"labels": [0, 1]}, protocol=2)[:-9], r"not a CIFAR-10 batch"),
        (b"", r"not a CIFAR-10 batch"),
        (pickle.dumps([1]), r"expected a dictionary, found list"),
        (pickle.dumps({b"labels": [0]}, protocol=2), r"data NoneType; expected uint8 of shape \(N, 3072\)"),
        (pickle.dumps({b"data": ROWS[:, :9], b"labels": [0, 1]}, protocol=2), r"data uint8 of shape \(2, 9\)"),
        (pickle.dumps({b"data": ROWS, b"labels": [0]}, protocol=2), r"1 labels for 2 images"),
        (pickle.dumps({b"data": ROWS, b"labels": [0, 3]}, protocol=2), r"label outside 0 to 2"),
    ],
)
def test_a_batch_that_is_none_is_named(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {**official_files(), "cifar-10-batches-py/data_batch_3": content}
    with pytest.raises(DataError, match=message) as raised:
        datasets.import_dataset("a", write_tar(tmp_path / "a.tar", files), home)
    assert "data_batch_3" in str(raised.value)
    assert not (tmp_path / "owned").exists()
    assert not home.exists()


def test_missing_files_and_mixed_layouts(tmp_path: Path, home: Path) -> None:
    files = official_files()
    partial = {name: content for name, content in files.items() if not name.endswith(("batch_4", "meta"))}
    with pytest.raises(DataError, match=r"data_batch_4, batches\.meta missing"):
        datasets.import_dataset("a", write_tar(tmp_path / "a.tar", partial), home)
    with pytest.raises(DataError, match=r"both CIFAR-10 batches and image folders"):
        datasets.import_dataset("a", write_tar(tmp_path / "b.tar", {**picture_files(), **files}), home)
    meta = {**files, "cifar-10-batches-py/batches.meta": pickle.dumps({"label_names": ["a", "a"]}, protocol=2)}
    with pytest.raises(DataError, match=r"no list of distinct label_names"):
        datasets.import_dataset("a", write_tar(tmp_path / "c.tar", meta), home)


def test_the_handmade_python2_pickle_is_a_plain_one() -> None:
    content = official_files(python2=True)["cifar-10-batches-py/test_batch"]
    batch = pickle.load(io.BytesIO(content), encoding="bytes")
    assert batch[b"data"].shape == (4, 3072)
