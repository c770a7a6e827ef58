"""`ablate study check`."""

import json
from pathlib import Path

import pytest

from ablate.store.run_folder import RunFolder
from tests.fakes import finished_trial, resolved_study
from tests.tiny_study import CommandLine, untouched

GALLERY = Path(__file__).parents[2] / "figures" / "data"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder.create(resolved_study(), tmp_path / "run")
    with made.open_store() as store:
        store.extend(finished_trial(spec) for spec in made.resolved.schedule[:-1])
    return made


def test_a_whole_folder_ends_with_0(folder: RunFolder, ablate: CommandLine) -> None:
    with untouched(folder.path):
        said = ablate.ok("study", "check", str(folder.path)).out
    planned, arms = len(folder.resolved.schedule), len(folder.resolved.study.arms)
    sound = planned - 1 + arms + 1
    assert "study.json    as it was written" in said
    assert f"{sound} sound lines ({planned - 1} trials, {arms} recipes, 1 environment): {sound} as written\n" in said
    assert f"{planned - 1} of {planned} trials, 1 left to run" in said
    assert said.endswith("All of it is whole.\n")


def test_damage_is_listed_with_its_line_and_ends_with_1(folder: RunFolder, ablate: CommandLine) -> None:
    lines = folder.trials_path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"0.9", b"0.8")
    lines[-1] = lines[-1].replace(b"0.9", b"0.8")
    folder.trials_path.write_bytes(b"".join(lines) + b'{"torn')
    with untouched(folder.path):
        told = ablate("study", "check", str(folder.path))
        as_json = json.loads(ablate("study", "check", str(folder.path), "--json").out)
    assert told.code == 1
    assert "a last line torn after 6 bytes, which a resume cuts off" in told.out
    for number in (3, len(lines)):
        assert f"Damaged: trials.jsonl, line {number}: its checksum does not fit" in told.out
    assert "2 damages; nothing was changed. Restore what is named from a copy" in told.out
    assert (as_json["whole"], as_json["damage_count"]) == (False, 2)
    assert [(each["file"], each["line"]) for each in as_json["damage"]] == [
        ("trials.jsonl", 3),
        ("trials.jsonl", len(lines)),
    ]


def test_more_damage_than_anybody_reads_is_counted(folder: RunFolder, ablate: CommandLine) -> None:
    folder.trials_path.write_bytes(b"garbage\n" * 150)
    told = ablate("study", "check", str(folder.path))
    assert told.out.count("Damaged: ") == 100
    assert "150 damages (50 more than listed); nothing was changed." in told.out


def test_of_a_folder_without_checksums_no_more_is_promised_than_that_it_can_be_read(ablate: CommandLine) -> None:
    said = ablate.ok("study", "check", str(GALLERY / "curves")).out
    assert "readable, from before checksums" in said
    assert said.endswith("a changed digit would not show in what is from before checksums.\n")


def test_every_reader_of_a_damaged_folder_names_the_line_and_the_check(folder: RunFolder, ablate: CommandLine) -> None:
    lines = folder.trials_path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"0.9", b"0.8")
    folder.trials_path.write_bytes(b"".join(lines))
    for command in (("study", "status"), ("report",)):
        told = ablate(*command, str(folder.path))
        assert told.code == 1
        assert "trials.jsonl, line 3 is not a record of a trial: its checksum does not fit" in told.err
        assert f"`ablate study check {folder.path}` lists all that is damaged." in told.err
