import json
import os
from pathlib import Path

import pytest

from ablate.engine.status import study_status
from ablate.errors import AblateError
from ablate.store.run_folder import RunFolder
from tests.fakes import fake_study, finished_trial, resolved_study


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Three arms, four blocks in two processes, nothing run yet."""
    return RunFolder.create(resolved_study(fake_study(blocks=4, processes=2)), tmp_path / "run")


def run_first(folder: RunFolder, number: int, failing: int | None = None, slow_arm: str = "all") -> None:
    with folder.open_store() as store:
        for index, spec in enumerate(folder.resolved.schedule[:number]):
            status = "failed" if index == failing else "ok"
            seconds = 3.0 if spec.arm == slow_arm else 2.0
            store.append(finished_trial(spec, status=status, seconds=seconds, process=spec.process))


def test_before_anything_has_run(folder: RunFolder) -> None:
    status = study_status(folder)
    assert (status.done, status.failed, status.left) == (0, 0, 12)
    assert status.seconds_left is None
    assert status.slowest_arm is None
    assert status.writer is None
    assert status.arms.empty
    assert not folder.trials_path.exists()


def test_in_the_middle(folder: RunFolder) -> None:
    run_first(folder, 9, failing=4)
    status = study_status(folder)
    assert (status.done, status.failed, status.left) == (8, 1, 3)
    assert status.slowest_arm == "all"
    # One block is left: 3 s and twice 2 s, and nothing to compile in a process that has begun.
    assert status.seconds_left == pytest.approx(7.0, abs=1.0)
    counts = status.arms.set_index("arm")
    assert counts["trials"].sum() == 8
    assert counts["failed"].sum() == 1
    assert counts.loc["all", "time_seconds_mean"] == pytest.approx(3.0)


def test_arms_are_in_the_studys_order(folder: RunFolder) -> None:
    # The order of the first block is shuffled.
    study = [arm.name for arm in folder.resolved.study.arms]
    assert [spec.arm for spec in folder.resolved.schedule[:3]] != study
    run_first(folder, 12)
    status = study_status(folder)
    assert list(status.arms["arm"]) == study
    assert list(status.arms.index) == [0, 1, 2]


def test_states(folder: RunFolder) -> None:
    assert study_status(folder).state == "stopped"
    with folder.open_store():
        assert study_status(folder).state == "running"
    run_first(folder, 5)
    assert study_status(folder).state == "stopped"
    with folder.open_store() as store:
        for spec in folder.resolved.schedule[5:]:
            store.append(finished_trial(spec))
    assert study_status(folder).state == "finished"


def test_a_finished_study_has_nothing_left(folder: RunFolder) -> None:
    run_first(folder, 12)
    status = study_status(folder)
    assert (status.done, status.failed, status.left, status.seconds_left) == (12, 0, 0, 0)


def test_who_is_running_it(folder: RunFolder) -> None:
    with folder.open_store():
        assert study_status(folder).writer == os.getpid()
    assert study_status(folder).writer is None


def test_a_line_that_is_being_written_is_passed_over_and_left_alone(folder: RunFolder) -> None:
    run_first(folder, 3)
    with folder.trials_path.open("a") as file:
        file.write('{"kind": "tri')
    before = folder.trials_path.read_bytes()
    assert study_status(folder).done == 3
    assert folder.trials_path.read_bytes() == before


def test_a_garbled_line_is_named(folder: RunFolder) -> None:
    run_first(folder, 2)
    lines = folder.trials_path.read_text().splitlines()
    folder.trials_path.write_text("\n".join(["garbage", *lines]) + "\n")
    with pytest.raises(AblateError, match=r"trials\.jsonl, line 1\b"):
        study_status(folder)


def test_a_retried_trial_counts_once(folder: RunFolder) -> None:
    run_first(folder, 3, failing=2)
    with folder.open_store() as store:
        store.append(finished_trial(folder.resolved.schedule[2]))
    status = study_status(folder)
    assert (status.done, status.failed, status.left) == (3, 0, 9)
    assert len([json.loads(line) for line in folder.trials_path.read_text().splitlines() if '"trial"' in line]) == 4
