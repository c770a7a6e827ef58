"""`python -m tests.benchmarks.seats_throughput`: how much of what many seats could do is lost to the one thread that writes.

So many fake seats, threads without processes, train trials of a fixed length, and each trial is on disk before its seat is asked for the
next. Printed is the share of the ideal: trials times seconds over seats, to the time it took; and what a trial takes of a processor, seat
and driver together, which the seats of one driver have to share. Before, how long a flush to the disk takes: no trial is asked for
sooner than that after the one before it. TMPDIR=/dev/shm does without the disk.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from ablate.engine.executors import ChildExecutor
from ablate.engine.runner import run_study
from ablate.store.trials import JsonlTrialStore
from ablate.study import Study, leave_one_out
from tests.engine.fake_places import FakePlace
from tests.fakes import untried


def measure(seats: int, seconds: float, blocks_each: int, folder: Path) -> tuple[float, float]:
    """The share of the ideal, from 0 to 1, and the processor's seconds for each trial."""
    blocks = seats * blocks_each
    study = Study.of(leave_one_out(["a", "b", "c"]), name="fake", question="How fast?", blocks=blocks, processes=seats)
    schedule = study.schedule()
    executor = ChildExecutor(
        "tests.fake_trainer:make",
        {"seconds": seconds},
        untried=untried,
        places=[FakePlace(f"seat {number}") for number in range(seats)],
    )
    with JsonlTrialStore(folder / "trials.jsonl") as store:
        began, worked = time.perf_counter(), time.process_time()
        summary = run_study(schedule, store, executor, parallel=seats, apart=True)
        took, work = time.perf_counter() - began, time.process_time() - worked
    assert summary.ok == len(schedule)
    return len(schedule) * seconds / seats / took, work / len(schedule)


def flush_seconds(file: int, times: int = 50) -> float:
    """How long a line of a trial's length takes to be on disk, the median."""
    took = []
    for _ in range(times):
        os.write(file, b"x" * 900)
        began = time.perf_counter()
        os.fsync(file)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seats", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=0.05, help="how long a trial takes")
    parser.add_argument("--blocks-each", type=int, default=10, help="blocks of four trials for each seat")
    given = parser.parse_args()
    with tempfile.TemporaryFile() as file:
        print(f"a flush to the disk: {1000 * flush_seconds(file.fileno()):.1f} ms", flush=True)
    for seats in given.seats:
        with tempfile.TemporaryDirectory() as folder:
            share, work = measure(seats, given.seconds, given.blocks_each, Path(folder))
        what = f"{seats} seats, trials of {1000 * given.seconds:g} ms"
        print(f"{what}: {100 * share:.1f} % of ideal, {1000 * work:.2f} ms of a processor a trial", flush=True)


if __name__ == "__main__":
    main()
