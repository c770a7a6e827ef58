"""The report as Markdown that a repository page shows as it is."""

import re
from dataclasses import dataclass

from ablate.formats.printable import printable
from ablate.report.caveats import list_caveats
from ablate.report.headline import headline
from ablate.report.looks import looks_sentence
from ablate.report.provenance import provenance, reproduction
from ablate.report.sections import tables
from ablate.report.tables import ALL_ROWS, EFFECTS, Cell, Table, effect_title
from ablate.report.wording import KIND_WORDS
from ablate.stats.evidence import Evidence

MOST_ROWS = 25
"""Rows of a list of arms or pairs; longer ones show their ends."""

_SPECIAL = re.compile(r"([\\`*|~]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:]))")
_MARKUP = re.compile(r"[&<](?! )|(?<! )>")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLOCK = re.compile(r"^(\d*)([-+=#.)])")


def markdown_report(evidence: Evidence, target: float | None = None) -> str:
    """Headline, warnings, the `tables` of the study with sentences on its effects, provenance and how to reproduce."""
    study = evidence.resolved.study
    lines = [f"# {inline(study.name)}", "", line(study.question), "", f"**{inline(headline(evidence))}**", ""]
    looks = looks_sentence(evidence)
    lines += [line(looks), ""] if looks else []
    caveats = list_caveats(evidence)
    if caveats:
        lines += ["## Warnings", "", *(f"- {line(caveat.text)}" for caveat in caveats), ""]
    for table in tables(evidence, target):
        lines += [f"## {table.title}", "", line(table.remark), "", *_table(table.ends(MOST_ROWS, ALL_ROWS)), ""]
        if table.title == EFFECTS:
            notes = [f"- **{line(each.subject)}.** {inline(each.note)}" for each in notes_on(evidence)]
            lines += [*notes, ""] if notes else []
    lines += ["## Provenance", "", "| | |", "|---|---|"]
    lines += [f"| {inline(label)} | {inline(value)} |" for label, value in provenance(evidence)]
    lines.append("")
    commands = reproduction(evidence)
    if commands:
        fence = "`" * (1 + max(3, max(len(run) for run in re.findall("`*", "\n".join(commands)))) - 1)
        lines += ["## Reproduce", "", f"{fence}sh", *commands, fence, ""]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Note:
    """What to know before believing an effect."""

    subject: str
    note: str


def notes_on(evidence: Evidence) -> tuple[Note, ...]:
    """The effects that need a word besides their row in the table."""
    return tuple(
        Note(f"{effect_title(evidence, effect)}, {KIND_WORDS[effect.kind]}", f"{_capital(effect.note)}.")
        for effect in evidence.effects
        if effect.note
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def inline(text: str) -> str:
    """The text on one line, without meaning in Markdown or HTML, for the middle of a line."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))
    # Entities, not backslashes: what knows no Markdown, or another one, must not see a tag either. "p < 0.01" stays as it is.
    return _MARKUP.sub(lambda sign: _ENTITIES[sign.group()], escaped)


def line(text: str) -> str:
    """`inline` for the beginning of a line, where more signs have a meaning."""
    return _BLOCK.sub(r"\1\\\2", inline(text))


def _table(table: Table) -> list[str]:
    if not table.rows:
        return []
    heads = " | ".join(inline(column.heading) for column in table.columns)
    rules = "|".join("---:" if column.numeric else "---" for column in table.columns)
    return [f"| {heads} |", f"|{rules}|", *(f"| {' | '.join(map(_cell, row))} |" for row in table.rows)]


def _cell(cell: Cell) -> str:
    return inline(cell.line)
