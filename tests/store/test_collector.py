"""Much is read without the garbage collector, which is as it was afterwards, however the reading ends."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.stats.evidence import Evidence
from ablate.store.collector import collector_paused
from ablate.store.run_folder import RunFolder
from ablate.store.trials import JsonlTrialStore
from ablate.study import leave_one_out
from tests.report.build import resolved, trials_of, write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough trials that the collector would look at them many times."""
    study = resolved(leave_one_out(["silu", "tuning"]), blocks=500, processes=2)
    return write_folder(tmp_path_factory.mktemp("runs") / "run", study, trials_of(study))


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations that were looked at, in order."""
    seen: list[int] = []

    def look(phase: str, facts: dict[str, int]) -> None:
        if phase == "start":
            seen.append(facts["generation"])

    gc.callbacks.append(look)
    yield seen
    gc.callbacks.remove(look)


def read_trials(folder: Path) -> None:
    JsonlTrialStore.read(folder / "trials.jsonl")


READERS: list[Callable[[Path], object]] = [Evidence.read, RunFolder.open, read_trials]


@pytest.mark.parametrize("read", READERS, ids=["evidence", "study", "trials"])
def test_reading_does_without_it(folder: Path, collections: list[int], read: Callable[[Path], object]) -> None:
    gc.collect()
    collections.clear()
    read(folder)
    # What was read may be looked at once, when the collector is back.
    assert len(collections) <= 1
    assert gc.isenabled()


def test_it_is_back_after_a_damaged_file(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_bytes((folder / "trials.jsonl").read_bytes().replace(b'"block":1,', b'"block":7,', 1))
    with pytest.raises(AblateError, match="has changed since it was written"):
        JsonlTrialStore.read(path)
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off(folder: Path) -> None:
    gc.disable()
    try:
        with collector_paused():
            Evidence.read(folder)
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_pause_within_a_pause_does_not_end_it() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.fixture
def thawed() -> Iterator[None]:
    """Nothing is frozen, as in a program; what these tests themselves had frozen is again at the end."""
    was_frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    yield
    if was_frozen:
        gc.freeze()
    else:
        gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_what_somebody_has_frozen_stays_frozen() -> None:
    gc.freeze()
    with collector_paused():
        _ = [[] for _ in range(100_000)]
    assert gc.get_freeze_count()


@pytest.mark.usefixtures("thawed")
def test_what_was_read_is_not_among_the_youngest_afterwards() -> None:
    with collector_paused():
        read: list[list[int]] = [[] for _ in range(100_000)]
    assert any(each is read for each in gc.get_objects(generation=2))
    assert not gc.get_freeze_count()
