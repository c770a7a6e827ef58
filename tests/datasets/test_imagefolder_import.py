import io
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate import datasets
from ablate.errors import DataError
from ablate.formats.printable import printable_lines
from tests.datasets.archives import CLASSES, image_bytes, picture_files, write_folder, write_tar

Edit = Callable[[dict[str, bytes]], object]


@pytest.mark.parametrize(("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz")])
def test_every_packing_gives_the_same_set(tmp_path: Path, home: Path, suffix: str, mode: str) -> None:
    files = picture_files()
    packed = datasets.import_dataset("packed", write_tar(tmp_path / f"set.{suffix}", files, mode=mode), home)
    folder = datasets.import_dataset("folder", write_folder(tmp_path / "set", files), home)
    assert packed.digest == folder.digest
    assert packed.classes == CLASSES
    assert packed.train_images.shape == (6, 32, 32, 3)
    for split, images, labels in (
        ("train", packed.train_images, packed.train_labels),
        ("test", packed.test_images, packed.test_labels),
    ):
        expected = {
            np.asarray(Image.open(io.BytesIO(content))).tobytes(): name.split("/")[1]
            for name, content in files.items()
            if name.startswith(split)
        }
        found = {image.tobytes(): CLASSES[label] for image, label in zip(images, labels, strict=True)}
        assert found == expected


def test_the_first_images_are_of_every_class(tmp_path: Path, home: Path) -> None:
    dataset = datasets.import_dataset("pets", write_tar(tmp_path / "a.tar", picture_files(per_class=40)), home)
    # Whitening and the small presets take the first part of a set; 60 of 120 mixed images hold about 20 of each class.
    for labels in (dataset.train_labels, dataset.test_labels):
        assert np.bincount(labels[:60], minlength=3).min() >= 10


def test_the_order_of_members_a_wrapping_folder_and_hidden_files_change_nothing(tmp_path: Path, home: Path) -> None:
    files = picture_files()
    plain = datasets.import_dataset("plain", write_tar(tmp_path / "a.tar", files), home)
    awkward = {f"./wrapped/{name}": content for name, content in reversed(files.items())}
    awkward |= {
        "wrapped/train/ant/.DS_Store": b"x",
        "__MACOSX/wrapped/train/ant/._0.png": b"x",
        "wrapped/README.md": b"x",
    }
    wrapped = datasets.import_dataset("wrapped", write_tar(tmp_path / "b.tar", awkward), home)
    assert wrapped.digest == plain.digest


def test_what_is_loaded_is_what_was_imported(tmp_path: Path, home: Path) -> None:
    imported = datasets.import_dataset("pets", write_tar(tmp_path / "a.tar", picture_files()), home)
    loaded = datasets.load("pets", home)
    assert (loaded.name, loaded.digest, loaded.classes) == ("pets", imported.digest, imported.classes)
    for field, array in imported.arrays.items():
        np.testing.assert_array_equal(loaded.arrays[field], array)
        assert loaded.arrays[field].flags.c_contiguous
        assert loaded.arrays[field].flags.writeable


def drop(prefix: str) -> Edit:
    return lambda files: [files.pop(name) for name in list(files) if name.startswith(prefix)]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda files: files.update({"train/ant/9.png": image_bytes(9, size=(28, 32))}),
            r"9\.png' is 28x32 RGB; expected 32x32",
        ),
        (lambda files: files.update({"train/ant/9.png": image_bytes(9, mode="L")}), r"is 32x32 L; expected 32x32 RGB"),
        (
            lambda files: files.update({"train/ant/9.png": b"no image"}),
            r"^set.tar: 'train/ant/9\.png' cannot be read as an image \(it is none of JPEG, PNG, BMP, PPM, TIFF, WEBP\)\.$",
        ),
        (
            lambda files: files.update({"train/ant/9.png": b""}),
            r"train/ant/9\.png' cannot be read as an image \(it is none",
        ),
        (lambda files: files.update({"train/ant/a\nb\x1b.png": b""}), r"'train/ant/a b\\x1b\.png' cannot be read"),
        (lambda files: files.update({"tr\nain/ant/deep/9.png": b""}), r"found 'tr ain/ant/deep/9\.png'; expected"),
        (
            lambda files: files.update({f"{split}/b\nee/0.png": image_bytes(1) for split in ("train", "test")}),
            r"class folder 'b ee' has a line break or a control character in its name; rename it",
        ),
        (
            lambda files: files.update({"train/b\nee/0.png": image_bytes(1)}),
            r"class 'b ee' is in train but not in test",
        ),
        (lambda files: files.update({"train/ant/9.jpg": image_bytes(9, file_format="JPEG")[:-200]}), "cannot be read"),
        (lambda files: files.update({"train/ant/9.png": bytes(2**20 + 1)}), r"has 1,048,577 bytes"),
        (drop("test/bee"), r"class 'bee' is in train but not in test"),
        (
            lambda files: files.update({"test/beee/0.png": image_bytes(1)}),
            r"'beee' is in test but not in train.*mean 'bee'",
        ),
        (drop("test/"), r"no folder test/<class>"),
        (lambda files: files.clear(), r"no folder train/<class>"),
        (
            lambda files: (
                drop("train/b")(files),
                drop("train/c")(files),
                drop("test/b")(files),
                drop("test/c")(files),
            ),
            "only one",
        ),
        (
            lambda files: files.update({"train/ant/deep/0.png": image_bytes(1)}),
            r"found 'train/ant/deep/0\.png'; expected",
        ),
        (lambda files: files.update({"val/ant/0.png": image_bytes(1)}), r"found 'val/ant/0\.png'; expected train"),
        (lambda files: files.update({"copy/train/ant/0.png": image_bytes(1)}), r"images under both"),
        (
            lambda files: files.update({"../train/ant/7.png": image_bytes(1)}),
            r"'\.\./train/ant/7\.png' would land outside",
        ),
        (lambda files: files.update({"/train/ant/7.png": image_bytes(1)}), r"would land outside"),
        (lambda files: files.update({"./train/ant/0.png": image_bytes(1)}), r"'train/ant/0\.png' is in it twice"),
    ],
)
def test_a_bad_member_is_named_and_nothing_is_kept(tmp_path: Path, home: Path, edit: Edit, message: str) -> None:
    files = picture_files()
    edit(files)
    with pytest.raises(DataError, match=message) as raised:
        datasets.import_dataset("pets", write_tar(tmp_path / "set.tar", files), home)
    assert raised.value.exit_code == 4
    assert printable_lines(str(raised.value)) == str(raised.value)
    assert not re.search(r"object at|0x[0-9a-f]{4}|<_io", str(raised.value))
    assert not home.exists() or not list(home.iterdir())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_an_archive_are_refused(tmp_path: Path, home: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("train/ant/link.png")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match=r"'train/ant/link\.png' is a link or a device"):
        datasets.import_dataset("pets", write_tar(tmp_path / "set.tar", picture_files(), [info]), home)
    assert not home.exists()


@pytest.mark.parametrize("packing", ["tar", "folder"])
def test_an_empty_class_is_named(tmp_path: Path, home: Path, packing: str) -> None:
    if packing == "tar":
        folders = [tarfile.TarInfo("train/dog"), tarfile.TarInfo("test/dog")]
        for info in folders:
            info.type = tarfile.DIRTYPE
        source = write_tar(tmp_path / "set.tar", picture_files(), folders)
    else:
        source = write_folder(tmp_path / "set", picture_files())
        (source / "train/dog").mkdir()
        (source / "test/dog").mkdir()
    with pytest.raises(DataError, match=r"class folder test/dog is empty"):
        datasets.import_dataset("pets", source, home)


@pytest.mark.parametrize(("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz")])
def test_an_archive_torn_anywhere_is_refused(tmp_path: Path, home: Path, suffix: str, mode: str) -> None:
    whole = write_tar(tmp_path / f"set.{suffix}", picture_files(), mode=mode).read_bytes()
    # A plain archive ends in up to 20 blocks of padding; what is cut from that is no loss.
    least = 10_240 if suffix == "tar" else 1
    for cut in {0, 5, 511, 512, 1024, 4608, len(whole) // 2, len(whole) - least}:
        torn = tmp_path / f"torn.{suffix}"
        torn.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"torn"):
            datasets.import_dataset("pets", torn, home)
    assert not home.exists()


def test_a_file_that_is_no_archive_and_a_path_that_is_not_there(tmp_path: Path, home: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello " * 1000)
    with pytest.raises(DataError, match=r"torn or no tar archive .*expected a whole \.tar"):
        datasets.import_dataset("pets", tmp_path / "notes.txt", home)
    with pytest.raises(DataError, match=r"no file or folder at .*nowhere"):
        datasets.import_dataset("pets", tmp_path / "nowhere", home)


def test_a_folder_of_links_to_images_is_read_and_a_pipe_in_it_refused(tmp_path: Path, home: Path) -> None:
    real = write_folder(tmp_path / "real", picture_files())
    linked = write_folder(tmp_path / "linked", picture_files())
    (linked / "train/ant/0.png").unlink()
    (linked / "train/ant/0.png").symlink_to(real / "train/ant/0.png")
    digest = datasets.import_dataset("real", real, home).digest
    assert datasets.import_dataset("linked", linked, home).digest == digest
    os.mkfifo(linked / "train/ant/pipe.png")
    with pytest.raises(DataError, match=r"'train/ant/pipe\.png' is not a regular file"):
        datasets.import_dataset("piped", linked, home)


@pytest.mark.parametrize("name", ["auto", "synthetic", "", "../x", "a/b", "a\nb", "\x1b[31m", ".hidden", "ä", "x" * 65])
def test_names_that_cannot_be_used(tmp_path: Path, home: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"is made by the package|is no name for a data set"):
        datasets.import_dataset(name, write_tar(tmp_path / "set.tar", picture_files()), home)


def test_a_name_with_a_line_break_is_refused_on_one_line(tmp_path: Path, home: Path) -> None:
    with pytest.raises(DataError, match=r"^'a b' is no name for a data set; [^\n]*$"):
        datasets.import_dataset("a\nb", tmp_path, home)


def test_a_file_name_that_is_not_utf8_is_a_name_like_any_other(tmp_path: Path, home: Path) -> None:
    files = picture_files() | {"train/ant/caf\udce9.png": image_bytes(5)}
    dataset = datasets.import_dataset("pets", write_tar(tmp_path / "set.tar", files), home)
    assert len(dataset.train_labels) == 7


def test_progress_ends_at_its_total(tmp_path: Path, home: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    source = write_tar(tmp_path / "set.tar.gz", picture_files(), mode="w:gz")
    datasets.import_dataset("pets", source, home, lambda *call: calls.append(call))
    assert calls[-1] == ("reading", source.stat().st_size, source.stat().st_size)
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)
