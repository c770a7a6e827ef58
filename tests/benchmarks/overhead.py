"""What a trial costs besides training, on a CPU: time outside warm-up and clock, the command's start, peak memory.

    PYTHONPATH=. python tests/benchmarks/overhead.py trial
    PYTHONPATH=. python tests/benchmarks/overhead.py start
    PYTHONPATH=. python tests/benchmarks/overhead.py memory --data NAME [--data-dir DIR] [--steps 4]

`trial`: wall time of a trial and of keeping it in a `trials.jsonl`, minus the clock's time and minus the plain pass over the
test set that gives the accuracy without TTA: what is left is seeding, resetting, provenance and an append with fsync. The
network has its published width; the images are few, and nothing is compiled, which costs nothing then. Judged by the
fastest of several, since other work on the machine can only add. Target: under 100 ms.
`start`: `python -m ablate --help`, the fastest of several, and whether it imported torch. Target: under 0.7 s, without torch.
`memory`: the largest resident size of a child that runs one trial of the `full` preset with all images on the device;
`--steps` cuts the training short, not the data. Target: under 4 GiB.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TRIAL_TARGET_SECONDS = 0.1
START_TARGET_SECONDS = 0.7
MEMORY_TARGET_BYTES = 4 * 2**30
FULL_STEPS = {"baseline": 200, "all": 243}


def trial_overheads(arm_name: str, trials: int) -> list[float]:
    """Seconds that each of several trials spent outside clock and plain evaluation; everything is warm before the first."""
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    from ablate.datasets import synthetic
    from ablate.lineages.loading import load_registry
    from ablate.parts import PRESETS, Scale
    from ablate.store.trials import JsonlTrialStore
    from ablate.study import Arm
    from ablate.study.schedule import TrialSpec
    from ablate.training import arm_trainer

    PRESETS["published width, few images"] = Scale(batch=0.01, epochs=0.02)
    evaluation_seconds = [0.0]
    evaluate = arm_trainer.evaluate_plainly

    def evaluate_timed(*arguments: Any) -> float:
        began = time.perf_counter()
        accuracy = evaluate(*arguments)
        evaluation_seconds[0] = time.perf_counter() - began
        return accuracy

    arm_trainer.evaluate_plainly = evaluate_timed
    registry = load_registry()
    features = frozenset(registry.names if arm_name == "all" else ())
    trainer = arm_trainer.ArmTrainer(
        registry=registry,
        arms=[Arm(name=arm_name, features=features)],
        preset="published width, few images",
        dataset=synthetic.generate((400, 40)),
        device="cpu",
    )
    overheads = []
    with tempfile.TemporaryDirectory() as folder:
        store = JsonlTrialStore(Path(folder) / "trials.jsonl")
        for block in range(trials + 1):
            began = time.perf_counter()
            finished = trainer.train(TrialSpec(arm=arm_name, block=block, position=0, process=0, seed=block), process=0)
            store.append(finished)
            spent = time.perf_counter() - began
            measured = finished.trial.measurements
            if measured is None:
                raise SystemExit(finished.trial.error)
            overheads.append(spent - measured.time_seconds - evaluation_seconds[0])
        store.close()
    return overheads[1:]


def report_trials(trials: int) -> bool:
    """Print what `trial` measures; whether it is within the target."""
    within = True
    for arm_name in ("baseline", "all"):
        spent = trial_overheads(arm_name, trials)
        within &= min(spent) < TRIAL_TARGET_SECONDS
        print(
            f"{arm_name}: n = {len(spent)} trials, outside warm-up and clock fastest {1000 * min(spent):.0f} ms, "
            f"median {1000 * statistics.median(spent):.0f} ms (target: below {1000 * TRIAL_TARGET_SECONDS:.0f} ms)",
            flush=True,
        )
    return within


def start_seconds() -> float:
    """How long `python -m ablate --help` takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "ablate", "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def start_imports_torch() -> bool:
    """Whether the command line imports torch before it knows that help is all that is wanted."""
    code = (
        "import runpy, sys\nsys.argv = ['ablate', '--help']\n"
        "try:\n    runpy.run_module('ablate', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "sys.stderr.write('torch' if 'torch' in sys.modules else 'free')"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return answer.stderr.endswith("torch")


def report_start(repeats: int) -> bool:
    """Print what `start` measures; whether it is within the targets."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = [start_seconds() for _ in range(repeats)]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_seconds = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / repeats
    torch_imported = start_imports_torch()
    print(
        f"ablate --help: n = {repeats} starts, fastest {min(seconds):.2f} s, median {statistics.median(seconds):.2f} s "
        f"(target: below {START_TARGET_SECONDS} s), {processor_seconds:.2f} s of processor time each; "
        f"torch {'IS' if torch_imported else 'is not'} imported"
    )
    return min(seconds) < START_TARGET_SECONDS and not torch_imported


def train_once(arm_name: str, data: str, data_dir: Path | None, steps: int | None) -> int:
    """Run one `full` trial in this process; the largest resident size it ever had, in bytes."""
    from ablate.datasets import load
    from ablate.lineages.loading import load_registry
    from ablate.study import Arm
    from ablate.study.schedule import TrialSpec
    from ablate.training.arm_trainer import ArmTrainer

    registry = load_registry()
    features = frozenset(registry.names if arm_name == "all" else ())
    length = 1.0 if steps is None else steps / FULL_STEPS[arm_name]
    arm = Arm(name=arm_name, features=features, length=length)
    trainer = ArmTrainer(registry=registry, arms=[arm], preset="full", dataset=load(data, data_dir), device="cpu")
    trial = trainer.train(TrialSpec(arm=arm_name, block=0, position=0, process=0, seed=0), process=0).trial
    if trial.error:
        raise SystemExit(trial.error)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def report_memory(options: argparse.Namespace) -> bool:
    """Print what `memory` measures, each arm in a child of its own; whether it is within the target."""
    within = True
    for arm_name in ("baseline", "all"):
        command = [sys.executable, __file__, "memory", "--arm", arm_name, "--data", options.data]
        command += ["--data-dir", str(options.data_dir)] if options.data_dir else []
        command += ["--steps", str(options.steps)] if options.steps else []
        environment = os.environ | ({"TORCHDYNAMO_DISABLE": "1"} if options.eager else {})
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        peak = int(answer.stdout.split()[-1])
        within &= peak < MEMORY_TARGET_BYTES
        steps = f"{options.steps} steps" if options.steps else "all steps"
        compiled = "eager" if options.eager else "compiled"
        print(f"{arm_name}: full, {steps}, {compiled}, peak {peak / 2**30:.2f} GiB (target: below 4 GiB)", flush=True)
    return within


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 within the targets, 1 beyond one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    trial = kinds.add_parser("trial")
    trial.add_argument("--trials", type=int, default=20)
    start = kinds.add_parser("start")
    start.add_argument("--repeats", type=int, default=7)
    memory = kinds.add_parser("memory")
    memory.add_argument("--data", default="synthetic")
    memory.add_argument("--data-dir", type=Path)
    memory.add_argument("--steps", type=int)
    memory.add_argument("--eager", action="store_true", help="compile nothing")
    memory.add_argument("--arm", choices=sorted(FULL_STEPS), help="run this one here and print its peak in bytes")
    options = parser.parse_args(arguments)
    if options.kind == "trial":
        return not report_trials(options.trials)
    if options.kind == "start":
        return not report_start(options.repeats)
    if options.arm:
        print(train_once(options.arm, options.data, options.data_dir, options.steps))
        return 0
    return not report_memory(options)


if __name__ == "__main__":
    sys.exit(main())
