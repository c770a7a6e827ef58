"""Trains recipes that are Python functions of one's own. Free of torch, unless the function imports it."""

import sys
import sysconfig
import time
import traceback
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import cast

from ablate.recipes.fields import shown_path
from ablate.recipes.own import Measured, OwnRecipe, PythonRecipe, TrialContext
from ablate.store.resolved import ResolvedStudy
from ablate.study import Arm
from ablate.training.kinds import Data, TrialFailure
from ablate.training.own_kind import OwnKind, OwnTrainer, Timed


class PythonKind(OwnKind):
    """Its trials run in the process that trains; a time limit takes a child process."""

    def trainer(
        self,
        resolved: ResolvedStudy,
        data: Data,
        *,
        device: str | None,
        debug: bool,
        folder: Path | None,
        timeout_seconds: float | None,
    ) -> "PythonTrainer":
        """See `Kind`."""
        return PythonTrainer(self, resolved, data, device=device, debug=debug, folder=folder)

    def rehearse(self, arms: Iterable[Arm], device: str) -> None:
        """See `Kind`: how long a function takes nobody knows, so it is not tried."""


class PythonTrainer(OwnTrainer):
    """Calls `PythonRecipe.train`; `debug` prints the traceback of a trial that fails."""

    def __init__(
        self,
        kind: OwnKind,
        resolved: ResolvedStudy,
        data: Data,
        *,
        device: str | None,
        debug: bool,
        folder: Path | None,
    ) -> None:
        super().__init__(kind, resolved, data, device=device, folder=folder)
        self.debug = debug

    def measure(self, recipe: OwnRecipe, trial: TrialContext) -> Timed:
        """See `OwnTrainer`."""
        began = time.perf_counter()
        try:
            # What a command prints on stdout is its result.
            with redirect_stdout(sys.stderr):
                measured = cast(PythonRecipe, recipe).train(trial)
        except (Exception, SystemExit) as failure:
            if self.debug:
                traceback.print_exception(failure)
            raise TrialFailure(_explained(failure)) from failure
        wall_seconds = time.perf_counter() - began
        if not isinstance(measured, Measured):
            raise TrialFailure(
                f"train gave {measured!r:.60} ({type(measured).__name__}), not a Measured: "
                "return ablate.Measured(score=...), with seconds, curve and extra where there are any"
            )
        return Timed(measured, wall_seconds)


def _explained(failure: BaseException) -> str:
    """One line: the last line of the user's own code on the way to a failure, and what went wrong there."""
    said = " ".join(str(failure).split())
    reason = f"{type(failure).__name__}: {said}" if said else type(failure).__name__
    if isinstance(failure, MemoryError) or type(failure).__name__ == "OutOfMemoryError":
        reason += "; free some, or train with less at a time"
    others = (str(Path(__file__).resolve().parent.parent), sysconfig.get_path("stdlib"), "<")
    frames = [
        frame
        for frame in traceback.extract_tb(failure.__traceback__)
        if not frame.filename.startswith(others) and "site-packages" not in frame.filename
    ]
    place = f"{shown_path(frames[-1].filename)}, line {frames[-1].lineno}: " if frames else ""
    return f"{place}{reason.rstrip('.')}. Run again with --debug for the traceback"
