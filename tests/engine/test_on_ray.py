import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ablate.engine import on_ray, parcels
from ablate.engine.child import ChildDiedError, HaltedError
from ablate.engine.events import Event, TrialFinished, TrialStarted
from ablate.engine.on_ray import RayPlace
from ablate.engine.places import NeverRanError, Worker
from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.runner import Summary
from ablate.engine.worker import command_for
from ablate.errors import AblateError, UsageError
from ablate.store.run_folder import RunFolder
from ablate.store.trials import JsonlTrialStore
from tests.engine.networks_elsewhere import check_equal_trial_by_trial
from tests.engine.ray_seats import RAY_SETTINGS, SMALL, OnRay, gone, node_of, once, patiently
from tests.fakes import fake_study, resolved_study

os.environ.update(RAY_SETTINGS)
os.environ.pop("RAY_ADDRESS", None)
ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    # What ray leaves open or deprecates is not ours.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).parents[2]
SPEC = fake_study(1, 1).schedule()[0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    head = {"num_cpus": 0, **SMALL}
    made = patiently(lambda: cluster_utils.Cluster(initialize_head=True, head_node_args=head))
    connection = RayCluster(RayAddress(address=made.address))
    try:
        with pytest.raises(AblateError, match=r"No node of ray:.* has a core for a trial"):
            connection.places()
        yield made
    finally:
        connection.close()
        made.shutdown()


def place_on(cluster: Any, name: str, **options: Any) -> RayPlace:
    address = RayAddress(address=cluster.address, labels={"name": name})
    return RayCluster(address, **options).places()[0]


def start(place: RayPlace, halted: threading.Event | None = None, **arguments: Any) -> Worker:
    worker = place.start("tests.fake_trainer:make", arguments, halted or threading.Event())
    assert worker.receive(60.0)["kind"] == "ready"
    return worker


def train(worker: Worker) -> Mapping[str, Any]:
    worker.send(command_for([SPEC], 0))
    while (message := worker.receive(60.0))["kind"] != "finished":
        pass
    return message


def test_a_study_runs_on_all_nodes_of_a_cluster_each_lot_in_a_fresh_process(cluster: Any, tmp_path: Path) -> None:
    with node_of(cluster, "one"), node_of(cluster, "two"):
        told = OnRay(cluster.address, blocks=4, processes=4, seconds=0.1, diary=str(tmp_path / "diary"))
        assert told.run() == Summary(ok=12, failed=0, timeout=0, left=0)
        assert {trial.spec for trial in told.store} == set(told.schedule)
        assert len(told.seats()) == 2
        assert {trial.host for trial in told.store} == {os.uname().nodename}
        assert len(set(told.workers)) == 4
        assert all(gone(worker) for worker in told.workers)
        trained = [line for line in (tmp_path / "diary").read_text().splitlines() if line.startswith("train")]
        assert len(trained) == 12


def test_a_worker_that_is_killed_costs_its_trial_and_a_mute_one_is_stopped(cluster: Any) -> None:
    with node_of(cluster, "one"):
        told = OnRay(cluster.address, processes=1, timeout_seconds=2.0, acts={"all/0": "SIGKILL", "all/1": "hang"})
        assert told.run() == Summary(ok=4, failed=1, timeout=1, left=0)
        assert "ended without a word, killed or crashed" in str(told.trial("all", 0).error)
        assert str(told.trial("all", 1).error).startswith("no result after 2 s, so its process was stopped")
        assert told.lost_seats == []
        assert all(gone(worker) for worker in told.workers)


def test_a_node_that_dies_costs_the_trial_in_flight_and_its_lot_goes_to_another(cluster: Any) -> None:
    with node_of(cluster, "one") as doomed, node_of(cluster, "two"):
        told = OnRay(cluster.address, blocks=6, processes=2, seconds=0.5)
        summary = told.run(once(lambda: cluster.remove_node(doomed, allow_graceful=False), _at_second_trial()))
        assert summary.left == 0
        assert summary.failed <= 1
        assert len(list(told.store)) == 18
        (lost,) = told.lost_seats
        assert "has lost 3 workers in a row before their first trial" in lost
        assert len({trial.seat for trial in list(told.store)[-3:]}) == 1


def _at_second_trial() -> Any:
    seen: list[Event] = []

    def second(event: Event) -> bool:
        if isinstance(event, TrialStarted):
            seen.append(event)
        return len(seen) == 2

    return second


def test_a_node_that_joins_late_adds_a_seat(cluster: Any) -> None:
    with node_of(cluster, "one"), ExitStack() as later:
        told = OnRay(cluster.address, blocks=12, processes=12, seconds=0.5)
        assert told.run(once(lambda: later.enter_context(node_of(cluster, "late")))).ok == 36
        assert len(told.seats()) == 2
        assert any("has joined" in line for line in told.said)


def test_seats_that_are_asked_for_are_waited_for(cluster: Any) -> None:
    with ExitStack() as later:

        class Says(list[str]):
            def append(self, line: str) -> None:
                super().append(line)
                if "waits" in line:
                    later.enter_context(node_of(cluster, "late", cores=4))

        told = OnRay(cluster.address, seats=2, labels={"name": "late"}, said=Says())
        assert told.run().ok == 6
        assert told.said[0] == f"ray:{cluster.address}*2@name=late: waits for a node to join that has a place."
        assert len(told.seats()) == 2


def test_labels_choose_nodes_and_hardware_that_differs_is_refused(cluster: Any) -> None:
    # A fact that hello compares; the first worker to come fixes it.
    with node_of(cluster, "one", facts={"torch": "1"}), node_of(cluster, "two", facts={"torch": "2"}):
        with pytest.raises(AblateError) as caught:
            OnRay(cluster.address, labels={"name": "three"}).run()
        assert "has a core for a trial and the label name=three. There are: " in str(caught.value)
        assert "1 cores, 0 GPUs, name=one" in str(caught.value).replace("kind=small, ", "")
        told = OnRay(cluster.address, blocks=4, processes=4)
        assert told.run().ok == 12
        (lost,) = told.lost_seats
        assert "has other hardware or code than the study: torch is " in lost
        assert len(told.seats()) == 1


def test_who_is_left_alone_ends_by_itself_and_that_costs_no_trial(cluster: Any) -> None:
    with node_of(cluster, "one"):
        place = place_on(cluster, "one", lease_seconds=2.0)
        worker = start(place)
        time.sleep(5.0)
        train(worker)
        # As if this side were cut off: nobody shows a sign of life any more.
        worker._gone.set()  # type: ignore[attr-defined]
        assert gone(worker.process_id)
        with pytest.raises(NeverRanError, match=r"its actor on .* ended without a word"):
            worker.send(command_for([SPEC], 0))
        start(place).end()


def test_a_wait_ends_when_the_study_is_halted(cluster: Any) -> None:
    with node_of(cluster, "one"):
        halted = threading.Event()
        worker = start(place_on(cluster, "one"), halted, acts={SPEC.arm: "hang"})
        worker.send(command_for([SPEC], 0))
        while worker.receive(60.0)["kind"] != "trial_started":
            pass
        threading.Timer(0.5, halted.set).start()
        with pytest.raises(HaltedError):
            worker.receive()
        worker.kill()
        assert gone(worker.process_id)


def test_a_trainer_that_kills_its_process_before_a_trial_never_ran(cluster: Any) -> None:
    with node_of(cluster, "one"):
        place = place_on(cluster, "one")
        with pytest.raises(NeverRanError):
            start(place, refuse="death")
        worker = start(place, acts={SPEC.arm: "exit"})
        with pytest.raises(ChildDiedError) as caught:
            train(worker)
        assert type(caught.value) is ChildDiedError


def test_what_a_worker_lacks_of_the_run_folder_is_sent_to_it(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder.create(resolved_study(fake_study(1, 1)), tmp_path / "run").path
    diary = tmp_path / "diary"
    monkeypatch.setenv("ABLATE_CACHE_DIR", str(tmp_path / "cache"))
    with node_of(cluster, "one"):
        place = place_on(cluster, "one")
        start(place, folder=str(folder), diary=str(diary)).end()
        monkeypatch.setattr(on_ray, "parcels", SeenHereOnly(folder))
        start(place, folder="/nowhere/run", diary=str(diary)).end()
    seen, sent = [line.split(maxsplit=2) for line in diary.read_text().splitlines() if line.startswith("folder")]
    assert seen[1] == str(folder)
    assert sent[1].startswith(str(tmp_path / "cache"))
    assert sent[2] == "['study.json'] None"


class SeenHereOnly:
    """Parcels of a folder whose path holds on this side only."""

    def __init__(self, folder: Path) -> None:
        self.arguments = {"folder": str(folder)}

    def manifest(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        return parcels.manifest(self.arguments)

    def pack(self, arguments: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
        return parcels.pack(self.arguments, names)


class Driver:
    """Another process that runs a study on the cluster."""

    def __init__(self, address: str, folder: Path, **arguments: Any) -> None:
        command = [sys.executable, "-m", "tests.engine.drive_on_ray", address, str(folder), json.dumps(arguments)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.workers: list[int] = []

    def hear(self, word: str, times: int = 1) -> None:
        assert self.process.stdout is not None
        while times:
            line = self.process.stdout.readline()
            assert line, f"the driver ended before '{word}'"
            if line.startswith("process"):
                self.workers.append(int(line.split()[1]))
            times -= line.startswith(word)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_a_driver_that_is_killed_loses_no_finished_trial_and_another_goes_on(cluster: Any, tmp_path: Path) -> None:
    folder = RunFolder.create(resolved_study(fake_study(4, 2)), tmp_path / "run")
    with node_of(cluster, "one"), node_of(cluster, "two"):
        first = Driver(cluster.address, folder.path, seconds=0.5)
        first.hear("finished", 3)
        first.kill()
        assert all(gone(worker) for worker in first.workers)
        kept = len(list(JsonlTrialStore(folder.path / "trials.jsonl")))
        assert 3 <= kept < 12
        second = Driver(cluster.address, folder.path, seconds=0.0)
        second.hear("complete")
        second.kill()
        keys = [trial.spec.key for trial in folder.read_trials()]
        assert len(keys) == len(set(keys)) == 12


def test_two_drivers_do_not_share_a_core(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.create(resolved_study(fake_study(1, 1)), tmp_path / "run")
    with node_of(cluster, "one"):
        other = Driver(cluster.address, folder.path, seconds=100.0)
        other.hear("started")
        monkeypatch.setattr(on_ray, "PLACEMENT_SECONDS", 3.0)
        place = place_on(cluster, "one")
        with pytest.raises(NeverRanError, match="found no free place within 3 s"):
            start(place)
        other.kill()
        monkeypatch.undo()
        worker = start(place)
        train(worker)
        worker.end()
        assert gone(worker.process_id)


def test_another_cluster_than_the_one_connected_to_is_refused(cluster: Any) -> None:
    with pytest.raises(UsageError, match=f"connected to the Ray at {cluster.address} already, not to the one at 10"):
        RayCluster(RayAddress(address="10.0.0.1:6379")).places()


def test_events_of_a_trial_come_live(cluster: Any) -> None:
    with node_of(cluster, "one"):
        told = OnRay(cluster.address, blocks=1, processes=1, seconds=1.0)
        at: list[tuple[type, float]] = []
        assert told.run(lambda event: at.append((type(event), time.monotonic()))).ok == 3
        started = next(when for kind, when in at if kind is TrialStarted)
        finished = next(when for kind, when in at if kind is TrialFinished)
        assert finished - started > 0.5


def test_a_study_of_networks_is_equal_trial_by_trial_to_one_in_this_process(cluster: Any, tmp_path: Path) -> None:
    with node_of(cluster, "one"), node_of(cluster, "two"):
        check_equal_trial_by_trial(f"ray:{cluster.address}", tmp_path, how_many_seats=2)
