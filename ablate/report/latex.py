"""The report's tables for a paper: booktabs, nothing of it in need of other packages."""

import re

from ablate.formats.printable import printable
from ablate.report.headline import headline
from ablate.report.sections import tables
from ablate.report.tables import ALL_ROWS, Cell, Table
from ablate.stats.evidence import Evidence
from ablate.stats.wording import MINUS

MOST_ROWS = 40
"""What fits on a page; longer tables show their ends."""

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


def latex_report(evidence: Evidence, target: float | None = None) -> str:
    """The `tables` of the study, each a table environment; needs \\usepackage{booktabs}."""
    shown = [table.without_extras().ends(MOST_ROWS, ALL_ROWS) for table in tables(evidence, target) if table.rows]
    # The headline belongs to whatever stands first.
    captions = [table.remark for table in shown]
    captions[0] = f"{headline(evidence)} {captions[0]}"
    name = evidence.resolved.study.name
    environments = [
        _environment(table, caption, f"{name}-{table.title.lower()}")
        for table, caption in zip(shown, captions, strict=True)
    ]
    return "\n".join(["% \\usepackage{booktabs}", *environments])


def escaped(text: str) -> str:
    """The text as LaTeX sets it, letter by letter."""
    return "".join(_ESCAPES.get(letter, letter) for letter in " ".join(printable(text).split()))


def _environment(table: Table, caption: str, label: str) -> str:
    layout = "".join("r" if column.numeric else "l" for column in table.columns)
    heads = " & ".join(escaped(column.heading) for column in table.columns)
    rows = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in table.rows]
    plain_label = "-".join(re.findall(r"\w+", label))
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
    return escaped(cell.line)
