"""Ray clusters: reached, or started here, and the places that their nodes have. Free of torch; ray is imported on first use."""

import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ablate.engine.on_ray import RayPlace, import_ray
from ablate.engine.ray_address import RayAddress
from ablate.engine.worker import LEASE_SECONDS
from ablate.errors import AblateError, UsageError
from ablate.machine.processor import usable_cores

LOCAL_STORE_BYTES = 80 * 2**20
"""The object store of a Ray started here: messages are small, and Ray would take a third of the memory."""

ACCELERATOR_LABEL = "ray.io/accelerator-type"
"""What Ray itself labels nodes with that have GPUs."""

_LOOK_SECONDS = 2.0


class RayCluster:
    """The places of a cluster: each GPU of its nodes is one, or each core where no node has a GPU.

    `announce` is told of a Ray that is started, of waiting, and of nodes that join. Call from the main thread: Ray takes signals there.
    """

    def __init__(
        self,
        address: RayAddress,
        *,
        announce: Callable[[str], None] = lambda line: None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.address, self._announce, self._lease_seconds = address, announce, lease_seconds
        self._on_gpus = True if ACCELERATOR_LABEL in address.labels else None
        self._ray, self._ours = import_ray(), False
        self._given: dict[str, int] = {}
        self._of_host: Counter[str] = Counter()
        self._looked_at = 0.0

    def places(self, *, wait_seconds: float = 600.0) -> tuple[RayPlace, ...]:
        """Connect, and give the places there are now. With a number of seats asked for, the cluster is asked to grow to it, and may
        take `wait_seconds` until its first node with a place has come.

        Raises:
            AblateError: the cluster cannot be reached, or has no such place.
        """
        self._connect()
        self._ask_for_nodes()
        deadline, said = time.monotonic() + wait_seconds, False
        while not (places := self._look()):
            if self.address.seats is None or time.monotonic() > deadline:
                raise AblateError(self._nothing())
            if not said:
                self._announce(f"{self.address}: waits for a node to join that has a place.")
                said = True
            time.sleep(0.5)
        return places

    def joined(self) -> tuple[RayPlace, ...]:
        """The places of nodes that have joined since this was asked last; the cluster itself is asked every other second only."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS or not self._ray.is_initialized():
            return ()
        places = self._look()
        for place in places:
            self._announce(f"{place.name} has joined.")
        return places

    def close(self) -> None:
        """Leave the cluster, and end it where it was started here; not where the connection was made by somebody else."""
        if self._ours:
            self._ours = False
            self._ray.shutdown()

    def _look(self) -> tuple[RayPlace, ...]:
        self._looked_at = time.monotonic()
        nodes = [node for node in self._ray.nodes() if node["Alive"] and self._fits(node)]
        if self._on_gpus is None and nodes:
            # What the first nodes have decides: a study's trials all run on GPUs, or none does.
            self._on_gpus = any(_number(node, "GPU") for node in nodes)
        places: list[RayPlace] = []
        for node in nodes:
            if node["NodeID"] not in self._given:
                found = self._of(node, self._still_wanted(nodes))
                if found:
                    self._given[node["NodeID"]] = len(found)
                    places += found
        return tuple(places)

    def _still_wanted(self, alive: Sequence[Mapping[str, Any]]) -> int | None:
        """How many seats are lacking of the number asked for; what a dead node had is lacking again. None: no number was."""
        if self.address.seats is None:
            return None
        return self.address.seats - sum(self._given.get(node["NodeID"], 0) for node in alive)

    def _of(self, node: Mapping[str, Any], wanted: int | None) -> list[RayPlace]:
        """A node's places, `wanted` at most."""
        share: dict[str, float] = {"num_cpus": 1}
        number = _number(node, "CPU")
        if self._on_gpus:
            share["num_gpus"] = 1
            number = min(number, _number(node, "GPU"))
        if wanted is not None:
            number = min(number, wanted)
        kind, host = "gpu" if self._on_gpus else "cpu", node["NodeManagerHostname"]
        places = []
        for _ in range(number):
            # A host may have several nodes, one after the other too.
            name = f"ray:{self.address.address}/{host}/{kind}:{self._of_host[host]}"
            self._of_host[host] += 1
            places.append(RayPlace(name, node["NodeID"], share, lease_seconds=self._lease_seconds))
        return places

    def _fits(self, node: Mapping[str, Any]) -> bool:
        labels = node["Labels"]
        return all(labels.get(name) == value for name, value in self.address.labels.items())

    def _nothing(self) -> str:
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        wanted = "GPU and core free for a trial" if self._on_gpus else "core for a trial"
        with_labels = "".join(f" and the label {name}={value}" for name, value in self.address.labels.items())
        there = "; ".join(
            f"{node['NodeManagerHostname']}: {_number(node, 'CPU')} cores, {_number(node, 'GPU')} GPUs"
            + "".join(f", {name}={value}" for name, value in node["Labels"].items() if name != "ray.io/node-id")
            for node in nodes
        )
        return f"No node of {self.address} has a {wanted}{with_labels}. There are: {there or 'no nodes'}."

    def _ask_for_nodes(self) -> None:
        if self.address.seats is not None:
            from ray.autoscaler.sdk import request_resources

            bundle = {"CPU": 1, "GPU": 1} if self._on_gpus else {"CPU": 1}
            request_resources(bundles=[bundle] * self.address.seats)

    def _connect(self) -> None:
        ray, address = self._ray, self.address.address
        if ray.is_initialized():
            there = ray.get_runtime_context().gcs_address
            if address not in ("auto", there):
                raise UsageError(
                    f"This process is connected to the Ray at {there} already, not to the one at {address}."
                )
            return
        self.address.check_reachable()
        logging.getLogger("ray").setLevel(logging.ERROR)
        # Ray's own handler exits without a word; whoever runs a study has one that says how to resume.
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if address == "auto":
                try:
                    self._init(address="auto")
                except ConnectionError:
                    if "RAY_ADDRESS" in os.environ:
                        raise
                    self._start_here()
            else:
                self._init(address=address)
        except AblateError:
            raise
        except Exception as error:
            raise AblateError(_refusal(address, error)) from error
        finally:
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():
                    signal.signal(number, handler)
        self._ours = True

    def _start_here(self) -> None:
        cores = max(1, int(usable_cores()))
        self._announce(f"No Ray cluster is running; starting one on this machine, with {cores} cores.")
        # A loaded machine takes its time, and Ray would give up meanwhile.
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
        self._init(address="local", num_cpus=cores, include_dashboard=False, object_store_memory=LOCAL_STORE_BYTES)

    def _init(self, **options: Any) -> None:
        # What actors print stays in Ray's log files: the driver's output is the study's.
        with _without_death_notices():
            self._ray.init(namespace="ablate", log_to_driver=False, logging_level=logging.ERROR, **options)


@contextmanager
def _without_death_notices() -> Iterator[None]:
    """Keep Ray from printing each worker's death on stdout, which is the results' alone; the study tells of them itself."""
    worker = sys.modules.get("ray._private.worker")
    listen = getattr(worker, "listen_error_messages", None)
    if listen is None:
        yield
        return
    worker.listen_error_messages = lambda *_: None  # type: ignore[union-attr]
    try:
        yield
    finally:
        worker.listen_error_messages = listen  # type: ignore[union-attr]


def _number(node: Mapping[str, Any], resource: str) -> int:
    return int(node["Resources"].get(resource, 0))


def _refusal(address: str, error: Exception) -> str:
    """Why a cluster cannot be used, in a line, with what to do."""
    text = str(error)
    if "Version mismatch" in text or "version mismatch" in text:
        said = " ".join(text.split())
        return (
            f"The Ray at {address} runs other versions than this process: {said} Install the same ones on both sides."
        )
    if "raylet" in text.lower() or "node" in text.lower():
        return (
            f"This machine is no node of the Ray at {address}; make it one that takes no trials, and try again: "
            f"ray start --address={address} --num-cpus=0 --num-gpus=0"
        )
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return f"Cannot reach a Ray cluster at {address}: {first} Start one with: ray start --head"
