"""Where commands print: results on stdout, progress and remarks on stderr."""

import os

from rich.console import Console
from rich.text import Text

from ablate.formats.fitted_table import UNWRAPPED
from ablate.formats.printable import printable_lines


def stdout() -> Console:
    """The console of results."""
    return _wide_unless_terminal(Console())


def stderr() -> Console:
    """The console of progress and remarks."""
    return _wide_unless_terminal(Console(stderr=True))


def remark(text: str) -> None:
    """One loud line on stderr."""
    line(stderr(), text, "yellow")


def line(console: Console, text: str, style: str = "") -> None:
    """One line of plain text, which only the terminal itself may break: a path or command in it can be copied whole."""
    console.print(Text(printable_lines(text), style=style), soft_wrap=True)


def _wide_unless_terminal(console: Console) -> Console:
    # A script's copy of a table should not be cut at the 80 columns that Rich supposes; who sets COLUMNS wants them.
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = UNWRAPPED
    return console
