"""Workers that are actors of a Ray cluster, each pinned to a GPU or a core of one node. Free of torch; ray is imported on first use."""

import os
import re
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ablate.engine import parcels
from ablate.engine.child import ChildDiedError, ChildTimeoutError, HaltedError
from ablate.engine.places import NeverRanError, Worker
from ablate.engine.ray_actor import RayTrainer
from ablate.engine.told import ToldTrials
from ablate.engine.worker import BEATS_IN_A_LEASE, TRIAL_COMMANDS, WANTED
from ablate.errors import UsageError
from ablate.machine.programs import same_modules
from ablate.store.records import FinishedTrial

PLACEMENT_SECONDS = 60.0
"""How long a node may take to make room for an actor and to start it."""

SIGN_OF_LIFE_SECONDS = 30.0
_GRACE_SECONDS = 10.0
_LOOK_SECONDS = 0.5


def import_ray() -> Any:
    """The module ray, told to send nothing home about its use.

    Raises:
        UsageError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UsageError("Seats on Ray need the package ray: pip install 'ablate-recipes[ray]'.") from error
    return ray


class RayPlace:
    """One GPU, or one core, of one node: where actors start, one at a time.

    `share` is what an actor takes of the node, as options of Ray's ("num_cpus", "num_gpus").
    """

    def __init__(self, name: str, node_id: str, share: Mapping[str, float], *, lease_seconds: float) -> None:
        self.name, self.node_id = name, node_id
        self._share, self._lease_seconds = share, lease_seconds

    def start(self, factory: str, arguments: Mapping[str, Any], halted: threading.Event) -> Worker:
        """See `places.Place`."""
        ray = import_ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        # A trial that Ray ran again by itself would be counted once but have trained twice.
        actor = (
            ray.remote(**self._share, max_restarts=0, max_task_retries=0)(RayTrainer)
            .options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(self.node_id, soft=False),
                runtime_env={"env_vars": _environment()},
            )
            .remote(self._lease_seconds)
        )
        worker = RayWorker(actor, self.name, halted, self._lease_seconds)
        worker.place()
        worker.make(factory, arguments)
        return worker


def _environment() -> dict[str, str]:
    """What an actor needs of this process's environment: where modules are found, and what the user set for this package."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("ABLATE_")}
    return environment | {"PYTHONPATH": same_modules()["PYTHONPATH"]}


class RayWorker:
    """A worker behind an actor handle. Each command is one call, whose answers stream back; an answer to a call given up is never read.

    `name` is its place's. See `places.Worker`.
    """

    def __init__(self, actor: Any, name: str, halted: threading.Event, lease_seconds: float) -> None:
        self._ray, self._actor, self._name, self._halted = import_ray(), actor, name, halted
        self._answers: deque[Any] = deque()
        self._told = ToldTrials()
        self._order: dict[str, Any] = {}
        self._asked = False
        self._gone = threading.Event()
        self.busy = False
        self.process_id, self.host = 0, ""
        threading.Thread(
            target=_show_life, args=(weakref.ref(self), self._gone, lease_seconds / BEATS_IN_A_LEASE), daemon=True
        ).start()

    def place(self) -> None:
        """Wait until the actor runs, and learn where.

        Raises:
            NeverRanError: it does not.
            HaltedError: nobody waits for it any more.
        """
        said = self._wait_for(
            self._actor.introduce.remote(), PLACEMENT_SECONDS, f"found no free place within {PLACEMENT_SECONDS:g} s"
        )
        self.process_id, self.host = said["process_id"], said["host"]

    def make(self, factory: str, arguments: Mapping[str, Any]) -> None:
        """Have it make its trainer; what it lacks of the run folder goes to it when it says so."""
        self._order = {
            "kind": "make",
            "factory": factory,
            "arguments": dict(arguments),
            "hello": True,
            "parcel": parcels.manifest(arguments),
        }
        self.send(self._order)

    def send(self, message: Mapping[str, Any]) -> None:
        """See `places.Worker`. A worker that was lost since its last trial is found out before it is asked for the next."""
        if message["kind"] in TRIAL_COMMANDS:
            self._wait_for(
                self._actor.renew.remote(),
                SIGN_OF_LIFE_SECONDS,
                f"gave no sign of life for {SIGN_OF_LIFE_SECONDS:g} s",
            )
            self._asked = True
        self._answers.append(self._actor.answer.options(num_returns="streaming").remote(dict(message)))

    def receive(self, timeout_seconds: float | None = None) -> dict[str, Any]:
        """See `places.Worker`."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self._answers:
            wait = _LOOK_SECONDS if deadline is None else min(_LOOK_SECONDS, deadline - time.monotonic())
            try:
                arrived, _ = self._ray.wait([self._answers[0]], timeout=max(0.0, wait))
                if arrived:
                    message: dict[str, Any] = self._ray.get(next(self._answers[0]))
                    if message["kind"] != WANTED:
                        return message
                    files = parcels.pack(self._order["arguments"], message["names"])
                    self.send({**self._order, "files": files})
            except StopIteration:
                self._answers.popleft()
                continue
            except self._ray.exceptions.RayError as error:
                raise self._lost(error) from error
            if self._halted.is_set():
                raise HaltedError
            if wait <= 0:
                raise ChildTimeoutError if self._asked else NeverRanError("it was not ready in time")
        raise ChildDiedError(f"its actor on {self.host} stopped answering in the middle of a trial")

    def finished(self, message: Mapping[str, Any]) -> tuple[FinishedTrial, ...]:
        """See `places.Worker`."""
        return self._told.read(message)

    def end(self) -> None:
        """See `places.Worker`."""
        # Lets the process end as Python processes do, after what it has still to tidy up.
        self._gone.set()
        try:
            ended, _ = self._ray.wait([self._actor.__ray_terminate__.remote()], timeout=_GRACE_SECONDS)
        except self._ray.exceptions.RayError:
            return
        if not ended:
            self.kill()

    def kill(self) -> None:
        """See `places.Worker`. An actor that is out of reach is disowned: its lease ends it, and nothing it says is read."""
        self._gone.set()
        self._answers.clear()
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(self._actor, no_restart=True)

    def renew(self) -> None:
        """Show the actor that somebody will ask for more."""
        with suppress(self._ray.exceptions.RayError):
            self._actor.renew.remote()

    def _wait_for(self, answer: Any, seconds: float, otherwise: str) -> Any:
        """What a call gives that comes before any trial of it."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                arrived, _ = self._ray.wait([answer], timeout=_LOOK_SECONDS)
                if arrived:
                    return self._ray.get(answer)
                if self._halted.is_set():
                    self.kill()
                    raise HaltedError
        except self._ray.exceptions.RayError as error:
            self.kill()
            raise NeverRanError(self._obituary(error)) from error
        self.kill()
        raise NeverRanError(f"its actor for {self._name} {otherwise}")

    def _lost(self, error: Exception) -> ChildDiedError:
        """The error for a worker that has gone, and the end of it if it has only gone out of reach."""
        self.kill()
        return (ChildDiedError if self._asked else NeverRanError)(self._obituary(error))

    def _obituary(self, error: Exception) -> str:
        """How the actor was lost, in one line."""
        where = f"on {self.host} (process {self.process_id})" if self.host else f"for {self._name}"
        kinds, text = self._ray.exceptions, str(error)
        if isinstance(error, kinds.ActorUnavailableError):
            return f"its actor {where} could not be reached any more, and was given up"
        if isinstance(error, kinds.OutOfMemoryError) or "OOM" in text.split("Some common causes")[0]:
            return f"its actor {where} was killed for want of memory; free some, or use --preset mini"
        if isinstance(error, kinds.ActorUnschedulableError | kinds.NodeDiedError) or "node" in _cause(text):
            return f"its actor {where} was lost with its node"
        if status := re.search(r"exit code (\d+)", text):
            return f"its actor {where} ended with exit status {status[1]}; the reason is in Ray's log of it on that machine"
        if "SYSTEM_ERROR" in text:
            return f"its actor {where} ended without a word, killed or crashed; Ray's log of it is on that machine"
        return f"its actor {where} was lost: {_cause(text)}"


def _show_life(worker: "weakref.ref[RayWorker]", gone: threading.Event, every_seconds: float) -> None:
    """Renew a worker's lease until it is gone, or dropped by whoever had it."""
    while not gone.wait(every_seconds) and import_ray().is_initialized():
        there = worker()
        if there is None:
            return
        there.renew()


def _cause(text: str) -> str:
    """What one of Ray's messages says last, after its tables and traces: the first sentence of that line."""
    lines = text.strip().splitlines() or ["no reason was given"]
    return lines[-1].split(". ", 1)[0].strip(" .")
