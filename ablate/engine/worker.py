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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    service = Service()
    with os.fdopen(answers, "wb") as answer_pipe:
        while (command := inbox.get())["kind"] != "stop":
            for message in service.answer(command):
                answer_pipe.write(json.dumps(message).encode() + b"\n")
                answer_pipe.flush()
                if message["kind"] == "refused":
                    return


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


class Service:
    """What a worker answers, whatever carries its messages: `make` gives it a trainer, which trains what is asked for after that.

    Recipes and environments are told once each.
    """

    def __init__(self) -> None:
        self._trainer: Trainer | None = None
        self._sent: set[str] = set()
        self._arms: set[str] = set()

    def answer(self, command: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The messages that answer a command, each as soon as it is true; "refused" is the last word of a worker that cannot go on."""
        try:
            if command["kind"] == "make":
                self._trainer = _make(command)
                yield {"kind": "ready", "remarks": list(self._trainer.remarks)}
            elif self._trainer is None:
                raise AblateError(f"A worker was asked to '{command['kind']}' before it was given a trainer.")
            else:
                yield from self._run(self._trainer, command)
        except AblateError as error:
            yield {"kind": "refused", "error": str(error), "type": type(error).__name__}

    def _run(self, trainer: Trainer, command: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        specs, process = [TrialSpec(**spec) for spec in command["specs"]], command["process"]
        for spec in specs:
            # What to record of an arm should it kill this process.
            if spec.arm not in self._arms:
                self._arms.add(spec.arm)
                yield self._with_records("untried", [trainer.untried(spec, process)])
        if command["kind"] == "time":
            happenings: Iterator[Happening] = time_round(trainer, specs, process)
        else:
            happenings = train_one(trainer, specs[0], process)
        for happening in happenings:
            message = self._told(happening)
            if message is not None:
                yield message

    def _told(self, happening: Happening) -> dict[str, Any] | None:
        match happening:
            case FinishedTrial():
                return self._with_records("finished", [happening])
            case FinishedRound():
                # In one message: a worker that dies meanwhile has given all or nothing.
                return self._with_records("finished", happening.trials)
            case WarmUpStarted():
                return {"kind": "warm_up_started", "arm": happening.arm}
            case WarmUpFinished():
                return {"kind": "warm_up_finished", "arm": happening.arm}
            case RoundStarted():
                return {"kind": "round_started", "arms": [spec.arm for spec in happening.specs]}
            case TrialStarted():
                return {"kind": "trial_started"}
            case _:
                return None

    def _with_records(self, kind: str, finished: Iterable[FinishedTrial]) -> dict[str, Any]:
        return {"kind": kind, "trials": [self._as_json(one) for one in finished]}

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
