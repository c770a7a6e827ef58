"""Exports after the fact: repeatable, and no worse for a tracker that fails."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import ablate
from ablate.errors import AblateError
from ablate.export import export
from ablate.report import report
from ablate.store.lines import format_line
from ablate.store.run_folder import RunFolder
from tests.export.conftest import PAIR
from tests.export.fake_tracker import KEPT, Kept
from tests.report.build import resolved, write_folder
from tests.tiny_study import CommandLine, untouched


def test_each_trial_is_a_run_once_and_a_second_export_adds_nothing(kept: Kept, folder: Path) -> None:
    with untouched(folder):
        (done,) = export(folder, "fake")
        assert (done.added, done.already, done.summary, done.place) == (6, 0, True, "in memory")
        (again,) = export(folder, "fake")
    assert (again.added, again.already, again.summary) == (0, 6, False)
    told = [(trial.block, trial.arm, trial.status) for trial in kept.trials.values()]
    table = ablate.open_results(folder).trials
    assert told == list(table[["block", "arm", "status"]].itertuples(index=False, name=None))
    assert kept.effects == [report(folder, "csv")]
    assert (kept.opened, kept.closed) == (2, 2)


def test_what_is_new_is_added_and_what_ran_again_is_added_beside_its_failure(kept: Kept, folder: Path) -> None:
    export(folder, "fake")
    before = dict(kept.trials)
    opened = RunFolder.open(folder)
    lost = next(trial for trial in opened.read_trials().latest().values() if trial.status == "failed")
    well = next(trial for trial in opened.read_trials() if trial.status == "ok")
    again = replace(
        lost, status="ok", error=None, measurements=well.measurements, started_at="2026-01-03T00:00:00+00:00"
    )
    with opened.trials_path.open("ab") as file:
        file.write(format_line("trial", again.to_json()))
    (done,) = ablate.open_results(folder).export("fake")
    assert (done.added, done.already, done.summary) == (1, 5, True)
    assert kept.trials.items() >= before.items()
    ran = [trial.status for trial in kept.trials.values() if (trial.arm, trial.block) == lost.spec.key]
    assert ran == ["failed", "ok"]
    assert len(kept.states) == 1
    assert kept.effects[-1] == report(folder, "csv") != kept.effects[0]


def test_a_tracker_that_fails_keeps_what_it_has_and_gets_the_rest(
    kept: Kept, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        if len(kept.trials) == 2:
            raise OSError(28, "No space left on device")

    kept.before_trial = full
    with pytest.raises(
        AblateError,
        match=rf"^The fake failed: .*No space left on device\nWhat it has taken stays; .*: ablate export {folder} --to fake$",
    ):
        export(folder, "fake")
    assert (len(kept.trials), kept.closed) == (2, 1)
    CommandLine(capsys)("export", folder, "--to", "fake").refused(1, "Error: The fake failed")
    del kept.before_trial
    kept.before_trial = lambda: None
    (done,) = export(folder, "fake")
    assert (done.added, done.already, done.summary) == (4, 2, True)


def test_a_tracker_that_would_end_the_process_does_not(kept: Kept, folder: Path) -> None:
    def leave() -> None:
        raise SystemExit(3)

    kept.before_opening = leave
    with pytest.raises(AblateError, match=r"^The fake failed: 3\n"):
        export(folder, "fake")


def test_a_folder_without_trials_has_nothing_to_export(kept: Kept, tmp_path: Path) -> None:
    empty = write_folder(tmp_path / "empty", resolved(PAIR), [])
    (done,) = export(empty, "fake")
    assert (done.added, done.already, done.summary) == (0, 0, False)
    assert not kept.states


def test_the_command_says_what_it_did(kept: Kept, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = CommandLine(capsys)
    assert command.ok("export", folder, "--to", "fake").out == (
        "fake: 6 trials added, 0 there already; the summary is new. in memory\n"
    )
    assert command.ok("export", folder, "--to", "fake").out == (
        "fake: 0 trials added, 6 there already; the summary is as it was. in memory\n"
    )
    both = command.ok("export", folder, "--to", "fake", "--uri", "elsewhere", "--json").out
    assert json.loads(both) == [{"kind": "fake", "place": "elsewhere", "added": 6, "already": 0, "summary": True}]
    assert len(KEPT["elsewhere"].trials) == 6
    command("export", folder).refused(2, "--to")
    command("export", folder.with_name("rum"), "--to", "fake").refused(
        2, "There is no run folder", "Did you mean 'run'?"
    )
