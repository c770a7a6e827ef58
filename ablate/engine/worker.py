"""The child's side of a study: `python -m ablate.engine.worker` trains what its parent sends, and ends when its parent does.

Messages are JSON lines over two pipes of their own, so that trainers may print. Free of torch until the trainer needs it.
"""

import functools
import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ablate.engine.events import RoundStarted, TrialStarted, WarmUpFinished, WarmUpStarted
from ablate.engine.rounds import FinishedRound, Happening, is_round, time_round
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
        while (command := inbox.get())["kind"] != "stop":
            _serve(trainer, [TrialSpec(**spec) for spec in command["specs"]], command, connection)
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
        self._sent: set[str] = set()
        self._arms: set[str] = set()

    def send(self, message: Mapping[str, Any]) -> None:
        self._pipe.write(json.dumps(message).encode() + b"\n")
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
    main(int(sys.argv[1]), int(sys.argv[2]))
