"""The child's side of a study: `python -m ablate.engine.worker` trains what its parent sends, and ends when its parent does.

Messages are JSON lines over two pipes of their own, so that trainers may print. Free of torch until the trainer needs it.
"""

import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ablate.engine.events import WarmUpFinished, WarmUpStarted
from ablate.engine.trainer import Trainer, train_one
from ablate.errors import AblateError, UsageError
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

PARENT_GONE_STATUS = 3


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
        trainer = _make(inbox.get())
        connection.send({"kind": "ready", "remarks": list(trainer.remarks)})
        while (command := inbox.get())["kind"] == "train":
            _serve(trainer, TrialSpec(**command["spec"]), command["process"], connection)
    except AblateError as error:
        connection.send({"kind": "refused", "error": str(error), "type": type(error).__name__})


def _listen(commands: int, inbox: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """Pass commands on; when the parent is gone, so is this process, whatever it is doing."""
    with os.fdopen(commands, "rb") as pipe:
        for line in pipe:
            command = json.loads(line)
            inbox.put(command)
            if command["kind"] == "stop":
                return
    os._exit(PARENT_GONE_STATUS)


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


def _serve(trainer: Trainer, spec: TrialSpec, process: int, connection: "_Connection") -> None:
    connection.send_untried(spec.arm, lambda: trainer.untried(spec, process))
    for happening in train_one(trainer, spec, process):
        if isinstance(happening, FinishedTrial):
            connection.send_finished("finished", happening)
        elif isinstance(happening, WarmUpStarted):
            connection.send({"kind": "warm_up_started"})
        elif isinstance(happening, WarmUpFinished):
            connection.send({"kind": "warm_up_finished"})
        else:
            connection.send({"kind": "trial_started"})


class _Connection:
    """The pipe to the parent; recipes and environments go over it once each."""

    def __init__(self, pipe: int) -> None:
        self._pipe = os.fdopen(pipe, "wb")
        self._sent: set[str] = set()
        self._arms: set[str] = set()

    def send(self, message: Mapping[str, Any]) -> None:
        self._pipe.write(json.dumps(message).encode() + b"\n")
        self._pipe.flush()

    def send_untried(self, arm: str, make: Callable[[], FinishedTrial]) -> None:
        """Tell, once an arm, what to record should it kill this process."""
        if arm not in self._arms:
            self._arms.add(arm)
            self.send_finished("untried", make())

    def send_finished(self, kind: str, finished: FinishedTrial) -> None:
        message: dict[str, Any] = {"kind": kind, "trial": finished.trial.to_json()}
        for name, record in (("recipe", finished.recipe), ("environment", finished.environment)):
            digest = getattr(finished.trial, name)
            if digest not in self._sent:
                self._sent.add(digest)
                message[name] = record.to_json()
        self.send(message)


def train_command(spec: TrialSpec, process: int) -> dict[str, Any]:
    """The parent's message that asks for a trial."""
    return {"kind": "train", "spec": spec.to_json(), "process": process}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
