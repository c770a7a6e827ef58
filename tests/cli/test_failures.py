"""What goes wrong while a study runs: each failure is a record, the other arms go on, and the command says what to do."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate import datasets
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec
from ablate.training import image_kind
from ablate.training.arm_trainer import ArmTrainer
from tests.datasets.archives import picture_files, write_tar
from tests.tiny_study import CommandLine, trial_lines, untouched

ROOT = Path(__file__).parents[2]

FEATURES = """
from dataclasses import dataclass

import torch

import ablate
from ablate.parts import NoJitter


@dataclass(frozen=True, kw_only=True)
class Hungry(NoJitter):
    def jitter(self, images_NCHW, generator, compiler):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\\nGPU 0 has a total of 8 GiB.")


@dataclass(frozen=True, kw_only=True)
class Faulty(NoJitter):
    def jitter(self, images_NCHW, generator, compiler):
        raise ValueError("the colours ran out [of the box]\\nand more")


def feature(name, **patch):
    return ablate.Feature(name=name, group="architecture", summary="Goes wrong.", patch=patch, source="here")


FEATURES = [
    feature("hungry", jitter=Hungry()),
    feature("faulty", jitter=Faulty()),
    feature("too_hot", head_rate=1e30, bias_rate=1e30),
]
"""
REASONS = {
    "hungry": ["Out of memory on cpu.", "`ablate doctor`", "`--preset mini`"],
    "faulty": ["ValueError: the colours ran out [of the box]", "Run again with --debug for the traceback."],
    "too_hot": ["The loss or the predictions were not finite after", "Lower the learning rates"],
}


@pytest.fixture
def own(here: Path) -> list[str]:
    (here / "own.py").write_text(FEATURES)
    return ["--features-from", "own.py"]


@pytest.mark.parametrize("name", REASONS)
def test_a_failing_arm_is_recorded_and_the_other_goes_on(
    here: Path, ablate: CommandLine, own: list[str], name: str
) -> None:
    ended = ablate("run", "--from", "baseline", "--enable", name, "--trials", "2", "--out", "a run", *own)
    assert ended.code == 3
    trials = trial_lines(Path("a run"))
    statuses = sorted((trial["spec"]["arm"], trial["status"]) for trial in trials)
    assert statuses == [("baseline", "ok")] * 2 + [(f"baseline + {name}", "failed")] * 2
    for trial in trials:
        if trial["status"] == "failed":
            assert "measurements" not in trial
            assert "\n" not in trial["error"]
            assert all(part in trial["error"] for part in REASONS[name])
            # Said at once, on a line of its own, brackets and all.
            assert f"baseline + {name}, block {trial['spec']['block']}: failed: {trial['error']}\n" in ended.err
    assert re.search(r"^baseline +2 +0 ", ended.out, re.MULTILINE)
    assert "2 of 4 trials failed; `ablate study resume 'a run' --retry-failed` runs them again." in ended.err
    assert "Traceback" not in ended.err
    assert (Path("a run") / "report.html").is_file()


def test_debug_prints_the_traceback_of_a_trial(here: Path, ablate: CommandLine, own: list[str]) -> None:
    ended = ablate("run", "--only", "faulty", "--trials", "1", "--debug", *own)
    assert ended.code == 3
    assert "Traceback" in ended.err
    assert "own.py" in ended.err


def test_fail_fast_stops_at_the_first_failure(here: Path, ablate: CommandLine, own: list[str]) -> None:
    ended = ablate("run", "--only", "hungry", "--trials", "4", "--fail-fast", "--out", "run", *own)
    assert ended.code == 3
    assert [trial["status"] for trial in trial_lines(Path("run"))].count("failed") == 1
    assert len(trial_lines(Path("run"))) < 4


def test_retry_failed_runs_them_again_and_keeps_both_records(
    here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = ArmTrainer._measure

    def sick(trainer: ArmTrainer, ready: object, seed: int) -> object:
        raise MemoryError

    monkeypatch.setattr(ArmTrainer, "_measure", sick)
    assert ablate("run", "--disable", "tta", "--trials", "1", "--out", "run").code == 3
    monkeypatch.setattr(ArmTrainer, "_measure", healthy)
    # Without the option failures count as finished.
    assert ablate("study", "resume", "run").code == 3
    assert len(trial_lines(Path("run"))) == 2
    ablate.ok("study", "resume", "run", "--retry-failed")
    assert [trial["status"] for trial in trial_lines(Path("run"))] == ["failed", "failed", "ok", "ok"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as in a terminal, also where the tests themselves run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_keeps_what_is_done_and_says_how_to_go_on(
    here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    train = ArmTrainer.train
    started: list[TrialSpec] = []

    def interrupted(trainer: ArmTrainer, spec: TrialSpec, process: int) -> FinishedTrial:
        started.append(spec)
        if len(started) == 4:
            os.kill(os.getpid(), number)
        return train(trainer, spec, process)

    monkeypatch.setattr(ArmTrainer, "train", interrupted)
    ended = ablate("run", "--disable", "tta", "--trials", "3", "--out", "run")
    assert ended.code == 130
    assert "Interrupted; 3 of 6 trials are done and kept. Resume with: ablate study resume run\n" in ended.err
    assert "Traceback" not in ended.err
    assert len(trial_lines(Path("run"))) == 3
    ablate.ok("study", "resume", "run")
    keys = [(trial["spec"]["arm"], trial["spec"]["block"]) for trial in trial_lines(Path("run"))]
    assert len(keys) == len(set(keys)) == 6


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_before_the_study_begins(here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(image_kind, "load_data", interrupted)
    with untouched(here):
        ended = ablate("run")
    assert (ended.code, ended.out, ended.err) == (130, "", "Interrupted.\n")


class TestFaults:
    """An error that nobody foresaw."""

    @pytest.fixture(autouse=True)
    def broken(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError("a [bold]bug[/bold]")

        monkeypatch.setattr(image_kind, "load_data", broken)

    def test_is_said_in_two_lines(self, ablate: CommandLine) -> None:
        ended = ablate("run")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err == (
            "Unexpected ZeroDivisionError: a [bold]bug[/bold]\nRun again with --debug for the traceback.\n"
        )

    @pytest.mark.parametrize("words", [["--debug", "run"], ["run", "--debug"]])
    def test_debug_shows_where(self, ablate: CommandLine, words: list[str]) -> None:
        ended = ablate(*words)
        assert ended.code == 1
        assert ended.err.startswith("Traceback (most recent call last):")
        assert ended.err.endswith("Unexpected ZeroDivisionError: a [bold]bug[/bold]\n")


class TestArchives:
    """A torn or hostile archive: what was found, and a data home as it was."""

    def refused(self, ablate: CommandLine, archive: Path, *parts: str) -> None:
        home = datasets.data_home()
        home.mkdir()
        with untouched(home):
            ablate("data", "import", "pets", archive).refused(4, archive.name, *parts)

    def test_torn(self, here: Path, ablate: CommandLine) -> None:
        archive = write_tar(here / "pets.tar.gz", picture_files(), mode="w:gz")
        archive.write_bytes(archive.read_bytes()[:-400])
        self.refused(ablate, archive)

    def test_reaching_outside(self, here: Path, ablate: CommandLine) -> None:
        archive = write_tar(here / "pets.tar", picture_files(), extra=[tarfile.TarInfo("../../outside.png")])
        self.refused(ablate, archive, "outside.png")
        assert not list(here.parent.glob("outside.png"))

    def test_of_something_else(self, here: Path, ablate: CommandLine) -> None:
        archive = here / "pets.tar"
        archive.write_bytes(b"<html>404 not found</html>")
        self.refused(ablate, archive)

    def test_that_is_not_the_official_one(self, here: Path, ablate: CommandLine) -> None:
        archive = write_tar(here / "cifar-10-python.tar.gz", picture_files(), mode="w:gz")
        ablate("data", "import", "cifar10", archive).refused(4, "no CIFAR-10 batches", "`ablate data fetch`")

    def test_with_more_classes_than_the_network_tells_apart(self, here: Path, ablate: CommandLine) -> None:
        picture = next(iter(picture_files().values()))
        files = {f"{split}/{number:02}/{number}.png": picture for split in ("train", "test") for number in range(11)}
        ablate.ok("data", "import", "many", write_tar(here / "many.tar", files))
        ablate("run", "--data", "many").refused(4, "'many' has 11 classes", "tells 10 apart")
        assert not (here / "runs").exists()


def test_no_complaint_where_the_reader_has_had_enough() -> None:
    command = f"{shlex.quote(sys.executable)} -m ablate study list --json | head -c 1"
    cut = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (cut.stdout, cut.stderr) == ("[", "")
