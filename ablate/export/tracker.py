"""What every tracker can do, and what all of them need around them: quiet, and settings that hold for a call."""

import io
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from typing import Protocol

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
    """What a tracker prints and warns of stays out of results and progress."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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
