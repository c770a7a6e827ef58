"""A run folder's figures: read the trials, let the statistics compute, and draw."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate import stats
from ablate.design import Contrast, Study
from ablate.errors import UsageError, near_match
from ablate.plots.curves import curves
from ablate.plots.distribution import distribution
from ablate.plots.effects import effects
from ablate.plots.frontier import frontier
from ablate.plots.interactions import interactions
from ablate.plots.shapley import shapley
from ablate.plots.steps import NEEDS_A_LADDER
from ablate.plots.waterfall import waterfall
from ablate.resolved import ResolvedStudy
from ablate.run_folder import RunFolder
from ablate.stats.frames import usable
from ablate.store import MemoryTrialStore

RECORD_TARGET = 0.94
"""The accuracy that the record recipes aim at, drawn where a study trains them as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a run folder gives to draw from.

    `frame` is that of `stats.trials_frame`; `titles` maps group slugs to their titles, `players` orders the names that arms are
    made of, and `setting` says in captions what the trials ran on.
    """

    study: Study
    frame: pd.DataFrame
    titles: Mapping[str, str]
    players: tuple[str, ...]
    setting: str
    target_tta_accuracy: float | None

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> "Material":
        """What the run folder holds now, also while a study still writes to it.

        Raises:
            UsageError: there is no run folder there.
            AblateError: its study.json or a line of its trials cannot be understood.
        """
        opened = RunFolder.open(Path(folder))
        return cls.of(opened.resolved, opened.read_trials())

    @classmethod
    def of(cls, resolved: ResolvedStudy, store: MemoryTrialStore) -> "Material":
        """From a resolved study and its trials."""
        frame = stats.trials_frame(store.latest().values())
        good = frame[usable(frame)]
        cited = [
            store.environments[digest] for digest in dict.fromkeys(good["environment"]) if digest in store.environments
        ]
        machines = dict.fromkeys(str(one.facts.get("device_name") or resolved.device) for one in cited)
        data = ", ".join(dict.fromkeys(good["data"])) or resolved.data
        official = data == "cifar10" and resolved.preset == "full"
        used = {name for arm in resolved.study.arms for name in arm.features}
        known = [*(group.slug for group in resolved.groups), *(feature.name for feature in resolved.features)]
        return cls(
            study=resolved.study,
            frame=frame,
            titles={group.slug: group.title for group in resolved.groups},
            players=tuple(name for name in dict.fromkeys([*known, *sorted(used)]) if name in used),
            setting=f"{' and '.join(machines) or resolved.device}; data {data}; {resolved.preset} preset",
            target_tta_accuracy=RECORD_TARGET if official else None,
        )

    def check(self) -> None:
        """See that there is something to draw, and that it may be compared.

        Raises:
            UsageError: no usable trial, or trials of several data sets.
        """
        good = self.frame[usable(self.frame)]
        if good.empty:
            statuses = self.frame["status"].value_counts()
            tried = ", ".join(f"{count} {status}" for status, count in statuses.items()) or "none has been run"
            raise UsageError(
                f"Study '{self.study.name}' has no usable trial yet ({tried}), so there is nothing to draw."
            )
        if good["data_digest"].nunique() > 1:
            sets = good[["data", "data_digest"]].drop_duplicates()
            listed = ", ".join(f"{row.data} ({str(row.data_digest)[:8]})" for row in sets.itertuples())
            raise UsageError(
                f"These trials mix data sets, {listed}, and no figure compares across them; run each in its own folder."
            )


def draw(
    kind: str,
    source: str | os.PathLike[str] | Material | None = None,
    *,
    theme: str = "light",
    width_inches: float | None = None,
    published: bool = False,
    equal_accuracy: bool = False,
) -> Figure:
    """Draw one of `KINDS` from a run folder, or from the material of one that was read already.

    A waterfall can be `published` (alone without a source, else beside the measured bars), and overlay the times at
    `equal_accuracy`. Words for screen readers are left on the figure, where `save` finds them.

    Raises:
        UsageError: an unknown kind, no source, an option of another kind, or trials that do not allow this figure.
        AblateError: the folder cannot be understood.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no figure '{kind}'.{near_match(kind, KINDS)}")
    for option, chosen in (("published", published), ("equal_accuracy", equal_accuracy)):
        if chosen and kind != "waterfall":
            raise UsageError(
                f"--{option.replace('_', '-')} belongs to the waterfall; a {kind} figure has no such numbers."
            )
    if source is None and (equal_accuracy or not published):
        raise UsageError(f"Which trials? Name a run folder: `ablate figure {kind} DIR`; `ablate list` lists them.")
    look = _Look(theme=theme, width_inches=width_inches)
    if source is None:
        return _figure_of(waterfall(published=True, **look.options))
    material = source if isinstance(source, Material) else Material.read(source)
    material.check()
    if kind == "waterfall":
        axes = _waterfall(material, look, published=published, equal_accuracy=equal_accuracy)
    else:
        axes = _DRAWERS[kind](material, look)
    return _figure_of(axes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    theme: str
    width_inches: float | None

    @property
    def options(self) -> dict[str, Any]:
        return {"theme": self.theme, "width_inches": self.width_inches}


def _figure_of(axes: Axes) -> Figure:
    # Plots without ax= make a figure of their own.
    return cast(Figure, axes.figure)


def _waterfall(material: Material, look: _Look, *, published: bool, equal_accuracy: bool) -> Axes:
    contrasts = material.study.contrasts
    rungs = [contrast for contrast in contrasts if contrast.kind == "ladder"]
    if not rungs:
        raise UsageError(f"Study '{material.study.name}' is not a ladder. {NEEDS_A_LADDER}")
    return waterfall(
        stats.ladder(material.frame, contrasts),
        published=published,
        equal_accuracy=_equal_accuracy(material, rungs) if equal_accuracy else None,
        titles=material.titles,
        setting=material.setting,
        **look.options,
    )


def _equal_accuracy(material: Material, rungs: Sequence[Contrast]) -> pd.DataFrame:
    table = stats.equal_accuracy(material.frame, material.study.arms, reference=rungs[0].without_arm)
    subjects = {rung.with_arm: rung.subject for rung in rungs}
    return table[table["arm"].isin(list(subjects))].assign(subject=lambda rows: rows["arm"].map(subjects))


def _effects(material: Material, look: _Look) -> Axes:
    table = stats.effects(material.frame, material.study.contrasts)
    return effects(table, titles=material.titles, setting=material.setting, **look.options)


def _frontier(material: Material, look: _Look) -> Axes:
    arms = stats.arm_summary(material.frame)
    target = material.target_tta_accuracy
    return frontier(arms, target_tta_accuracy=target, setting=material.setting, **look.options)


def _distribution(material: Material, look: _Look) -> Axes:
    return distribution(material.frame, setting=material.setting, **look.options)


def _curves(material: Material, look: _Look) -> Axes:
    return curves(material.frame, setting=material.setting, **look.options)


def _interactions(material: Material, look: _Look) -> Axes:
    table = stats.interactions(material.frame, material.study.arms, players=material.players)
    return interactions(table, titles=material.titles, setting=material.setting, **look.options)


def _shapley(material: Material, look: _Look) -> Axes:
    values = stats.shapley(material.frame, material.study.arms, players=material.players)
    ladder = stats.ladder(material.frame, material.study.contrasts)
    return shapley(
        values,
        ladder=ladder if {share.subject for share in ladder.shares} == set(material.players) else None,
        titles=material.titles,
        setting=material.setting,
        **look.options,
    )


_DRAWERS: Mapping[str, Callable[[Material, _Look], Axes]] = {
    "effects": _effects,
    "frontier": _frontier,
    "distribution": _distribution,
    "curves": _curves,
    "interactions": _interactions,
    "shapley": _shapley,
}

KINDS: tuple[str, ...] = ("waterfall", *_DRAWERS)
"""The kinds of figures."""
