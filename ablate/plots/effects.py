"""The forest plot: what each feature does to time and to the score, with intervals, margins and verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ablate.errors import UsageError
from ablate.plots import style, text
from ablate.plots.effect_panels import KIND_TITLES, Panel, kind_title, panels_of
from ablate.plots.outcomes import Outcome, chosen_panels
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, number_ticks, sheet
from ablate.plots.table import Looks, first_note, need_columns, number
from ablate.stats.effect import Effect
from ablate.stats.effects import LEVEL
from ablate.stats.verdicts import SIGNIFICANCE, Margins
from ablate.stats.wording import AVERAGED, EVERYTHING, confidence_words, counted, sample_words
from ablate.study.score import TTA_ACCURACY, Score

DEFAULT_MARGINS = Margins()
"""The score's own margin, and 0.5 % of time."""


def effects(
    data: pd.DataFrame | Sequence[Effect],
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    outcome: Outcome = "both",
    margins: Margins = DEFAULT_MARGINS,
    titles: Mapping[str, str] | None = None,
    title: str = "",
    setting: str = "",
    score: Score = TTA_ACCURACY,
    level: float | None = None,
) -> Axes:
    """Draw the effects of `ablate.stats.effects` (or `list_effects`) as points with their intervals, the most time saved first.

    Right of zero is better in both panels: time saved, the score gained, or lowered where `score` says that less is better. A thin
    line goes on to the ends of the interval that allows for all contrasts of the study, as verdicts do. Shaded: the margins within
    which a difference counts as none. Verdicts are told by colour and by shape. Several kinds of contrast make one section each.
    `level` is what the intervals were made at, by default what the table says. With `outcome` "both" the returned axes hold two
    panels, time and score (`Axes.child_axes`).

    Raises:
        UsageError: no effect, a table that lacks columns, no finite effect at all, an unknown outcome or theme.
    """
    table = _table(data)
    level = float(table.attrs.get(LEVEL, SIGNIFICANCE)) if level is None else level
    panels = _chosen(table, outcome, margins, score)
    rows = _rows(table, titles or {}, panels)
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    points = style.font_points(width)
    names = [text.wrap(row.name, _name_points(width), points, row.weight) for row in rows]
    lines = [
        text.line_count(name) + (0.55 if row.index is None else 0.7) for name, row in zip(names, rows, strict=True)
    ]
    content = sum(lines) * text.LINE_HEIGHT * points / INCH
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        places = _places(lines)
        axes = _split(on, len(panels))
        for panel_axes in axes:
            dress(panel_axes, on, grid="x")
            panel_axes.spines["left"].set_visible(False)
            panel_axes.set_ylim(sum(lines), 0)
            panel_axes.set_yticks([])
        _write_names(axes[0], on, names, rows, places)
        on.fit()
        for panel_axes, panel in zip(axes, panels, strict=True):
            _draw_panel(panel_axes, on, table, rows, places, panel)
        on.fit()
        on.legend(*_legend(on, table, rows, panels))
        on.header(title)
        on.describe(title or "What each feature does", _description(table, score))
        on.caption(_remarks(table, panels, margins, setting, score, level))
        return on.ax


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the plot: an effect by its place in the table, or the heading of a section."""

    name: str
    index: int | None

    @property
    def weight(self) -> str:
        """Headings are bold."""
        return "bold" if self.index is None else "normal"


def _table(data: pd.DataFrame | Sequence[Effect]) -> pd.DataFrame:
    table = data if isinstance(data, pd.DataFrame) else pd.DataFrame([asdict(effect) for effect in data])
    if table.empty:
        raise UsageError("There is no effect to draw: the study has no contrast between two arms.")
    needed = ["subject", "kind", "blocks", "time_blocks", "processes"]
    needed += [column for panel in panels_of(DEFAULT_MARGINS, TTA_ACCURACY).values() for column in panel[:7]]
    need_columns(table, needed, "effects", "ablate.stats.effects")
    return table.reset_index(drop=True)


def _chosen(table: pd.DataFrame, outcome: str, margins: Margins, score: Score) -> list[Panel]:
    panels = chosen_panels(panels_of(margins, score), outcome, lambda panel: table[panel.value])
    if not panels:
        reason = first_note(table, "no block has a usable trial of both arms")
        raise UsageError(f"No effect has a number yet: {reason}.")
    return panels


def _rows(table: pd.DataFrame, titles: Mapping[str, str], panels: Sequence[Panel]) -> list[_Row]:
    sort_by = panels[0].value
    kinds = list(dict.fromkeys(table["kind"]))
    rows = []
    for kind in kinds:
        if len(kinds) > 1:
            rows.append(_Row(kind_title(table, kind), None))
        section = table[table["kind"] == kind]
        # A ladder's steps have an order of their own.
        ordered = section if kind == "ladder" else section.sort_values(sort_by, kind="stable", ascending=False)
        names = titles if kind != "total" else dict.fromkeys(ordered["subject"], EVERYTHING)
        rows += [_Row(names.get(subject, subject), index) for index, subject in ordered["subject"].items()]
    return rows


def _name_points(width: float) -> float:
    return 0.32 * width * INCH


def _places(lines: Sequence[float]) -> list[float]:
    """The middle of each row, in lines of type from the top."""
    places, top = [], 0.0
    for height in lines:
        places.append(top + height / 2)
        top += height
    return places


def _split(on: Sheet, count: int) -> list[Axes]:
    if count == 1:
        return [on.ax]
    on.ax.set_axis_off()
    gap = 0.06
    width = (1 - gap) / 2
    return [on.panel(side * (width + gap), 0.0, width, on.content_inches) for side in range(2)]


def _write_names(axes: Axes, on: Sheet, names: Sequence[str], rows: Sequence[_Row], places: Sequence[float]) -> None:
    axes.set_yticks(places, labels=names)
    axes.tick_params(axis="y", length=0)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight(row.weight)
        label.set_color(on.theme.muted if row.index is None else on.theme.ink)


def _draw_panel(
    axes: Axes, on: Sheet, table: pd.DataFrame, rows: Sequence[_Row], places: Sequence[float], panel: Panel
) -> None:
    theme = on.theme
    axes.axvspan(-panel.margin, panel.margin, color=theme.shade, linewidth=0, zorder=0.5)
    axes.axvline(0, color=theme.muted, linewidth=0.8, zorder=1)
    reach = [-1.6 * panel.margin, 1.6 * panel.margin]
    for row, place in zip(rows, places, strict=True):
        if row.index is None:
            continue
        value, low, high = (number(table, row.index, column) for column in panel[:3])
        family = [number(table, row.index, column) for column in (panel.family_low, panel.family_high)]
        if not isfinite(value):
            axes.annotate(
                "?", (0, place), ha="center", va="center", fontsize=on.points, color=theme.muted, annotation_clip=False
            )
            continue
        mark = style.VERDICT_MARKS[table[panel.verdict].iloc[row.index]]
        colour = getattr(theme, mark.colour)
        if isfinite(low) and isfinite(high):
            axes.plot([low, high], [place, place], color=colour, linewidth=1.5, solid_capstyle="butt", zorder=2)
            reach += [low, high]
        if all(isfinite(end) for end in family):
            axes.plot(family, [place, place], color=colour, linewidth=0.6, solid_capstyle="butt", zorder=1.9)
            reach += family
        reach.append(value)
        axes.plot([value], [place], linestyle="none", zorder=3, **_looks(on, mark))
    room = 0.06 * (max(reach) - min(reach))
    axes.set_xlim(min(reach) - room, max(reach) + room)
    number_ticks(axes, on, "x", sample="−0.25")
    label_axis(axes, on, "x", panel.name)


def _looks(on: Sheet, mark: style.VerdictMark) -> Looks:
    colour = getattr(on.theme, mark.colour)
    return {
        "marker": mark.marker,
        "markersize": 0.66 * on.points,
        "markeredgecolor": colour,
        "markeredgewidth": 1.3,
        "markerfacecolor": colour if mark.filled else on.theme.background,
    }


def _legend(
    on: Sheet, table: pd.DataFrame, rows: Sequence[_Row], panels: Sequence[Panel]
) -> tuple[list[Artist], list[str]]:
    shown = [row.index for row in rows if row.index is not None]
    seen = {
        table[panel.verdict].iloc[index]
        for panel in panels
        for index in shown
        if isfinite(number(table, index, panel.value))
    }
    verdicts = [verdict for verdict in style.VERDICT_MARKS if verdict in seen]
    handles: list[Artist] = [
        Line2D([], [], linestyle="none", **_looks(on, style.VERDICT_MARKS[one])) for one in verdicts
    ]
    return [*handles, Patch(facecolor=on.theme.shade)], [*verdicts, "counts as no difference"]


def _description(table: pd.DataFrame, score: Score) -> str:
    if "headline" in table.columns:
        # Once for all of them, not in every headline.
        headlines = "; ".join(str(headline).replace(f", {AVERAGED}", "") for headline in table["headline"])
        how = f", those of single features {AVERAGED}" if (table["kind"] == "screening").any() else ""
        return f"Forest plot of effects on time and {score.title}{how}. {headlines}."
    return f"Forest plot of the effects of {', '.join(map(str, table['subject']))} on time and {score.title}."


def _remarks(
    table: pd.DataFrame, panels: Sequence[Panel], margins: Margins, setting: str, score: Score, level: float
) -> list[str]:
    blocks, rounds, processes = (int(table[column].max()) for column in ("blocks", "time_blocks", "processes"))
    kinds = list(dict.fromkeys(table["kind"]))
    remarks = [f"n = {sample_words(blocks, rounds, processes)}", setting]
    if len(kinds) == 1 and kinds[0] in KIND_TITLES:
        remarks.append(f"Measured {kind_title(table, kinds[0])}")
    remarks.append(f"{_thickness(table, panels, level)}; right is better")
    named = " and ".join(f"±{panel.margin:g} {panel.margin_unit}" for panel in panels)
    remarks.append(f"{'Margins' if len(panels) > 1 else 'Margin'} {named}")
    if panels[0].value == "time_saved_percent" and not any(isfinite(low) for low in table["time_saved_low_percent"]):
        remarks.append("No interval of time: that takes at least two processes, better five (--processes 5)")
    return remarks


def _thickness(table: pd.DataFrame, panels: Sequence[Panel], level: float) -> str:
    """What the two thicknesses of a line stand for, and how many contrasts verdicts allow for."""
    families = [(int(table[panel.family].max()), panel.unit) for panel in panels]
    sizes = {family for family, _ in families}
    if max(sizes) < 2:
        return f"{confidence_words(level)} intervals"
    if len(sizes) == 1:
        allowing = f"{max(sizes)} contrasts"
    else:
        allowing = " and ".join(f"{counted(family, 'contrast')} of {unit}" for family, unit in families)
    return f"Thick: {confidence_words(level)} intervals, each for itself; thin: for all at once; verdicts allow for {allowing}"
