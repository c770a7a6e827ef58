"""The download of the official archive, checked before anything reads it.

By hand: pooch does not say how many bytes came before a connection broke, counts its progress in chunks, reads a file that is too
long to its end, and goes on where another download stopped no more than this does; and it brings five packages along.
"""

import hashlib
import http.client
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ablate.datasets.dataset import Progress
from ablate.datasets.official import OfficialArchive
from ablate.errors import DataError

STALL_SECONDS = 30
CHUNK_BYTES = 2**18


@contextmanager
def downloaded(archive: OfficialArchive, home: Path, progress: Progress) -> Iterator[Path]:
    """The archive as a file in the data home, there until the block ends.

    Raises:
        DataError: no network, an answer other than the file, a torn or a wrong file, or no room for it.
    """
    remedy = f"Fetch {archive.url} where there is a network, then run `ablate data import cifar10 FILE`."
    with _scratch_file(home) as file:
        hasher = hashlib.md5(usedforsecurity=False)
        done = 0
        try:
            with urllib.request.urlopen(archive.url, timeout=STALL_SECONDS) as answer:
                while chunk := answer.read(CHUNK_BYTES):
                    file.write(chunk)
                    hasher.update(chunk)
                    done += len(chunk)
                    progress("downloading", done, archive.size_bytes)
                    if done > archive.size_bytes:
                        break
            file.flush()
        except urllib.error.HTTPError as error:
            error.close()
            raise DataError(f"{archive.url} answered {error.code} {error.reason}.\n{remedy}") from error
        except urllib.error.URLError as error:
            raise DataError(f"cannot reach {archive.url}: {error.reason}.\n{remedy}") from error
        except (OSError, http.client.HTTPException) as error:
            raise DataError(f"the download stopped after {done:,} bytes: {error}.\n{remedy}") from error
        if done != archive.size_bytes:
            found = f"more than {archive.size_bytes:,}" if done > archive.size_bytes else f"{done:,}"
            raise DataError(
                f"the download is torn: {found} bytes came, expected {archive.size_bytes:,}; try again.\n{remedy}"
            )
        if hasher.hexdigest() != archive.md5:
            raise DataError(f"the download has md5 {hasher.hexdigest()}, expected {archive.md5}; try again.\n{remedy}")
        yield Path(file.name)


def _scratch_file(home: Path) -> IO[bytes]:
    """A file in the data home that goes when it is closed."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=home, prefix="download.", suffix=".tar.gz")
    except OSError as error:
        raise DataError(f"cannot write to {home}: {error.strerror}; name another folder with --data-dir.") from error
