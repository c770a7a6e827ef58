"""`check_folder` on a folder with one thing wrong, for each thing that can be, and on folders with nothing wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.store.check import MOST_LISTED, check_folder
from ablate.store.resolved import SourceFile
from ablate.store.run_folder import RunFolder
from tests.fakes import fake_study, finished_trial, resolved_study
from tests.resealing import write_lines, write_study

GALLERY = Path(__file__).parents[2] / "figures" / "data"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A finished run folder with a copy of a file; lines 1 to 3: recipe, environment, trial."""
    (tmp_path / "mine.py").write_text("FEATURE = 1\n")
    study = replace(
        resolved_study(fake_study(blocks=2, processes=1)),
        files=(SourceFile.of("--features-from", tmp_path / "mine.py"),),
    )
    made = RunFolder.create(study, tmp_path / "run")
    with made.open_store() as store:
        store.extend(finished_trial(spec) for spec in study.schedule)
    return made


def lines_of(folder: RunFolder) -> list[bytes]:
    return folder.trials_path.read_bytes().splitlines(keepends=True)


def damage(folder: RunFolder) -> list[str]:
    found = check_folder(folder.path)
    assert found.whole == (found.damage == [])
    return [str(each) for each in found.damage]


def test_a_whole_folder_says_what_it_holds(folder: RunFolder) -> None:
    found = check_folder(folder.path)
    planned = len(folder.resolved.schedule)
    arms = len(folder.resolved.study.arms)
    assert found.whole
    assert found.study_checked
    assert (found.trials, found.recipes, found.environments) == (planned, arms, 1)
    assert (found.checked_lines, found.older_lines, found.torn_bytes) == (planned + arms + 1, 0, 0)
    assert (found.planned, found.with_trial, found.repeated, found.copies) == (planned, planned, 0, 1)
    assert found.writer is None
    assert json.loads(json.dumps(found.to_json()))["whole"] is True


@pytest.mark.parametrize("study", ["curves", "features", "shapley", "waterfall"])
def test_folders_from_before_checksums_are_readable(study: str) -> None:
    found = check_folder(GALLERY / study)
    assert found.damage == []
    assert (found.study_checked, found.checked_lines) == (False, 0)
    assert found.older_lines == found.trials + found.recipes + found.environments > 0
    assert found.with_trial == found.planned


def test_a_study_that_has_not_begun_and_one_that_runs_are_whole(tmp_path: Path) -> None:
    folder = RunFolder.create(resolved_study(), tmp_path / "run")
    found = check_folder(folder.path)
    assert (found.whole, found.trials, found.with_trial) == (True, 0, 0)
    with folder.open_store() as store:
        store.append(finished_trial(folder.resolved.schedule[0]))
        found = check_folder(folder.path)
        assert (found.whole, found.with_trial) == (True, 1)
        assert found.writer is not None


def test_a_torn_last_line_is_no_damage(folder: RunFolder) -> None:
    folder.trials_path.write_bytes(folder.trials_path.read_bytes()[:-5])
    found = check_folder(folder.path)
    assert found.whole
    assert found.torn_bytes == len(lines_of(folder)[-1]) > 0
    assert found.planned == found.with_trial + 1


def test_a_failed_trial_that_was_run_again_is_no_damage(folder: RunFolder) -> None:
    first = folder.resolved.schedule[0]
    folder.trials_path.unlink()
    with folder.open_store() as store:
        store.append(finished_trial(first, status="failed"))
        store.append(finished_trial(first, status="timeout"))
        store.append(finished_trial(first))
    found = check_folder(folder.path)
    assert (found.whole, found.trials, found.with_trial, found.repeated) == (True, 3, 1, 2)


def flip(line: bytes) -> bytes:
    return line.replace(b'"accuracy":0.9', b'"accuracy":0.8')


DAMAGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], list[str]]] = {
    "a flipped digit": (
        lambda lines: [*lines[:2], flip(lines[2]), *lines[3:]],
        ["trials.jsonl, line 3: its checksum does not fit"],
    ),
    "garbage, twice": (
        lambda lines: [*lines[:3], b"\x00\xff\n", lines[3], b"[1]\n", *lines[4:]],
        ["trials.jsonl, line 4: not text", "trials.jsonl, line 6: not a JSON object"],
    ),
    "a lost checksum": (
        lambda lines: [*lines[:2], lines[2][:-19] + b"}\n", *lines[3:]],
        ["trials.jsonl, line 3: a line of schema 2 lacks its checksum 'crc'"],
    ),
    "a newer line": (
        lambda lines: [*lines, b'{"schema":3}\n'],
        ["schema 3 is newer than this ablate, which reads up to 2. Update ablate."],
    ),
    "a lost recipe": (
        lambda lines: lines[1:],
        ["trials.jsonl, line 2: it and 1 more cite recipe"],
    ),
    "a lost environment": (
        lambda lines: [lines[0], *lines[2:]],
        ["trials.jsonl, line 2: it and {others} more cite environment"],
    ),
    "a trial twice": (
        lambda lines: [*lines, lines[2]],
        ["is there already: line 3 finished it, and this one counts."],
    ),
    "a last newline": (
        lambda lines: [*lines[:-1], lines[-1][:-1] + b"\x0b"],
        ["its last byte has changed since it was written"],
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_each_damage_of_a_line_is_listed(folder: RunFolder, kind: str) -> None:
    change, said = DAMAGES[kind]
    before = lines_of(folder)
    folder.trials_path.write_bytes(b"".join(change(before)))
    changed = folder.trials_path.read_bytes()
    found = damage(folder)
    assert len(found) == len(said)
    for each, words in zip(found, said, strict=True):
        assert words.format(others=len(folder.resolved.schedule) - 1) in each
    assert folder.trials_path.read_bytes() == changed


def test_a_record_that_its_digest_does_not_fit(folder: RunFolder) -> None:
    lines = [json.loads(line) for line in lines_of(folder)]
    lines[0]["fields"] = {"arm": "another"}
    write_lines(folder.path, lines)
    assert check_folder(folder.path).whole, "the helper gives it the digest that fits"
    text = folder.trials_path.read_text().replace('"schema": 2', '"schema": 1').splitlines()
    older = [json.loads(line.rpartition(', "crc"')[0] or line.rpartition(',"crc"')[0] + "}") for line in text]
    older[0]["fields"] = {"arm": "a third"}
    folder.trials_path.write_text("".join(f"{json.dumps(line)}\n" for line in older))
    first, *rest = damage(folder)
    assert "trials.jsonl, line 1: the recipe has changed since it was written: its digest is no longer" in first
    assert len(rest) == 1, "its trials are said once"


def test_a_trial_that_the_schedule_does_not_plan(folder: RunFolder) -> None:
    lines = [json.loads(line) for line in lines_of(folder)]
    lines[2]["spec"]["seed"] += 1
    lines[-1]["spec"]["block"] = 77
    write_lines(folder.path, lines)
    name = lines[2]["spec"]["arm"]
    one, other = damage(folder)
    assert one == (
        f"trials.jsonl, line 3: the trial of arm '{name}' in block 0 is not what the schedule in study.json plans."
    )
    assert "in block 77 is not what the schedule" in other


def test_a_changed_and_a_lost_copy_of_a_file(folder: RunFolder) -> None:
    copy = folder.path / "sources" / "features-from.py"
    copy.write_text("FEATURE = 3\n")
    assert "sources/features-from.py: it is not the file that the study was made with: sha256 " in damage(folder)[0]
    copy.unlink()
    assert damage(folder) == [
        "sources/features-from.py: the copy of --features-from cannot be read: No such file or directory."
    ]


def test_a_damaged_study_does_not_keep_the_trials_from_being_looked_at(folder: RunFolder) -> None:
    study = json.loads((folder.path / "study.json").read_text())
    (folder.path / "study.json").write_text(json.dumps({**study, "preset": "full"}))
    folder.trials_path.write_bytes(b"garbage\n" + folder.trials_path.read_bytes())
    found = check_folder(folder.path)
    assert (found.study_checked, found.planned, found.trials) == (None, None, len(folder.resolved.schedule))
    assert [each.file for each in found.damage] == ["study.json", "trials.jsonl"]
    assert "its checksum does not fit" in found.damage[0].reason
    assert str(folder.path) not in found.damage[0].reason
    (folder.path / "study.json").unlink()
    assert damage(folder)[0] == "study.json: it is missing."


def test_a_study_of_a_newer_package(folder: RunFolder) -> None:
    study = json.loads((folder.path / "study.json").read_text())
    write_study(folder.path, {**study, "schema": 3})
    assert damage(folder) == [
        "study.json: schema 3 is newer than this ablate, which reads up to 2. Update ablate.",
    ]


def test_trials_that_cannot_be_read_at_all(folder: RunFolder) -> None:
    folder.trials_path.unlink()
    folder.trials_path.mkdir()
    assert len(damage(folder)) == 1
    assert "trials.jsonl: Cannot read" in damage(folder)[0]


def test_of_many_damages_the_first_are_listed_and_all_are_counted(folder: RunFolder) -> None:
    folder.trials_path.write_bytes(b"garbage\n" * 1000 + folder.trials_path.read_bytes())
    found = check_folder(folder.path)
    assert (len(found.damage), found.damage_count) == (MOST_LISTED, 1000)
    assert found.trials == len(folder.resolved.schedule)


def test_what_is_no_run_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no study\.json"):
        check_folder(tmp_path)
    with pytest.raises(UsageError, match="There is no run folder"):
        check_folder(tmp_path / "nowhere")
