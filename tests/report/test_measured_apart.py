"""Studies whose times are measured apart from their trainings: each is counted for itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from ablate.report import Evidence
from ablate.report.tables import arms_table
from ablate.store.records import Measurements, Trial
from ablate.study import leave_one_out
from tests.report.build import resolved, trials_of, write_folder

TIMES = ("time_seconds", "train_seconds", "tta_seconds")


def measured_alone(trial: Trial) -> Trial:
    """A trial with no more than it was to measure."""
    both = trial.measurements
    assert both is not None
    if trial.spec.measures == "both":
        return trial
    if trial.spec.measures == "time":
        return replace(trial, measurements=Measurements(**{name: getattr(both, name) for name in TIMES}))
    return replace(trial, measurements=replace(both, **dict.fromkeys(TIMES)))


@pytest.mark.parametrize(
    ("rounds", "headings", "counts"),
    [(1, ("trainings", "times"), ("3", "3")), (2, ("trainings", "times"), ("3", "6")), (0, ("n",), ("3",))],
    ids=["as many", "apart", "each trial measures both"],
)
def test_the_table_of_arms_counts_trainings_and_times(
    tmp_path: Path, rounds: int, headings: tuple[str, ...], counts: tuple[str, ...]
) -> None:
    apart = {"clock": "interleaved", "rounds": rounds} if rounds else {}
    study = resolved(leave_one_out(["silu"]), blocks=3, processes=3, **apart)
    folder = write_folder(tmp_path / "run", study, trials_of(study), change=measured_alone)
    table = arms_table(Evidence.read(folder))
    counted = slice(1, 1 + len(headings))
    assert tuple(column.heading for column in table.columns[counted]) == headings
    assert {tuple(cell.text for cell in row[counted]) for row in table.rows} == {counts}
