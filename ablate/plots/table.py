"""Tables of numbers, read row by row."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import pandas as pd

from ablate.errors import UsageError

Looks: TypeAlias = dict[str, Any]
"""Keyword arguments that say how a matplotlib artist looks."""


def rows(table: pd.DataFrame) -> Iterator[Any]:
    """Named tuples with the columns as attributes."""
    return iter(table.itertuples())


def number(table: pd.DataFrame, row: int, column: str) -> float:
    """One entry as a float."""
    return float(table[column].iloc[row])


def first_note(table: pd.DataFrame, otherwise: str) -> str:
    """The first reason that the table gives for a missing number, else `otherwise`."""
    notes = [str(note) for note in table["note"] if note] if "note" in table.columns else []
    return notes[0] if notes else otherwise


def need_columns(table: pd.DataFrame, columns: Sequence[str], what: str, maker: str) -> None:
    """See that a table has what a plot reads.

    Raises:
        UsageError: it lacks columns; the message names them and the function that makes such tables.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UsageError(f"This table of {what} lacks {', '.join(missing)}; make it with {maker}.")
