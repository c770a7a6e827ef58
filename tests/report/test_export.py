"""Every trial for other programs: one table, the same in CSV, JSON and Parquet, and in Python."""

import csv
import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.engine.results import open_results
from ablate.errors import UsageError
from ablate.report import TRIAL_COLUMNS, TRIAL_FORMATS, export_trials, trials_table
from ablate.stats import Effect, effects, trials_frame
from ablate.store.run_folder import RunFolder
from ablate.study import Arm, lengths, pair, with_twin
from tests.report.build import ENVIRONMENT, failed, resolved, trials_of, write_folder
from tests.tiny_study import CommandLine

PAIR = pair(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"})))
DEVICE = {"temperature_c": 61, "power_w": 301.5, "throttle_reasons": ["power_cap", "idle"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pair at three lengths with a twin: one trial failed, one was run again, one has a curve."""
    study = resolved(with_twin(lengths(PAIR)), blocks=3, processes=3)
    trials = trials_of(study)
    trials[1] = failed(trials[1], 'out of memory, said "CUDA"; lower the batch.\x1b')
    trials[2] = replace(
        trials[2],
        measurements=replace(trials[2].measurements, curve=(0.5, 0.93), time_seconds=0.1 + 0.2),
        device_before=DEVICE,
        device_after=DEVICE | {"throttle_reasons": ["thermal_slowdown"]},
        marks=("other hardware",),
        seat="gpu:1",
        host="box",
        received_at="2026-01-02T03:04:09+00:00",
    )
    return write_folder(tmp_path / "run", study, [failed(trials[0]), *trials])


def rows(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(export_trials(folder, "json"))
    return found


def test_every_column_is_documented_and_none_is_missing(folder: Path) -> None:
    table = trials_table(RunFolder.open(folder).resolved, RunFolder.open(folder).read_trials())
    others = [name for name in table.columns if name not in TRIAL_COLUMNS]
    assert list(table.columns) == [*TRIAL_COLUMNS, *others]
    assert others == [
        f"device_{moment}_{name}" for moment in ("before", "after") for name in ("power_w", "temperature_c")
    ]
    assert set(trials_frame([]).columns) <= set(TRIAL_COLUMNS)
    assert all(re.fullmatch(r"[^\n]+[^.\n]", words) for words in TRIAL_COLUMNS.values())


def test_a_row_says_what_was_run_on_what_and_what_came_out(folder: Path) -> None:
    found = {(row["arm"], row["block"]): row for row in rows(folder)}
    stored = list(RunFolder.open(folder).read_trials())
    assert len(found) == len(stored) - 1 == 21
    row = found[stored[3].spec.key]
    assert row["time_seconds"] == 0.1 + 0.2
    assert row["curve"] == [0.5, 0.93]
    assert row["throttle_reasons"] == ["idle", "power_cap", "thermal_slowdown"]
    assert row["device_before_power_w"] == 301.5
    assert row["marks"] == ["other hardware"]
    assert (row["seat"], row["host"], row["received_at"]) == ("gpu:1", "box", "2026-01-02T03:04:09+00:00")
    assert found[stored[4].spec.key]["seat"] == ""
    assert (row["device"], row["device_name"], row["commit"]) == (
        "cuda:0",
        "Imaginary GPU",
        ENVIRONMENT.facts["commit"],
    )
    assert (row["environment"], row["recipe"]) == (ENVIRONMENT.digest, stored[3].recipe)
    lost = found[stored[2].spec.key]
    assert (lost["status"], lost["time_seconds"]) == ("failed", None)
    assert lost["error"] == 'out of memory, said "CUDA"; lower the batch.\\x1b'
    # The last record of a trial that was run again.
    assert found[stored[1].spec.key]["status"] == "ok"
    assert {(row["arm"], tuple(row["features"]), row["length"], row["stream"]) for row in found.values()} == {  # type: ignore[arg-type]
        ("baseline", (), 1.0, 0),
        ("baseline @ 0.85", (), 0.85, 0),
        ("baseline @ 1.15", (), 1.15, 0),
        ("all", ("silu",), 1.0, 0),
        ("all @ 0.85", ("silu",), 0.85, 0),
        ("all @ 1.15", ("silu",), 1.15, 0),
        ("baseline (twin)", (), 1.0, 1),
    }
    assert {row["fingerprint"] for row in found.values()} == {f"fingerprint of {arm}" for arm, _ in found}


def test_csv_holds_the_same_with_all_digits(folder: Path) -> None:
    read = csv.DictReader(io.StringIO(export_trials(folder).decode(), newline=""))
    for row, wanted in zip(read, rows(folder), strict=True):
        assert set(row) == set(wanted)
        for name, value in wanted.items():
            kind = json.loads if isinstance(value, list) else type(value)
            assert row[name] == "" if value is None else kind(row[name]) == value, name


@pytest.mark.parametrize("format", ["csv", "json"])
def test_the_same_folder_gives_the_same_bytes(folder: Path, format: str) -> None:
    first = export_trials(folder, format)
    assert export_trials(folder, format) == first
    assert first.endswith(b"\n")
    assert b"\r" not in first


@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_folder_without_trials_gives_a_table_without_rows(tmp_path: Path, format: str) -> None:
    empty = write_folder(tmp_path / "empty", resolved(PAIR), [])
    text = export_trials(empty, format).decode()
    assert text == (",".join(TRIAL_COLUMNS) + "\n" if format == "csv" else "[]\n")


def test_in_python_it_is_the_frame_of_the_results(folder: Path) -> None:
    results = open_results(folder)
    assert [str(name) for name in results.trials.columns] == list(rows(folder)[0])
    plain = trials_frame(RunFolder.open(folder).read_trials())
    pd.testing.assert_frame_equal(results.trials[list(plain.columns)], plain)
    again = effects(plain, results.folder.resolved.study.contrasts)
    pd.testing.assert_frame_equal(results.effects, again)


def test_parquet_holds_the_same(folder: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    table = parquet.read_table(io.BytesIO(export_trials(folder, "parquet")))
    assert table.to_pylist() == rows(folder)
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["seed"], types["time_seconds"], types["error"]) == ("int64", "double", "string")
    assert types["curve"] == types["curve"].replace("null", "double")
    assert export_trials(folder, "parquet") == export_trials(folder, "parquet")
    empty = write_folder(tmp_path / "empty", resolved(PAIR), [])
    assert parquet.read_table(io.BytesIO(export_trials(empty, "parquet"))).num_rows == 0


def test_without_pyarrow_parquet_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        UsageError, match=r"^Parquet needs pyarrow.*pip install 'ablate-recipes\[parquet\]'\n[^\n]*csv or json\.$"
    ):
        export_trials(folder, "parquet")


def test_other_formats_hold_no_trials(folder: Path) -> None:
    assert TRIAL_FORMATS == ("csv", "json", "parquet")
    with pytest.raises(UsageError, match=r"csv, json, parquet, not as 'md'\. Leave out --trials for a report\."):
        export_trials(folder, "md")
    with pytest.raises(UsageError, match=r"not as 'parket'\. Did you mean 'parquet'\?"):
        export_trials(folder, "parket")


def test_the_command_writes_what_the_ending_says(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ablate = CommandLine(capsys)
    assert ablate.ok("report", folder, "--trials").out.encode() == export_trials(folder)
    assert ablate.ok("report", folder, "--trials", "--format", "json").out.encode() == export_trials(folder, "json")
    for name in ("trials.csv", "trials.json"):
        assert f"Wrote {tmp_path / name}." in ablate.ok(
            "report", folder, "--trials", "-o", tmp_path / name
        ).err.replace("\n", "")
        assert (tmp_path / name).read_bytes() == export_trials(folder, name.rpartition(".")[2])
    before = sorted(tmp_path.iterdir())
    ablate("report", folder, "--trials", "-o", tmp_path / "x.html").refused(2, "not as 'html'")
    ablate("report", folder, "--trials", "--format", "parquet").refused(2, "name a file with -o trials.parquet")
    ablate("report", folder, "-o", tmp_path / "x.parquet").refused(2, "Parquet holds trials; add --trials.")
    ablate("report", folder, "--trials", "--write").refused(2, "leave out --format, --trials and -o")
    assert sorted(tmp_path.iterdir()) == before


def test_the_help_says_what_the_columns_of_the_effects_mean(capsys: pytest.CaptureFixture[str]) -> None:
    said = " ".join(CommandLine(capsys).ok("report", "--help").out.split())
    assert "time_saved_percent is positive where time is saved; time_percent is the raw change, negative there" in said
    for name in ("time_saved_percent", "time_percent", "score_family_low"):
        assert name in Effect.__dataclass_fields__


def test_numbers_of_the_table_are_numbers(folder: Path) -> None:
    table = open_results(folder).trials
    assert {name for name in table.columns if table[name].dtype.kind == "i"} == {
        *("stream", "block", "position", "planned_process", "process", "seed", "beside")
    }
    assert np.isfinite(table["length"]).all()
