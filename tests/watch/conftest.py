"""Run folders that grow, and pages without figures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.report.figures import Figure
from ablate.store.records import Trial
from ablate.store.resolved import ResolvedStudy
from ablate.study import leave_one_out
from tests.report.build import resolved, trials_of, write_folder

SKETCH = Figure(
    "effects", "Each feature's effect", '<svg xmlns="http://www.w3.org/2000/svg"><title>sketch</title></svg>'
)


@pytest.fixture
def study() -> ResolvedStudy:
    """Three arms of which each feature saves a little, six blocks in three processes."""
    return resolved(leave_one_out(["silu", "tuning"]), name="watched")


@pytest.fixture
def trials(study: ResolvedStudy) -> list[Trial]:
    return trials_of(study, savings={"silu": 0.02, "tuning": 0.1})


@pytest.fixture
def grown(study: ResolvedStudy, trials: list[Trial], tmp_path: Path) -> Callable[[int], Path]:
    """A run folder as it is after so many trials; called again, the same folder with more of them."""

    def grow(number: int) -> Path:
        whole = write_folder(tmp_path / f"after {number}", study, trials[:number])
        path = tmp_path / "run"
        path.mkdir(exist_ok=True)
        for name in ("study.json", "trials.jsonl"):
            # Written over, not replaced: the file of a running study stays the same one.
            (path / name).write_bytes((whole / name).read_bytes())
        return path

    return grow


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """One small figure on every page: drawing them all takes longer than all else."""
    monkeypatch.setattr("ablate.watch.page.draw_figures", lambda evidence: (SKETCH,))
