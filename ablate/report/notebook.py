"""What a study found, as a notebook shows it."""

import hashlib
from pathlib import Path

from markupsafe import Markup

from ablate.errors import AblateError
from ablate.formats.notebook import items, name, paragraph, shown, table, with_detail
from ablate.formats.printable import printable
from ablate.plots.drawing import draw
from ablate.plots.saving import to_svg
from ablate.plots.style import DARK, LIGHT
from ablate.report.caveats import list_caveats
from ablate.report.figures import Figure, palette
from ablate.report.headline import headline
from ablate.report.looks import looks_sentence
from ablate.report.tables import Cell, Table, arms_table, effects_table
from ablate.stats.evidence import Evidence

MOST_ROWS = 30
"""Rows of a table before it is cut to its ends."""

LARGEST_FIGURE = 200_000
"""Bytes of a figure that goes into the notebook; a larger one makes it slow to open and to compare."""

_DARK_NOTEBOOKS = (
    "body[data-jp-theme-light=false]",
    "body.vscode-dark",
    "body.vscode-high-contrast",
    "html[theme=dark]",
    "html[data-theme=dark]",
)
"""JupyterLab and what is made with it, VS Code, Colab, documentation pages."""

_STYLE = f"""
.ablate-shown {{ {palette(LIGHT)} }}
{", ".join(f"{each} .ablate-shown" for each in _DARK_NOTEBOOKS)} {{ {palette(DARK)} }}
.ablate-shown .better {{ color: var(--gain); font-weight: 600; }}
.ablate-shown .worse {{ color: var(--loss); font-weight: 600; }}
.ablate-shown .equivalent, .ablate-shown .identical {{ color: var(--settled); }}
.ablate-shown .inconclusive, .ablate-shown .no-verdict {{ opacity: .8; }}
.ablate-shown ul.caveats {{ border-left: 3px solid var(--loss); padding: .1em .5em .1em 1.8em; }}
.ablate-shown .drawing svg {{ max-width: 46rem; width: 100%; height: auto; border-radius: 4px; }}
"""


def results_html(evidence: Evidence, folder: Path) -> str:
    """The headline, what to be wary of, the effects (of a study without any: the arms) and the first of its figures."""
    told = effects_table(evidence) if evidence.effects else arms_table(evidence)
    looks = looks_sentence(evidence)
    return shown(
        name(evidence.resolved.study.name),
        paragraph(evidence.resolved.study.question, quiet=True),
        paragraph(headline(evidence)),
        *((paragraph(looks),) if looks else ()),
        items((caveat.text for caveat in list_caveats(evidence)), kind="caveats"),
        _shown(told.without_extras().ends(MOST_ROWS, "`.effects` and `.trials` have all")),
        paragraph(told.remark, quiet=True),
        _figure(evidence),
        paragraph(f"Run folder: {folder}", quiet=True),
        style=_STYLE,
    )


def _shown(told: Table) -> Markup:
    kinds = {place: "numeric" for place, column in enumerate(told.columns) if column.numeric}
    return table([column.heading for column in told.columns], [list(map(_cell, row)) for row in told.rows], kinds=kinds)


def _cell(cell: Cell) -> Markup:
    if not cell.tone:
        return with_detail(cell.text, cell.detail)
    tone = cell.tone.replace(" ", "-")
    return with_detail(Markup('<span class="{}">{}</span>').format(tone, printable(cell.text)), cell.detail)


def _figure(evidence: Evidence) -> Markup:
    """The waterfall, else the effects; nothing where there is neither or it is large."""
    for kind in ("waterfall", "effects"):
        try:
            drawn = draw(kind, evidence)
        except AblateError:
            continue
        # Several studies may be shown in one notebook, whose ids must not meet; the same one shown twice is the same drawing.
        same = hashlib.sha256(f"{evidence.resolved.to_json()} {len(evidence.frame)}".encode()).hexdigest()[:10]
        figure = Figure(kind, "", to_svg(drawn, id_prefix=f"{kind}-{same}-"))
        return (
            Markup('<div class="drawing">{}</div>').format(figure.inline)
            if len(figure.svg) <= LARGEST_FIGURE
            else Markup("")
        )
    return Markup("")
