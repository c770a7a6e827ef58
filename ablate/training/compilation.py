"""Many arms compiled in one process: limits, whether compiling works here at all, and what was compiled when."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
import torch._dynamo as dynamo
from torch._dynamo import utils as dynamo_utils

from ablate.training.kinds import TrialFailure

# Dynamo keeps 8 entries for each code object and then silently runs eager. Sixty arms of a study may need more.
RECOMPILE_LIMIT = 256


def allow_many_arms() -> None:
    """Raise Dynamo's limits for a process that trains many arms, and turn its silent fallback to eager into an error."""
    dynamo.config.recompile_limit = RECOMPILE_LIMIT
    dynamo.config.accumulated_recompile_limit = 16 * RECOMPILE_LIMIT
    dynamo.config.fail_on_recompile_limit_hit = True


@cache
def why_not_compiling(device: torch.device) -> str | None:
    """Why torch.compile does not work on this machine, in one line, or None where it does; found by compiling something."""
    graphs = compiled_graphs()
    try:
        torch.compile(_probe, dynamic=False)(torch.ones(8, device=device))
    except Exception as error:
        return _first_line(error)
    if compiled_graphs() == graphs:
        return "torch.compile is switched off in this environment"
    return None


def _probe(values: torch.Tensor) -> torch.Tensor:
    return values.sin() + 1


def _first_line(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__


def compiled_graphs() -> int:
    """How many graphs this process has compiled so far; rises with every recompilation."""
    return dynamo_utils.counters["stats"]["unique_graphs"]


def attempted_frames() -> int:
    """How many frames this process has tried to compile so far; rises when one falls back to eager too."""
    return dynamo_utils.counters["frames"]["total"]


def compile_seconds() -> float:
    """How long this process has spent compiling so far, forward and backward."""
    spent = dynamo_utils.cumulative_time_spent_ns
    return (spent["entire_frame_compile"] + spent["entire_backward_compile"]) / 1e9


@dataclass(frozen=True, slots=True)
class CompileCount:
    """What a stretch of work compiled: nothing, if it was warm."""

    graphs: int
    frames: int

    @property
    def nothing(self) -> bool:
        """Whether neither a compilation nor a fallback happened."""
        return self.graphs == 0 and self.frames == 0


def count_compiles() -> Callable[[], CompileCount]:
    """Start counting; the returned function says what has been compiled since."""
    graphs, frames = compiled_graphs(), attempted_frames()
    return lambda: CompileCount(compiled_graphs() - graphs, attempted_frames() - frames)


def refuse_compiles(compiled: CompileCount) -> None:
    """Fail a trial that compiled something while its clock ran.

    Raises:
        TrialFailure: it did.
    """
    if not compiled.nothing:
        raise TrialFailure(
            f"{compiled.graphs} graphs were compiled inside the clock, so its time means nothing. "
            "A part changes shapes, strides or Python numbers between warm-up and trial; pass tensors instead."
        )
