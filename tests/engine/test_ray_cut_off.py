"""A cable that is pulled and put back: nodes in network namespaces of their own, which takes root."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.events import Event, ProcessStarted, TrialFinished, TrialStarted
from tests.engine.ray_seats import RAY_SETTINGS, OnRay, gone

os.environ.update(RAY_SETTINGS)
os.environ.pop("RAY_ADDRESS", None)
ray = pytest.importorskip("ray")

BRIDGE, NETWORK, PORT = "ablray", "10.78.0", 6397
LEASE_SECONDS = 8.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def ip(*words: str, fails: bool = False) -> None:
    subprocess.run(["ip", *words], check=not fails, capture_output=True)


def can_make_networks() -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    made = subprocess.run(["ip", "netns", "add", "ablprobe"], capture_output=True).returncode == 0
    ip("netns", "del", "ablprobe", fails=True)
    return made


class Node:
    """A Ray node of one core that blocks in a process of its own, in a network namespace where `number` is not 1."""

    def __init__(self, number: int, folder: Path, *, head: bool = False) -> None:
        self.address = f"{NETWORK}.{number}"
        start = [str(Path(sys.executable).with_name("ray")), "start", "--block", f"--node-ip-address={self.address}"]
        start += [f"--num-cpus={0 if head else 1}", "--num-gpus=0", "--object-store-memory=80000000"]
        start += ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={folder}"] if head else []
        start += [] if head else [f"--address={NETWORK}.1:{PORT}"]
        inside = [] if head else ["ip", "netns", "exec", f"abl{number}"]
        self.log = folder / f"node{number}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*inside, *start], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def kill_all_of(folder: Path) -> None:
    """Kill every process that a cluster with its files in this folder has left: each names it in its command line."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture
def cables() -> Iterator[None]:
    """A bridge at .1, and namespaces at .2 and .3 that hang on it."""
    if not can_make_networks():
        pytest.skip("network namespaces take root and the program ip")
    remove_networks()
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for number in (2, 3):
            space, cable = f"abl{number}", f"ablv{number}"
            ip("netns", "add", space)
            ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", cable, "master", BRIDGE)
            ip("link", "set", cable, "up")
            ip("-n", space, "addr", "add", f"{NETWORK}.{number}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
        yield
    finally:
        remove_networks()


def remove_networks() -> None:
    for number in (2, 3):
        ip("netns", "del", f"abl{number}", fails=True)
        ip("link", "del", f"ablv{number}", fails=True)
    ip("link", "del", BRIDGE, fails=True)


@pytest.fixture
def address(cables: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # Sockets' paths have room for about a hundred characters.
    folder = Path("/tmp") / f"ablray{os.getpid()}"
    folder.mkdir()
    nodes = [Node(1, folder, head=True)]
    where = f"{NETWORK}.1:{PORT}"
    try:
        connect(where)
        for number in (2, 3):
            # One after the other: at once, on one file system, they take the same names for their sockets.
            nodes.append(Node(number, folder))
            if not came_true(lambda: cores() == len(nodes) - 1, 100.0):
                said = [node.log.read_text(errors="replace") for node in nodes]
                pytest.fail("\n".join(["The node did not join.", *said]))
        yield where
    finally:
        ray.shutdown()
        for node in reversed(nodes):
            node.end()
        kill_all_of(folder)
        shutil.rmtree(folder, ignore_errors=True)


def connect(where: str) -> None:
    deadline = time.monotonic() + 200.0
    while True:
        try:
            ray.init(address=where, _node_ip_address=f"{NETWORK}.1", log_to_driver=False, namespace="ablate")
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)


def cores() -> float:
    return sum(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"])


def came_true(what: Callable[[], bool], seconds: float) -> bool:
    """Whether it did, within so many seconds."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.2)
    return True


def test_a_node_that_is_cut_off_trains_one_trial_at_most_unseen_and_then_ends(address: str, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    told = OnRay(address, blocks=6, processes=2, seconds=1.0, diary=str(diary), lease_seconds=LEASE_SECONDS)
    cut: dict[str, Any] = {}

    def pull(event: Event) -> None:
        if cut or not isinstance(event, TrialStarted) or len(list(told.store)) < 4:
            return
        # In the middle of this trial, and of most that may be in flight beside it.
        time.sleep(0.3)
        ip("link", "set", "ablv2", "down")
        workers = told.of(ProcessStarted)
        cut.update(at=len(diary.read_text().splitlines()), workers=[worker.process_id for worker in workers])

    summary = told.run(pull)
    assert summary.left == 0
    assert summary.failed <= 1
    keys = [trial.spec.key for trial in told.store]
    assert len(keys) == len(set(keys)) == len(told.schedule) == 18
    assert len(told.lost_seats) == 1
    assert all(gone(worker, 3 * LEASE_SECONDS) for worker in cut["workers"])
    ip("link", "set", "ablv2", "up")
    time.sleep(3.0)
    trained = [line for line in diary.read_text().splitlines() if line.startswith("train")]
    # Each trial of the store, and the one that was in flight when the cable was pulled.
    assert 18 <= len(trained) <= 19
    assert len(list(told.store)) == 18
    print(f"\n{summary}; trained {len(trained)} times for 18 records; {told.lost_seats[0]}")


def test_a_cable_that_is_put_back_in_time_costs_nothing(address: str) -> None:
    told = OnRay(address, blocks=4, processes=2, seconds=1.0, lease_seconds=LEASE_SECONDS)
    pulled: list[bool] = []

    def twitch(event: Event) -> None:
        if not pulled and isinstance(event, TrialFinished):
            pulled.append(True)
            ip("link", "set", "ablv2", "down")
            time.sleep(0.5)
            ip("link", "set", "ablv2", "up")

    assert told.run(twitch).ok == 12
    assert told.lost_seats == []
