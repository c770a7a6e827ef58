"""A study of real networks, small enough for a test, in this process and in seats elsewhere: are they the same trials?"""

import os
import subprocess
import sys
from pathlib import Path

from ablate.store.records import Trial
from ablate.store.run_folder import RunFolder

ROOT = Path(__file__).parents[2]

_TINY_FEATURES = """
import ablate
from ablate.parts import PRESETS, Scale
from ablate.training import arm_trainer, image_kind

# The same tiny network on both sides, which nothing compiles.
PRESETS["mini"] = Scale(width=0.125, images=0.02, batch=0.05, epochs=0.25)
arm_trainer.why_not_compiling = image_kind.why_not_compiling = lambda device: "no compiler in this test"
GROUP = ablate.Group(slug="lengths", title="Lengths", published_percent=None, source="a test")
FEATURE = ablate.Feature(
    name="longer", group="lengths", summary="Trains longer.", patch={"epochs": 12.0}, source="a test"
)
"""


def check_equal_trial_by_trial(seats: str, folder: Path, how_many_seats: int) -> None:
    """Run two arms of two trials here and in `seats`, and see that every trial has the same scores and the same recipe."""
    here, there = (
        {trial.spec.key: trial for trial in _run(where, folder)}
        for where in ((), ("--processes", "2", "--seats", seats))
    )
    assert len(here) == len(there) == 4
    assert len({trial.seat for trial in there.values()}) == how_many_seats
    for key, trial in here.items():
        assert trial.measurements is not None
        assert there[key].measurements is not None
        assert there[key].measurements.score == trial.measurements.score
        assert there[key].measurements.accuracy == trial.measurements.accuracy
        assert there[key].recipe == trial.recipe
    assert len({trial.measurements.score for trial in here.values() if trial.measurements}) > 1


def _run(where: tuple[str, ...], folder: Path) -> list[Trial]:
    features, out = folder / "tiny.py", folder / f"run{len(where)}"
    features.write_text(_TINY_FEATURES)
    command = [sys.executable, "-m", "ablate", "run", "--from", "baseline", "--enable", "longer", "--trials", "2"]
    command += ["--features-from", str(features), "--preset", "mini", "--data", "synthetic", "--device", "cpu"]
    environment = {**os.environ, "ABLATE_DATA_DIR": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--out", str(out), *where], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return list(RunFolder.open(out).read_trials())
