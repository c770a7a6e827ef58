"""`python -m tests.benchmarks.faults --faults 1000`: break what can break while studies run, and count what is lost.

Studies of fake trainings run in drivers of their own, on children of this machine, on workers behind a shell, on places that are
threads, and with `--kinds ray`, where ray is installed, on actors of a Ray that each driver starts. Workers, Ray's nodes and drivers are
killed, the process that carries a pipe is killed, workers are stopped so that they fall silent, and threads die, time out, never start or
go down for good. A study whose driver is gone is resumed until all of it is done. Printed are the faults by kind, the trials that a driver
had called finished and that its folder does not hold (0 wanted), those with two good records (0), and the studies that were not complete
in the end (0).
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ablate.engine import lot
from ablate.engine.events import Event, TrialFinished
from ablate.engine.executors import ChildExecutor
from ablate.engine.places import LocalPlace, Place
from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.remote import CommandPlace
from ablate.engine.runner import run_study
from ablate.errors import AblateError
from ablate.machine.programs import same_modules
from ablate.store.run_folder import RunFolder
from tests.engine.fake_places import FakePlace
from tests.fakes import fake_study, resolved_study, untried

KINDS = ("local", "command", "threads", "ray")
SEATS = 3
RAY_SEATS = 2
LEASE_SECONDS = 3.0
THREAD_FAULTS = {"die": 0.05, "time out": 0.02, "never ran": 0.05}


def drive(folder: Path, kind: str, seed: int, *, calm: bool) -> None:
    """A driver: run what is left of a folder's study, and print each trial once it is on disk."""
    lot.PAUSES_SECONDS = (0.0, 0.2)
    opened = RunFolder.open(folder)
    dice, lock = random.Random(seed), threading.Lock()

    saying = threading.Lock()

    def say(*words: object) -> None:
        with saying:
            print(*words, sep="\t", flush=True)

    def fate(event: str) -> str:
        possible = ("never ran",) if event == "start" else ("die", "time out")
        with lock:
            draw = dice.random()
            for what in () if calm else possible:
                draw -= THREAD_FAULTS[what]
                if draw < 0:
                    say("fault", what)
                    return what
        return ""

    cluster = RayCluster(RayAddress.parse(f"auto*{RAY_SEATS}"), lease_seconds=LEASE_SECONDS) if kind == "ray" else None
    makers: dict[str, Callable[[], Sequence[Place]]] = {
        "local": lambda: [LocalPlace(name=f"local {number}", hello=True) for number in range(SEATS)],
        "command": lambda: [CommandPlace("sh -c", lease_seconds=LEASE_SECONDS) for _ in range(SEATS)],
        "threads": lambda: [FakePlace(f"thread {number}", fate) for number in range(8)],
        "ray": lambda: cluster.places() if cluster else [],
    }
    places = makers[kind]()
    executor = ChildExecutor(
        "tests.fake_trainer:make",
        {"seconds": 0.02},
        untried=untried,
        places=places,
        timeout_seconds=10.0,
        # A child of this machine that falls silent has no lease: its time limit ends it.
        warm_up_allowance_seconds=20.0,
    )

    def tell(event: Event) -> None:
        if isinstance(event, TrialFinished):
            say("finished", event.trial.spec.arm, event.trial.spec.block)

    with opened.open_store() as store:
        summary = run_study(
            opened.resolved.schedule,
            store,
            executor,
            on_event=tell,
            parallel=len(places),
            apart=True,
            retry_failed=True,
        )
    if cluster:
        cluster.close()
    say("complete" if summary.left == summary.failed == summary.timeout == 0 else "incomplete")


def below(process: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    for task in Path(f"/proc/{process}/task").glob("*"):
        try:
            children = [int(word) for word in (task / "children").read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from below(child)


def is_ray(process: int, what: str) -> bool:
    """Whether a process of Ray is an actor that trains ("RayTrainer"), or keeps a node ("raylet")."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return what.encode() in words[0]


class Injector:
    """Breaks something of a driver every now and then, until it ends or enough is broken."""

    def __init__(self, driver: int, kind: str, dice: random.Random, faults: Counter[str], most: int) -> None:
        self.driver, self.kind, self.dice, self.faults, self.most = driver, kind, dice, faults, most
        self.over, self.stopped = threading.Event(), set[int]()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        """Break."""
        while not self.over.wait(self.dice.uniform(0.1, 0.5)) and sum(self.faults.values()) < self.most:
            workers = list(below(self.driver))
            if self.kind == "ray":
                # Of all that Ray runs, what trains; every twentieth time the node goes down with it.
                what = "raylet" if self.dice.random() < 0.05 else "RayTrainer"
                workers = [process for process in workers if is_ray(process, what)]
            draw = self.dice.random()
            if draw < 0.06:
                self.strike("driver killed", self.driver, signal.SIGKILL)
                return
            if workers:
                number = self.dice.choice(workers)
                if draw < 0.85:
                    self.strike("worker or its pipe killed", number, signal.SIGKILL)
                else:
                    self.strike("worker stopped, so mute", number, signal.SIGSTOP)

    def strike(self, what: str, process: int, number: signal.Signals) -> None:
        """Send a signal to a process below the driver, if it is still there."""
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return
        self.faults[what] += 1
        if number == signal.SIGSTOP:
            self.stopped.add(process)

    def clear_away(self) -> None:
        """End what was stopped and outlived its driver: it cannot see by itself that nobody is there."""
        for process in self.stopped:
            with suppress(OSError):
                state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
                if state == "T":
                    os.kill(process, signal.SIGKILL)


def sit(folder: Path, kind: str, seed: int, faults: Counter[str], most: int, finished: set[tuple[str, int]]) -> bool:
    """One sitting of a study in a driver of its own; whether it completed it. What it calls finished is added."""
    calm = sum(faults.values()) >= most
    words = [sys.executable, "-m", __spec__.name, "--drive", str(folder), kind, str(seed), str(int(calm))]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=same_modules(), stderr=subprocess.DEVNULL
    ) as driver:
        assert driver.stdout is not None
        injector = Injector(driver.pid, kind, random.Random(seed), faults, most)
        if kind == "threads" and not calm:
            # Nobody but the driver can be killed.
            timer = threading.Timer(
                random.Random(seed).uniform(0.5, 6.0), injector.strike, ("driver killed", driver.pid, signal.SIGKILL)
            )
            timer.daemon = True
            timer.start()
        elif not calm:
            injector.thread.start()
        complete = False
        for line in driver.stdout:
            # A line that the driver's death has cut says nothing.
            words = line.rstrip("\n").split("\t") if line.endswith("\n") else [""]
            if words[0] == "finished":
                finished.add((words[1], int(words[2])))
            elif words[0] == "fault":
                faults[f"thread: {words[1]}"] += 1
            complete = complete or words[0] == "complete"
        injector.over.set()
        if injector.thread.ident is not None:
            injector.thread.join()
        injector.clear_away()
        if kind == "threads" and not calm:
            timer.cancel()
    return complete


def main() -> None:
    """Break and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS[:3])
    parser.add_argument("--drive", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        folder, kind, seed, calm = given.drive
        try:
            drive(Path(folder), kind, int(seed), calm=bool(int(calm)))
        except AblateError as error:
            print("stopped", json.dumps(str(error)), sep="\t", flush=True)
        return
    faults: Counter[str] = Counter()
    lost = doubled = incomplete = studies = sittings = trials = 0
    began = time.monotonic()
    while sum(faults.values()) < given.faults:
        kind = given.kinds[studies % len(given.kinds)]
        with tempfile.TemporaryDirectory() as above:
            study = replace(fake_study(given.blocks, given.blocks // 3), seed=given.seed + studies)
            folder = RunFolder.create(resolved_study(study), Path(above) / "run").path
            finished: set[tuple[str, int]] = set()
            # What has no processes to start breaks far more often.
            share = sum(faults.values()) + max(1, given.faults // (10 if kind == "threads" else 50))
            complete = False
            for _ in range(50):
                sittings += 1
                complete = sit(folder, kind, given.seed + sittings, faults, min(share, given.faults), finished)
                if complete:
                    break
            store = RunFolder.open(folder).read_trials()
            good = Counter(trial.spec.key for trial in store if trial.status == "ok")
            lost += len(finished - good.keys())
            doubled += sum(count > 1 for count in good.values())
            incomplete += not complete or len(good) != len(study.schedule())
            trials += len(good)
        studies += 1
        print(f"{studies} studies, {sittings} sittings, {sum(faults.values())} faults", file=sys.stderr, flush=True)
    for what, count in sorted(faults.items()):
        print(f"{count:6d}  {what}")
    print(
        f"{sum(faults.values())} faults in {studies} studies ({trials} trials, {sittings} sittings, {time.monotonic() - began:.0f} s)"
    )
    print(f"finished trials lost: {lost}; doubled: {doubled}; studies not complete in the end: {incomplete}")
    sys.exit(bool(lost or doubled or incomplete))


if __name__ == "__main__":
    main()
