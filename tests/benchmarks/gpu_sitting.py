"""All that a GPU is to be asked about the record and what is past it, in sittings of a few minutes.

The steps, in this order: the tests that need a GPU; parity with the published scripts, ours past the record included, 200 trials a side;
then for each of the studies `waterfall`, `past_the_record`, `beyond`, `features` and `past_the_record_equal_accuracy` its networks
compiled side by side, and the study.
With the scripts and an archive of the images in a folder `.gpu`:

    PYTHONPATH=. python3 tests/benchmarks/gpu_sitting.py --minutes 9 \\
        --baseline-script .gpu/airbench94_muon.py --hive-script .gpu/cifar10_speedrun.py \\
        --data cifar10-jpeg --data-archive .gpu/cifar10-jpeg.tar.xz --out runs/gpu

The same command goes on where it was stopped: `--out` is all it needs. A step that the time cuts short is interrupted as Ctrl-C
would, and goes on in the next sitting; one that failed is said, tried again there, and does not keep the others waiting. On a CPU, with
small numbers that mean nothing, from end to end:

    PYTHONPATH=. python3 tests/benchmarks/gpu_sitting.py --rehearse --out runs/gpu-rehearsal

Exit code: 0 every step is done, 2 wrong usage, 3 the time is over, 5 a step failed, 130 interrupted. `steps.json` says which are done,
`NAME.log` what each printed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXIT_USAGE, EXIT_UNFINISHED, EXIT_FAILED, EXIT_INTERRUPTED = 2, 3, 5, 130
STUDIES = ("waterfall", "past_the_record", "beyond", "features", "past_the_record_equal_accuracy")
BENCHMARKS = Path(__file__).resolve().parent
FEWEST_SECONDS = 20.0
"""A step is not begun with less left: starting torch takes that."""
GRACE_SECONDS = 30.0
"""How long an interrupted step may take to end; then it is killed, which costs the trial in flight and nothing else."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and the exit codes with which it is done; `again` is the command once its `folder` is there."""

    name: str
    command: tuple[str, ...]
    done: tuple[int, ...] = (0,)
    folder: Path | None = None
    again: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """The command to run now."""
        return self.again if self.folder is not None and self.folder.exists() else self.command


def steps(options: argparse.Namespace) -> list[Step]:
    """What there is to do, in order."""
    python = sys.executable
    size = ("--preset", "mini" if options.rehearse else "full", "--data", options.data)
    few = ("--trials", "1", "--processes", "1") if options.rehearse else ()
    parity = ("--launches", "2", "--trials", "2") if options.rehearse else ("--launches", "8", "--trials", "25")
    scripts = (
        ("--stand-ins",)
        if options.rehearse
        else (
            "--baseline-script",
            options.baseline_script,
            "--hive-script",
            options.hive_script,
            "--data",
            options.data,
        )
    )
    archive = ("--data-archive", options.data_archive) if options.data_archive and not options.rehearse else ()
    # Without a GPU pytest finds nothing to run, which it calls 5.
    tests = Step(
        "tests", (python, "-m", "pytest", "-q", "-m", "gpu", "tests"), done=(0, 5) if options.rehearse else (0,)
    )
    told = (python, str(BENCHMARKS / "parity.py"), "--past", *parity, *scripts, *archive)
    # A missed target is a result.
    found = [tests, Step("parity", (*told, "--out", str(options.out / "parity")), done=(0, 1))]
    ablate = (python, "-m", "ablate", "study")
    for name in STUDIES:
        logs = options.out / f"compile-{name}"
        ahead = (python, str(BENCHMARKS / "compile_ahead.py"), name, *size, "--logs", str(logs))
        folder = options.out / name
        found += [
            Step(f"compile-{name}", ahead),
            Step(
                name,
                (*ablate, "run", name, *size, *few, "--out", str(folder)),
                folder=folder,
                again=(*ablate, "resume", str(folder)),
            ),
        ]
    return found


def carry_out(asked: Sequence[Step], out: Path, seconds: float) -> int:
    """Run what is not done yet until the time is over; the exit code."""
    deadline = time.monotonic() + seconds
    record = out / "steps.json"
    codes: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
    out.mkdir(parents=True, exist_ok=True)
    waiting = [step for step in asked if codes.get(step.name) not in step.done]
    for step in waiting:
        if deadline - time.monotonic() < FEWEST_SECONDS:
            break
        began = time.monotonic()
        code = _run(step, out / f"{step.name}.log", deadline)
        if code is None:
            break
        codes[step.name] = code
        record.write_text(json.dumps(codes, indent=1) + "\n", encoding="utf-8")
        print(f"{step.name}: exit code {code} after {time.monotonic() - began:.0f} s", flush=True)
    left = [step.name for step in asked if step.name not in codes]
    failed = [step.name for step in asked if step.name in codes and codes[step.name] not in step.done]
    if left:
        print(f"Left: {', '.join(left)}. The same command goes on.")
    if failed:
        print(f"Failed: {', '.join(failed)}; their logs are in {out}.")
    return EXIT_UNFINISHED if left else EXIT_FAILED if failed else 0


def _run(step: Step, log: Path, deadline: float) -> int | None:
    """A step's exit code; None if the time was over first."""
    print(f"{step.name}: {' '.join(step.words())}", flush=True)
    with log.open("ab") as file:
        child = subprocess.Popen(
            step.words(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_interruptible,
        )
        try:
            return child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"{step.name}: interrupted, for the time is over", flush=True)
            return None
        finally:
            _end(child)


def _interruptible() -> None:
    """What a shell runs in the background has interrupts ignored, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Interrupt what still runs, and kill what does not end; its own children are of its session."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGINT)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--baseline-script", help="airbench94_muon.py")
    options.add_argument("--hive-script", help="cifar10_speedrun.py")
    options.add_argument("--data", default="cifar10", help="the data set, as `ablate run` names it")
    options.add_argument("--data-archive", help="import the set from here if it is not there yet")
    options.add_argument("--minutes", type=float, default=600.0, help="interrupt what runs after this long")
    options.add_argument("--out", type=Path, required=True, help="folder of the results")
    options.add_argument("--rehearse", action="store_true", help="small numbers on the CPU, stand-ins for the scripts")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Carry out what is left; the exit code."""
    options = parser().parse_args(arguments)
    if options.rehearse:
        options.data = "synthetic"
    elif not (options.baseline_script and options.hive_script):
        print(
            "--baseline-script and --hive-script are needed: the published scripts (or try --rehearse).",
            file=sys.stderr,
        )
        return EXIT_USAGE
    try:
        return carry_out(steps(options), options.out, 60 * options.minutes)
    except KeyboardInterrupt:
        print("Interrupted; what was done is kept. The same command goes on.", file=sys.stderr)
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
