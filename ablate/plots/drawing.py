"""A run folder's figures: what it shows, drawn."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate import stats
from ablate.errors import UsageError, near_match_and_all
from ablate.plots.arm_kinds import arm_kinds, landmarks
from ablate.plots.curves import curves
from ablate.plots.dated_points import DatedRecord
from ablate.plots.distribution import distribution
from ablate.plots.effects import effects
from ablate.plots.frontier import frontier
from ablate.plots.history import history
from ablate.plots.interactions import interactions
from ablate.plots.length_curves import LengthCurves
from ablate.plots.published import bars_beside
from ablate.plots.shapley import shapley
from ablate.plots.steps import NEEDS_A_LADDER
from ablate.plots.waterfall import waterfall
from ablate.stats.evidence import RECORD_TARGET, Evidence
from ablate.stats.frames import usable
from ablate.stats.targets import as_trials_hold
from ablate.study import Contrast
from ablate.study.ladders import Ladder
from ablate.study.score import TTA_ACCURACY, Score


def draw(
    kind: str,
    source: str | os.PathLike[str] | Evidence | None = None,
    *,
    theme: str = "light",
    width_inches: float | None = None,
    published: bool = False,
    ladders: Sequence[Ladder] = (),
    equal_accuracy: bool = False,
    arms: Sequence[str] = (),
    records: Sequence[DatedRecord] = (),
    target: float | None = None,
) -> Figure:
    """Draw one of `KINDS` from a run folder, or from the evidence of one that was read already.

    A waterfall can be `published` (the first of `ladders` alone without a source, else beside the measured bars the one with the
    same steps, of `ladders` or otherwise of those that the folder records), and overlay the times at `equal_accuracy`. A frontier of
    many arms names `arms` besides those it always names. A history shows `records`, those of one `target` if it is given, and the
    source's arms beside them where there is one. A distribution says how many trials reach a `target`, and curves when they do; it
    is in the unit that people read, 94 for 94 %. Words for screen readers are left on the figure, where `save` finds them.

    Raises:
        UsageError: an unknown kind, no source, an option of another kind, or trials that do not allow this figure.
        AblateError: the folder cannot be understood.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no figure '{kind}'.{near_match_and_all(kind, KINDS)}")
    for option, chosen in (("published", published), ("equal_accuracy", equal_accuracy)):
        if chosen and kind != "waterfall":
            raise UsageError(
                f"--{option.replace('_', '-')} belongs to the waterfall; a {kind} figure has no such numbers."
            )
    if arms and kind != "frontier":
        raise UsageError(f"--arm belongs to the frontier; a {kind} figure names what it shows.")
    if target is not None and kind not in WITH_TARGET:
        raise UsageError(f"--target belongs to {', '.join(WITH_TARGET[:-1])} and {WITH_TARGET[-1]}; {kind} takes none.")
    look = _Look(theme=theme, width_inches=width_inches, arms=tuple(arms), target=target)
    if kind == "history":
        return _figure_of(_history(source, records, look))
    if source is None and (equal_accuracy or not published):
        raise UsageError(f"Which trials? Name a run folder: `ablate figure {kind} DIR`; `ablate list` lists them.")
    if source is None:
        if not ladders:
            raise UsageError(
                "Which published bars? Give ladders, such as `list(ablate.lineages.find_lineage().ladders.values())`."
            )
        return _figure_of(waterfall(published=ladders[0], **look.options))
    evidence = _checked(source)
    if kind == "waterfall":
        record = (ladders or evidence.resolved.ladders) if published else None
        axes = _waterfall(evidence, look, record, equal_accuracy=equal_accuracy)
    else:
        axes = _DRAWERS[kind](evidence, look)
    return _figure_of(axes)


def _checked(source: str | os.PathLike[str] | Evidence) -> Evidence:
    """The evidence, if there is something to draw and it may be compared."""
    evidence = source if isinstance(source, Evidence) else Evidence.read(source)
    if evidence.mixes_data:
        listed = ", ".join(f"{name} ({digest[:8]})" for name, digest in evidence.data_sets)
        raise UsageError(
            f"These trials mix data sets, {listed}, and no figure compares across them; run each in its own folder."
        )
    if not usable(evidence.frame).any():
        statuses = evidence.frame["status"].value_counts()
        tried = ", ".join(f"{count} {status}" for status, count in statuses.items()) or "none has been run"
        name = evidence.resolved.study.name
        raise UsageError(f"Study '{name}' has no usable trial yet ({tried}), so there is nothing to draw.")
    return evidence


WITH_TARGET = ("distribution", "curves", "history")
"""The kinds that can show a target that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    theme: str
    width_inches: float | None
    arms: tuple[str, ...]
    target: float | None

    def target_score(self, score: Score) -> float | None:
        """The target in the unit that trials hold."""
        return None if self.target is None else as_trials_hold(self.target, score)

    @property
    def options(self) -> dict[str, Any]:
        return {"theme": self.theme, "width_inches": self.width_inches}


def _figure_of(axes: Axes) -> Figure:
    # Plots without ax= make a figure of their own.
    return cast(Figure, axes.figure)


def _history(source: str | os.PathLike[str] | Evidence | None, records: Sequence[DatedRecord], look: _Look) -> Axes:
    evidence = None if source is None else _checked(source)
    asked = look.target_score(TTA_ACCURACY)
    return history(
        records,
        measured=None if evidence is None else evidence.arms,
        target=None if asked is None else round(TTA_ACCURACY.factor * asked, 9),
        setting="" if evidence is None else evidence.setting,
        **look.options,
    )


def _waterfall(evidence: Evidence, look: _Look, record: Sequence[Ladder] | None, *, equal_accuracy: bool) -> Axes:
    study = evidence.resolved.study
    if evidence.ladder is None and evidence.average_shares is not None:
        return _average_waterfall(evidence, evidence.average_shares, look, record, equal_accuracy=equal_accuracy)
    if evidence.ladder is None:
        raise UsageError(f"Study '{study.name}' is not a ladder. {NEEDS_A_LADDER}")
    rungs = [contrast for contrast in study.contrasts if contrast.kind == "ladder"]
    steps = [rung.subject for rung in rungs]
    return waterfall(
        evidence.ladder,
        published=None if record is None else bars_beside(steps, record, evidence.resolved.groups),
        equal_accuracy=_equal_accuracy(evidence, rungs) if equal_accuracy else None,
        titles=evidence.titles,
        effects=stats.effects_frame(evidence.effects),
        setting=evidence.setting,
        score=evidence.score,
        level=evidence.level,
        **look.options,
    )


def _average_waterfall(
    evidence: Evidence,
    shares: stats.Attribution,
    look: _Look,
    record: Sequence[Ladder] | None,
    *,
    equal_accuracy: bool,
) -> Axes:
    """A screening's bars: averages have no order, so neither published steps nor times along the way belong beside them."""
    for option, asked in (("published", record is not None), ("equal-accuracy", equal_accuracy)):
        if asked:
            raise UsageError(
                f"The bars of study '{evidence.resolved.study.name}' are averages, not steps one after the other: leave --{option} out."
            )
    return waterfall(
        shares,
        titles=evidence.titles,
        effects=stats.effects_frame(evidence.effects),
        setting=evidence.setting,
        score=evidence.score,
        **look.options,
    )


def _equal_accuracy(evidence: Evidence, rungs: Sequence[Contrast]) -> pd.DataFrame:
    table = stats.equal_accuracy(
        evidence.counted,
        evidence.resolved.study.arms,
        reference=rungs[0].without_arm,
        score=evidence.score,
        level=evidence.level,
    )
    subjects = {rung.with_arm: rung.subject for rung in rungs}
    return table[table["arm"].isin(list(subjects))].assign(subject=lambda rows: rows["arm"].map(subjects))


def _effects(evidence: Evidence, look: _Look) -> Axes:
    table = stats.effects_frame(evidence.effects)
    return effects(
        table,
        titles=evidence.titles,
        setting=evidence.setting,
        score=evidence.score,
        level=evidence.level,
        **look.options,
    )


def _frontier(evidence: Evidence, look: _Look) -> Axes:
    target = RECORD_TARGET if evidence.official_full else None
    return frontier(
        evidence.arms,
        target_score=target,
        named=(*landmarks(evidence), *look.arms),
        kinds=arm_kinds(evidence),
        common_seeds=not evidence.is_screening,
        lengths=LengthCurves.of(evidence),
        setting=evidence.setting,
        score=evidence.score,
        **look.options,
    )


def _distribution(evidence: Evidence, look: _Look) -> Axes:
    return distribution(
        _by_arms_of_the_study(evidence),
        setting=evidence.setting,
        score=evidence.score,
        target_score=look.target_score(evidence.score),
        **look.options,
    )


def _curves(evidence: Evidence, look: _Look) -> Axes:
    return curves(
        _by_arms_of_the_study(evidence),
        epochs=evidence.epochs,
        setting=evidence.setting,
        score=evidence.score,
        target_score=look.target_score(evidence.score),
        **look.options,
    )


def _by_arms_of_the_study(evidence: Evidence) -> pd.DataFrame:
    """The trials, arms in the study's order: the plots take them as they come, and a block's order is shuffled."""
    places = {arm.name: place for place, arm in enumerate(evidence.resolved.study.arms)}
    return evidence.frame.sort_values("arm", key=lambda names: names.map(places), kind="stable")


def _interactions(evidence: Evidence, look: _Look) -> Axes:
    table = evidence.interactions
    if table is None:
        raise UsageError("An interaction takes two features or groups; this study has fewer.")
    return interactions(
        table,
        titles=evidence.titles,
        setting=evidence.setting,
        score=evidence.score,
        level=evidence.level,
        **look.options,
    )


def _shapley(evidence: Evidence, look: _Look) -> Axes:
    values = evidence.shapley
    if values is None:
        raise UsageError("A share takes two features or groups to divide an improvement among; this study has fewer.")
    ladder = evidence.ladder
    same_subjects = ladder is not None and {share.subject for share in ladder.shares} == set(evidence.players)
    return shapley(
        values,
        ladder=ladder if same_subjects else None,
        titles=evidence.titles,
        setting=evidence.setting,
        score=evidence.score,
        level=evidence.level,
        **look.options,
    )


_DRAWERS: Mapping[str, Callable[[Evidence, _Look], Axes]] = {
    "effects": _effects,
    "frontier": _frontier,
    "distribution": _distribution,
    "curves": _curves,
    "interactions": _interactions,
    "shapley": _shapley,
}

KINDS: tuple[str, ...] = ("waterfall", *_DRAWERS, "history")
"""The kinds of figures."""
