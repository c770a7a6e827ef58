"""The improvements waterfall: what each step adds to the saving of time, and what it does to the score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Literal, TypeAlias

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ablate.errors import UsageError
from ablate.plots import style, text
from ablate.plots.cascade import HATCH, OPEN, Cascade, Slots, has_whisker, value_words
from ablate.plots.published import PublishedBars, published_bars
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, number_ticks, sheet
from ablate.plots.slots import can_stand, name_slots, row_of, words_inside
from ablate.plots.steps import Step, family_of, how_averaged, ladder_of, open_steps, steps_of
from ablate.plots.table import Looks, first_note, need_columns
from ablate.stats.attribution import Attribution
from ablate.stats.multiplicity import widening
from ablate.stats.score_words import equal_name, gain_name, short_name
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import confidence_words, sample_words, start_words, that_of_start
from ablate.study.arms import BASELINE
from ablate.study.groups import Group
from ablate.study.ladders import Ladder
from ablate.study.score import TTA_ACCURACY, Score

Orientation: TypeAlias = Literal["auto", "standing", "lying"]


def waterfall(
    data: Attribution | pd.DataFrame | None = None,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    published: Ladder | Iterable[Group] | None = None,
    equal_accuracy: pd.DataFrame | None = None,
    titles: Mapping[str, str] | None = None,
    effects: pd.DataFrame | None = None,
    title: str = "",
    setting: str = "",
    orientation: Orientation = "auto",
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> Axes:
    """Draw a ladder's steps as bars in percent of the time of the arm that they start from, each starting where the one before it ended.

    `data` is the attribution that `ablate.stats.ladder` gives (or `average_shares`, whose bars are averages and end with what
    features do together), or a table of effects with rows of kind "ladder". `published`, a
    ladder or groups with published percentages, is drawn alone without `data`, else beside it; a ladder in epochs, whose bars are
    shares of the baseline's epochs, only alone. A step that slows training goes downwards in the warning colour, so that the steps
    still add up to the total.

    `effects` is the study's table of effects, where `data` is not: steps whose verdict on time is open are drawn lighter. Each
    whisker is read against the short line at its step's own start.

    `equal_accuracy` is the table of `ablate.stats.equal_accuracy` with a column `subject` that names the step whose arm each row
    is; it adds the saving that the ladder up to there gives at an equal score. `titles` maps subjects to names, `setting` says in
    the caption what the trials ran on, `score` what stands below each bar. Bars stand where names and numbers fit below them, and
    otherwise lie. `level` is what the intervals were made at.

    Raises:
        UsageError: neither data nor `published`; no ladder, one with a gap, or unmeasured times; published and measured steps
            that are not the same in the same order or not both times; no equal-accuracy time at all; an unknown theme or impossible
            width.
    """
    if data is None and published is None:
        raise UsageError("A waterfall needs a ladder's numbers, or published=… for a published figure.")
    if orientation not in ("auto", "standing", "lying"):
        raise UsageError(f"orientation is 'auto', 'standing' or 'lying', not '{orientation}'.")
    measured = None if data is None else ladder_of(data)
    judged = effects if effects is not None else data if isinstance(data, pd.DataFrame) else None
    record = None if published is None else published_bars(published, beside_times=measured is not None)
    wider = 1.0 if measured is None else widening(measured.processes, family_of(judged), level)
    cascades = [
        cascade if cascade.published else replace(cascade, widening=wider)
        for cascade in _cascades(measured, record, titles or {}, open_steps(judged, measured), score)
    ]
    overlay = _overlay(equal_accuracy, cascades[-1].steps, score)
    names = [step.name for step in cascades[-1].steps]
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    if ax is not None and width_inches is None:
        width = ax.get_window_extent().width / ax.figure.dpi
    points = style.font_points(width)
    lying = orientation == "lying" or (
        orientation == "auto" and not can_stand(cascades, width, points, measured=measured is not None)
    )
    gains = [step.gain for step in cascades[-1].steps]
    mark_offset = 0.5 - 0.09 / len(cascades)
    content = min(max(0.45 * width, 2.2), 4.6)
    if lying:
        below = any(gains) or any(has_whisker(step) for step in cascades[-1].steps)
        row = row_of(names, width, points, len(cascades), below, overlay is not None)
        mark_offset = row.mark_offset
        content = row.lines * text.LINE_HEIGHT * points / INCH * len(names)
        cascades = [
            replace(cascade, offset=row.bar_offset(index), thickness=row.thickness)
            for index, cascade in enumerate(cascades)
        ]
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        axes = on.ax
        slots = Slots(axes=axes, on=on, lying=lying)
        dress(axes, on, grid="x" if lying else "y")
        axes.spines["left" if lying else "bottom"].set_visible(False)
        name_slots(slots, names, gains)
        on.fit()
        alone = record if measured is None else None
        start = BASELINE if measured is None else measured.first_arm
        named = f"Time saved, % of {start_words(start)}" if alone is None else alone.axis_label
        label_axis(axes, on, "x" if lying else "y", named)
        on.fit()
        extra = [] if overlay is None else [bound for column in _SAVED for bound in overlay[column]]
        slots.limit(cascades, extra, on.small)
        number_ticks(axes, on, "x" if lying else "y", sample="−00 %", percent=True)
        for cascade in cascades:
            _draw(slots, cascade)
        if lying:
            words_inside(slots, cascades)
        if overlay is not None:
            _draw_overlay(slots, overlay, mark_offset, score)
        slots.line([-0.5, len(names) - 0.5], [0, 0], color=on.theme.muted, linewidth=0.8, zorder=3)
        on.legend(*_legend(on, cascades, overlay, score))
        ends = _ends(measured, record)
        on.header(title or ("" if alone is None else alone.title), ends)
        saved = "time" if alone is None or alone.unit == "seconds" else "epochs"
        on.describe(title or "Improvements, step by step", _description(cascades, saved, start, ends))
        on.caption(_remarks(measured, record, overlay, setting, lying, any(gains), judged, score, level))
        return axes


def _cascades(
    measured: Attribution | None,
    published: PublishedBars | None,
    titles: Mapping[str, str],
    unsettled: frozenset[str],
    score: Score,
) -> list[Cascade]:
    record = [] if published is None else steps_of(published.ladder, published.titles, "Subtotal")
    if measured is None:
        return [Cascade(steps=record, label="published", offset=0.0, thickness=0.62, published=False)]
    if published is None:
        steps = steps_of(measured, titles, "Total", score=score)
        return [
            Cascade(steps=steps, label="measured", offset=0.0, thickness=0.62, published=False, open_steps=unsettled)
        ]
    steps = steps_of(measured, {**published.titles, **titles}, "Total", score=score)
    ours, theirs = [step.subject for step in steps[:-1]], published.subjects
    if ours != theirs:
        raise UsageError(
            f"Published and measured bars can stand side by side only for the same steps in the same order. "
            f"Published: {', '.join(theirs)}; here: {', '.join(ours)}. Leave --published out."
        )
    return [
        Cascade(steps=record, label="published", offset=-0.2, thickness=0.36, published=True),
        Cascade(steps=steps, label="measured here", offset=0.2, thickness=0.36, published=False, open_steps=unsettled),
    ]


_SAVED = ("saved_percent", "saved_low_percent", "saved_high_percent")


def _overlay(table: pd.DataFrame | None, steps: Sequence[Step], score: Score) -> pd.DataFrame | None:
    """The finite savings at an equal score with the slot of each; None where none is asked for."""
    if table is None:
        return None
    needed = ("subject", "time_percent", "time_low_percent", "time_high_percent")
    need_columns(table, needed, "equal-accuracy times", "ablate.stats.equal_accuracy and add the subjects")
    slot_of = {step.subject: slot for slot, step in enumerate(steps[:-1])}
    rows = table[table["subject"].isin(list(slot_of))]
    unread = rows[rows["time_percent"].isna()]
    found = rows[rows["time_percent"].notna()]
    if found.empty:
        reason = first_note(unread, "no step of this ladder has one")
        raise UsageError(f"There is no {equal_name(score)} time to draw: {reason}.")
    drawn = pd.DataFrame(
        {
            "slot": [slot_of[subject] for subject in found["subject"]],
            "saved_percent": -found["time_percent"].to_numpy(dtype=float),
            "saved_low_percent": -found["time_high_percent"].to_numpy(dtype=float),
            "saved_high_percent": -found["time_low_percent"].to_numpy(dtype=float),
        }
    )
    drawn.attrs["unread"] = [step.name for step in steps[:-1] if step.subject not in set(found["subject"])]
    return drawn.sort_values("slot", ignore_index=True)


def _draw(slots: Slots, cascade: Cascade) -> None:
    slots.bars(cascade)
    slots.connectors(cascade)
    slots.starts(cascade)
    places = [slots.whisker_place(cascade, slot) for slot in range(len(cascade.steps))]
    ends = [(step.start + step.low, step.start + step.high) for step in cascade.steps]
    slots.whiskers(places, cascade.ends, ends)
    slots.thin_whiskers(places, cascade)
    colour = slots.on.theme.muted if cascade.published else slots.on.theme.ink
    for slot in range(len(cascade.steps)):
        slots.value(cascade, slot, colour, slots.on.small)


def _draw_overlay(slots: Slots, overlay: pd.DataFrame, offset: float, score: Score) -> None:
    theme = slots.on.theme
    places = [slot + offset for slot in overlay["slot"]]
    levels = list(overlay["saved_percent"])
    slots.whiskers(places, levels, list(zip(overlay[_SAVED[1]], overlay[_SAVED[2]], strict=True)))
    looks: Looks = {
        "markersize": 0.6 * slots.on.points,
        "markerfacecolor": theme.background,
        "markeredgecolor": theme.ink,
    }
    slots.line(places, levels, linestyle="none", marker="D", zorder=5, label=f"at equal {short_name(score)}", **looks)


def _legend(
    on: Sheet, cascades: Sequence[Cascade], overlay: pd.DataFrame | None, score: Score
) -> tuple[list[Artist], list[str]]:
    theme = on.theme
    handles: list[Artist] = []
    labels: list[str] = []
    if len(cascades) > 1:
        for cascade in cascades:
            handles.append(Patch(facecolor=theme.published if cascade.published else theme.gain))
            labels.append(cascade.label)
    ours = [cascade for cascade in cascades if not cascade.published]
    settled = [step for step in ours[0].steps[:-1] if step.subject not in ours[0].open_steps and step.value >= 0]
    if len(cascades) == 1 and settled and len(settled) < len(ours[0].steps) - 1:
        handles.append(Patch(facecolor=theme.gain))
        labels.append("saves time")
    if any(step.subject in cascade.open_steps for cascade in ours for step in cascade.steps):
        handles.append(Patch(facecolor=to_rgba(theme.gain, OPEN), edgecolor=theme.gain))
        labels.append("not settled")
    slowing = [step.subject in cascade.open_steps for cascade in ours for step in cascade.steps if step.value < 0]
    if slowing:
        # As the bars are: one that is settled decides. A pale face would take the hatch's colour in SVG.
        face = "none" if all(slowing) else theme.loss
        edge = theme.loss if all(slowing) else theme.background
        handles.append(Patch(facecolor=face, edgecolor=edge, hatch=HATCH))
        labels.append("slows training down")
    if any(has_whisker(step) for cascade in ours for step in cascade.steps):
        handles.append(Line2D([], [], color=theme.ink, linewidth=1.3))
        labels.append("where a step starts")
    if overlay is not None:
        looks: Looks = {"markerfacecolor": theme.background, "markeredgecolor": theme.ink}
        handles.append(Line2D([], [], linestyle="none", marker="D", markersize=0.6 * on.points, **looks))
        labels.append(f"saved so far, at equal {short_name(score)}")
    return handles, labels


def _ends(measured: Attribution | None, published: PublishedBars | None) -> str:
    """Where the bars begin and where they end."""
    parts = []
    if measured is not None and isfinite(measured.baseline_seconds) and isfinite(measured.final_seconds):
        ends = f"{measured.first_arm} {measured.baseline_seconds:.4g} s → final {measured.final_seconds:.4g} s"
        parts.append(f"measured here: {ends}" if published is not None else ends)
    if published is not None and published.ends:
        parts.append(f"published: {published.ends}" if measured is not None else published.ends)
    return "; ".join(parts)


def _description(cascades: Sequence[Cascade], saved: str, start: str, ends: str) -> str:
    parts = []
    for cascade in cascades:
        bars = "; ".join(
            " ".join(filter(None, (step.name, value_words(step.value), step.gain))) for step in cascade.steps
        )
        parts.append(f"{cascade.label}: {bars}" if len(cascades) > 1 else bars)
    return f"Waterfall of {saved} saved, in percent of {that_of_start(start)}. {'. '.join(parts)}. {ends}".strip()


def _remarks(
    measured: Attribution | None,
    published: PublishedBars | None,
    overlay: pd.DataFrame | None,
    setting: str,
    lying: bool,
    gains: bool,
    judged: pd.DataFrame | None,
    score: Score,
    level: float,
) -> list[str]:
    remarks = []
    if measured is not None:
        arms = f" of {measured.arm_count or len(measured.shares) + 1} arms"
        remarks += [f"n = {sample_words(measured.blocks, measured.time_blocks, measured.processes, arms)}", setting]
        if any(isfinite(share.time_saved_low_percent) for share in measured.shares):
            family = family_of(judged)
            allowing = f"; thin: for all {family} contrasts at once, as verdicts are" if family > 1 else ""
            remarks.append(f"Whiskers and ±: {confidence_words(level)} intervals, each for itself{allowing}")
        if gains:
            change = (
                f"the change of {score.title}" if score.better == "higher" else f"{gain_name(score)}, plus is better"
            )
            remarks.append(f"Below each bar: {'its share and ' if lying else ''}{change}")
        remarks.append(how_averaged(measured))
        remarks.append(measured.note)
    if overlay is not None and overlay.attrs["unread"]:
        remarks.append(f"No {equal_name(score)} time could be read for {', '.join(overlay.attrs['unread'])}")
    if published is not None:
        remarks.append(published.caption)
    return remarks
