"""Sets by name: which there are, and how each is found, brought in and loaded."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from ablate.datasets import home as homes
from ablate.datasets import official, synthetic
from ablate.datasets.dataset import Dataset, Progress, no_progress
from ablate.datasets.download import downloaded
from ablate.datasets.imagefolder import ImageFolderReader
from ablate.datasets.members import members
from ablate.datasets.official import OfficialReader
from ablate.errors import DataError, near_match
from ablate.formats.printable import printable

RESERVED = ("auto", "synthetic")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _announce_on_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def resolve(name: str, home: Path | None = None) -> str:
    """The name of the set that a request stands for: "auto" is "cifar10" where it is here, else "synthetic".

    Raises:
        DataError: there is no such set, and it is not one that `load` could make or download.
    """
    place = homes.data_home(home)
    if name == "auto":
        return "cifar10" if homes.holds(place, "cifar10") else "synthetic"
    known = {*RESERVED, "cifar10", *homes.names(place)}
    if name not in known:
        raise DataError(
            f"No data set '{printable(name)}' in {place}.{near_match(name, known)}\n"
            "`ablate data list` shows what is here, `ablate data import NAME PATH` brings a set in."
        )
    return name


def load(
    name: str,
    home: Path | None = None,
    *,
    announce: Callable[[str], None] = _announce_on_stderr,
    progress: Progress = no_progress,
) -> Dataset:
    """A set by name; "cifar10" is downloaded where it is not here, and "auto" without it is the synthetic set, announced in one line.

    Raises:
        DataError: there is no such set, it is damaged, or its download failed.
    """
    resolved = resolve(name, home)
    if resolved == "synthetic":
        if name == "auto":
            announce(
                f"CIFAR-10 is not in {homes.data_home(home)}: using SYNTHETIC images. Accuracies on them say nothing "
                "about CIFAR-10; `ablate data fetch` brings the real ones."
            )
        return synthetic.generate()
    if resolved == "cifar10" and not homes.holds(homes.data_home(home), resolved):
        announce(f"CIFAR-10 is not in {homes.data_home(home)}: downloading {official.ARCHIVE.size_bytes:,} bytes.")
        return fetch(home, progress=progress)
    return homes.read(homes.data_home(home), resolved)


def import_dataset(
    name: str,
    path: Path,
    home: Path | None = None,
    progress: Progress = no_progress,
    *,
    replace: bool = False,
) -> Dataset:
    """Bring a set into the data home: the official CIFAR-10 archive or folder, or a folder or tar archive in ImageFolder layout.

    As "cifar10", only the published files are taken, known by the checksum of each.

    Raises:
        DataError: the name is bad or taken, or the source is not a whole and harmless set; nothing is kept then.
    """
    place = homes.data_home(home)
    if not _NAME.fullmatch(name) or name in RESERVED:
        reason = "is made by the package" if name in RESERVED else "is no name for a data set"
        raise DataError(
            f"'{printable(name)}' {reason}; use up to 64 letters, digits, '-', '_' and '.', not {' or '.join(RESERVED)}."
        )
    homes.refuse_taken(place, name, replace=replace)
    dataset = _read_source(name, path, progress)
    homes.write(place, dataset, path.name, replace=replace)
    return dataset


def _read_source(name: str, path: Path, progress: Progress) -> Dataset:
    # The name of "." is empty.
    source = printable(path.name or str(path.resolve()))
    batches = OfficialReader(source, genuine=name == "cifar10")
    images = ImageFolderReader(source)
    for member in members(path, progress):
        if member.read is None:
            images.add_folder(member.path)
        elif batches.takes(member.path):
            batches.add_file(member.path, member.read())
        elif not batches.file_count:
            images.add_file(member.path, member.read())
    if batches.file_count and images.image_count:
        raise DataError(f"{source}: holds both CIFAR-10 batches and image folders; expected one of them.")
    if batches.file_count:
        return batches.dataset(name)
    if name == "cifar10":
        raise DataError(
            f"{source}: no CIFAR-10 batches in it; as 'cifar10' only the official files are taken. "
            "Give the set another name, or get the official archive with `ablate data fetch`."
        )
    return images.dataset(name)


def fetch(home: Path | None = None, progress: Progress = no_progress, *, replace: bool = False) -> Dataset:
    """The official CIFAR-10: what is here, else downloaded, checked and kept; with `replace`, downloaded anew.

    Raises:
        DataError: no network, or a torn or wrong file; nothing is kept then.
    """
    place = homes.data_home(home)
    if homes.holds(place, "cifar10") and not replace:
        return homes.read(place, "cifar10")
    with downloaded(official.ARCHIVE, place, progress) as archive:
        dataset = _read_source("cifar10", archive, progress)
    homes.write(place, dataset, official.ARCHIVE.url, replace=True)
    return dataset


def installed(home: Path | None = None, *, verify: bool = False) -> list[homes.Entry]:
    """What the data home holds, sorted by name; a damaged set says so in its `damage`.

    Without `verify`, only the presence of files is checked; with it, all images are read and their digest computed again.
    """
    place = homes.data_home(home)
    entries = []
    for name in homes.names(place):
        try:
            entry = homes.read_entry(place, name)
            if verify:
                homes.read(place, name, verify=True)
        except DataError as error:
            entry = homes.Entry(name=name, path=place, damage=str(error).splitlines()[0])
        entries.append(entry)
    return entries
