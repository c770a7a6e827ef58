"""Studies whose times are measured apart from their trainings: each is counted for itself."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ablate.engine.status import study_status
from ablate.report import Evidence
from ablate.report.headline import headline
from ablate.report.tables import arms_table
from ablate.store.records import Measurements, Trial
from ablate.store.run_folder import RunFolder
from ablate.study import Design, leave_one_out, total
from ablate.study.score import TTA_ACCURACY
from ablate.watch.standing import arms_so_far
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


def test_who_watches_sees_them_counted_the_same_way(tmp_path: Path) -> None:
    study = resolved(leave_one_out(["silu"]), blocks=3, processes=3, clock="interleaved", rounds=2)
    folder = write_folder(tmp_path / "run", study, trials_of(study), change=measured_alone)
    console = Console(width=120)
    with console.capture() as said:
        console.print(arms_so_far(study_status(RunFolder.open(folder)), TTA_ACCURACY))
    heading, *rows = [line.split() for line in said.get().splitlines() if line.strip()]
    assert heading[:4] == ["arm", "trainings", "times", "failed"]
    assert [row[:4] for row in rows if row[0] in ("all", "baseline")] == [
        ["all", "3", "6", "0"],
        ["baseline", "3", "6", "0"],
    ]


def test_an_arm_alone_has_both_counts_in_the_headline(tmp_path: Path) -> None:
    alone = Design(arms=total(["silu"]).arms[:1], contrasts=())
    study = resolved(alone, blocks=3, processes=3, clock="interleaved", rounds=2)
    folder = write_folder(tmp_path / "run", study, trials_of(study), change=measured_alone)
    assert "(3 trainings and 6 times). One arm alone" in headline(Evidence.read(folder))
