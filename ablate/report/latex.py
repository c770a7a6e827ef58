"""The report's two tables for a paper: booktabs, nothing of it in need of other packages."""

from ablate.evidence import Evidence
from ablate.printable import printable
from ablate.report.headline import headline
from ablate.report.tables import Cell, Table, arms_table, effects_table
from ablate.report.wording import NOTHING
from ablate.stats.wording import MINUS

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "[": "{[}",
    "]": "{]}",
    MINUS: r"\ensuremath{-}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",
    "–": "--",
}


def latex_report(evidence: Evidence) -> str:
    """Effects (where the study has contrasts) and arms, each a table environment; needs \\usepackage{booktabs}."""
    tables = [_environment(arms_table(evidence), "Mean ± sd over trials.", f"{evidence.resolved.study.name}-arms")]
    if evidence.effects:
        caption = f"{headline(evidence)} Differences are with the feature minus without it, with 95 % intervals."
        tables.insert(0, _environment(effects_table(evidence), caption, f"{evidence.resolved.study.name}-effects"))
    return "\n".join(["% \\usepackage{booktabs}", *tables])


def escaped(text: str) -> str:
    """The text as LaTeX sets it, letter by letter."""
    return "".join(_ESCAPES.get(letter, letter) for letter in " ".join(printable(text).split()))


def _environment(table: Table, caption: str, label: str) -> str:
    layout = "".join("r" if column.numeric else "l" for column in table.columns)
    heads = " & ".join(escaped(column.heading) for column in table.columns)
    rows = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in table.rows]
    plain_label = "".join(letter if letter.isalnum() else "-" for letter in label)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\small",
            rf"\caption{{{escaped(caption)}}}\label{{tab:{plain_label}}}",
            rf"\begin{{tabular}}{{{layout}}}",
            r"\toprule",
            rf"{heads} \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _cell(cell: Cell) -> str:
    if cell.detail in ("", NOTHING):
        return escaped(cell.text)
    return escaped(f"{cell.text} {cell.detail}" if cell.detail.startswith("[") else f"{cell.text} ({cell.detail})")
