"""Settings that hold before any test imports anything, and what tests of several rooms share."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tiny_study import CommandLine

# Test networks are so small that a second thread only waits for the first, for seconds where other processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Output that is captured is wrapped for nobody; a process that runs its share of the tests has the terminal's width from its parent.
os.environ.pop("COLUMNS", None)


# While all is imported there is nothing to collect, and a look at all of it takes half a second.
gc.disable()


def pytest_collection_finish() -> None:
    """Set apart what is imported by now: it stays to the end, and no test needs to wait while the garbage collector looks at it."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """No test cuts the power, and over a thousand waits for the disk take seconds; child processes still wait."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages; the modules of `tests.little_lineage` are forgotten before and after."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    for name in ("little_names", "little_registry"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory in which studies are tiny and reports have no figures."""
    # Only here, so that tests without studies do not wait for torch.
    from tests.tiny_study import make_everything_tiny, without_figures

    make_everything_tiny(monkeypatch, tmp_path)
    without_figures(monkeypatch)
    return tmp_path


@pytest.fixture
def ablate(capsys: pytest.CaptureFixture[str]) -> "CommandLine":
    """The command line, called in this process."""
    from tests.tiny_study import CommandLine

    return CommandLine(capsys)
