"""Reading a file of 100,000 trials: `python tests/benchmarks/store_reading.py [TRIALS]`. To hold: under 5 s and under 1 GiB."""

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ablate.store.records import Measurements  # noqa: E402
from ablate.store.trials import JsonlTrialStore  # noqa: E402
from tests.fakes import finished_trial, spec  # noqa: E402

ARMS = 64
GPU = {"sm_clock_mhz": 1410, "memory_clock_mhz": 1215, "temperature_c": 61, "power_w": 311.5, "throttle_reasons": []}
FULL = Measurements(
    accuracy=0.93171,
    score=0.94012,
    time_seconds=2.0149634,
    train_seconds=1.8934212,
    tta_seconds=0.1215422,
    reset_seconds=0.0234567,
    wall_seconds=2.0151234,
    train_accuracy=0.98774,
)


def write(path: Path, trials: int) -> None:
    """A file such as a GPU study leaves, each trial with all its measurements."""
    with JsonlTrialStore(path) as store:
        blocks = -(-trials // ARMS)
        finished = (
            finished_trial(spec(f"{{arm {arm}}}", block, seed=2**62 + block))
            for block in range(blocks)
            for arm in range(ARMS)
        )
        full = (
            replace(one, trial=replace(one.trial, measurements=FULL, device_before=GPU, device_after=GPU))
            for one in finished
        )
        store.extend(one for _, one in zip(range(trials), full, strict=False))


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if path is not None:
        began, worked = time.perf_counter(), time.process_time()
        kept = len(list(JsonlTrialStore.read(path)))
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        print(f"{kept} trials read in {seconds:.2f} s ({worked:.2f} s of CPU), peak {peak_mib():.0f} MiB")
        began = time.perf_counter()
        JsonlTrialStore(path).close()
        print(f"opened for writing in {time.perf_counter() - began:.2f} s")
    else:
        with tempfile.TemporaryDirectory() as temporary:
            file = Path(temporary) / "trials.jsonl"
            write(file, trials)
            print(f"{file.stat().st_size / 2**20:.0f} MiB written")
            # A process of its own, so that writing does not count in the peak.
            subprocess.run([sys.executable, __file__, str(trials), str(file)], check=True)
