import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.errors import AblateError, UsageError
from ablate.formats.json_objects import ShapeError
from ablate.lineages.airbench94_muon.lineage import GROUPS
from ablate.store.resolved import FeatureRecord, ResolvedStudy, SourceFile
from ablate.store.run_folder import RunFolder, check_new_folder, run_folders
from tests.fakes import fake_study, finished_trial, resolved_study


def test_a_new_folder_is_named_after_the_time_and_the_study(tmp_path: Path) -> None:
    resolved = resolved_study()
    names = [RunFolder.create(resolved, root=tmp_path / "deep" / "runs").path.name for _ in range(3)]
    assert names == ["2026-11-24_1530_fake", "2026-11-24_1530_fake_2", "2026-11-24_1530_fake_3"]
    assert [path.name for path in run_folders(tmp_path / "deep" / "runs")] == names
    assert {path.name for path in (tmp_path / "deep" / "runs").iterdir()} == set(names), "no draft is left"


def test_a_folder_opens_as_it_was_created_wherever_it_is_moved(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text("FEATURE = 1\n")
    resolved = replace(
        resolved_study(),
        features=(FeatureRecord(name="a", group="tta", summary="Does a.", source="paper", digest="d" * 64),),
        groups=GROUPS,
        overrides={"blocks": 4},
        command=("ablate", "study", "run", "fake"),
        versions={"package": "0.1.0", "python": "3.12.1", "torch": None},
        files=(SourceFile.of("--features-from", script),),
    )
    made = RunFolder.create(resolved, tmp_path / "here")
    with made.open_store() as store:
        store.append(finished_trial(resolved.schedule[0]))
    moved = made.path.rename(tmp_path / "there")
    folder = RunFolder.open(moved)
    assert folder.resolved == resolved
    assert folder.read_trials().finished() == {resolved.schedule[0].key}
    assert folder.how_to_resume == f"ablate study resume {moved}"
    assert folder.report_path == moved / "report.html"


def test_the_schedule_is_written_before_the_first_trial(tmp_path: Path) -> None:
    folder = RunFolder.create(resolved_study(), tmp_path / "run")
    written = json.loads((folder.path / "study.json").read_text())
    assert written["schema"] == 2
    assert [(spec["arm"], spec["block"]) for spec in written["schedule"]] == [
        spec.key for spec in fake_study().schedule()
    ]
    assert list(folder.read_trials()) == []


@pytest.mark.parametrize("kind", ["folder", "empty", "file", "dangling link", "run"])
def test_an_existing_path_is_refused_and_not_touched(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run"
    if kind == "run":
        RunFolder.create(resolved_study(), path)
    elif kind == "file":
        path.write_text("precious")
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.mkdir()
        if kind == "folder":
            (path / "thesis.tex").write_text("precious")
    before = sorted((entry, entry.lstat().st_mtime_ns) for entry in tmp_path.rglob("*"))
    advice = "ablate study resume" if kind == "run" else "Choose another name"
    for attempt in (lambda: RunFolder.create(resolved_study(), path), lambda: check_new_folder(path)):
        with pytest.raises(UsageError, match=f"exists already; a run folder must be new.*{advice}"):
            attempt()
    assert sorted((entry, entry.lstat().st_mtime_ns) for entry in tmp_path.rglob("*")) == before


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file is not a folder"):
        RunFolder.create(resolved_study(), tmp_path / "file" / "runs" / "x")


def test_a_folder_without_write_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser may write anywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match=f"no permission to write in {tmp_path}"):
        RunFolder.create(resolved_study(), tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"Cannot create .*No space left on device"):
        RunFolder.create(resolved_study(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_with_the_near_match(tmp_path: Path) -> None:
    RunFolder.create(resolved_study(), tmp_path / "waterfall")
    with pytest.raises(UsageError, match=r"no run folder .*Did you mean 'waterfall'.*`ablate list`"):
        RunFolder.open(tmp_path / "waterfal")
    with pytest.raises(UsageError, match=r"is not a run folder: it has no study.json"):
        RunFolder.open(tmp_path)


OLDER_STUDY = json.dumps({**resolved_study().to_json(), "schema": 1})
BAD_STUDIES = {
    "not JSON: Expecting property name enclosed in double quotes at line 2, place 2.": '{"schema": 1,\n nonsense}',
    "not JSON: Invalid control character at place 4.": '{"s\0": 1}',
    "not JSON: Expecting value at place 1.": "",
    "it begins with a byte order mark; save it as UTF-8 without one.": "\ufeff{}",
    "it holds a number with too many digits.": '{"schema": ' + "1" * 5000 + "}",
    "does not describe a study: the file lacks 'study', 'schedule', 'arm_features'": '{"schema": 1}',
    "does not describe a study: not a JSON object.": "7",
    "does not describe a study: lacks 'schema'.": "{}",
    "does not describe a study: schema is '1', not a whole number from 1 on.": '{"schema": "1"}',
    "does not describe a study: it is nested too deep.": "[" * 100_000,
    "does not describe a study: a file of schema 2 lacks its checksum 'crc'.": OLDER_STUDY.replace(
        '"schema": 1', '"schema": 2'
    ),
    "does not describe a study: its checksum does not fit: some of it has changed": '{"schema": 2, "crc": "00000000"}',
    "schema 3 is newer than this ablate, which reads up to 2": '{"schema": 3}',
}


@pytest.mark.parametrize("message", BAD_STUDIES)
def test_a_study_file_that_cannot_be_understood_is_named(tmp_path: Path, message: str) -> None:
    (tmp_path / "study.json").write_text(BAD_STUDIES[message])
    with pytest.raises(AblateError) as caught:
        RunFolder.open(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path / "study.json") in str(caught.value)


def test_a_study_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AblateError, match="not text: invalid start byte at byte 1"):
        RunFolder.open(tmp_path)


def test_a_field_too_many_is_an_error_of_its_own(tmp_path: Path) -> None:
    line = {**resolved_study().to_json(), "surprise": 1}
    with pytest.raises(ShapeError, match=r"^the file has an unknown field 'surprise'\."):
        ResolvedStudy.from_json(line)


def test_a_source_file_that_is_gone_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read --registry .*gone.py: No such file"):
        SourceFile.of("--registry", tmp_path / "gone.py")


def test_a_study_of_schema_1_opens_and_says_that_it_was_not_checked(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(OLDER_STUDY)
    folder = RunFolder.open(tmp_path)
    assert (folder.resolved, folder.checked) == (resolved_study(), False)


@pytest.mark.parametrize("bits", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_a_flipped_bit_in_study_json_changes_nothing_or_is_refused(tmp_path: Path, bits: int) -> None:
    """So many bits of every byte, from one on that is another in each."""
    resolved = replace(resolved_study(fake_study(blocks=1, processes=1)), command=("ablate", "caf\udce9"))
    path = RunFolder.create(resolved, tmp_path / "run").path
    whole = (path / "study.json").read_bytes()
    refused = 0
    for place in range(len(whole)):
        for bit in ((place + more) % 8 for more in range(bits)):
            (path / "study.json").write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            try:
                read = RunFolder.open(path).resolved
            except AblateError:
                refused += 1
            else:
                assert read == resolved, (place, bit)
    assert refused > 0.7 * bits * len(whole)


def test_a_study_file_laid_out_anew_is_the_same(tmp_path: Path) -> None:
    folder = RunFolder.create(resolved_study(), tmp_path / "run")
    (folder.path / "study.json").write_text(json.dumps(json.loads((folder.path / "study.json").read_text())))
    assert RunFolder.open(folder.path) == folder
    assert folder.checked
