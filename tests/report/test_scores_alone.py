"""Trainings side by side: scores with verdicts, no times, and nothing that claims some were compared."""

from dataclasses import replace
from pathlib import Path

import pytest

from ablate import plots
from ablate.report import Evidence, report
from ablate.study import Design, leave_one_out, screening
from tests.fakes import FakeCatalogue
from tests.report.build import resolved, trials_of, write_folder

SCREENING = screening(["silu", "tuning", "compile"], FakeCatalogue())


def folder_of(path: Path, design: Design) -> Path:
    study = resolved(design, blocks=6, processes=3, parallel=2)
    return write_folder(path, study, [replace(trial, beside=1) for trial in trials_of(study)])


@pytest.mark.parametrize("design", [leave_one_out(["silu", "tuning"]), SCREENING], ids=["leave one out", "screening"])
def test_no_process_is_counted_where_no_times_are(tmp_path: Path, design: Design) -> None:
    folder = folder_of(tmp_path / "run", design)
    effects = Evidence.read(folder).effects
    assert {effect.processes for effect in effects} == {0}
    assert {effect.blocks for effect in effects} == {6}
    said = report(folder, "table")
    assert "0 processes" not in said
    assert "trainings ran side by side, so their times are not compared" in said


def test_the_picture_says_how_many_blocks_and_no_processes(tmp_path: Path) -> None:
    drawn = plots.draw("effects", folder_of(tmp_path / "run", SCREENING))
    svg = plots.save(drawn, tmp_path / "effects.svg").read_text()
    assert "n = 6 blocks. Imaginary GPU" in svg
    assert "0 processes" not in svg


def test_trainings_beside_rounds_of_times_of_their_own_are_not_the_reason(tmp_path: Path) -> None:
    study = resolved(leave_one_out(["silu"]), blocks=6, processes=3, parallel=2, clock="interleaved")
    scores = [trial for trial in trials_of(study) if trial.spec.measures == "score"]
    folder = write_folder(tmp_path / "run", study, [replace(trial, beside=1) for trial in scores])
    assert "side by side" not in report(folder, "table")
