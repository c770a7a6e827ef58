"""The files inside a folder or a tar archive, read one by one, with nothing unpacked to disk."""

import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ablate.datasets.dataset import Progress
from ablate.errors import DataError
from ablate.formats.printable import printable

END_MARKER_BYTES = 1024
LARGEST_MEMBER_BYTES = 64 * 2**20
DEEPEST_FOLDER = 4
_TORN = (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class Member:
    """A file or a folder found in a source: `path` within it; `read` gives a file's bytes and is None for a folder."""

    path: PurePosixPath
    read: Callable[[], bytes] | None


def members(source: Path, progress: Progress) -> Iterator[Member]:
    """Every file and folder inside a folder or a tar archive (plain, gzip or xz), each to be read before the next is asked for.

    Hidden files and `__MACOSX` are passed over.

    Raises:
        DataError: the source is missing, torn or no tar archive, or a member is a link or a device, appears twice, lies outside
            the archive, or is larger than any batch file.
    """
    if source.is_dir():
        found = _folder_members(source, progress)
    elif source.is_file():
        found = _tar_members(source, progress)
    else:
        raise DataError(f"no file or folder at {source}; give an archive or a folder that is there.")
    seen: set[PurePosixPath] = set()
    for member in found:
        if any(_is_hidden(part) for part in member.path.parts):
            continue
        if member.read is not None:
            if member.path in seen:
                raise DataError(
                    f"{source.name}: '{printable(str(member.path))}' is in it twice; expected each file once."
                )
            seen.add(member.path)
        yield member


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _folder_members(folder: Path, progress: Progress) -> Iterator[Member]:
    try:
        found = sorted(_walk(folder, PurePosixPath(), depth=0))
        for done, (path, is_folder) in enumerate(found, start=1):
            place = folder / path
            if not is_folder and not place.is_file():
                raise DataError(f"{folder}: '{printable(str(path))}' is not a regular file; expected image files only.")
            if not is_folder:
                _refuse_oversized(folder.name, path, place.stat().st_size)
            yield Member(path, None if is_folder else place.read_bytes)
            progress("reading", done, len(found))
    except OSError as error:
        raise DataError(f"cannot read {error.filename or folder}: {error.strerror}.") from error


def _walk(folder: Path, inside: PurePosixPath, depth: int) -> Iterator[tuple[PurePosixPath, bool]]:
    # The depth limit also ends loops of links, so linked files and folders can be followed as ImageFolder does.
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            path = inside / entry.name
            yield path, entry.is_dir()
            if entry.is_dir() and depth < DEEPEST_FOLDER:
                yield from _walk(folder / entry.name, path, depth + 1)


class _Tail:
    """A stream that remembers its last bytes: tarfile takes a torn plain archive for a finished one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.tail = b""

    def read(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        self.tail = (self.tail + chunk)[-END_MARKER_BYTES:]
        return chunk


def _tar_members(archive: Path, progress: Progress) -> Iterator[Member]:
    total = archive.stat().st_size
    try:
        with archive.open("rb") as compressed, _decompressed(compressed) as stream:
            tail = _Tail(stream)
            with tarfile.open(fileobj=tail, mode="r|") as tar:  # type: ignore[call-overload]
                for info in tar:
                    path = _checked_path(archive, info)
                    progress("reading", compressed.tell(), total)
                    yield Member(path, None if info.isdir() else _reader(archive, tar, info))
            while tail.read(2**20):
                pass
            if tail.tail != bytes(END_MARKER_BYTES):
                raise DataError(f"{archive} is torn: it stops before the end of a tar archive; fetch or copy it again.")
            progress("reading", total, total)
    except _TORN as error:
        raise _torn(archive, error) from error
    except OSError as error:
        raise DataError(f"cannot read {archive}: {error.strerror or error}.") from error


def _torn(archive: Path, error: Exception) -> DataError:
    return DataError(f"{archive} is torn or no tar archive ({error}); expected a whole .tar, .tar.gz or .tar.xz file.")


def _decompressed(compressed: IO[bytes]) -> IO[bytes]:
    magic = compressed.read(6)
    compressed.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(compressed, "rb")  # type: ignore[return-value]
    if magic == b"\xfd7zXZ\x00":
        return lzma.open(compressed, "rb")
    return compressed


def _checked_path(archive: Path, info: tarfile.TarInfo) -> PurePosixPath:
    path = PurePosixPath(info.name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(
            f"{archive.name}: '{printable(info.name)}' would land outside the archive's folder; expected relative names."
        )
    if not info.isdir() and not info.isreg():
        raise DataError(
            f"{archive.name}: '{printable(info.name)}' is a link or a device; expected plain files and folders."
        )
    _refuse_oversized(archive.name, path, info.size)
    return path


def _refuse_oversized(source: str, path: PurePosixPath, size_bytes: int) -> None:
    if size_bytes > LARGEST_MEMBER_BYTES:
        raise DataError(
            f"{source}: '{printable(str(path))}' has {size_bytes:,} bytes; expected at most {LARGEST_MEMBER_BYTES:,}."
        )


def _reader(archive: Path, tar: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        member = tar.extractfile(info)
        assert member is not None, "only regular files get a reader"
        # The caller reads, so what a torn archive raises here would pass by the clause around the loop.
        try:
            return member.read()
        except _TORN as error:
            raise _torn(archive, error) from error

    return read
