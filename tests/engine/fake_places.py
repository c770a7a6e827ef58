"""Places without processes: workers that answer in the seat's own thread, and die, hang or lie as a test tells them to."""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ablate.engine.child import ChildDiedError, ChildTimeoutError, HaltedError
from ablate.engine.places import NeverRanError
from ablate.engine.worker import TRIAL_COMMANDS, Service
from ablate.store.records import Environment, FinishedTrial, RecipeRecord, Trial

Fate = Callable[[str], str]
"""What happens when a worker is started ("start") or asked for a trial ("arm/block"): "", "never ran", "die", "time out" or "mute"."""


class FakePlace:
    """A place whose workers have a trainer of `tests.fake_trainer`; `said` overrides what they say in their hello."""

    def __init__(self, name: str, fate: Fate = lambda what: "", **said: Any) -> None:
        self.name, self.fate, self.said = name, fate, {"host": f"host of {name}", "hardware": name, **said}
        self.started = 0

    def start(self, factory: str, arguments: Mapping[str, Any], halted: threading.Event) -> "FakeWorker":
        self.started += 1
        if self.fate("start") == "never ran":
            raise NeverRanError(f"{self.name} went away")
        worker = FakeWorker(self, halted)
        worker.send({"kind": "make", "factory": factory, "arguments": dict(arguments), "hello": True})
        return worker


class FakeWorker:
    """Answers as `python -m ablate.engine.worker` does, where nobody waits for another thread."""

    numbers = itertools.count(1)

    def __init__(self, place: FakePlace, halted: threading.Event) -> None:
        self.place, self.halted, self.service = place, halted, Service()
        self.process_id, self.host, self.busy = next(self.numbers), place.said["host"], False
        self.answers: Iterator[dict[str, Any]] = iter(())
        self.fate, self.records, self.alive = "", dict[str, Any](), True

    def send(self, message: Mapping[str, Any]) -> None:
        assert self.alive
        if message["kind"] in TRIAL_COMMANDS:
            spec = message["specs"][0]
            self.fate = self.place.fate(f"{spec['arm']}/{spec['block']}")
        self.answers = self.service.answer(message)

    def receive(self, timeout_seconds: float | None = None) -> dict[str, Any]:
        assert self.alive
        if self.halted.is_set():
            raise HaltedError
        if self.fate == "mute":
            self.halted.wait()
            raise HaltedError
        message = next(self.answers)
        if message["kind"] == "finished" and self.fate == "die":
            raise ChildDiedError("its process was killed by a test")
        if message["kind"] == "finished" and self.fate == "time out":
            raise ChildTimeoutError
        if message["kind"] == "ready":
            said = message["hello"]
            message = {**message, "hello": {**said, **self.place.said, "facts": said["facts"] | self.facts}}
        return message

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.place.said.get("facts", {})

    def finished(self, message: Mapping[str, Any]) -> tuple[FinishedTrial, ...]:
        found = []
        for told in message["trials"]:
            trial = Trial.from_json(told["trial"])
            if "recipe" in told:
                self.records[trial.recipe] = RecipeRecord.from_json(told["recipe"])
            if "environment" in told:
                self.records[trial.environment] = Environment.from_json(told["environment"])
            recipe, environment = self.records[trial.recipe], self.records[trial.environment]
            found.append(FinishedTrial(trial=trial, recipe=recipe, environment=environment))
        return tuple(found)

    def end(self) -> None:
        self.alive = False

    def kill(self) -> None:
        self.alive = False
