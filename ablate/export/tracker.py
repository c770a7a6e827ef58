"""What every tracker can do, and what all of them need around them: quiet, and settings that hold for a call."""

import io
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Protocol

from ablate.errors import UsageError
from ablate.export.exported import ExportedStudy, ExportedTrial


class Tracker(Protocol):
    """A place where trials are kept as runs, opened for one study.

    Used by one thread. Whatever a tracker raises is the tracker's failure, never the study's.
    """

    place: str
    """Where the runs are, as people find them: a path or an address."""

    def known(self) -> frozenset[str]:
        """The identifiers of what is whole there already: of trials, and of states of the study."""

    def trial(self, trial: ExportedTrial) -> None:
        """Keep a trial; on return it is there."""

    def summary(self, study: ExportedStudy) -> None:
        """Keep what the trials say together, in the place of what an earlier state of the study said."""

    def close(self) -> None:
        """Let go of files and connections."""


def check_installed(package: str, title: str, extra: str) -> None:
    """See that a tracker's own package is there, without loading it: some take seconds, and read their settings as they load.

    Raises:
        UsageError: it is not installed here.
    """
    if find_spec(package) is None:
        raise UsageError(f"{title} needs {package}, which is not installed here: pip install 'ablate-recipes[{extra}]'")


@contextmanager
def quiet() -> Iterator[None]:
    """What a tracker prints in this thread stays out of results; what others print meanwhile does not."""
    before, here = sys.stdout, threading.get_ident()
    sieve = _Sieve(before, here)
    sys.stdout = sieve
    try:
        yield
    finally:
        sieve.is_over = True
        if sys.stdout is sieve:
            sys.stdout = before


class _Sieve(io.TextIOBase):
    """An output without what one thread writes; it may stay where it is after a thread that never came back."""

    def __init__(self, output: Any, silent: int) -> None:
        self._output, self._silent = output, silent
        self.is_over = False

    def write(self, text: str) -> int:
        """Pass on what any other thread writes."""
        if threading.get_ident() != self._silent or self.is_over:
            return int(self._output.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush the output."""
        self._output.flush()

    def isatty(self) -> bool:
        """Whether the output is a terminal."""
        return bool(self._output.isatty())

    def fileno(self) -> int:
        """The output's own."""
        return int(self._output.fileno())

    def writable(self) -> bool:
        """Yes."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The output's own."""
        return str(self._output.encoding)


@contextmanager
def environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Environment variables as a tracker is to find them, None for not at all; afterwards they are as before."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
