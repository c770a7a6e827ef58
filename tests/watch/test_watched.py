"""A run folder that is being written, looked at."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.store.run_folder import RunFolder
from ablate.watch.watched import Watched
from tests.tiny_study import tree

Grown = Callable[[int], Path]


def test_trials_are_read_again_only_when_there_are_more(grown: Grown, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[RunFolder] = []
    real = RunFolder.read_trials
    monkeypatch.setattr(RunFolder, "read_trials", lambda folder: read.append(folder) or real(folder))
    watched = Watched(grown(3))
    first, again = watched.look(), watched.look()
    assert first is again
    assert (first.status.done, first.status.left, len(read)) == (3, 15, 1)
    grown(4)
    later = watched.look()
    assert later.mark != first.mark
    assert (later.status.done, later.evidence.usable_trials, len(read)) == (4, 4, 2)


def test_half_a_line_is_passed_over_until_the_rest_of_it_is_there(grown: Grown) -> None:
    path = grown(4) / "trials.jsonl"
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    path.write_bytes(whole[: last + 100])
    watched = Watched(path.parent)
    assert watched.look().status.done == 3
    before = tree(path.parent)
    with path.open("ab") as file:
        file.write(whole[last + 100 :])
    assert watched.look().status.done == 4
    path.write_bytes(whole[: last + 100])
    watched.look()
    assert tree(path.parent) == before, "nothing is written or cut"


def test_a_study_that_has_not_begun_or_that_ends_is_seen_without_a_trial(grown: Grown) -> None:
    folder = grown(0)
    (folder / "trials.jsonl").unlink()
    watched = Watched(folder)
    assert (watched.look().status.done, watched.look().status.state) == (0, "stopped")
    with RunFolder.open(folder).open_store():
        assert watched.look().status.state == "running"
        assert watched.mark().writer == os.getpid()
    assert watched.look().status.state == "stopped"


def test_a_folder_that_goes_away_or_breaks_is_said(grown: Grown) -> None:
    folder = grown(3)
    watched = Watched(folder)
    lines = (folder / "trials.jsonl").read_bytes()
    (folder / "trials.jsonl").write_bytes(lines.replace(b'"ok"', b'"od"', 1))
    with pytest.raises(AblateError, match=r"trials\.jsonl, line \d+ is not a record of a trial"):
        watched.look()
    shutil.rmtree(folder)
    with pytest.raises(AblateError, match="run is gone"):
        watched.look()
