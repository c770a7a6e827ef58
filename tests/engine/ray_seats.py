"""A study of the fake trainer on a cluster of several nodes on this machine: what the tests of seats on Ray share."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ablate.engine.events import Event, ProcessStarted, SeatLost, TrialStarted
from ablate.engine.executors import ChildExecutor
from ablate.engine.hello import Muster
from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.runner import Summary, run_study
from ablate.store.records import Trial
from ablate.store.trials import MemoryTrialStore
from tests.fakes import fake_study, untried

RAY_SETTINGS = {
    # Each cluster of the tests is known by its address, whatever else runs here.
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "150",
    # A node that is gone is found out in seconds; the default is half a minute.
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "5000",
    "RAY_health_check_failure_threshold": "3",
}
SMALL = {
    "object_store_memory": 80 * 2**20,
    "include_dashboard": False,
    "include_log_monitor": False,
    "no_monitor": True,
}


def patiently(start: Callable[[], Any]) -> Any:
    """Start part of a cluster, again where the machine was too busy for Ray to wait."""
    for _ in range(2):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    return start()


@contextmanager
def node_of(cluster: Any, name: str, cores: int = 1, *, facts: dict[str, str] | None = None) -> Iterator[Any]:
    """A node with a label of its own, for a while; `facts` its workers say of themselves."""
    environment = {} if facts is None else {"FAKE_FACTS": json.dumps(facts)}
    labels = {"name": name, "kind": "small"}
    node = patiently(lambda: cluster.add_node(num_cpus=cores, labels=labels, env_vars=environment, **SMALL))
    try:
        yield node
    finally:
        if node in cluster.list_all_nodes():
            cluster.remove_node(node)


class OnRay:
    """A study run in the seats of a cluster, and what was seen of it."""

    def __init__(
        self,
        address: str,
        *,
        blocks: int = 2,
        processes: int = 2,
        seats: int | None = None,
        labels: dict[str, str] | None = None,
        timeout_seconds: float | None = None,
        lease_seconds: float = 60.0,
        said: list[str] | None = None,
        **arguments: Any,
    ) -> None:
        self.said: list[str] = [] if said is None else said
        self.cluster = RayCluster(
            RayAddress(address=address, seats=seats, labels=labels or {}),
            announce=self.said.append,
            lease_seconds=lease_seconds,
        )
        self.schedule = fake_study(blocks, processes).schedule()
        self.store, self.events = MemoryTrialStore(), list[Event]()
        self.arguments, self.timeout_seconds = arguments, timeout_seconds

    def run(self, on_event: Callable[[Event], None] = lambda event: None) -> Summary:
        places = self.cluster.places(wait_seconds=60.0)
        executor = ChildExecutor(
            "tests.fake_trainer:make",
            self.arguments,
            untried=untried,
            announce=self.said.append,
            timeout_seconds=self.timeout_seconds,
            warm_up_allowance_seconds=120.0,
            places=places,
            muster=Muster(),
        )

        def see(event: Event) -> None:
            self.events.append(event)
            on_event(event)

        return run_study(
            self.schedule,
            self.store,
            executor,
            on_event=see,
            parallel=len(places),
            apart=True,
            announce=self.said.append,
            joined=lambda: executor.join(self.cluster.joined()),
        )

    def trial(self, arm: str, block: int) -> Trial:
        return self.store.latest()[arm, block]

    def seats(self) -> set[str]:
        return {trial.seat for trial in self.store}

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def workers(self) -> list[int]:
        return [event.process_id for event in self.of(ProcessStarted)]

    @property
    def lost_seats(self) -> list[str]:
        return [event.reason for event in self.of(SeatLost)]


def gone(process_id: int, within_seconds: float = 20.0) -> bool:
    """Whether a process ends in time."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def once(
    act: Callable[[], object], when: Callable[[Event], bool] = lambda event: isinstance(event, TrialStarted)
) -> Any:
    """Does something at the first event of a kind."""
    done: list[bool] = []

    def watch(event: Event) -> None:
        if not done and when(event):
            done.append(True)
            act()

    return watch
