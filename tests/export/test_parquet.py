"""The tables for whatever reads Parquet: read back equal, the same bytes, never another folder's."""

from pathlib import Path

import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.export import export
from ablate.report import export_trials, report
from ablate.store.run_folder import RunFolder
from tests.export.conftest import PAIR
from tests.report.build import resolved, write_folder
from tests.tiny_study import tree

pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
NAMES = ["curves.parquet", "effects.parquet", "trials.parquet"]


def test_the_tables_hold_what_the_folder_does(folder: Path, tmp_path: Path) -> None:
    (done,) = export(folder, "parquet")
    place = folder / "tracking" / "parquet"
    assert (done.place, done.added, done.already, done.summary) == (str(place), 6, 0, True)
    assert sorted(path.name for path in place.iterdir()) == NAMES
    (tmp_path / "t.parquet").write_bytes(export_trials(folder, "parquet"))
    pd.testing.assert_frame_equal(pd.read_parquet(place / "trials.parquet"), pd.read_parquet(tmp_path / "t.parquet"))
    (tmp_path / "e.csv").write_text(report(folder, "csv"))
    effects = pd.read_parquet(place / "effects.parquet")
    pd.testing.assert_frame_equal(effects, pd.read_csv(tmp_path / "e.csv"), check_dtype=False)
    assert (effects["blocks"].dtype, effects["time_p"].dtype) == ("int64", "float64")
    curves = pd.read_parquet(place / "curves.parquet")
    curved = [
        trial for trial in RunFolder.open(folder).read_trials() if trial.status == "ok" and trial.measurements.curve
    ]  # type: ignore[union-attr]
    rows = [
        (trial.spec.arm, trial.spec.block, epoch, score) for trial in curved for epoch, score in ((1, 0.5), (2, 0.93))
    ]
    assert list(curves.itertuples(index=False, name=None)) == rows
    assert len(rows) == 2


def test_a_second_export_writes_nothing_and_the_same_folder_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    export(folder, "parquet")
    place = folder / "tracking" / "parquet"
    written = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    (again,) = export(folder, "parquet")
    assert (again.added, again.already, again.summary) == (0, 6, False)
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == written
    export(folder, "parquet", uri=str(tmp_path / "elsewhere"))
    assert tree(tmp_path / "elsewhere") == tree(place)


def test_what_is_new_is_counted(folder: Path) -> None:
    opened = RunFolder.open(folder)
    whole = opened.trials_path.read_bytes()
    opened.trials_path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    (first,) = export(folder, "parquet")
    opened.trials_path.write_bytes(whole)
    (second,) = export(folder, "parquet")
    assert (first.added, second.added, second.already, second.summary) == (5, 1, 5, True)


def test_tables_of_another_folder_and_other_files_are_left_alone(folder: Path, tmp_path: Path) -> None:
    other = write_folder(tmp_path / "other", resolved(PAIR, name="another"))
    place = tmp_path / "tables"
    export(other, "parquet", uri=str(place))
    before = tree(place)
    with pytest.raises(
        UsageError, match=r"trials\.parquet has the trials of another run folder; give a folder of its own"
    ):
        export(folder, "parquet", uri=str(place))
    assert tree(place) == before
    (place / "trials.parquet").write_bytes(b"something else")
    with pytest.raises(UsageError, match=r"trials\.parquet is there and is no table of trials: "):
        export(folder, "parquet", uri=str(place))
    assert (place / "trials.parquet").read_bytes() == b"something else"


def test_tables_without_curves_and_effects_have_their_columns(tmp_path: Path) -> None:
    study = resolved(PAIR, blocks=2, processes=2)
    trials = write_folder(tmp_path / "run", study)
    export(trials, "parquet", uri=str(tmp_path / "tables"))
    curves = pd.read_parquet(tmp_path / "tables" / "curves.parquet")
    assert list(curves.columns) == ["arm", "block", "epoch", "score"]
    assert (len(curves), curves["score"].dtype) == (0, "float64")
