"""Are the lineages' recipes the published trainings, to the last bit, and as fast?

Each published script is executed on the CPU, in float32 and without a compiler, on a few hundred made images with a narrow network;
then our loop trains the recipe of the same name from the same starting values on the same flips, crops, squares and orders.
The script's draws are kept and handed to our parts in the order in which these draw; asking for another shape is an error. Every
batch of losses, all weights and running statistics, and the logits of test-time augmentation must be equal. Where they are not, the
line names the cause and says whether they are without it.

The scripts are not part of this repository. Put them into one folder:

    airbench96_faster.py, airbench94_muon.py, and from legacy/ airbench94.py, airbench94_compiled.py, airbench95.py and airbench96.py
        of KellerJordan/cifar10-airbench
    base_resnet18.py from airbench/baselines/ of KellerJordan/cifar10-zoo, and beside it the folder airbench/ of
        KellerJordan/cifar10-airbench, the package that it imports
    cifar10_speedrun.py of hiverge/cifar10-speedrun
    main.py of tysam-code/hlb-CIFAR10
    new_dawn.py of davidcpage/cifar10-fast, and beside it core.py, dawn_utils.py and torch_backend.py, which it imports
    train.py of 99991/cifar10-fast-simple, and beside it model.py

and run, for all of them or for those that are named,

    PYTHONPATH=. python tests/benchmarks/against_originals.py FOLDER
    PYTHONPATH=. python tests/benchmarks/against_originals.py FOLDER --time --pairs 8 --threads 2
    PYTHONPATH=. python tests/benchmarks/against_originals.py FOLDER --only airbench95 --only airbench96
    PYTHONPATH=. python tests/benchmarks/against_originals.py FOLDER --half
    PYTHONPATH=. python tests/benchmarks/against_originals.py FOLDER --time-only --only cifar10_speedrun --enable exact --batch 1536

`--half` compares in half precision instead, as the scripts are on a GPU: which tensors are in which dtype shows only there. It takes
several times as long, and nothing is timed in it.

`--time` also times both sides in this process, as wide as published and a few steps a training, in the order ours, theirs, theirs,
ours: whole trainings with preparing the first layer, the proxy and test-time augmentation; without reading, resetting the network
and validation. Each pair gives a ratio, and their median should be from 0.97 to 1.03. Only the ratio means something, the less the
busier the machine; with `--cpu-time`, best with `--threads 1`, it hardly notices what else runs. A script whose numbers differ for a
known cause is timed without it, too. `--enable` puts features on top of our side's, which the script does not have: what it is faster
by; `--batch` times steps of so many images, six of them and 2,000 test images, where the small steps timed otherwise say little.

Exit code: 0 all equal and within, 1 not, 2 wrong usage.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from originals.comparison import Comparison
from originals.comparisons import COMPARISONS
from originals.equality import compare
from originals.timing import compare_times

from ablate.errors import AblateError, UsageError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="where the published scripts lie")
    names = [comparison.script for comparison in COMPARISONS]
    options.add_argument("--only", action="append", choices=names, metavar="SCRIPT", help="one script, without .py")
    kinds = options.add_mutually_exclusive_group()
    kinds.add_argument("--half", action="store_true", help="compare in half precision")
    kinds.add_argument("--time", action="store_true", help="time both sides, too")
    kinds.add_argument("--time-only", action="store_true", help="time both sides and compare nothing else")
    options.add_argument("--pairs", type=int, default=8, help="pairs of trainings that are timed")
    options.add_argument(
        "--cpu-time", action="store_true", help="time by processor time, which other processes hardly change"
    )
    options.add_argument(
        "--enable", action="append", default=[], metavar="NAME", help="features that only ours has, timed"
    )
    options.add_argument("--batch", type=int, help="time steps of so many images")
    options.add_argument("--threads", type=int, default=2, help="threads of PyTorch on both sides")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each script, and one more for each that is timed."""
    options = parser().parse_args(arguments)
    try:
        chosen = choose(options)
        kind = "processor time" if options.cpu_time else "wall clock"
        torch.set_num_threads(options.threads)
        threads = "1 thread" if options.threads == 1 else f"{options.threads} threads"
        print(
            f"torch {torch.__version__}, CPU, {'float16' if options.half else 'float32'}, {threads}, {kind}", flush=True
        )
        return 0 if run(chosen, options) else 1
    except AblateError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def choose(options: argparse.Namespace) -> list[Comparison]:
    """The comparisons asked for.

    Raises:
        UsageError: a script is not in the folder, or a number is too small.
    """
    for name in ("pairs", "threads", "batch"):
        if (number := getattr(options, name)) is not None and number < 1:
            raise UsageError(f"--{name} {number}: must be at least 1.")
    if (options.enable or options.batch) and not options.time_only:
        raise UsageError("--enable and --batch are for --time-only: with other features or sizes nothing is equal.")
    chosen = [each for each in COMPARISONS if options.only is None or each.script in options.only]
    for comparison in chosen:
        path = options.folder / f"{comparison.script}.py"
        if not path.is_file():
            raise UsageError(f"There is no file '{path}'. Fetch it, or leave it out with --only (see --help).")
    return [_timed_as_asked(comparison, options) for comparison in chosen]


def _timed_as_asked(comparison: Comparison, options: argparse.Namespace) -> Comparison:
    if options.batch is not None:
        size = replace(
            comparison.timed_size, train_images=3 * options.batch, test_images=2000, batch_size=options.batch
        )
        comparison = replace(comparison, timed_size=size)
    return replace(comparison, enabled=tuple(options.enable))


def run(chosen: list[Comparison], options: argparse.Namespace) -> bool:
    """Compare and print; whether everything is equal and within the target."""
    holds = True
    dtype = torch.float16 if options.half else torch.float32
    seconds = time.process_time if options.cpu_time else time.perf_counter
    for comparison in chosen:
        lines = [] if options.time_only else [compare(comparison, options.folder.resolve(), dtype)]
        print(*(line for line, _ in lines), sep="\n", flush=True, end="\n" if lines else "")
        holds &= all(held for _, held in lines)
    for comparison in chosen if options.time or options.time_only else []:
        line, within = compare_times(comparison, options.folder.resolve(), options.pairs, seconds)
        print(line, flush=True)
        holds &= within
    return holds


if __name__ == "__main__":
    sys.exit(main())
