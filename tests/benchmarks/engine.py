"""What the engine costs a trial whose trainer does nothing, fsync included: `python tests/benchmarks/engine.py [TRIALS]`.

To hold at 10,000 trials: under 5 ms in this process, under 10 ms through a child; linear; the parent's memory flat.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ablate.engine.events import Event, TrialFinished  # noqa: E402
from ablate.engine.executors import ChildExecutor, InProcessExecutor  # noqa: E402
from ablate.engine.runner import Executor, run_study  # noqa: E402
from ablate.store.run_folder import RunFolder  # noqa: E402
from tests.fake_trainer import make  # noqa: E402
from tests.fakes import fake_study, resolved_study, untried  # noqa: E402

ARMS = 8


def measure(trials: int, children: bool, folder: Path) -> None:
    study = fake_study(trials // ARMS, 1, [f"f{n}" for n in range(ARMS - 1)])
    run_folder = RunFolder.create(resolved_study(study), folder)
    child = ChildExecutor("tests.fake_trainer:make", {}, untried=untried)
    executor: Executor = child if children else InProcessExecutor(make())
    trials = len(run_folder.resolved.schedule)
    stamps: list[float] = []
    memory: list[int] = []

    def stamp(event: Event) -> None:
        if isinstance(event, TrialFinished):
            stamps.append(time.perf_counter())
            if len(stamps) in (trials // 4, trials):
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    with run_folder.open_store() as store:
        began, worked = time.perf_counter(), time.process_time()
        run_study(run_folder.resolved.schedule, store, executor, on_event=stamp)
        total, worked = time.perf_counter() - began, time.process_time() - worked
    tenth = trials // 10
    first, last = stamps[tenth] - stamps[0], stamps[-1] - stamps[-1 - tenth]
    where = "through a child" if children else "in this process"
    each, own = 1000 * total / trials, 1000 * worked / trials
    print(
        f"{trials:6} trials {where:16}: {each:.2f} ms a trial, {own:.2f} of them on this process's CPU; "
        f"first tenth {1000 * first / tenth:.2f}, last tenth {1000 * last / tenth:.2f}; "
        f"memory grew {(memory[1] - memory[0]) / 1024:.1f} MiB over the last three quarters"
    )


def fsync_cost(folder: Path) -> None:
    """What the disk alone takes, to read the other numbers by."""
    with (folder / "probe").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(200):
            file.write(b"x" * 500)
            os.fsync(file.fileno())
        print(f"one line of 500 bytes written and fsynced: {1000 * (time.perf_counter() - began) / 200:.2f} ms")


if __name__ == "__main__":
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as temporary:
        fsync_cost(Path(temporary))
        for children in (False, True):
            for count in (trials // 4, trials):
                measure(count, children, Path(temporary) / f"{count}-{children}")
