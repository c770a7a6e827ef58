"""The data home: where imported sets are kept.

A set is a small file `<name>.dataset.json` and a folder of uncompressed `.npy` files that it names. The folder is
written first, under a name of its own; replacing the small file is the one step that makes a set appear, or takes an
old one's place, so there is never half a set.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ablate.datasets.dataset import IMAGE_SHAPE, Dataset, content_digest
from ablate.errors import DataError
from ablate.formats.json_objects import ShapeError, parse, shown

HOME_VARIABLE = "ABLATE_DATA_DIR"
SCHEMA = 1
ENTRY_SUFFIX = ".dataset.json"
FOLDER_SUFFIX = ".arrays"
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


def data_home(override: Path | None = None) -> Path:
    """The folder that imported sets are kept in: `override`, else ABLATE_DATA_DIR, else the platform's cache folder."""
    if override is not None:
        return override.expanduser()
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    # Only here, so that a machine without it can be told a folder instead.
    import platformdirs

    return platformdirs.user_cache_path("ablate", appauthor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the data home says of a set: `size_bytes` is the room its arrays take, `damage` what is wrong with it, if anything."""

    name: str
    path: Path
    digest: str = ""
    classes: tuple[str, ...] = ()
    train_count: int = 0
    test_count: int = 0
    source: str = ""
    size_bytes: int = 0
    damage: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object for scripts."""
        return {
            "name": self.name,
            "digest": self.digest,
            "classes": list(self.classes),
            "train_count": self.train_count,
            "test_count": self.test_count,
            "source": self.source,
            "size_bytes": self.size_bytes,
            "path": str(self.path),
            "damage": self.damage,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a set's small file holds, schema 1."""

    schema: int
    digest: str
    classes: tuple[str, ...]
    train_count: int
    test_count: int
    source: str
    folder: str


def names(home: Path) -> tuple[str, ...]:
    """The names of the sets in a data home, sorted; none where the folder does not exist."""
    return tuple(sorted(path.name.removesuffix(ENTRY_SUFFIX) for path in home.glob(f"*{ENTRY_SUFFIX}")))


def holds(home: Path, name: str) -> bool:
    """Whether a set of that name is in the data home, sound or damaged."""
    return (home / f"{name}{ENTRY_SUFFIX}").is_file()


def read_entry(home: Path, name: str) -> Entry:
    """What the data home says of a set, after checking that its four files are there.

    Raises:
        DataError: there is no such set, or it is damaged.
    """
    path = home / f"{name}{ENTRY_SUFFIX}"
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        line = json.loads(text)
        if isinstance(line, dict) and line.get("schema", SCHEMA) != SCHEMA:
            raise _damaged(home, name, f"it has schema {shown(line['schema'])}, this version of ablate reads {SCHEMA}")
        kept = parse(_Kept, line, "it")
        folder = home / Path(kept.folder).name
        size_bytes = sum((folder / f"{array}.npy").stat().st_size for array in ARRAYS)
        return Entry(
            name=name,
            digest=kept.digest,
            classes=kept.classes,
            train_count=kept.train_count,
            test_count=kept.test_count,
            source=kept.source,
            size_bytes=size_bytes,
            path=folder,
        )
    except OSError as error:
        # Another process may have put a new set in this one's place between the two reads.
        if text and path.is_file() and path.read_text(encoding="utf-8") != text:
            return read_entry(home, name)
        raise _damaged(home, name, f"{error.filename}: {error.strerror}") from error
    except ShapeError as error:
        raise _damaged(home, name, f"{path.name}: {str(error).rstrip('.')}") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(home, name, f"{path.name} is not JSON") from error


def read(home: Path, name: str, *, verify: bool = False) -> Dataset:
    """A set from the data home, its shapes, types and labels checked, and with `verify` its digest too.

    Raises:
        DataError: there is no such set, or it is damaged.
    """
    entry = read_entry(home, name)
    try:
        arrays = {array: np.load(entry.path / f"{array}.npy", allow_pickle=False) for array in ARRAYS}
    except FileNotFoundError as error:
        # The same may happen here; where it did not, the entry itself still names the missing file's folder.
        if read_entry(home, name).path == entry.path:
            raise _damaged(home, name, f"{error.filename} is missing") from error
        return read(home, name, verify=verify)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(home, name, str(error)) from error
    for split, count in (("train", entry.train_count), ("test", entry.test_count)):
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        for found, dtype, shape in ((images, np.uint8, (count, *IMAGE_SHAPE)), (labels, np.int64, (count,))):
            if found.dtype != dtype or found.shape != shape:
                raise _damaged(
                    home, name, f"its {split} files hold {found.dtype} {found.shape}, not {np.dtype(dtype)} {shape}"
                )
        if not count or labels.min() < 0 or labels.max() >= len(entry.classes):
            raise _damaged(home, name, f"its {split} labels are not those of {len(entry.classes)} classes")
    if verify and content_digest(arrays) != entry.digest:
        raise _damaged(home, name, f"its content no longer has the digest {entry.digest[:12]}…")
    return Dataset(name, entry.digest, entry.classes, **arrays)


def write(home: Path, dataset: Dataset, source: str, *, replace: bool) -> None:
    """Keep a set in the data home under its name; `source` says where it came from.

    A crash, a full disk or an interrupt leaves the home as it was. Of two imports of one name that run at once, one comes first.

    Raises:
        DataError: the name is taken and `replace` was not asked for, or the home cannot be written to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _new_folder(home, dataset.name) as folder:
            for array, values in dataset.arrays.items():
                with (folder / f"{array}.npy").open("xb") as file:
                    np.save(file, values, allow_pickle=False)
                    file.flush()
                    os.fsync(file.fileno())
            with _locked(home):
                refuse_taken(home, dataset.name, replace=replace)
                _point(home, dataset, folder.name, source)
                _clear_leftovers(home)
    except OSError as error:
        raise DataError(
            f"cannot keep data set '{dataset.name}' in {home}: {error.strerror or error}; "
            f"make room there, or name another folder with --data-dir or {HOME_VARIABLE}."
        ) from error


def refuse_taken(home: Path, name: str, *, replace: bool) -> None:
    """Raise a DataError if a set of that name is there and may not be replaced."""
    if holds(home, name) and not replace:
        raise DataError(f"a data set '{name}' is already in {home}; give --replace to put the new one in its place.")


def _point(home: Path, dataset: Dataset, folder: str, source: str) -> None:
    line = {
        "schema": SCHEMA,
        "digest": dataset.digest,
        "classes": list(dataset.classes),
        "train_count": len(dataset.train_labels),
        "test_count": len(dataset.test_labels),
        "source": source,
        "folder": folder,
    }
    draft = home / folder / "entry.json"
    with draft.open("x", encoding="utf-8") as file:
        json.dump(line, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, home / f"{dataset.name}{ENTRY_SUFFIX}")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which the system lets go when the process dies."""
    # By hand: filelock takes files only, and one of its own would stay in the user's folder.
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _new_folder(home: Path, name: str) -> Iterator[Path]:
    """A locked folder for a set's arrays, gone again unless an entry names it in the end."""
    with _locked(home):
        folder = Path(tempfile.mkdtemp(prefix=f"{name}.", suffix=FOLDER_SUFFIX, dir=home))
        # The home may be shared by several users, and mkdtemp lets only its own one in.
        umask = os.umask(0)
        os.umask(umask)
        folder.chmod(0o777 & ~umask)
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        os.close(handle)
        if folder.name not in _cited_folders(home):
            shutil.rmtree(folder, ignore_errors=True)


def _cited_folders(home: Path) -> set[str]:
    cited = set()
    for path in home.glob(f"*{ENTRY_SUFFIX}"):
        try:
            cited.add(str(json.loads(path.read_text(encoding="utf-8"))["folder"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return cited


def _clear_leftovers(home: Path) -> None:
    """Remove folders that no entry names and no running import holds: replaced sets, and what a crash left."""
    cited = _cited_folders(home)
    files = {f"{array}.npy" for array in ARRAYS} | {"entry.json"}
    for folder in home.glob(f"*{FOLDER_SUFFIX}"):
        # The home may be any folder of the user's: what does not look exactly like ours is not ours to remove.
        if folder.name in cited or folder.is_symlink() or not folder.is_dir():
            continue
        # It may be held, and whoever holds it may clear it away too, and be done first.
        with suppress(FileNotFoundError, BlockingIOError):
            if {path.name for path in folder.iterdir()} <= files:
                _remove_unheld(folder)


def _remove_unheld(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _damaged(home: Path, name: str, reason: str) -> DataError:
    remedy = "ablate data fetch --replace" if name == "cifar10" else f"ablate data import {name} PATH --replace"
    return DataError(f"data set '{name}' in {home} is damaged: {reason}.\nBring it in again with `{remedy}`.")
