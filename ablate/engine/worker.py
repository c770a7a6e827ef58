"""The child's side of a study: `python -m ablate.engine.worker` trains what its parent sends, and ends when its parent does.

Messages are JSON lines over two pipes of their own, so that trainers may print; with `--stdio`, over stdin and stdout. A worker with a
lease ends by itself when it has heard nothing for so long. Free of torch until the trainer needs it.
"""

import functools
import importlib
import json
import os
import queue
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ablate.engine import parcels
from ablate.engine.events import RoundStarted, TrialStarted, WarmUpFinished, WarmUpStarted
from ablate.engine.hello import hello
from ablate.engine.rounds import FinishedRound, Happening, is_round, time_round
from ablate.engine.trainer import Trainer, train_one
from ablate.errors import AblateError, UsageError
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

ALIVE = "alive"
"""The kind of a message that is a sign of life and nothing else."""

WANTED = "wanted"
"""The kind of a message that asks the parent for files."""

PARENT_GONE_STATUS = 3
CUT_OFF_STATUS = 4
STDIO = "--stdio"

_BEATS_IN_A_LEASE = 6


def main(commands: int, answers: int) -> None:
    """Serve trials until told to stop. `commands` and `answers` are the file descriptors of the pipes."""
    # Ctrl-C in a terminal goes to every process in it; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for pipe in (commands, answers):
        os.set_inheritable(pipe, False)
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands, inbox), daemon=True).start()
    connection = _Connection(answers)
    try:
        order = inbox.get()
        if "lease_seconds" in order:
            threading.Thread(target=_beat, args=(connection, order["lease_seconds"]), daemon=True).start()
        if "parcel" in order:
            order = {**order, "arguments": _unpacked(order, inbox, connection)}
        trainer = _make(order)
        ready = {"kind": "ready", "remarks": list(trainer.remarks)}
        connection.send({**ready, "hello": hello(trainer)} if order.get("hello") else ready)
        while (command := inbox.get())["kind"] != "stop":
            connection.request = command.get("request")
            _serve(trainer, [TrialSpec(**spec) for spec in command["specs"]], command, connection)
    except AblateError as error:
        connection.send({"kind": "refused", "error": str(error), "type": type(error).__name__})


def main_over_stdio() -> None:
    """Serve trials over what are now stdin and stdout; what trainers print goes to stderr."""
    commands, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    main(commands, answers)


def _listen(commands: int, inbox: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """Pass commands on; when the parent is gone, so is this process, whatever it is doing, and when nothing comes for its lease."""
    arrivals = select.poll()
    arrivals.register(commands, select.POLLIN)
    buffer, lease = b"", None
    while True:
        # What has arrived is looked at again: this thread may have been kept from its work for longer than the lease.
        if lease is not None and not arrivals.poll(lease * 1000) and not arrivals.poll(0):
            print(f"ablate: nothing was heard of the driver for {lease:g} s; this worker ends.", file=sys.stderr)
            os._exit(CUT_OFF_STATUS)
        arrived = os.read(commands, 1 << 16)
        if not arrived:
            os._exit(PARENT_GONE_STATUS)
        *lines, buffer = (buffer + arrived).split(b"\n")
        for command in map(json.loads, lines):
            lease = command.get("lease_seconds", lease)
            if command["kind"] != ALIVE:
                inbox.put(command)
            if command["kind"] == "stop":
                return


def _beat(connection: "_Connection", lease_seconds: float) -> None:
    """Give signs of life, so that whoever waits at the other end of a cut wire does not wait for ever."""
    while True:
        try:
            connection.send({"kind": ALIVE})
        except OSError:
            os._exit(PARENT_GONE_STATUS)
        time.sleep(lease_seconds / _BEATS_IN_A_LEASE)


def _unpacked(
    order: Mapping[str, Any], inbox: "queue.SimpleQueue[dict[str, Any]]", connection: "_Connection"
) -> dict[str, Any]:
    """The order's arguments with the run folder found here, or made from what is asked of the parent."""

    def fetch(names: Sequence[str]) -> Mapping[str, str]:
        connection.send({"kind": WANTED, "names": list(names)})
        files: Mapping[str, str] = inbox.get()["files"]
        return files

    return parcels.unpack(order["parcel"], order["arguments"], fetch)


def _make(order: Mapping[str, Any]) -> Trainer:
    factory = find_factory(order["factory"])
    try:
        return factory(**order["arguments"])
    except AblateError:
        raise
    except Exception as error:
        raise AblateError(f"The trainer could not be made in a child: {type(error).__name__}: {error}") from error


def find_factory(reference: str) -> Callable[..., Trainer]:
    """The function that "module:function" names.

    Raises:
        UsageError: there is none.
    """
    module_name, _, name = reference.partition(":")
    try:
        factory: Callable[..., Trainer] = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"No trainer factory '{reference}': {error}.") from error
    return factory


def _serve(trainer: Trainer, specs: Sequence[TrialSpec], command: Mapping[str, Any], connection: "_Connection") -> None:
    process = command["process"]
    for spec in specs:
        connection.send_untried(spec.arm, functools.partial(trainer.untried, spec, process))
    if command["kind"] == "time":
        _tell(time_round(trainer, specs, process), connection)
    else:
        _tell(train_one(trainer, specs[0], process), connection)


def _tell(happenings: Iterable[Happening], connection: "_Connection") -> None:
    for happening in happenings:
        match happening:
            case FinishedTrial():
                connection.send_finished("finished", [happening])
            case FinishedRound():
                # In one message: a child that dies meanwhile has given all or nothing.
                connection.send_finished("finished", happening.trials)
            case WarmUpStarted():
                connection.send({"kind": "warm_up_started", "arm": happening.arm})
            case WarmUpFinished():
                connection.send({"kind": "warm_up_finished", "arm": happening.arm})
            case RoundStarted():
                connection.send({"kind": "round_started", "arms": [spec.arm for spec in happening.specs]})
            case TrialStarted():
                connection.send({"kind": "trial_started"})


class _Connection:
    """The pipe to the parent; recipes and environments go over it once each."""

    def __init__(self, pipe: int) -> None:
        self._pipe = os.fdopen(pipe, "wb")
        self._sending = threading.Lock()
        self.request: int | None = None
        self._sent: set[str] = set()
        self._arms: set[str] = set()

    def send(self, message: Mapping[str, Any]) -> None:
        told = message if self.request is None else {**message, "request": self.request}
        with self._sending:
            self._pipe.write(json.dumps(told).encode() + b"\n")
            self._pipe.flush()

    def send_untried(self, arm: str, make: Callable[[], FinishedTrial]) -> None:
        """Tell, once an arm, what to record should it kill this process."""
        if arm not in self._arms:
            self._arms.add(arm)
            self.send_finished("untried", [make()])

    def send_finished(self, kind: str, finished: Iterable[FinishedTrial]) -> None:
        self.send({"kind": kind, "trials": [self._as_json(one) for one in finished]})

    def _as_json(self, finished: FinishedTrial) -> dict[str, Any]:
        told: dict[str, Any] = {"trial": finished.trial.to_json()}
        for name, record in (("recipe", finished.recipe), ("environment", finished.environment)):
            digest = getattr(finished.trial, name)
            if digest not in self._sent:
                self._sent.add(digest)
                told[name] = record.to_json()
        return told


def command_for(specs: Sequence[TrialSpec], process: int) -> dict[str, Any]:
    """The parent's message that asks for a trial, or for a round of times."""
    kind = "time" if is_round(specs) else "train"
    return {"kind": kind, "specs": [spec.to_json() for spec in specs], "process": process}


if __name__ == "__main__":
    if sys.argv[1:] == [STDIO]:
        main_over_stdio()
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
