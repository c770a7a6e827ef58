"""The table that a training prints, in airbench's columns."""

from collections.abc import Mapping
from typing import TypeAlias

Cell: TypeAlias = str | int | float

WIDTHS = {
    "run": 6,
    "epoch": 5,
    "train_loss": 10,
    "train_acc": 9,
    "val_acc": 7,
    "tta_val_acc": 11,
    "total_time_seconds": 18,
}
"""The columns, and how wide each is."""

RULE = "-" * (sum(width + 5 for width in WIDTHS.values()) + 1)


def head() -> str:
    """The names of the columns between two rules."""
    return f"{RULE}\n{_line({name: name.ljust(width) for name, width in WIDTHS.items()})}\n{RULE}"


def row(cells: Mapping[str, Cell]) -> str:
    """One row: fractions with four digits, columns that are not told blank."""
    return _line({name: _shown(cells.get(name, "")).rjust(width) for name, width in WIDTHS.items()})


def _shown(cell: Cell) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def _line(cells: Mapping[str, str]) -> str:
    return "".join(f"|  {cells[name]}  " for name in WIDTHS) + "|"
