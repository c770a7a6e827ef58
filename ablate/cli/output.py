"""Where commands print: results on stdout, progress and remarks on stderr."""

from rich.console import Console
from rich.text import Text

from ablate.printable import printable_lines

UNKNOWN_WIDTH = 160
"""Columns where there is no terminal: a script's copy of a table should not be cut at 80."""


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
    if not console.is_terminal:
        console.width = UNKNOWN_WIDTH
    return console
