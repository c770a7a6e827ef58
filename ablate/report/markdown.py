"""The report as Markdown that a repository page shows as it is."""

import re
from dataclasses import dataclass

from ablate.evidence import Evidence
from ablate.printable import printable
from ablate.report.caveats import list_caveats
from ablate.report.headline import headline
from ablate.report.provenance import provenance, reproduction
from ablate.report.tables import Cell, Table, arms_table, effect_title, effects_table
from ablate.report.wording import KIND_WORDS, NOTHING
from ablate.stats import Effect

_SPECIAL = re.compile(r"([\\`*|~]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:]))")
_MARKUP = re.compile(r"[&<](?! )|(?<! )>")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLOCK = re.compile(r"^(\d*)([-+=#.)])")


def markdown_report(evidence: Evidence) -> str:
    """Headline, warnings, effects with sentences, arms, provenance and how to reproduce."""
    study = evidence.resolved.study
    lines = [f"# {inline(study.name)}", "", line(study.question), "", f"**{inline(headline(evidence))}**", ""]
    caveats = list_caveats(evidence)
    if caveats:
        lines += ["## Warnings", "", *(f"- {line(caveat.text)}" for caveat in caveats), ""]
    if evidence.effects:
        lines += [
            "## Effects",
            "",
            "With it minus without it; time saved in percent of the time without it, plus is better; 95 % intervals, each for itself; "
            "p (Holm) and verdicts allow for all contrasts of the study.",
            "",
        ]
        lines += [*_table(effects_table(evidence)), ""]
        lines += [
            f"- **{line(each.subject)}.** {inline(f'{each.sentence} {each.note}')}" for each in statements(evidence)
        ]
        lines.append("")
    lines += ["## Arms", "", "Mean ± sd over trials.", "", *_table(arms_table(evidence)), ""]
    lines += ["## Provenance", "", "| | |", "|---|---|"]
    lines += [f"| {inline(label)} | {inline(value)} |" for label, value in provenance(evidence)]
    lines.append("")
    commands = reproduction(evidence)
    if commands:
        fence = "`" * (1 + max(3, max(len(run) for run in re.findall("`*", "\n".join(commands)))) - 1)
        lines += ["## Reproduce", "", f"{fence}sh", *commands, fence, ""]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Statement:
    """One effect in full: what was measured and how, what it shows, and what to know before believing it ("" if nothing)."""

    subject: str
    sentence: str
    note: str


def statements(evidence: Evidence) -> tuple[Statement, ...]:
    """Each effect with its intervals, its verdicts and what would settle them."""
    return tuple(_statement(evidence, effect) for effect in evidence.effects)


def _statement(evidence: Evidence, effect: Effect) -> Statement:
    said = effect.sentence.removeprefix(f"{effect.subject}: ")
    note = f"{_capital(effect.note)}." if effect.note and effect.blocks else ""
    return Statement(f"{effect_title(evidence, effect)}, {KIND_WORDS[effect.kind]}", f"{_capital(said)}.", note)


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
    heads = " | ".join(column.heading for column in table.columns)
    rules = "|".join("---:" if column.numeric else "---" for column in table.columns)
    return [f"| {heads} |", f"|{rules}|", *(f"| {' | '.join(map(_cell, row))} |" for row in table.rows)]


def _cell(cell: Cell) -> str:
    detail = "" if cell.detail in ("", NOTHING) else f" {cell.detail}" if cell.detail[0] == "[" else f" ({cell.detail})"
    return inline(cell.text + detail)
