"""A trainer that does nothing, or what a test tells it to: the factory that child processes call."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ablate.errors import AblateError, DataError
from ablate.store.records import Environment, FinishedTrial
from ablate.study.schedule import TrialSpec
from tests.fakes import ENVIRONMENT, finished_trial


class FakeTrainer:
    """`acts` maps "arm" or "arm/block" to what happens in its trial, `warm_acts` the same in an arm's warm-up."""

    def __init__(
        self,
        acts: Mapping[str, str],
        warm_acts: Mapping[str, str],
        seconds: float,
        diary: str | None,
        remarks: Sequence[str] = (),
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.remarks, self.facts = remarks, facts
        self.acts, self.warm_acts, self.seconds, self.diary = acts, warm_acts, seconds, diary
        self.warm: set[str] = set()
        self.write(f"born {os.getpid()}")

    def write(self, line: str) -> None:
        if self.diary is not None:
            with Path(self.diary).open("a") as file:
                file.write(line + "\n")

    def environment(self) -> Environment:
        return Environment(facts={**ENVIRONMENT.facts, **self.facts})

    def is_warm(self, arm: str) -> bool:
        return arm in self.warm

    def warm_up(self, arm: str) -> None:
        self.act(self.warm_acts.get(arm, "nothing"))
        self.warm.add(arm)

    def untried(self, spec: TrialSpec, process: int) -> FinishedTrial:
        return finished_trial(spec, process=process, status="failed")

    def train(self, spec: TrialSpec, process: int) -> FinishedTrial:
        self.write(f"train {spec.arm}/{spec.block} {os.getpid()}")
        if self.acts.get("threads"):
            self.write(f"threads {os.environ.get('OMP_NUM_THREADS')} {os.environ.get('MKL_NUM_THREADS')}")
        self.act(self.acts.get(f"{spec.arm}/{spec.block}") or self.acts.get(spec.arm, "nothing"))
        time.sleep(self.seconds)
        status = "failed" if self.acts.get(f"{spec.arm}/{spec.block}") == "fail" else "ok"
        return finished_trial(spec, process=process, status=status)

    def time_together(self, specs: Sequence[TrialSpec], process: int) -> Sequence[FinishedTrial]:
        """`acts` of "round/3" happen in block 3's round, "round" in every one; "skip" and "fail" of an arm leave it out or fail it."""
        block = specs[0].block
        self.write(f"round {block} {' '.join(spec.arm.replace(' ', '') for spec in specs)} {os.getpid()}")
        self.act(self.acts.get(f"round/{block}") or self.acts.get("round", "nothing"))
        time.sleep(self.seconds)
        acts = {spec.arm: self.acts.get(f"{spec.arm}/{spec.block}") for spec in specs}
        return [
            finished_trial(spec, process=process, status="failed" if acts[spec.arm] == "fail" else "ok")
            for spec in reversed(specs)
            if acts[spec.arm] != "skip"
        ]

    def act(self, what: str) -> None:
        if what.startswith("SIG"):
            os.kill(os.getpid(), signal.Signals[what])
            time.sleep(10)
        elif what == "raise":
            raise RuntimeError("two\nlines")
        elif what == "no data":
            raise DataError("the data set went away")
        elif what == "exit":
            sys.exit(7)
        elif what == "hang":
            time.sleep(60)
        elif what == "chatter":
            print("printed on stdout")
            os.write(1, b"written to descriptor 1\n")
        elif what == "leave a grandchild":
            # It keeps the answer pipe open after its parent's death.
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)


def make(
    acts: Mapping[str, str] | None = None,
    warm_acts: Mapping[str, str] | None = None,
    seconds: float = 0.0,
    diary: str | None = None,
    refuse: str | None = None,
    remarks: Sequence[str] = (),
    facts: Mapping[str, str] | None = None,
    facts_of: str = "FAKE_FACTS",
    folder: str | None = None,
    data_dir: str | None = None,
) -> FakeTrainer:
    """`facts` are said of the environment, besides those, as JSON, of the environment variable `facts_of`."""
    if refuse == "data":
        raise DataError("no data set here")
    if refuse == "plain":
        raise AblateError("no")
    if refuse == "bug":
        raise ZeroDivisionError("a bug")
    if refuse == "death":
        os.kill(os.getpid(), signal.SIGKILL)
    facts = {**(facts or {}), **json.loads(os.environ.get(facts_of, "{}"))}
    trainer = FakeTrainer(acts or {}, warm_acts or {}, seconds, diary, remarks, facts)
    if folder is not None:
        trainer.write(f"folder {folder} {sorted(path.name for path in Path(folder).rglob('*'))} {data_dir}")
    return trainer
