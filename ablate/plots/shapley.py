"""Fair shares: Shapley values with their intervals, beside the ladder's bars for the same groups."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ablate.errors import UsageError
from ablate.plots import style, text
from ablate.plots.cascade import PALE
from ablate.plots.outcomes import Outcome, chosen_panels
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, mask, number_ticks, sheet
from ablate.plots.table import Looks
from ablate.stats.attribution import Attribution, Share
from ablate.stats.score_words import capital, decimals_for_gains, gain_name
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import MINUS, confidence_words, sample_words, signed, start_words
from ablate.study.score import TTA_ACCURACY, Score


class _Panel(NamedTuple):
    """One outcome; `plus` says whether gains are written with a plus."""

    value: str
    low: str
    high: str
    name: str
    unit: str
    decimals: int
    plus: bool


def _panels(data: Attribution, score: Score) -> dict[str, _Panel]:
    gained = gain_name(score) if score.better == "lower" else f"{score.title} gained"
    shares = [*data.shares, *([data.total] if data.total is not None else [])]
    decimals = decimals_for_gains(score, ((share.score_change, share.score_low, share.score_high) for share in shares))
    time = ("time_saved_percent", "time_saved_low_percent", "time_saved_high_percent")
    return {
        "time": _Panel(*time, f"Time saved, % of {start_words(data.first_arm)}", " %", 2, False),
        "score": _Panel(
            "score_change",
            "score_low",
            "score_high",
            ", ".join(filter(None, (capital(gained), score.unit))),
            f" {score.unit}".rstrip(),
            decimals,
            True,
        ),
    }


_BAR, _GAP = 1.15, 0.6

_STACKED_BELOW_INCHES = 5.0


def shapley(
    data: Attribution,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    ladder: Attribution | None = None,
    outcome: Outcome = "both",
    titles: Mapping[str, str] | None = None,
    title: str = "",
    setting: str = "",
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> Axes:
    """Draw the attribution of `ablate.stats.shapley` as bars with their intervals, made at `level`, and below them the whole.

    With the `ladder` of the same subjects (`ablate.stats.ladder`) its bars stand beside, paler: where the two differ, the order
    of the ladder moved credit. Positive is better: time saved, the score gained, or lowered where `score` says that less is better.
    With `outcome` "both" the returned axes hold two panels (`Axes.child_axes`).

    Raises:
        UsageError: no Shapley values, no finite one, a ladder of other subjects, an unknown outcome or theme.
    """
    if not data.shares or data.total is None:
        raise UsageError(f"This figure cannot be drawn: {data.note or 'no feature is on in any arm'}.")
    panels = _chosen(data, outcome, score)
    pairs = _pairs(data, data.total, ladder)
    names = [*((titles or {}).get(share.subject, share.subject) for share, _ in pairs[:-1]), "Total"]
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    points = style.font_points(width)
    wrapped = [text.wrap(name, 0.3 * width * INCH, points) for name in names]
    bars = 2 if ladder is not None and ladder.shares else 1
    lines = max(bars * _BAR + _GAP, max(text.line_count(name) for name in wrapped) + 0.4)
    block = lines * text.LINE_HEIGHT * points / INCH * len(names)
    stacked = len(panels) == 2 and width < _STACKED_BELOW_INCHES
    content = 2 * block + 4.0 * points / INCH if stacked else block
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        axes = _split(on, len(panels), block / content)
        for panel_axes in axes:
            dress(panel_axes, on, grid="x")
            panel_axes.spines["left"].set_visible(False)
            panel_axes.set_ylim(len(names) - 0.5, -0.5)
            panel_axes.set_yticks([])
            panel_axes.tick_params(axis="y", length=0)
        for panel_axes in axes if stacked else axes[:1]:
            panel_axes.set_yticks(range(len(names)), labels=wrapped)
        on.fit()
        for panel_axes, panel in zip(axes, panels, strict=True):
            _draw(panel_axes, on, pairs, panel, _BAR / lines, bars)
            label_axis(panel_axes, on, "x", panel.name)
        on.legend(*_legend(on, pairs, panels))
        on.header(title)
        on.describe(title or "Fair shares", _description(data, names, score))
        on.caption(_remarks(data, setting, level))
        return on.ax


def _chosen(data: Attribution, outcome: str, score: Score) -> list[_Panel]:
    panels = chosen_panels(
        _panels(data, score), outcome, lambda panel: (getattr(share, panel.value) for share in data.shares)
    )
    if not panels:
        raise UsageError(f"No Shapley value has a number: {data.note or 'nothing was measured'}.")
    return panels


def _pairs(data: Attribution, total: Share, ladder: Attribution | None) -> list[tuple[Share, Share | None]]:
    """Each share with the ladder's for the same subject, in the ladder's order where there is one; last the totals."""
    shares = {share.subject: share for share in data.shares}
    if ladder is None or not ladder.shares:
        return [*((share, None) for share in data.shares), (total, None)]
    rungs = {share.subject: share for share in ladder.shares}
    if shares.keys() != rungs.keys():
        raise UsageError(
            f"Shapley values and ladder are of different subjects: {', '.join(shares)}; {', '.join(rungs)}. Draw one without the other."
        )
    return [*((shares[subject], rung) for subject, rung in rungs.items()), (total, ladder.total)]


def _split(on: Sheet, count: int, block: float) -> list[Axes]:
    """One panel, two side by side, or two stacked where a block takes only part of the height."""
    if count == 1:
        return [on.ax]
    on.ax.set_axis_off()
    if block == 1.0:
        return [on.panel(side * 0.53, 0.0, 0.47, on.content_inches) for side in range(2)]
    height = block * on.content_inches
    return [on.panel(0.0, on.content_inches - height, 1.0, height), on.panel(0.0, 0.0, 1.0, height)]


def _draw(
    axes: Axes, on: Sheet, pairs: Sequence[tuple[Share, Share | None]], panel: _Panel, bar: float, bars: int
) -> None:
    theme = on.theme
    reach = [0.0]
    for series in range(bars):
        offset = (series - (bars - 1) / 2) * bar
        for place, pair in enumerate(pairs):
            share = pair[series]
            if share is None:
                continue
            value, low, high = (getattr(share, name) for name in panel[:3])
            if not isfinite(value):
                continue
            last = place == len(pairs) - 1
            colour = theme.total if last else theme.gain if value >= 0 else theme.loss
            (patch,) = axes.barh(
                [place + offset], [value], 0.9 * bar, color=colour, edgecolor=colour, linewidth=0.6
            ).patches
            patch.set_alpha(PALE if series else None)
            patch.set_zorder(2)
            reach.append(value)
            if isfinite(low) and isfinite(high):
                reach += [low, high]
                looks: Looks = {
                    "fmt": "none",
                    "ecolor": theme.ink,
                    "elinewidth": 1.0,
                    "capsize": 0.25 * on.points,
                    "zorder": 4,
                }
                axes.errorbar([value], [place + offset], xerr=[[value - low], [high - value]], **looks)
    axes.axvline(0, color=theme.muted, linewidth=0.8, zorder=3)
    _room_and_values(axes, on, pairs, panel, bar, bars, reach)


def _room_and_values(
    axes: Axes,
    on: Sheet,
    pairs: Sequence[tuple[Share, Share | None]],
    panel: _Panel,
    bar: float,
    bars: int,
    reach: Sequence[float],
) -> None:
    """Values in a column at the right, where no whisker reaches."""
    width, _ = on.inches(axes)
    size = 0.95 * on.small
    words = [[_words(share, panel) if share is not None else "" for share in pair[:bars]] for pair in pairs]
    label = text.widest((word for row in words for word in row), size) + 0.7 * size
    low, high = min(reach), max(reach)
    span = high - low or 1.0
    before = 0.04 * span if low < 0 else 0.0
    unit = (span + before) / max(width * INCH - label, 0.35 * width * INCH)
    end = high + label * unit
    axes.set_xlim(low - before, end)
    number_ticks(axes, on, "x")
    for place, row in enumerate(words):
        for series, word in enumerate(row):
            if not word:
                continue
            axes.annotate(
                word,
                xy=(end, place + (series - (bars - 1) / 2) * bar),
                ha="right",
                va="center",
                fontsize=size,
                color=on.theme.muted if series else on.theme.ink,
                annotation_clip=False,
                zorder=6,
                bbox=mask(on),
            )


def _words(share: Share, panel: _Panel) -> str:
    value = getattr(share, panel.value)
    if not isfinite(value):
        return ""
    if panel.plus:
        return f"{signed(value, panel.decimals)}{panel.unit}"
    return f"{MINUS if value <= -0.005 else ''}{abs(value):.{panel.decimals}f}{panel.unit}"


def _legend(
    on: Sheet, pairs: Sequence[tuple[Share, Share | None]], panels: Sequence[_Panel]
) -> tuple[list[Artist], list[str]]:
    """Every colour that occurs."""
    theme = on.theme
    values = [getattr(share, panel.value) for share, _ in pairs[:-1] for panel in panels]
    handles: list[Artist] = []
    labels: list[str] = []
    for colour, label, occurs in (
        (theme.gain, "Shapley value, whatever the order: better", any(value >= 0 for value in values)),
        (theme.loss, "worse", any(value < 0 for value in values)),
        (theme.total, "the total", True),
    ):
        if occurs:
            handles.append(Patch(facecolor=colour))
            labels.append(label)
    if any(rung is not None for _, rung in pairs):
        handles.append(Patch(facecolor=theme.gain, alpha=PALE))
        labels.append("paler: the ladder's step")
    return handles, labels


def _description(data: Attribution, names: Sequence[str], score: Score) -> str:
    panels = _panels(data, score)
    shares = [*data.shares, data.total]
    parts = [
        f"{name if share is data.total else share.subject}: {_words(share, panels['time']) or 'time unknown'}, "
        f"{_words(share, panels['score'])}"
        for name, share in zip([*(names[:-1]), "total"], shares, strict=True)
        if share is not None
    ]
    gained = gain_name(score) if score.better == "lower" else f"{score.title} gained"
    return f"Shapley values of time saved and {gained}. {'; '.join(parts)}."


def _remarks(data: Attribution, setting: str, level: float) -> list[str]:
    arms = f" of {2 ** len(data.shares)} arms"
    counts = f"n = {sample_words(data.blocks, data.time_blocks, data.processes, arms)}"
    whiskers = any(isfinite(low) for share in data.shares for low in (share.score_low, share.time_saved_low_percent))
    return [
        counts,
        setting,
        f"Whiskers: {confidence_words(level)} intervals, each for itself" if whiskers else "",
        "Positive is better",
        data.note,
    ]
