"""The child's side of a study: `python -m ablate.engine.worker` trains what its parent sends, and ends when its parent does.

Messages are JSON lines over two pipes of their own, so that trainers may print; with `--stdio`, over stdin and stdout. A worker with a
lease ends by itself when it has heard nothing for so long. Free of torch until the trainer needs it.
"""

import importlib
import json
import os
import queue
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ablate.engine import parcels
from ablate.engine.events import RoundStarted, TrialStarted, WarmUpFinished, WarmUpStarted
from ablate.engine.hello import hello
from ablate.engine.interruption import take_no_interrupts
from ablate.engine.rounds import FinishedRound, Happening, is_round, time_round
from ablate.engine.trainer import Trainer, train_one
from ablate.errors import AblateError, UsageError
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

ALIVE = "alive"
"""The kind of a message that is a sign of life and nothing else."""

WANTED = "wanted"
"""The kind of a message that asks the parent for files."""

STDIO = "--stdio"

PARENT_GONE_STATUS = 3
CUT_OFF_STATUS = 4

TRIAL_COMMANDS = ("train", "time")
"""The kinds of commands that ask for trials."""

LEASE_SECONDS = 60.0
"""How long a worker elsewhere waits for a sign of life before it ends by itself; its driver waits twice as long before it gives it up."""

BEATS_IN_A_LEASE = 6
"""How many signs of life each side gives in that time."""

_Inbox: TypeAlias = "queue.SimpleQueue[dict[str, Any]]"


def main(commands: int, answers: int) -> None:
    """Serve trials until told to stop. `commands` and `answers` are the file descriptors of the pipes."""
    take_no_interrupts()
    for pipe in (commands, answers):
        os.set_inheritable(pipe, False)
    inbox: _Inbox = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands, inbox), daemon=True).start()
    service, outbox = Service(), _Outbox(answers)
    while (command := inbox.get())["kind"] != "stop":
        if "lease_seconds" in command:
            threading.Thread(target=_beat, args=(outbox, command["lease_seconds"]), daemon=True).start()
        try:
            command = _with_parcel(command, inbox, outbox)
        except AblateError as error:
            outbox.send(refusal(error))
            return
        for message in service.answer(command):
            outbox.send({**message, "request": command["request"]} if "request" in command else message)
            if message["kind"] == "refused":
                return


def main_over_stdio() -> None:
    """Serve trials over what are now stdin and stdout; what trainers print goes to stderr."""
    commands, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    main(commands, answers)


class _Outbox:
    """The pipe to the parent, for several threads."""

    def __init__(self, pipe: int) -> None:
        self._pipe, self._sending = os.fdopen(pipe, "wb"), threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._sending:
            self._pipe.write(line)
            self._pipe.flush()


def _listen(commands: int, inbox: _Inbox) -> None:
    """Pass commands on; when the parent is gone, so is this process, whatever it is doing, and when nothing comes for its lease."""
    arrivals = select.poll()
    arrivals.register(commands, select.POLLIN)
    buffer, lease = b"", None
    while True:
        # What has arrived is looked for again: this thread may have been kept from its work for longer than the lease.
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


def _beat(outbox: _Outbox, lease_seconds: float) -> None:
    """Give signs of life, so that whoever waits at the other end of a cut wire does not wait for ever."""
    while True:
        try:
            outbox.send({"kind": ALIVE})
        except OSError:
            os._exit(PARENT_GONE_STATUS)
        time.sleep(lease_seconds / BEATS_IN_A_LEASE)


def _with_parcel(command: dict[str, Any], inbox: _Inbox, outbox: _Outbox) -> dict[str, Any]:
    """An order with the run folder found here, or made from what is asked of the parent; other commands as they are."""
    if "parcel" not in command:
        return command

    def fetch(names: Sequence[str]) -> Mapping[str, str]:
        outbox.send({"kind": WANTED, "names": list(names)})
        files: Mapping[str, str] = inbox.get()["files"]
        return files

    return {**command, "arguments": parcels.unpack(command["parcel"], command["arguments"], fetch)}


def refusal(error: AblateError) -> dict[str, Any]:
    """The last word of a worker that cannot go on."""
    return {"kind": "refused", "error": str(error), "type": type(error).__name__}


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
    """What a worker answers, whatever carries its messages: `make` gives it a trainer, which trains what is asked for after that. Asked
    for a "hello" with that, it says what it is; see `ablate.engine.hello`.

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
                said = {"hello": hello(self._trainer)} if command.get("hello") else {}
                yield {"kind": "ready", "remarks": list(self._trainer.remarks), **said}
            elif self._trainer is None:
                raise AblateError(f"A worker was asked to '{command['kind']}' before it was given a trainer.")
            else:
                yield from self._run(self._trainer, command)
        except AblateError as error:
            yield refusal(error)

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
    if sys.argv[1:] == [STDIO]:
        main_over_stdio()
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
