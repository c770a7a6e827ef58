"""What the whole command line shares."""

import os

DEBUG_FLAG = "--debug"
_DEBUG_VARIABLE = "ABLATE_DEBUG"


def set_debugging() -> None:
    """Show tracebacks, in child processes too."""
    os.environ[_DEBUG_VARIABLE] = "1"


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return os.environ.get(_DEBUG_VARIABLE, "") not in ("", "0")
