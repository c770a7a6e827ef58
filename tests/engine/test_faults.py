"""Faults that studies survive, really done to a study in a process of its own."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.store.run_folder import RunFolder
from ablate.store.trials import JsonlTrialStore
from ablate.study.schedule import Clock, TrialKey
from tests.fakes import fake_study, resolved_study

ROOT = Path(__file__).parents[2]


class Parent:
    """A driver of a study, and what it said."""

    def __init__(self, folder: Path, **options: Any) -> None:
        command = [sys.executable, "-m", "tests.drive_study", str(folder), json.dumps({"children": False, **options})]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.reported: list[TrialKey] = []
        self.children: list[int] = []
        self.complete = False

    def listen(self) -> bool:
        """Take one line; False at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.endswith("\n"):
            return False
        what, *words = line.rstrip("\n").split("\t")
        if what == "finished":
            self.reported.append((words[0], int(words[1])))
        elif what == "process":
            self.children.append(int(words[0]))
        self.complete = self.complete or what == "complete"
        return True

    def hear(self, trials: int) -> None:
        while len(self.reported) < trials and self.listen():
            pass
        assert len(self.reported) >= trials, self.process.stderr and self.process.stderr.read()

    def end(self) -> tuple[int, str]:
        """Wait for its end: the exit status and what it complained."""
        while self.listen():
            pass
        assert self.process.stderr is not None
        complaint = self.process.stderr.read()
        return self.process.wait(), complaint


@contextmanager
def parent(folder: Path, **options: Any) -> Iterator[Parent]:
    driver = Parent(folder, **options)
    try:
        yield driver
    finally:
        driver.process.kill()
        driver.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(resolved_study(fake_study(blocks=8, processes=2)), tmp_path / "run")


def finish(folder: RunFolder) -> None:
    """Resume, and check that every scheduled trial is there exactly once, in valid lines."""
    with parent(folder.path, children=folder.resolved.study.parallel > 1) as driver:
        assert driver.end() == (0, "")
        assert driver.complete
    lines = folder.trials_path.read_bytes()
    assert lines.endswith(b"\n")
    assert all(json.loads(line)["schema"] == 2 for line in lines.splitlines())
    trials = list(JsonlTrialStore.read(folder.trials_path))
    assert Counter(trial.spec for trial in trials) == Counter(folder.resolved.schedule)


def gone(process_id: int, within_seconds: float = 5.0) -> bool:
    """Whether a process that is no child of ours ends in time."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def kill_at_random_moments(folder: RunFolder, kills: int, children: bool, seed: int) -> None:
    """Kill the parent over and over; no trial reported as finished may be lost, no child may stay."""
    dice, reported = random.Random(seed), list[TrialKey]()
    for _ in range(kills):
        with parent(folder.path, children=children, seconds=0.01) as driver:
            assert driver.listen(), driver.end()
            if not reported:
                # On a slow machine no random moment might come after a trial.
                driver.hear(1)
            time.sleep(dice.uniform(0.0, 0.35 if children else 0.12))
            driver.process.kill()
            driver.end()
            reported += driver.reported
            assert all(gone(child) for child in driver.children if child != driver.process.pid)
        kept = JsonlTrialStore.read(folder.trials_path).finished()
        assert kept >= set(reported)
    assert len(set(reported)) == len(reported) > 0
    assert len(kept) < len(folder.resolved.schedule), "the study was over before the last kill"
    finish(folder)


@pytest.mark.parametrize("children", [False, True])
def test_kill_9_of_the_parent(tmp_path: Path, children: bool) -> None:
    study = fake_study(blocks=40, processes=2)
    kill_at_random_moments(RunFolder.create(resolved_study(study), tmp_path / "run"), 2, children, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("children", [False, True])
def test_kill_9_of_the_parent_at_30_random_moments(tmp_path: Path, children: bool) -> None:
    study = fake_study(blocks=300, processes=10)
    kill_at_random_moments(RunFolder.create(resolved_study(study), tmp_path / "run"), 30, children, seed=2)


def test_an_orphan_ends_even_in_the_middle_of_a_trial(folder: RunFolder) -> None:
    with parent(folder.path, children=True, acts={"all": "hang", "all - a": "hang", "all - b": "hang"}) as driver:
        while not driver.children:
            assert driver.listen()
        time.sleep(0.5)
        assert not gone(driver.children[0], 0.1)
        driver.process.kill()
        driver.end()
        assert gone(driver.children[0], 3.0)


@pytest.mark.parametrize(
    ("number", "children", "group"),
    [
        (signal.SIGINT, True, True),
        (signal.SIGINT, False, False),
        (signal.SIGTERM, True, False),
        (signal.SIGTERM, True, True),
        (signal.SIGTERM, False, False),
    ],
)
def test_a_stop_signal_finishes_writing_says_how_to_resume_and_exits_130(
    folder: RunFolder, number: signal.Signals, children: bool, group: bool
) -> None:
    """To the parent alone, and to its group, as Ctrl-C in a terminal and batch systems do."""
    with parent(folder.path, children=children, seconds=0.02) as driver:
        driver.hear(5)
        began = time.monotonic()
        (os.killpg if group else os.kill)(driver.process.pid, number)
        status, complaint = driver.end()
        assert time.monotonic() - began < 3
    assert status == 130
    kept = JsonlTrialStore.read(folder.trials_path)
    assert complaint.count("\n") == 1, complaint
    assert complaint.startswith(f"Interrupted; {len(kept.finished())} of 24 trials are done and kept.")
    assert f"ablate study resume {folder.path}" in complaint
    assert kept.finished() == set(driver.reported)
    assert all(trial.status == "ok" for trial in kept)
    assert all(gone(child) for child in driver.children)
    finish(folder)


@pytest.mark.parametrize("clock", ["trial", "interleaved"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_two_children_at_work_are_ended_with_their_parent(tmp_path: Path, number: signal.Signals, clock: Clock) -> None:
    study = replace(fake_study(blocks=12, processes=1), clock=clock, parallel=2)
    folder = RunFolder.create(resolved_study(study), tmp_path / "run")
    times = {spec.key for spec in study.schedule() if spec.measures == "time"}
    with parent(folder.path, children=True, seconds=0.05) as driver:
        driver.hear(len(times) + 2)
        while len(driver.children) < 2 + (clock == "interleaved"):
            assert driver.listen()
        os.killpg(driver.process.pid, number)
        status, complaint = driver.end()
        assert status == (-9 if number == signal.SIGKILL else 130), complaint
        assert all(gone(child) for child in driver.children)
    kept = JsonlTrialStore.read(folder.trials_path)
    assert kept.finished() >= set(driver.reported)
    assert len(kept.finished()) < len(study.schedule())
    assert {trial.status for trial in kept} == {"ok"}
    if number != signal.SIGKILL:
        assert complaint.startswith(f"Interrupted; {len(kept.finished())} of {len(study.schedule())} trials are done")
    finish(folder)
    assert {trial.beside for trial in JsonlTrialStore.read(folder.trials_path) if trial.spec.key not in times} == {1}
    assert {trial.beside for trial in JsonlTrialStore.read(folder.trials_path) if trial.spec.key in times} <= {0}


def test_two_parents_on_one_folder(folder: RunFolder) -> None:
    with parent(folder.path, seconds=0.1) as first:
        first.hear(1)
        # However long the second takes to start, the first is not done by then.
        first.process.send_signal(signal.SIGSTOP)
        with parent(folder.path) as second:
            status, complaint = second.end()
        first.process.send_signal(signal.SIGCONT)
        assert status == 1
        assert f"being written by process {first.process.pid}" in complaint
        assert first.end() == (0, "")
    finish(folder)


@pytest.mark.parametrize("room", [10, 4000])
def test_a_disk_that_is_full(folder: RunFolder, room: int) -> None:
    """The kernel refuses to let files grow, which needs no small disk."""
    with parent(folder.path, most_bytes=room) as driver:
        status, complaint = driver.end()
    assert status == 1
    assert complaint.startswith(f"Cannot write {folder.trials_path}: File too large. Trials reported finished are kept")
    assert complaint.count("\n") == 1
    assert not folder.trials_path.read_bytes() or folder.trials_path.read_bytes().endswith(b"\n")
    assert JsonlTrialStore.read(folder.trials_path).finished() == set(driver.reported)
    finish(folder)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can mount a small disk")
def test_a_small_disk_that_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        folder = RunFolder.create(resolved_study(fake_study(blocks=100, processes=2)), disk / "run")
        with parent(folder.path) as driver:
            status, complaint = driver.end()
        assert status == 1
        assert "No space left on device" in complaint
        assert JsonlTrialStore.read(folder.trials_path).finished() == set(driver.reported)
        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        finish(folder)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_garbled_line_in_the_middle(folder: RunFolder) -> None:
    finish(folder)
    lines = folder.trials_path.read_bytes().splitlines(keepends=True)
    garbled = b"".join([*lines[:9], lines[9][:50], b"\xff\xfe\n", *lines[10:]])
    folder.trials_path.write_bytes(garbled)
    with parent(folder.path) as driver:
        status, complaint = driver.end()
    assert status == 1
    assert f"{folder.trials_path}, line 10 is not a record" in complaint
    assert folder.trials_path.read_bytes() == garbled
