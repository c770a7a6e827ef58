"""Progress in a notebook's cell."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ablate.engine.events import (
    ProcessDied,
    StudyOpened,
    StudyStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    ignore_event,
)
from ablate.watch.notebook import LEAST_SECONDS, MOST_REMARKS, NotebookProgress, in_notebook, showing
from tests.fakes import fake_study, finished_trial


class Cell:
    """Stands in for IPython: what the cell's output has been, one after the other."""

    def __init__(self) -> None:
        self.outputs: list[str] = []
        self.displayed = 0

    def display(self, told: dict[str, str], *, raw: bool, display_id: bool) -> "Cell":
        assert display_id
        self.displayed += 1
        self.update(told, raw=raw)
        return self

    def update(self, told: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.outputs.append(told["text/html"])
        self.in_words = told["text/plain"]


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    made = Cell()
    shell = SimpleNamespace(kernel=object())
    display = SimpleNamespace(display=made.display)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return made


def counts(text: str) -> list[str]:
    return re.findall(r"</span></span> (\d+/\d+)", text)


def test_one_output_changes_in_its_place_and_ends_as_the_study_did(cell: Cell) -> None:
    pending = fake_study(2).schedule()
    now = [0.0]
    with NotebookProgress(lambda: now[0]) as progress:
        progress.show(StudyOpened(folder=Path("runs/x"), arms=("all", "all - a", "all - b")))
        assert cell.outputs == []
        progress.show(StudyStarted(pending=pending, total=6))
        assert counts(cell.outputs[-1]) == ["0/2", "0/2", "0/2", "0/6"]
        for number, spec in enumerate(pending[:5]):
            now[0] += LEAST_SECONDS if number == 1 else LEAST_SECONDS / 10
            progress.show(TrialStarted(spec=spec, process=0))
            progress.show(TrialFinished(trial=finished_trial(spec).trial))
        assert len(cell.outputs) == 2, "changes that come at once are told together"
        progress.show(TrialFailed(trial=finished_trial(pending[5], status="failed").trial))
    assert cell.displayed == 1
    assert counts(cell.outputs[-1]) == ["2/2", "2/2", "2/2", "6/6"]
    assert "width: 100.0%" in cell.outputs[-1]
    assert cell.in_words == "6 of 6 trials"
    assert "failed" in cell.outputs[-1]
    assert "Run folder: runs/x" in cell.outputs[-1]


def test_remarks_are_text_and_only_the_newest_stay(cell: Cell) -> None:
    with NotebookProgress() as progress:
        progress.show(StudyStarted(pending=fake_study(2).schedule(), total=6))
        for number in range(MOST_REMARKS + 3):
            progress.show(ProcessDied(process=number, process_id=1, reason="<b>killed</b>"))
    last = cell.outputs[-1]
    assert "… 3 earlier remarks" in last
    assert "Process 2 died" not in last
    assert "Process 3 died: &lt;b&gt;killed&lt;/b&gt;" in last


def test_without_being_asked_only_a_notebook_shows_progress(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(event: object) -> None:
        """Told instead."""

    with showing(mine) as tell:
        assert tell is mine
    with showing(None) as tell:
        assert tell.__self__.__class__ is NotebookProgress
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    assert not in_notebook(), "a terminal's IPython"
    monkeypatch.delitem(sys.modules, "IPython")
    with showing(None) as tell:
        assert tell is ignore_event
    assert cell.outputs == []
