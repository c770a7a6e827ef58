"""Parcels: the files of a run folder that a trainer is made from, for workers that may not see the folder. Free of torch."""

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.store.run_folder import SOURCES, STUDY_FILE

FOLDER = "folder"
"""The argument of a trainer's factory that is the path of a run folder."""

DATA_DIR = "data_dir"
"""The argument of a trainer's factory that is the path of the data home; a machine that has no such folder takes its own."""

_CACHE_VARIABLE = "ABLATE_CACHE_DIR"


def manifest(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The files of the run folder that a factory's arguments name, study.json and copies of the user's own: name to SHA-256 in hex.

    Empty where they name none.
    """
    folder = arguments.get(FOLDER)
    if folder is None:
        return {}
    root = Path(folder)
    paths = [root / STUDY_FILE, *sorted((root / SOURCES).glob("*"))]
    return {str(path.relative_to(root)): _digest(path) for path in paths if path.is_file()}


def pack(arguments: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """The contents of files of the run folder, in base64 by name; only of those that `manifest` lists."""
    root, allowed = Path(arguments[FOLDER]), manifest(arguments)
    return {name: base64.b64encode((root / name).read_bytes()).decode() for name in names if name in allowed}


def unpack(
    parcel: Mapping[str, str], arguments: Mapping[str, Any], fetch: Callable[[Sequence[str]], Mapping[str, str]]
) -> dict[str, Any]:
    """A factory's arguments as they hold on this machine.

    A run folder that is here under the same path with the same files, as on a shared disk, is taken as it is. Otherwise its files go,
    once each, to a folder in the cache that is named by their digests; `fetch` gets the contents of those that are not there yet.

    Raises:
        AblateError: what arrived is not what was announced, or there is no room for it.
    """
    here = dict(arguments)
    if here.get(DATA_DIR) is not None and not Path(here[DATA_DIR]).is_dir():
        here[DATA_DIR] = None
    if not parcel or all(_digest(Path(here[FOLDER]) / name) == digest for name, digest in parcel.items()):
        return here
    whole = hashlib.sha256(
        "\n".join(f"{digest} {name}" for name, digest in sorted(parcel.items())).encode()
    ).hexdigest()
    root = cache_home() / "seats" / whole
    missing = [name for name, digest in parcel.items() if _digest(root / name) != digest]
    for name, contents in (fetch(missing) if missing else {}).items():
        _put(root, name, base64.b64decode(contents), parcel)
    lacking = [name for name in missing if _digest(root / name) != parcel[name]]
    if lacking:
        raise AblateError(f"{lacking[0]} of the run folder did not arrive whole on this machine; resume the study.")
    return {**here, FOLDER: str(root)}


def cache_home() -> Path:
    """Where a worker keeps what it was sent: ABLATE_CACHE_DIR, else the platform's cache folder."""
    if os.environ.get(_CACHE_VARIABLE):
        return Path(os.environ[_CACHE_VARIABLE]).expanduser()
    # Only here, so that a machine without it can be told a folder instead.
    import platformdirs

    return platformdirs.user_cache_path("ablate", appauthor=False)


def _put(root: Path, name: str, contents: bytes, parcel: Mapping[str, str]) -> None:
    if hashlib.sha256(contents).hexdigest() != parcel.get(name) or ".." in Path(name).parts or Path(name).is_absolute():
        raise AblateError(f"{name!r} is no file that this worker was to be sent.")
    path = root / name
    # Several workers of one machine may unpack the same parcel at a time.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(contents)
        os.replace(draft, path)
    except OSError as error:
        raise AblateError(f"Cannot write {path}: {error.strerror}. Give a folder with {_CACHE_VARIABLE}.") from error


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
