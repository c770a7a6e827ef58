"""Lines on a console."""

from rich.console import Console
from rich.text import Text

from ablate.formats.printable import printable_lines


def line(console: Console, text: str, style: str = "") -> None:
    """One line of plain text, which only the terminal itself may break: a path or command in it can be copied whole."""
    console.print(Text(printable_lines(text), style=style), soft_wrap=True)
