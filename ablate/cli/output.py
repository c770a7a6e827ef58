"""Where commands print: results on stdout, progress and remarks on stderr."""

import os

from rich.console import Console

from ablate.formats.console import line
from ablate.formats.fitted_table import UNWRAPPED

__all__ = ["line", "remark", "stderr", "stdout"]


def stdout() -> Console:
    """The console of results."""
    return _wide_unless_terminal(Console())


def stderr() -> Console:
    """The console of progress and remarks."""
    return _wide_unless_terminal(Console(stderr=True))


def remark(text: str) -> None:
    """One loud line on stderr."""
    line(stderr(), text, "yellow")


def _wide_unless_terminal(console: Console) -> Console:
    # A script's copy of a table should not be cut at the 80 columns that Rich supposes; who sets COLUMNS wants them.
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = UNWRAPPED
    return console
