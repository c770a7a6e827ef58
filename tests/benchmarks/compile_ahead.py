"""Compile a study's networks side by side, so that the processes of the study find them in the compile cache.

On a GPU a network is autotuned for minutes (on an H200, 165 to 190 s with six others beside it), and a study compiles one after the
other: with a few minutes of such a machine, most go there. Run this first, then the study itself:

    PYTHONPATH=. python3 tests/benchmarks/compile_ahead.py beyond --preset full --data cifar10-jpeg
    PYTHONPATH=. python3 -m ablate study run beyond --preset full --data cifar10-jpeg

One process for each network, `--at-once` of them at a time; each warms up one arm that has it, and what it prints is kept in
`--logs`. Kernels are chosen by timing them, and beside other work these timings scatter: for a claim about a GPU, compile alone.

Exit code: 0 every network compiled, 2 wrong usage, 4 data missing, 5 one failed or was stopped after `--minutes`, 130 interrupted.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.errors import AblateError
from ablate.lineages.loading import load_registry
from ablate.lineages.study_files import load_study, recipe_of
from ablate.stats.wording import counted
from ablate.training.opening import trainer_for
from ablate.training.planning import Plan, plan

EXIT_FAILED, EXIT_INTERRUPTED = 5, 130
_POLL_SECONDS = 0.2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("study", help="a study's name, or the path of a study file")
    options.add_argument("--recipe", help="the recipe, as `ablate study run` names it")
    options.add_argument("--preset", default="auto")
    options.add_argument("--data", default="auto")
    options.add_argument("--device", default="auto")
    options.add_argument("--at-once", type=int, default=8, help="processes at a time")
    options.add_argument("--minutes", type=float, default=30.0, help="stop what is not done after this long")
    options.add_argument(
        "--logs", type=Path, default=Path("runs/compile_ahead"), help="folder of what each process prints"
    )
    options.add_argument("--arm", help="warm this arm up in this very process")
    return options


def planned(options: argparse.Namespace) -> Plan:
    """The study as `ablate study run` would run it here."""
    recipe = options.recipe or recipe_of(options.study)
    registry = load_registry(recipe=recipe)
    study = replace(load_study(options.study, registry), preset=options.preset, data=options.data)
    return plan(study, recipe=recipe, device=options.device)


def one_arm_each(compile_keys: Mapping[str, str]) -> list[str]:
    """An arm for each network, the last that has it: of a ladder's arms that is the one with the most features."""
    return list({key: arm for arm, key in compile_keys.items()}.values())


def warm_up(options: argparse.Namespace) -> int:
    """Warm one arm up here; the exit code."""
    ready = planned(options)
    trainer = trainer_for(ready.resolved, ready.registry, ready.data, debug=True)
    began = time.monotonic()
    trainer.warm_up(options.arm)
    spec = next(spec for spec in ready.resolved.schedule if spec.arm == options.arm)
    trial = trainer.train(spec, 0).trial
    print(f"arm '{options.arm}': {trial.status} after {time.monotonic() - began:.0f} s. {trial.error or ''}")
    return 0 if trial.error is None else EXIT_FAILED


@dataclass(slots=True)
class Child:
    """One arm's process, and the `time.monotonic()` moment at which it began."""

    arm: str
    process: "subprocess.Popen[bytes]"
    began: float


def side_by_side(
    arms: Sequence[str], start: Callable[[str], "subprocess.Popen[bytes]"], *, at_once: int, seconds: float
) -> dict[str, int | None]:
    """Start a process for each arm, `at_once` at a time; each one's exit code, None if it was stopped or never started."""
    deadline = time.monotonic() + seconds
    waiting, running = list(arms), list[Child]()
    codes: dict[str, int | None] = dict.fromkeys(arms)
    try:
        while (waiting or running) and time.monotonic() < deadline:
            while waiting and len(running) < at_once:
                arm = waiting.pop(0)
                running.append(Child(arm, start(arm), time.monotonic()))
            for child in [child for child in running if child.process.poll() is not None]:
                running.remove(child)
                codes[child.arm] = child.process.returncode
                took = time.monotonic() - child.began
                print(f"arm '{child.arm}': exit code {child.process.returncode} after {took:.0f} s", flush=True)
            time.sleep(_POLL_SECONDS)
    finally:
        for child in running:
            child.process.kill()
            child.process.wait()
            why = ", for the time is over" if time.monotonic() >= deadline else ""
            print(f"arm '{child.arm}': stopped{why}", flush=True)
    return codes


def compile_all(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    """Every network of the study; the exit code."""
    arms = one_arm_each(planned(options).compile_keys())
    options.logs.mkdir(parents=True, exist_ok=True)

    def start(arm: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, __file__, *arguments, "--arm", arm]
        with (options.logs / f"{arms.index(arm)}.log").open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    print(
        f"{counted(len(arms), 'network')}, {min(len(arms), options.at_once)} at a time; logs in {options.logs}",
        flush=True,
    )
    codes = side_by_side(arms, start, at_once=options.at_once, seconds=60 * options.minutes)
    return 0 if all(code == 0 for code in codes.values()) else EXIT_FAILED


def main(arguments: list[str] | None = None) -> int:
    """Compile one arm or all; the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(words)
    try:
        return compile_all(options, words) if options.arm is None else warm_up(options)
    except KeyboardInterrupt:
        print("Interrupted; what is compiled stays in the compile cache.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except AblateError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
