"""The report as a terminal shows it."""

from rich.console import Console, Group, RenderableType
from rich.text import Text

from ablate.formats.fitted_table import UNWRAPPED, FittedTable
from ablate.report.caveats import list_caveats
from ablate.report.headline import headline
from ablate.report.looks import looks_sentence
from ablate.report.sections import tables
from ablate.report.tables import ALL_ROWS, Cell, Table, effect_title
from ablate.stats.evidence import Evidence
from ablate.stats.wording import listed

_STYLES = {
    "better": "green",
    "worse": "red",
    "equivalent": "yellow",
    "identical": "yellow",
    "inconclusive": "dim",
    "no verdict": "dim",
}

MOST_ROWS = 16
"""Rows of a table before it is cut to its ends, so that headline and answer stay on the screen."""


def terminal_report(evidence: Evidence, target: float | None = None) -> RenderableType:
    """Headline, the `tables` of the study, and every warning; folded or stacked where there is little room."""
    parts: list[RenderableType] = [Text(headline(evidence), style="bold")]
    looks = looks_sentence(evidence)
    parts += [Text(looks)] if looks else []
    for table in tables(evidence, target):
        parts += [Text(), Text(table.title, style="bold")]
        parts += [_shown(table.without_extras().ends(MOST_ROWS, ALL_ROWS))] if table.rows else []
        parts.append(Text(table.remark, style="dim"))
    remarks = [*(caveat.text for caveat in list_caveats(evidence)), *_notes(evidence)]
    if remarks:
        parts.append(Text())
    parts += [Text.assemble(("! ", "bold yellow"), remark) for remark in remarks]
    return Group(*parts)


def _notes(evidence: Evidence) -> list[str]:
    """What to know before believing single effects, those with one note together; what holds for all is a caveat already."""
    subjects: dict[str, list[str]] = {}
    for effect in evidence.effects:
        if effect.note:
            subjects.setdefault(effect.note, []).append(effect_title(evidence, effect))
    return [f"{listed(list(dict.fromkeys(names)))}: {note}." for note, names in subjects.items()]


def plain_report(evidence: Evidence, target: float | None = None) -> str:
    """`terminal_report` as text without colours, nothing of it folded."""
    console = Console(width=UNWRAPPED, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(terminal_report(evidence, target))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _shown(table: Table) -> FittedTable:
    shown = FittedTable()
    for column in table.columns:
        shown.add_column(column.heading, numeric=column.numeric, words=not column.numeric)
    for row in table.rows:
        shown.add_row(*map(_text, row))
    return shown


def _text(cell: Cell) -> Text:
    text = Text(cell.text, style=_STYLES.get(cell.tone, ""))
    return text.append(cell.tail, style="dim")
