"""Workers behind a command: what they are called with, how they are lost, and how they end when they are cut off."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ablate.engine import lot, parcels
from ablate.engine.child import ChildDiedError
from ablate.engine.executors import ChildExecutor
from ablate.engine.places import NeverRanError, SeatLostError
from ablate.engine.remote import CommandPlace, CommandWorker, command_line
from ablate.engine.runner import Summary, run_study
from ablate.engine.worker import CUT_OFF_STATUS, command_for
from ablate.errors import UsageError
from ablate.machine.programs import same_modules
from ablate.store.run_folder import RunFolder
from ablate.store.trials import MemoryTrialStore
from tests.engine.networks_elsewhere import check_equal_trial_by_trial
from tests.engine.test_executors import alive
from tests.fakes import fake_study, resolved_study, spec, untried

FACTORY = "tests.fake_trainer:make"
CALL = [sys.executable, "-P", "-m", "ablate.engine.worker", "--stdio"]
PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot, "PAUSES_SECONDS", (0.0, 0.0))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("srun -N1 -n1 --gpus=1", ["srun", "-N1", "-n1", "--gpus=1", *CALL]),
        ("ip netns exec far", ["ip", "netns", "exec", "far", *CALL]),
        ("ssh -p 22 box", ["ssh", "-p", "22", "box", shlex.join(CALL)]),
        ("/usr/bin/ssh box", ["/usr/bin/ssh", "box", shlex.join(CALL)]),
        ("sh -c", ["sh", "-c", shlex.join(CALL)]),
        ("env A='b c' bash -c", ["env", "A=b c", "bash", "-c", shlex.join(CALL)]),
        ("grep -c", ["grep", "-c", *CALL]),
        (
            "ssh box /opt/py -m ablate.engine.worker --stdio",
            ["ssh", "box", "/opt/py", "-m", "ablate.engine.worker", "--stdio"],
        ),
    ],
)
def test_the_call_of_a_worker_stands_behind_the_command_in_the_form_that_it_takes(
    command: str, words: list[str]
) -> None:
    assert command_line(command) == words


@pytest.mark.parametrize(("command", "message"), [("", "needs a command"), ("ssh 'box", "cannot be split into words")])
def test_a_command_that_is_none(command: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        command_line(command)


def run(*places: CommandPlace, blocks: int = 2, **arguments: Any) -> tuple[Summary, MemoryTrialStore, list[str]]:
    store, said = MemoryTrialStore(), list[str]()
    schedule = fake_study(blocks, blocks).schedule()
    executor = ChildExecutor(FACTORY, arguments, untried=untried, places=places)
    summary = run_study(schedule, store, executor, parallel=len(places), apart=True, announce=said.append)
    return summary, store, said


def test_a_study_behind_a_shell(capfd: pytest.CaptureFixture[str]) -> None:
    summary, store, _ = run(CommandPlace("sh -c"), acts={"all/0": "chatter", "all/1": "SIGKILL"})
    assert summary == Summary(ok=5, failed=1, timeout=0, left=0)
    assert {trial.seat for trial in store} == {"command:sh -c"}
    assert all(trial.host and trial.received_at for trial in store)
    assert "written to descriptor 1" in capfd.readouterr().err
    (failed,) = [trial for trial in store if trial.status == "failed"]
    # A shell that waits for the worker says 128 + 9; one that has become it was killed itself.
    assert any(words in str(failed.error) for words in ("exit status 137", "killed by SIGKILL"))


def test_a_command_that_cannot_reach_anybody_is_lost_with_its_exit_status() -> None:
    with pytest.raises(SeatLostError, match="its process ended with exit status 255") as caught:
        run(CommandPlace("sh -c 'exit 255'"))
    assert "Seat command:sh -c 'exit 255' has lost 3 workers in a row before their first trial" in str(caught.value)


def test_what_is_missing_there_is_said_before_the_first_trial() -> None:
    with pytest.raises(SeatLostError, match="Seat command:sh -c is of no use: no data set here") as caught:
        run(CommandPlace("sh -c"), refuse="data")
    assert caught.value.exit_code == 4


def test_a_worker_of_another_kind_is_refused() -> None:
    """Two commands that differ in what their environment makes of the worker."""
    mine, theirs = (CommandPlace(f"""env 'FAKE_FACTS={{"device_name":"{name}"}}'""") for name in ("A100", "T4"))
    summary, store, said = run(mine, theirs, blocks=2, seconds=0.3)
    assert summary.ok == 6
    assert len({trial.seat for trial in store}) == 1
    (line,) = said
    assert "has other hardware or code than the study: device_name is" in line


class FakeFarEnd:
    """A program in place of a worker: `replies` are what it sends for each command it is given, in turn; then it is silent."""

    def __init__(self, *replies: str, before: str = "") -> None:
        self.program = (
            f"import sys, time\nprint({before!r}, flush=True) if {before!r} else None\n"
            f"for line, reply in zip((l for l in sys.stdin if 'alive' not in l), {list(replies)!r}):\n"
            "    print(reply, flush=True)\ntime.sleep(600)"
        )

    def start(self, lease_seconds: float = 60.0) -> CommandWorker:
        words = [sys.executable, "-c", self.program]
        return CommandWorker(words, FACTORY, {}, threading.Event(), lease_seconds)


READY = json.dumps({"kind": "ready", "remarks": [], "hello": {"host": "far", "hardware": "x", "facts": {}}})


@pytest.fixture
def far_end() -> Iterator[list[CommandWorker]]:
    workers: list[CommandWorker] = []
    yield workers
    for worker in workers:
        worker.kill()


def ask(worker: CommandWorker) -> None:
    worker.send(command_for([spec()], 0))


def test_a_late_answer_is_dropped(far_end: list[CommandWorker]) -> None:
    """Guarantee 2: the answer to request 1 comes after request 2 was made."""
    answers = "\n".join(json.dumps({"kind": "trial_started", "request": request, "n": request}) for request in (1, 2))
    worker = FakeFarEnd(READY, '{"kind": "alive"}', answers).start()
    far_end.append(worker)
    assert worker.receive(PATIENCE_SECONDS)["kind"] == "ready"
    assert worker.host == "far"
    ask(worker)
    ask(worker)
    assert worker.receive(PATIENCE_SECONDS) == {"kind": "trial_started", "request": 2, "n": 2}


def test_a_mute_worker_is_given_up(far_end: list[CommandWorker]) -> None:
    """Guarantee 8 and 1: before its first trial it never ran, after that its trial is lost."""
    for asked, kind in ((False, NeverRanError), (True, ChildDiedError)):
        worker = FakeFarEnd(READY).start(lease_seconds=0.5)
        far_end.append(worker)
        worker.receive(PATIENCE_SECONDS)
        if asked:
            ask(worker)
        with pytest.raises(ChildDiedError, match="nothing was heard of it for 1 s") as caught:
            worker.receive()
        assert type(caught.value) is kind


def test_a_command_that_never_says_a_word_is_given_up(far_end: list[CommandWorker]) -> None:
    worker = CommandWorker(["sleep", "600"], FACTORY, {}, threading.Event(), 0.05)
    far_end.append(worker)
    with pytest.raises(NeverRanError, match="nothing was heard of it for 1 s"):
        worker.receive()


def test_what_a_shell_says_on_its_way_in_is_passed_on(
    far_end: list[CommandWorker], capsys: pytest.CaptureFixture[str]
) -> None:
    worker = FakeFarEnd(READY, "gibberish", before="Welcome to box").start()
    far_end.append(worker)
    assert worker.receive(PATIENCE_SECONDS)["kind"] == "ready"
    assert capsys.readouterr().err == "Welcome to box\n"
    ask(worker)
    with pytest.raises(ChildDiedError, match="it sent what is no message: b'gibberish'"):
        worker.receive(PATIENCE_SECONDS)


def test_a_worker_that_is_cut_off_ends_by_itself(tmp_path: Path) -> None:
    """Guarantee 9: its pipes stay open, as when a cable is pulled, and it is in the middle of a trial."""
    order: Mapping[str, Any] = {
        "kind": "make",
        "factory": FACTORY,
        "arguments": {"acts": {"baseline": "hang"}},
        "lease_seconds": 1.0,
    }
    with subprocess.Popen(CALL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=same_modules()) as worker:
        assert worker.stdin is not None
        for message in (order, command_for([spec()], 0)):
            worker.stdin.write(json.dumps(message).encode() + b"\n")
            worker.stdin.flush()
        assert worker.wait(PATIENCE_SECONDS) == CUT_OFF_STATUS


def test_signs_of_life_keep_it_at_work_beyond_its_lease() -> None:
    summary, _, _ = run(CommandPlace("sh -c", lease_seconds=3.0), blocks=1, seconds=1.5)
    assert summary.ok == 3


def test_a_driver_that_is_killed_leaves_no_worker(tmp_path: Path) -> None:
    """Guarantee 9, with its pipes."""
    diary = tmp_path / "diary"
    program = (
        "from tests.engine.test_remote import run, CommandPlace\n"
        f"run(CommandPlace('sh -c'), acts={{'all': 'hang', 'all - a': 'hang', 'all - b': 'hang'}}, diary={str(diary)!r})"
    )
    with subprocess.Popen([sys.executable, "-c", program], env=same_modules()) as driver:
        until(lambda: diary.exists() and "train" in diary.read_text())
        worker = int(diary.read_text().split()[1])
        assert alive(worker)
        os.kill(driver.pid, signal.SIGKILL)
    until(lambda: not alive(worker))


def until(true: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestParcels:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
        monkeypatch.setenv("ABLATE_CACHE_DIR", str(tmp_path / "cache"))
        folder = RunFolder.create(resolved_study(), tmp_path / "run")
        (folder.path / "sources").mkdir()
        (folder.path / "sources" / "registry.py").write_text("REGISTRY = 1\n")
        return folder

    def unpack(self, folder: RunFolder, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """What a worker makes of it, and what it asked for."""
        asked: list[str] = []
        given = {"folder": str(folder.path)}

        def fetch(names: Any) -> Mapping[str, str]:
            asked.extend(names)
            return parcels.pack(given, names)

        return parcels.unpack(parcels.manifest(given), arguments, fetch), asked

    def test_a_folder_that_is_here_is_taken_as_it_is(self, folder: RunFolder) -> None:
        arguments = {"folder": str(folder.path), "data_dir": str(folder.path)}
        assert self.unpack(folder, arguments) == (arguments, [])

    def test_one_that_is_not_is_sent_once(self, folder: RunFolder) -> None:
        elsewhere = {"folder": "/nowhere/run", "data_dir": "/nowhere/data"}
        found, asked = self.unpack(folder, elsewhere)
        assert asked == ["study.json", "sources/registry.py"]
        assert found["data_dir"] is None
        copy = RunFolder.open(found["folder"])
        assert copy.resolved == folder.resolved
        assert (copy.path / "sources" / "registry.py").read_text() == "REGISTRY = 1\n"
        assert self.unpack(folder, elsewhere) == (found, [])

    def test_another_content_under_the_same_path_is_not_taken(self, folder: RunFolder, tmp_path: Path) -> None:
        other = RunFolder.create(resolved_study(preset="full"), tmp_path / "other")
        found, asked = self.unpack(folder, {"folder": str(other.path)})
        assert asked == ["study.json", "sources/registry.py"]
        assert RunFolder.open(found["folder"]).resolved.preset == "mini"

    def test_a_worker_gets_what_it_does_not_see(self, folder: RunFolder, tmp_path: Path) -> None:
        """The far end sees another file system: where it looks for the folder there is none."""
        diary = tmp_path / "diary"
        hidden = f"sh -c 'sed -u s,{folder.path},/nowhere, | {shlex.join(CALL)}'"
        summary, _, _ = run(CommandPlace(hidden), blocks=1, folder=str(folder.path), diary=str(diary))
        assert summary.ok == 3
        (words,) = [line.split() for line in diary.read_text().splitlines() if line.startswith("folder")]
        assert words[1].startswith(str(tmp_path / "cache"))
        assert "registry.py" in diary.read_text()


@pytest.mark.slow
def test_a_study_of_networks_is_equal_trial_by_trial_to_one_in_this_process(tmp_path: Path) -> None:
    check_equal_trial_by_trial("command:sh -c", tmp_path, how_many_seats=1)
