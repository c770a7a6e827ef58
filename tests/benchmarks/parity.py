"""Does the package train the two published scripts' recipes as fast and as well as the scripts do?

Compares our baseline with `airbench94_muon.py` and our all features with `cifar10_speedrun.py`, on one GPU and on the same
data files. Every launch is a fresh process; ours and theirs take turns, and each round runs backwards to the last one. The
scripts are not part of this repository: get them from KellerJordan/cifar10-airbench and hiverge/cifar10-speedrun.

With the scripts and, where there is no network, an archive of the images in a folder `.gpu`:

    PYTHONPATH=. python3 tests/benchmarks/parity.py \\
        --baseline-script .gpu/airbench94_muon.py --hive-script .gpu/cifar10_speedrun.py \\
        --data cifar10-jpeg --data-archive .gpu/cifar10-jpeg.tar.xz \\
        --launches 2 --trials 25 --out runs/parity --minutes 9

The same command goes on where it was stopped; the folder of `--out` is all it needs. The harness itself can be tried
without a GPU and without the scripts, in which case the table's numbers mean nothing:

    PYTHONPATH=. python tests/benchmarks/parity.py --stand-ins --launches 2 --trials 3 --out runs/parity-stand-ins

With `--past` our features past the record (`exact` and `beyond`) are set against the newer script as well: `--launches 8 --trials 25`
are 200 trials of each side.

To hold: time ratio ours/theirs between 0.97 and 1.03 for both recipes; the improvement of hive over baseline within 1.5
percentage points of the scripts' own; accuracy differences whose 95 % interval contains zero;
of what is past the record, a ratio below 1 and an accuracy that is not lower. The newer script times one
uninterrupted window, as ours does; the baseline's script pauses its clock for a validation pass after each epoch.

What else differs, and is to be said beside a ratio: the baseline's script waits for the GPU at each of these pauses, so that
launching is exposed again in every epoch; it compiles Newton-Schulz for automatic shapes, ours for each shape; both scripts
read the accuracy back inside the clock, ours outside; the newer script keeps the GPU busy before each run, ours asks it for its
clocks and temperature meanwhile.

Exit code: 0 all targets hold (with stand-ins: the harness worked), 1 one is missed or there are too few trials, 2 wrong usage,
3 stopped by `--minutes` before the end, 4 data missing, 5 a process failed, 130 interrupted. `parity.jsonl` has every
launch and trial, `parity.json` and `parity.txt` the table, `RECIPE-SIDE-ROUND.log` what each process printed.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity_harness.child import DeadlineError
from parity_harness.data_files import write_data_files
from parity_harness.launching import Launcher
from parity_harness.plan import PAST, RECIPES, Launch, Recipe, schedule
from parity_harness.results import Results
from parity_harness.verdict import judge
from parity_harness.wording import table

from ablate.datasets import Dataset, import_dataset, installed, load, synthetic
from ablate.errors import AblateError, UsageError

STAND_INS = Path(__file__).resolve().parent / "stand_ins"
STAND_IN_SIZES = (3000, 400)
EXIT_MISSED, EXIT_UNFINISHED, EXIT_CHILD, EXIT_INTERRUPTED = 1, 3, 5, 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--baseline-script", type=Path, help="airbench94_muon.py")
    options.add_argument("--hive-script", type=Path, help="cifar10_speedrun.py")
    options.add_argument("--stand-ins", action="store_true", help="small scripts of our own, made images, the CPU")
    options.add_argument(
        "--past", action="store_true", help="our features past the record (exact, beyond) against the newer script, too"
    )
    options.add_argument("--data", default="cifar10", help="the data set, as `ablate run` names it")
    options.add_argument("--data-dir", type=Path, help="where imported sets are kept")
    options.add_argument("--data-archive", type=Path, help="import the set from here if it is not there yet")
    options.add_argument("--launches", type=int, default=2, help="launches of each side and recipe")
    options.add_argument("--trials", type=int, default=25, help="trials a launch, the warm-up not counted")
    options.add_argument("--out", type=Path, required=True, help="folder of the results")
    options.add_argument("--device", default="cuda")
    options.add_argument("--preset", default="full", help="the scale of our side")
    options.add_argument("--minutes", type=float, help="stop after this long; the same command goes on")
    options.add_argument("--patience", type=float, default=300.0, help="seconds a process may print nothing")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing, then print the table."""
    options = parser().parse_args(arguments)
    began = time.monotonic()
    try:
        return compare(options, None if options.minutes is None else began + 60 * options.minutes)
    except KeyboardInterrupt:
        print("Interrupted; what was measured is kept. The same command goes on.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except AblateError as error:
        print(error, file=sys.stderr)
        return error.exit_code if error.exit_code != AblateError.exit_code else EXIT_CHILD


def compare(options: argparse.Namespace, deadline: float | None) -> int:
    """The whole comparison; the exit code."""
    scripts = choose_scripts(options)
    if min(options.launches, options.trials) < 1:
        raise UsageError(f"--launches {options.launches} --trials {options.trials}: both must be at least 1.")
    if options.stand_ins:
        options.device, options.preset = "cpu", "mini"
    dataset = synthetic.generate(STAND_IN_SIZES) if options.stand_ins else load_images(options)
    results = Results(options.out, settings_of(options, scripts, dataset))
    try:
        with tempfile.TemporaryDirectory(prefix="parity-") as folder:
            write_data_files(dataset, Path(folder))
            launcher = Launcher(
                scripts=scripts,
                data_name=dataset.name,
                data_folder=Path(folder),
                trials=options.trials,
                device=options.device,
                preset=options.preset,
                compiled=not options.stand_ins,
                patience_seconds=options.patience,
                deadline=deadline,
                say=lambda line: print(line, file=sys.stderr, flush=True),
            )
            launches = schedule(options.launches, (*RECIPES, PAST) if options.past else RECIPES)
            finished = run_launches(launcher, launches, results)
        return conclude(results, finished=finished, stand_ins=options.stand_ins)
    finally:
        results.close()


def run_launches(launcher: Launcher, launches: Sequence[Launch], results: Results) -> bool:
    """Run every launch that lacks trials; whether all have theirs, or the time was over before."""
    for launch in launches:
        if results.finished(launch) < launcher.trials:
            try:
                launcher.run(launch, results)
            except DeadlineError:
                return False
    return True


def conclude(results: Results, *, finished: bool, stand_ins: bool) -> int:
    """Write and print the table; the exit code."""
    verdict = judge(results.trials())
    if verdict is not None:
        text = table(verdict, machines(results))
        results.path.with_name("parity.txt").write_text(text + "\n", encoding="utf-8")
        line = {**verdict.to_json(), "finished": finished}
        results.path.with_name("parity.json").write_text(json.dumps(line, indent=1) + "\n", encoding="utf-8")
        print(text)
    if not finished:
        print(f"Stopped by --minutes with {len(results.trials())} trials kept; the same command goes on.")
        return EXIT_UNFINISHED
    if stand_ins:
        print("STAND-INS: the harness ran from end to end; these numbers mean nothing.")
        return 0
    return 0 if verdict is not None and verdict.holds else EXIT_MISSED


def choose_scripts(options: argparse.Namespace) -> dict[Recipe, Path]:
    """The script of each recipe.

    Raises:
        UsageError: one is missing, or stand-ins were asked for beside real ones.
    """
    given = {"--baseline-script": options.baseline_script, "--hive-script": options.hive_script}
    if options.stand_ins:
        if any(given.values()):
            raise UsageError(
                "--stand-ins takes the place of --baseline-script and --hive-script; give one or the other."
            )
        newer = STAND_INS / "eval_rows.py"
        return {"baseline": STAND_INS / "epoch_rows.py", "hive": newer, PAST: newer}
    for option, path in given.items():
        if path is None:
            raise UsageError(f"{option} is missing: the path of the published script (or try --stand-ins).")
        if not path.is_file():
            raise UsageError(f"{option}: there is no file '{path}'.")
    return {"baseline": options.baseline_script, "hive": options.hive_script, PAST: options.hive_script}


def load_images(options: argparse.Namespace) -> Dataset:
    """The data set both sides train on, imported first where an archive is given and the set is not there."""
    if options.data_archive and options.data not in [entry.name for entry in installed(options.data_dir)]:
        return import_dataset(options.data, options.data_archive, options.data_dir)
    return load(options.data, options.data_dir)


def settings_of(options: argparse.Namespace, scripts: dict[Recipe, Path], dataset: Dataset) -> dict[str, Any]:
    """What must stay the same for results to be put together; more launches may be added later."""
    digests = {f"{name}_script": hashlib.sha256(scripts[name].read_bytes()).hexdigest() for name in RECIPES}
    return {
        **digests,
        "data": dataset.name,
        "data_digest": dataset.digest,
        "trials": options.trials,
        "device": options.device,
        "preset": options.preset,
    }


def machines(results: Results) -> list[str]:
    """Every kind of machine and software that our processes met, once each."""
    names = ("device_name", "driver", "torch", "cuda", "compute_dtype", "package_version", "commit")
    lines = [
        ", ".join(f"{name} {facts[name]}" for name in names if facts.get(name) is not None)
        for facts in results.environments()
    ]
    return list(dict.fromkeys(lines))


if __name__ == "__main__":
    sys.exit(main())
