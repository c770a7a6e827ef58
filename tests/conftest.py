"""Settings that hold before any test imports anything, and what tests of several rooms share."""

import gc
import os
import sys
from pathlib import Path

import pytest

# Test networks are so small that a second thread only waits for the first, for seconds where other processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """Set apart what all the tests have imported: it is there to the end, and a look at it by the garbage collector takes half a second."""
    gc.collect()
    gc.freeze()


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
