"""What a notebook shows of an object: small pieces of HTML that go with a light and a dark notebook.

Nothing here has a colour of its own: words take the notebook's, and lines are a grey that shows on both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape

from ablate.formats.printable import printable

MOST_RUNS = 6
"""Runs of equal entries that a long value is told in."""

_STYLE = """
.ablate-shown { max-width: 64rem; line-height: 1.45; font-size: 14px; overflow-x: auto; }
.ablate-shown p { margin: .4em 0; max-width: 50rem; }
.ablate-shown p.name { font-size: 1.2em; font-weight: 600; margin: .2em 0; }
.ablate-shown .quiet, .ablate-shown small { opacity: .72; }
.ablate-shown small { display: block; font-size: .85em; font-weight: 400; }
.ablate-shown ul { margin: .4em 0; padding-left: 1.3em; max-width: 50rem; }
.ablate-shown table { border-collapse: collapse; margin: .6em 0; font-size: .93em; font-variant-numeric: tabular-nums; }
.ablate-shown table tr th, .ablate-shown table tr td { padding: .3em .9em .3em 0; border: 0; vertical-align: top;
 border-bottom: 1px solid rgba(128, 128, 128, .35); background: none; white-space: normal; max-width: 30rem; text-align: left !important; }
.ablate-shown table tr .numeric { text-align: right !important; white-space: nowrap; }
.ablate-shown table tr .mark { text-align: center !important; padding-right: .3em; }
.ablate-shown table thead .mark { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left !important; padding: .6em .3em; }
.ablate-shown table thead th { vertical-align: bottom; }
.ablate-shown table tbody th { font-weight: 600; white-space: nowrap; }
.ablate-shown code { background: none; padding: 0; }
"""


def shown(*parts: Markup, style: str = "") -> str:
    """The parts one below the other, with what styles them; `style` is more of that, for `.ablate-shown`."""
    return f'<div class="ablate-shown"><style>{_STYLE}{style}</style>\n{Markup(chr(10)).join(parts)}\n</div>'


def name(text: str) -> Markup:
    """The name of what is shown."""
    return Markup('<p class="name">{}</p>').format(printable(text))


def paragraph(text: str | Markup, *, quiet: bool = False) -> Markup:
    """A paragraph; a quiet one stands back."""
    return Markup("<p{}>{}</p>").format(Markup(' class="quiet"') if quiet else "", _safe(text))


def items(texts: Iterable[str], *, kind: str = "") -> Markup:
    """A list, of a `kind` that has a style of its own; nothing where it is empty."""
    rows = [Markup("<li>{}</li>").format(_safe(text)) for text in texts]
    of_kind = Markup(' class="{}"').format(kind) if kind else ""
    return Markup("<ul{}>{}</ul>").format(of_kind, Markup("").join(rows)) if rows else Markup("")


def with_detail(text: str | Markup, detail: str) -> Markup:
    """A text with small print below it."""
    return Markup("{}<small>{}</small>").format(_safe(text), _safe(detail)) if detail else _safe(text)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str | Markup]], *, kinds: Mapping[int, str] | None = None
) -> Markup:
    """A table whose first column names the rows; `kinds` says which other columns are "numeric" or a "mark"."""
    kinds = kinds or {}

    def cell(tag: str, place: int, content: str | Markup) -> Markup:
        kind = Markup(' class="{}"').format(kinds[place]) if place in kinds else ""
        return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), kind, _safe(content))

    head = Markup("").join(cell("th", place, heading) for place, heading in enumerate(headings))
    body = Markup("").join(
        Markup("<tr>{}</tr>\n").format(
            Markup("").join(cell("td" if place else "th", place, content) for place, content in enumerate(row))
        )
        for row in rows
    )
    top = Markup("<thead><tr>{}</tr></thead>\n").format(head) if any(headings) else Markup("")
    return Markup("<table>\n{}<tbody>\n{}</tbody></table>").format(top, body)


def facts(pairs: Iterable[tuple[str, str | Markup]]) -> Markup:
    """Labels and what they say, those that say nothing left out."""
    return table(("", ""), [pair for pair in pairs if pair[1]])


def fields_shown(value: Any) -> str:
    """A dataclass as a table of its fields, long tuples as runs of equal entries."""
    rows = [(each.name, in_runs(getattr(value, each.name))) for each in fields(value)]
    return shown(name(type(value).__name__), table(("", ""), rows))


def in_runs(value: Any) -> str:
    """A value in words: of a tuple, how often each entry comes in a row, "160 × 0, 40 × 1"."""
    if not isinstance(value, tuple):
        return f"{value:,}" if type(value) is int else f"{value:.6g}" if type(value) is float else str(value)
    runs = [(entry, sum(1 for _ in same)) for entry, same in groupby(value)]
    if not runs:
        return "–"
    if len(runs) <= MOST_RUNS:
        return ", ".join(f"{count:,} × {in_runs(entry)}" for entry, count in runs)
    kinds = list(dict.fromkeys(value))
    if len(kinds) <= MOST_RUNS:
        return "in turns: " + ", ".join(f"{value.count(entry):,} × {in_runs(entry)}" for entry in kinds)
    return f"{len(value):,} entries, {in_runs(value[0])} to {in_runs(value[-1])}"


def _safe(text: str | Markup) -> Markup:
    return text if isinstance(text, Markup) else escape(printable(text))
