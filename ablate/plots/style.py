"""How the figures look: two themes, sizes that follow the width, and matplotlib settings that end with the drawing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib import style as matplotlib_style

from ablate.errors import UsageError, near_match_and_all
from ablate.stats.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours of a figure. Hues are those of Okabe and Ito, which people with any colour vision can tell apart.

    `gain` draws what is better, `loss` what is worse and warns, `total` the sum, `settled` what is shown to make no difference,
    `published` numbers that were not measured here. `series` is a cycle for arms and processes; none of its colours warns.
    """

    name: str
    background: str
    ink: str
    muted: str
    grid: str
    shade: str
    gain: str
    loss: str
    total: str
    settled: str
    published: str
    series: tuple[str, ...]


LIGHT = Theme(
    name="light",
    background="#ffffff",
    ink="#1c2128",
    muted="#5b626c",
    grid="#e1e4e8",
    shade="#e9edf2",
    gain="#0072b2",
    loss="#d55e00",
    total="#52657a",
    settled="#8a6100",
    published="#94a3b3",
    series=("#0072b2", "#b8578f", "#1b8a66", "#a87400", "#6a51b8", "#4a4e57", "#3d9bd1"),
)

DARK = Theme(
    name="dark",
    background="#14181d",
    ink="#eceff2",
    muted="#a9b1bb",
    grid="#2f363f",
    shade="#262d36",
    gain="#56b4e9",
    loss="#f5853f",
    total="#7f92a8",
    settled="#e8c04a",
    published="#76838f",
    series=("#56b4e9", "#e08fc0", "#35c997", "#e8c04a", "#b09ae8", "#c3c9d0", "#8fd0f5"),
)

THEMES: Mapping[str, Theme] = {theme.name: theme for theme in (LIGHT, DARK)}

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

SMALL = 0.9
"""The size of captions and of text beside marks, to that of ordinary text."""

DEFAULT_WIDTH_INCHES = 7.0
NARROWEST_INCHES, WIDEST_INCHES = 2.5, 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictMark:
    """A verdict by colour (a field of Theme) and by shape, so that neither is needed to tell it."""

    colour: str
    marker: str
    filled: bool


VERDICT_MARKS: Mapping[Verdict, VerdictMark] = {
    "better": VerdictMark(colour="gain", marker="o", filled=True),
    "worse": VerdictMark(colour="loss", marker="v", filled=True),
    "equivalent": VerdictMark(colour="settled", marker="s", filled=True),
    "identical": VerdictMark(colour="settled", marker="s", filled=False),
    "inconclusive": VerdictMark(colour="muted", marker="D", filled=False),
    "no verdict": VerdictMark(colour="muted", marker="x", filled=True),
}


def theme_named(name: str) -> Theme:
    """The theme of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in THEMES:
        raise UsageError(f"There is no theme '{name}'.{near_match_and_all(name, THEMES)}")
    return THEMES[name]


def font_points(width_inches: float) -> float:
    """The size of ordinary text: 7 points in a column of 3.5 inches, 11 on a slide of 10."""
    return min(max(5.0 + 0.6 * width_inches, 7.0), 13.0)


def check_width(width_inches: float) -> float:
    """The width, if a figure can have it.

    Raises:
        UsageError: it is not a number of inches between 2.5 and 40.
    """
    if not NARROWEST_INCHES <= width_inches <= WIDEST_INCHES:
        raise UsageError(
            f"A figure cannot be {width_inches:g} inches wide; "
            f"give {NARROWEST_INCHES:g} to {WIDEST_INCHES:g} (3.5 is a column, 10 a slide)."
        )
    return width_inches


@contextmanager
def settings(theme: Theme, points: float) -> Iterator[None]:
    """Matplotlib's defaults with the theme's settings, whatever the user's own are; on leaving, the user's are back."""
    ours = {
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.background,
        "axes.labelcolor": theme.ink,
        "axes.labelsize": points,
        "axes.linewidth": 0.8,
        "axes.titlecolor": theme.ink,
        "figure.facecolor": theme.background,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica", "sans-serif"],
        "font.size": points,
        "hatch.linewidth": 0.6,
        "legend.fontsize": points,
        "pdf.fonttype": 42,
        "savefig.facecolor": "auto",
        "svg.fonttype": "none",
        "svg.hashsalt": "ablate",
        "text.color": theme.ink,
        # Widths must not depend on the resolution that they are measured at.
        "text.hinting": "none",
        # A dollar sign in a name is a dollar sign.
        "text.parse_math": False,
        "xtick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "xtick.labelsize": points,
        "ytick.color": theme.muted,
        "ytick.labelcolor": theme.ink,
        "ytick.labelsize": points,
    }
    with matplotlib.rc_context(), matplotlib_style.context(["default", ours]):
        yield
