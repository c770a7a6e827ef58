"""What a trial that failed says of it."""

import traceback

import torch

from ablate.training.kinds import TrialFailure


def explain(failure: Exception, device: torch.device, *, debug: bool) -> str:
    """One line: what went wrong with an arm, and what to do; with `debug` the traceback is printed."""
    if isinstance(failure, TrialFailure):
        return str(failure)
    if debug:
        traceback.print_exception(failure)
    text = next(iter(str(failure).splitlines()), "")
    if isinstance(failure, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in text:
        if device.type == "cuda":
            torch.cuda.empty_cache()
        return f"Out of memory on {device}. Free it (`ablate doctor` lists what uses it) or take `--preset mini`."
    if "file too short" in text:
        # What the loader says of a shared library that a process killed while compiling left behind.
        return (
            f"The compile cache holds a torn file: {text.rstrip('.')}. "
            "Remove the cache's folder, then `ablate study resume DIR --retry-failed`."
        )
    reason = f"{type(failure).__name__}: {text}" if text else type(failure).__name__
    return f"{reason.rstrip('.')}. Run again with --debug for the traceback."
