"""The report as a terminal shows it."""

from dataclasses import dataclass
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from ablate.evidence import Evidence
from ablate.report.answers import answers
from ablate.report.caveats import list_caveats
from ablate.report.headline import headline
from ablate.report.tables import ALL_ROWS, Cell, Table, arms_table, effects_table

_STYLES = {
    "better": "green",
    "worse": "red",
    "equivalent": "yellow",
    "identical": "yellow",
    "inconclusive": "dim",
    "no verdict": "dim",
}

PLAIN_WIDTH = 160
"""Columns of a report that is written to a file."""

MOST_ROWS = 16
"""Rows of a table before it is cut to its ends, so that headline and answer stay on the screen."""

LEAST_FOR_WORDS = 16
"""Columns that a table leaves each column of words before it folds numbers too."""


def terminal_report(evidence: Evidence) -> RenderableType:
    """Headline, what the study asked, effects, arms, and every warning; it folds rather than cuts where there is little room."""
    parts: list[RenderableType] = [Text(headline(evidence), style="bold")]
    tables = [*answers(evidence), *([effects_table(evidence)] if evidence.effects else []), arms_table(evidence)]
    for table in tables:
        parts += [Text(), Text(table.title, style="bold"), _Shown(table.without_extras().ends(MOST_ROWS, ALL_ROWS))]
        parts.append(Text(table.remark, style="dim"))
    unmeasured = [f"{effect.subject}: {effect.note}" for effect in evidence.effects if not effect.blocks]
    remarks = [*(caveat.text for caveat in list_caveats(evidence)), *dict.fromkeys(unmeasured)]
    if remarks:
        parts.append(Text())
    parts += [Text.assemble(("! ", "bold yellow"), remark) for remark in remarks]
    return Group(*parts)


def plain_report(evidence: Evidence) -> str:
    """`terminal_report` as text without colours, 160 columns wide."""
    console = Console(width=PLAIN_WIDTH, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(terminal_report(evidence))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


@dataclass(frozen=True)
class _Shown:
    """A table that keeps numbers with their intervals on one line as long as that leaves the words room to fold."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = list(zip(*([_text(cell) for cell in row] for row in self.table.rows), strict=True))
        numeric = [column.numeric for column in self.table.columns]
        cells = columns or [()] * len(numeric)
        taken = sum(
            2 + max(len(text) for text in (column.heading, *texts))
            for column, texts in zip(self.table.columns, cells, strict=True)
            if column.numeric
        )
        whole = options.max_width - taken >= LEAST_FOR_WORDS * numeric.count(False)
        shown = RichTable(box=None, pad_edge=False, header_style="bold", title=None)
        for column in self.table.columns:
            justify: Literal["left", "right"] = "right" if column.numeric else "left"
            shown.add_column(column.heading, justify=justify, overflow="fold", no_wrap=column.numeric and whole)
        for row in zip(*columns, strict=True):
            shown.add_row(*row)
        yield shown


def _text(cell: Cell) -> Text:
    text = Text(cell.text, style=_STYLES.get(cell.tone, ""))
    return text.append(cell.tail, style="dim")
