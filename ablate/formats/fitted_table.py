"""Tables for a terminal of any width: whole where they fit, words folded where that is enough, one cell a line otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

UNWRAPPED = 100_000
"""Columns where nothing limits them: a file, or a pipe whose reader has not set COLUMNS."""

LEAST_FOR_WORDS = 16
"""Columns that a column of words keeps, or its longest word, before the table is taken apart."""

_GAP = 2


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    numeric: bool
    words: bool
    cells: list[Text] = field(default_factory=list)

    @property
    def whole(self) -> int:
        """Columns of the terminal that it takes when nothing is folded."""
        lines = [line for text in self._texts() for line in text.plain.split("\n")]
        return max(Text(line).cell_len for line in lines)

    @property
    def least(self) -> int:
        """Columns that it takes at least without breaking a number, a path or a word."""
        if not self.words:
            return self.whole
        longest = max((Text(word).cell_len for text in self._texts() for word in text.plain.split()), default=0)
        return min(self.whole, max(longest, LEAST_FOR_WORDS))

    def _texts(self) -> Iterator[Text]:
        yield Text(self.heading)
        yield from self.cells


class FittedTable:
    """A table without a frame; columns of words may be folded, others never are.

    Where even folded words do not fit, each row becomes its first cell with a line for each of the others below it.
    """

    def __init__(self) -> None:
        self._columns: list[_Column] = []

    def add_column(self, heading: str, *, numeric: bool = False, words: bool = False) -> None:
        """A column of numbers (to the right), of words that may be folded, or of names that stay whole."""
        self._columns.append(_Column(heading, numeric, words))

    def add_row(self, *cells: str | Text) -> None:
        """A cell for each column."""
        for column, cell in zip(self._columns, cells, strict=True):
            column.cells.append(cell if isinstance(cell, Text) else Text(cell))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        gaps = _GAP * (len(self._columns) - 1)
        fits = gaps + sum(column.least for column in self._columns) <= options.max_width
        yield self._table() if fits else self._stacked()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._table())

    def _table(self) -> RichTable:
        table = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        for column in self._columns:
            justify: Literal["left", "right"] = "right" if column.numeric else "left"
            table.add_column(
                column.heading, justify=justify, overflow="fold", no_wrap=not column.words, min_width=column.least
            )
        for row in self._rows():
            table.add_row(*row)
        return table

    def _stacked(self) -> RichTable:
        headings = [column.heading for column in self._columns]
        outer = RichTable.grid()
        for number, (first, *rest) in enumerate(self._rows()):
            if number:
                outer.add_row("")
            name = first.copy()
            name.stylize("bold")
            outer.add_row(name)
            inner = RichTable.grid(padding=(0, _GAP, 0, 0))
            inner.add_column(no_wrap=True, style="dim", min_width=max(map(len, headings[1:]), default=0))
            inner.add_column(overflow="fold")
            for heading, cell in zip(headings[1:], rest, strict=True):
                if cell.plain:
                    inner.add_row(f"  {heading}", cell)
            outer.add_row(inner)
        return outer

    def _rows(self) -> Iterator[tuple[Text, ...]]:
        return zip(*(column.cells for column in self._columns), strict=True)
