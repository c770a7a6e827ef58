import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from ablate import datasets
from ablate.datasets import home as homes
from ablate.errors import DataError
from tests.datasets.archives import image_bytes, picture_files, write_tar


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tar(tmp_path / "set.tar", picture_files())


@pytest.fixture
def other_source(tmp_path: Path) -> Path:
    return write_tar(tmp_path / "other.tar", {**picture_files(), "train/ant/0.png": image_bytes(77)})


def test_where_the_home_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATE_DATA_DIR", str(tmp_path / "named"))
    assert datasets.data_home(tmp_path) == tmp_path
    assert datasets.data_home() == tmp_path / "named"
    monkeypatch.delenv("ABLATE_DATA_DIR")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setattr(platformdirs, "PlatformDirs", Unix)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert datasets.data_home() == Path("/cache/ablate")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert datasets.data_home() == Path("/home/someone/.cache/ablate")
    monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    assert datasets.data_home() == Path("/home/someone/Library/Caches/ablate")


def test_a_taken_name_needs_replace_which_leaves_one_set(home: Path, source: Path, other_source: Path) -> None:
    first = datasets.import_dataset("pets", source, home)
    with pytest.raises(DataError, match=r"'pets' is already in .*--replace"):
        datasets.import_dataset("pets", other_source, home)
    assert datasets.load("pets", home).digest == first.digest
    second = datasets.import_dataset("pets", other_source, home, replace=True)
    assert datasets.load("pets", home).digest == second.digest != first.digest
    assert len(list(home.glob("*.arrays"))) == 1


def test_a_failed_replacement_leaves_the_old_set(
    home: Path, source: Path, other_source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = datasets.import_dataset("pets", source, home)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, function, full_disk)
            with pytest.raises(DataError, match=r"cannot keep data set 'pets' in .*No space left.*--data-dir"):
                datasets.import_dataset("pets", other_source, home, replace=True)
        assert datasets.load("pets", home).digest == first.digest
        assert len(list(home.iterdir())) == 2


def test_leftovers_of_a_crash_go_and_foreign_folders_stay(home: Path, source: Path) -> None:
    (home / "pets.crashed.arrays").mkdir(parents=True)
    (home / "pets.crashed.arrays/train_images.npy").write_bytes(b"half")
    (home / "mine.arrays").mkdir()
    (home / "mine.arrays/thesis.npy").write_bytes(b"precious")
    datasets.import_dataset("pets", source, home)
    assert not (home / "pets.crashed.arrays").exists()
    assert (home / "mine.arrays/thesis.npy").read_bytes() == b"precious"


def test_a_leftover_that_somebody_else_removes_first_is_no_error(
    home: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftover = home / "pets.crashed.arrays"
    leftover.mkdir(parents=True)
    really_open = os.open

    def too_late(path: str | Path, *arguments: Any, **options: Any) -> int:
        if path == leftover:
            leftover.rmdir()
        return really_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", too_late)
    datasets.import_dataset("pets", source, home)
    assert not leftover.exists()
    assert datasets.load("pets", home).digest


def _import_slowly(source: Path, home: Path) -> None:
    def slow_fsync(_: int) -> None:
        time.sleep(60)

    os.fsync = slow_fsync
    datasets.import_dataset("pets", source, home)


def test_a_killed_import_leaves_nothing_that_counts(home: Path, source: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=_import_slowly, args=(source, home))
    child.start()
    while not list(home.glob("*.arrays/*.npy")):
        time.sleep(0.01)
    # The import still holds its folder: another one finishes beside it and leaves it alone.
    datasets.import_dataset("others", source, home)
    assert len(list(home.glob("pets.*.arrays"))) == 1
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert [entry.name for entry in datasets.installed(home)] == ["others"]
    datasets.import_dataset("pets", source, home)
    assert len(list(home.glob("pets.*.arrays"))) == 1


def _import_often(source: Path, home: Path) -> None:
    for _ in range(15):
        datasets.import_dataset("pets", source, home, replace=True)


def test_two_imports_of_one_name_and_a_reader_never_meet_half_a_set(
    home: Path, source: Path, other_source: Path
) -> None:
    allowed = {datasets.import_dataset("pets", path, home, replace=True).digest for path in (source, other_source)}
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_import_often, args=(path, home)) for path in (source, other_source)]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        loaded = datasets.load("pets", home)
        assert datasets.content_digest(loaded.arrays) == loaded.digest
        assert loaded.digest in allowed
    assert [child.exitcode for child in children] == [0, 0]
    assert len(list(home.glob("*.arrays"))) == 1


def arrays_of(home: Path) -> Path:
    (entry,) = datasets.installed(home)
    return entry.path


@pytest.mark.parametrize(
    ("array", "damage", "message"),
    [
        ("train_images", lambda path: path.unlink(), r"train_images\.npy: No such file"),
        ("train_images", lambda path: path.write_bytes(path.read_bytes()[:-1]), r"damaged"),
        ("test_labels", lambda path: path.write_bytes(b""), r"damaged"),
        (
            "test_images",
            lambda path: np.save(path, np.zeros((6, 32, 32), np.uint8)),
            r"test files hold uint8 \(6, 32, 32\)",
        ),
        ("train_labels", lambda path: np.save(path, np.full(6, 3)), r"train labels are not those of 3 classes"),
        ("train_labels", lambda path: np.save(path, np.array([None]), allow_pickle=True), r"damaged"),
    ],
)
def test_a_damaged_set_is_not_loaded(home: Path, source: Path, array: str, damage: object, message: str) -> None:
    datasets.import_dataset("pets", source, home)
    damage(arrays_of(home) / f"{array}.npy")  # type: ignore[operator]
    with pytest.raises(DataError, match=message) as raised:
        datasets.load("pets", home)
    assert "ablate data import pets PATH --replace" in str(raised.value)
    datasets.import_dataset("pets", source, home, replace=True)
    datasets.load("pets", home)


GARBLED = {
    "": "is damaged: pets.dataset.json is not JSON.",
    "[" * 100_000: "is damaged: pets.dataset.json is not JSON.",
    "[]": "is damaged: pets.dataset.json: it is a list, not an object.",
    "{}": "is damaged: pets.dataset.json: it lacks 'schema', 'digest', 'classes'",
    '{"schema": 1, "folder": "x"}': "is damaged: pets.dataset.json: it lacks 'digest', 'classes', 'train_count'",
    '{"schema": 2}': "is damaged: it has schema 2, this version of ablate reads 1.",
    '{"schema": "1\\u001b"}': "is damaged: it has schema '1\\x1b', this version of ablate reads 1.",
}


@pytest.mark.parametrize("text", GARBLED)
def test_a_garbled_entry_is_listed_as_damaged(home: Path, source: Path, text: str) -> None:
    datasets.import_dataset("pets", source, home)
    (home / "pets.dataset.json").write_text(text)
    (entry,) = datasets.installed(home)
    assert entry.damage is not None
    assert "'pets' in" in entry.damage
    assert GARBLED[text] in entry.damage
    with pytest.raises(DataError, match=r"damaged"):
        datasets.load("pets", home)


def test_only_verifying_sees_a_changed_pixel(home: Path, source: Path) -> None:
    datasets.import_dataset("pets", source, home)
    path = arrays_of(home) / "train_images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert datasets.installed(home)[0].damage is None
    assert "no longer has the digest" in str(datasets.installed(home, verify=True)[0].damage)


def test_an_entry_cannot_point_outside_the_home(home: Path, source: Path, tmp_path: Path) -> None:
    datasets.import_dataset("pets", source, home)
    line = json.loads((home / "pets.dataset.json").read_text())
    (tmp_path / "elsewhere").mkdir()
    (home / "pets.dataset.json").write_text(json.dumps({**line, "folder": "../elsewhere"}))
    with pytest.raises(DataError, match=r"damaged"):
        homes.read(home, "pets")


def test_a_home_that_cannot_be_made(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot keep data set 'pets'.*ABLATE_DATA_DIR"):
        datasets.import_dataset("pets", source, tmp_path / "file" / "home")
