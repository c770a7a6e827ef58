"""Trains recipes that are programs of one's own, each trial a process group that ends with it. Free of torch."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ablate.errors import UsageError
from ablate.machine.programs import users_environment
from ablate.recipes.command import CommandRecipe, arguments_of, result_in_file, result_in_output
from ablate.recipes.own import Measured, OwnRecipe, TrialContext
from ablate.store.resolved import ResolvedStudy
from ablate.study import Arm
from ablate.study.schedule import TrialSpec
from ablate.training import supervisor
from ablate.training.kinds import Data, TrialFailure
from ablate.training.own_kind import LateTrial, OwnKind, OwnTrainer, Timed, file_stem

OUTPUTS = "outputs"
"""The part of a run folder that keeps the end of what each trial's program printed."""

RESULT = "result.json"
_SHOWN_CHARACTERS = 300


class CommandKind(OwnKind):
    """Its trainer stops a program at its time limit itself."""

    keeps_time = True

    def trainer(
        self,
        resolved: ResolvedStudy,
        data: Data,
        *,
        device: str | None,
        debug: bool,
        folder: Path | None,
        timeout_seconds: float | None,
    ) -> "CommandTrainer":
        """See `Kind`."""
        return CommandTrainer(self, resolved, data, device=device, folder=folder, timeout_seconds=timeout_seconds)

    def rehearse(self, arms: Iterable[Arm], device: str) -> None:
        """See `Kind`: each arm's program is looked for."""
        for arm in arms:
            recipe = cast(CommandRecipe, self.compose(arm, "full"))
            trial = TrialContext(
                seed=0, device="cpu", preset="full", size=1.0, length=1.0, scratch=Path(), arm=arm.name, block=0
            )
            try:
                program = arguments_of(recipe, trial)[0]
            except Exception as error:
                raise UsageError(
                    f"Arm '{arm.name}': its command does not work: {type(error).__name__}: {error}."
                ) from error
            there = recipe.folder / program if "/" in program else program
            if shutil.which(there) is None:
                raise UsageError(
                    f"Arm '{arm.name}' runs '{program}', which is no program here; see the PATH, or chmod +x."
                )


class CommandTrainer(OwnTrainer):
    """Runs `CommandRecipe.command` through a supervisor, which ends with this process and everything it runs with it."""

    def __init__(
        self,
        kind: OwnKind,
        resolved: ResolvedStudy,
        data: Data,
        *,
        device: str | None,
        folder: Path | None,
        timeout_seconds: float | None,
    ) -> None:
        super().__init__(kind, resolved, data, device=device, folder=folder)
        self.timeout_seconds = timeout_seconds
        self._supervisor: subprocess.Popen[bytes] | None = None

    def measure(self, recipe: OwnRecipe, trial: TrialContext) -> Timed:
        """See `OwnTrainer`."""
        recipe = cast(CommandRecipe, recipe)
        try:
            command = arguments_of(recipe, trial)
        except Exception as error:
            raise TrialFailure(f"Its command does not work: {type(error).__name__}: {error}") from error
        result, kept = trial.scratch / RESULT, self._kept(trial)
        ended = self._ask(
            {
                "command": command,
                "folder": str(recipe.folder),
                "environment": _environment(trial, result),
                "keep": None if kept is None else str(kept),
                "limit": self.timeout_seconds,
                "grace": supervisor.GRACE_SECONDS,
            }
        )
        if "cannot_start" in ended:
            raise TrialFailure(f"Cannot start '{command[0]}' in {recipe.folder}: {ended['cannot_start']}")
        said = _said(ended["output"], kept)
        if ended["late"]:
            raise LateTrial(
                f"No result after {self.timeout_seconds:g} s, so the program was stopped; raise the limit or leave the arm out. {said}"
            )
        if ended["status"] != 0:
            raise TrialFailure(f"{_how_it_ended(ended['status'])}. {said}")
        try:
            measured = _result(recipe, result, ended["output"])
        except (ValueError, OSError) as error:
            raise TrialFailure(f"{str(error)[:1].upper()}{str(error)[1:]}. {said}") from error
        return Timed(measured, ended["seconds"])

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Have a program run; on the way out of here, nothing of it is left."""
        running = self._supervisor
        if running is None or running.poll() is not None:
            running = self._supervisor = _start_supervisor()
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            running.stdin.write(json.dumps(request).encode() + b"\n")
            running.stdin.flush()
            line = running.stdout.readline()
        except BrokenPipeError:
            line = b""
        except BaseException:
            self.close()
            raise
        if not line:
            self.close()
            raise TrialFailure(
                "The process that runs the program was killed, most likely by the system for want of memory"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the supervisor, and with it what it runs."""
        running, self._supervisor = self._supervisor, None
        if running is None:
            return
        with suppress(BrokenPipeError):
            assert running.stdin is not None
            running.stdin.close()
        # It takes its time over a program that does not want to end, but not longer than this.
        with suppress(subprocess.TimeoutExpired):
            running.wait(supervisor.GRACE_SECONDS + 5)
        assert running.stdout is not None
        running.stdout.close()

    def __del__(self) -> None:
        self.close()

    def _kept(self, trial: TrialContext) -> Path | None:
        if self.folder is None:
            return None
        spec = TrialSpec(arm=trial.arm, block=trial.block, position=0, process=0, seed=0)
        return self.folder / OUTPUTS / f"{file_stem(spec)}.txt"


def _start_supervisor() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", supervisor.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def _environment(trial: TrialContext, result: Path) -> dict[str, str]:
    given = {
        "RESULT": result,
        "SEED": trial.seed,
        "DEVICE": trial.device,
        "PRESET": trial.preset,
        "SIZE": f"{trial.size:g}",
        "LENGTH": f"{trial.length:g}",
        "SCRATCH": trial.scratch,
        "ARM": trial.arm,
        "BLOCK": trial.block,
    }
    return {**users_environment(), **{f"ABLATE_{name}": str(value) for name, value in given.items()}}


def _result(recipe: CommandRecipe, file: Path, output: str) -> Measured:
    """The result in the file, else in the output."""
    if file.exists():
        return result_in_file(file)
    if recipe.pattern is None:
        raise ValueError(
            'it left no result: write {"score": ...} as JSON into the file that ABLATE_RESULT names, or give the recipe a pattern'
        )
    return result_in_output(recipe.pattern, output)


def _how_it_ended(status: int) -> str:
    if status > 0:
        return f"The program ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", most likely by the system for want of memory" if name == "SIGKILL" else ""
    return f"The program was killed by {name}{hint}"


def _said(output: str, kept: Path | None) -> str:
    """The end of what a program printed, on one line, and where there is more of it."""
    end = " | ".join(line.strip() for line in output.splitlines() if line.strip())
    if not end:
        return "It printed nothing"
    shown = end if len(end) <= _SHOWN_CHARACTERS else f"…{end[-_SHOWN_CHARACTERS:]}"
    return f"It ended with: {shown}" + ("" if kept is None else f" (more in {kept})")
