"""The figures of a report: which a run folder allows, as SVG, and how they follow the page's theme."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass

from markupsafe import Markup
from matplotlib.figure import Figure as MatplotlibFigure

from ablate.errors import AblateError
from ablate.plots.drawing import WITH_TARGET, draw
from ablate.plots.length_curves import LengthCurves
from ablate.plots.saving import to_svg
from ablate.plots.style import DARK, LIGHT, Theme
from ablate.stats.evidence import Evidence
from ablate.stats.score_words import against_time, curves_title, short_name
from ablate.stats.targets import as_trials_hold
from ablate.study.score import Score

KINDS = ("waterfall", "effects", "shapley", "frontier", "interactions", "distribution", "curves")
"""The kinds in the order of a report."""


def captions(score: Score) -> Mapping[str, str]:
    """The caption of each of `KINDS`."""
    return {
        "waterfall": "Improvements, step by step",
        "effects": f"Each feature's effect on time and {short_name(score)}",
        "shapley": "Fair shares: Shapley values beside the ladder's steps",
        "frontier": against_time(score),
        "interactions": "Which features work together",
        "distribution": "Every trial, and the drift over the study",
        "curves": curves_title(score),
    }


_HEX = re.compile(r"#[0-9a-f]{6}\b")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `svg` is a whole document in the light theme, its ids those of no other kind."""

    kind: str
    caption: str
    svg: str

    @property
    def inline(self) -> Markup:
        """The drawing as an element of a page whose style sheet has `palette_css`: its colours follow the theme."""
        element = self.svg[self.svg.index("<svg") :]
        return Markup(_HEX.sub(lambda match: _VARIABLES.get(match.group(), match.group()), element))


def draw_figures(evidence: Evidence, target: float | None = None) -> tuple[Figure, ...]:
    """Every figure that the evidence allows, what the study asked first, the rest in the order of `KINDS`; in those that can show it,
    the `target`, 94 for 94 %.

    None where trials mix data sets.

    Raises:
        UsageError: a target that the score cannot reach.
    """
    if target is not None:
        as_trials_hold(target, evidence.score)
    caption = captions(evidence.score)
    drawn = (
        (kind, _drawn(kind, evidence, target if kind in WITH_TARGET else None))
        for kind in dict.fromkeys((*_first(evidence), *KINDS))
    )
    return tuple(
        Figure(kind, caption[kind], to_svg(figure, id_prefix=f"{kind}-"))
        for kind, figure in drawn
        if figure is not None
    )


def _first(evidence: Evidence) -> tuple[str, ...]:
    """The kinds that answer what the study asked, where those are not the first of all anyway."""
    if evidence.is_factorial:
        return ("shapley", "interactions")
    return ("frontier",) if LengthCurves.of(evidence) is not None else ()


def _drawn(kind: str, evidence: Evidence, target: float | None) -> MatplotlibFigure | None:
    """The figure, a waterfall with its times at equal accuracy where the study has them; None where there can be none."""
    at_lengths = kind == "waterfall" and any(arm.length != 1.0 for arm in evidence.resolved.study.arms)
    for equal_accuracy in (True, False) if at_lengths else (False,):
        # The plot says why this study has no such figure; a report simply goes without.
        with suppress(AblateError):
            return draw(kind, evidence, equal_accuracy=equal_accuracy, target=target)
    return None


def palette_css() -> str:
    """The colours of both themes as custom properties: those of the page by their role, those of figures by their light value."""
    light, dark = palette(LIGHT), palette(DARK)
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ color-scheme: dark; {dark} }} }}\n"
        f":root[data-theme=dark] {{ color-scheme: dark; {dark} }}\n"
        f":root[data-theme=light] {{ color-scheme: light; }}\n"
        f"@media print {{ :root:root:root {{ color-scheme: light; {light} }} }}\n"
    )


def _pairs() -> dict[str, tuple[str, str]]:
    """Each light colour with the dark one that takes its place."""
    pairs: dict[str, tuple[str, str]] = {}
    for role, light in asdict(LIGHT).items():
        dark = getattr(DARK, role)
        if role == "series":
            pairs |= {one: (one, other) for one, other in zip(light, dark, strict=True) if one not in pairs}
        elif role != "name":
            pairs.setdefault(light, (light, dark))
    return pairs


_PAIRS = _pairs()
_VARIABLES = {light: f"var(--f{light[1:]})" for light in _PAIRS}
_ROLES = {"background": "background", "ink": "ink", "muted": "muted", "rule": "grid", "shade": "shade"}
_TONES = ("gain", "loss", "settled")


def palette(theme: Theme) -> str:
    """The colours of one theme as custom properties."""
    page = {name: getattr(theme, role) for name, role in (_ROLES | {tone: tone for tone in _TONES}).items()}
    drawn = {f"f{light[1:]}": light if theme is LIGHT else dark for light, (_, dark) in _PAIRS.items()}
    return " ".join(f"--{name}: {colour};" for name, colour in (page | drawn).items())
