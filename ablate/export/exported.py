"""What trackers are told: a trial as parameters and metrics, a study as effects and figures, and what identifies both."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from math import isfinite
from typing import Any, TypeAlias

from ablate.formats.canonical import Json, canonical_json, digest
from ablate.formats.printable import printable
from ablate.stats.evidence import Evidence
from ablate.stats.frames import EXTRA
from ablate.store.records import Environment, Measurements, RecipeRecord, Status, Trial
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import STUDY_FILE, RunFolder
from ablate.store.trials import TrialStore

Plain: TypeAlias = str | int | float | bool

_ID_DIGITS = 16
"""Hex digits of an identifier: 64 bits, which a million trials share with a chance of one in ten million."""

CURVE = "curve"
"""The metric that holds the score after each epoch, its step the epoch from 1."""

SUMMARY = "summary"
"""What the run of the whole study is called."""

_SAID_OF_EFFECTS = (
    *("time_saved_percent", "time_saved_low_percent", "time_saved_high_percent"),
    *("score_change", "score_low", "score_high"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTrial:
    """One trial as a run of a tracker.

    `id` is made of the run folder and the trial's key and start, so that it is the same at every export. `params` are what was set:
    names on and length, seed, data, each field in which the recipe is not the reference's (`recipe.…`), and the environment
    (`environment.…`). `metrics` are the measurements under the names of `ablate.report.TRIAL_COLUMNS`, in their units; of a
    trial that failed there are none. `curve` is the score after each epoch. `ended_ms` is `started_ms`, milliseconds since 1970, and
    what the trial took.
    """

    id: str
    name: str
    study: str
    folder: str
    arm: str
    block: int
    status: Status
    error: str | None
    started_at: str
    started_ms: int
    ended_ms: int
    params: Mapping[str, Plain]
    metrics: Mapping[str, float]
    curve: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ExportedStudy:
    """What a study's trials say together, as one run of a tracker.

    `run` is the same at every export, `id` only while the trials are. `folder` identifies the run folder.
    """

    evidence: Evidence
    folder: str

    @property
    def run(self) -> str:
        """The identifier of the run that the tracker keeps of the study."""
        return _identifier([self.folder, SUMMARY])

    @cached_property
    def id(self) -> str:
        """What tells this state of the study from an earlier one."""
        return _identifier([self.folder, SUMMARY, sorted(trial_id(self.folder, trial) for trial in self._trials)])

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.evidence.resolved.study.name

    @property
    def question(self) -> str:
        """What the study asks."""
        return self.evidence.resolved.study.question

    @property
    def _trials(self) -> Iterable[Trial]:
        return self.evidence.store.latest().values()

    @property
    def num_trials(self) -> int:
        """How many trials it has, each counted once."""
        return len(self.evidence.store.latest())

    @property
    def params(self) -> dict[str, Plain]:
        """What holds for all trials: question, preset, data, and whatever the environments agree on."""
        resolved = self.evidence.resolved
        alike = {name: values[0] for name, values in self.evidence.facts().items() if len(values) == 1}
        return {
            "question": resolved.study.question,
            "preset": resolved.preset,
            "data": ", ".join(self.evidence.data_names),
            "blocks": resolved.study.blocks,
            "processes": resolved.study.processes,
            "score": resolved.score.title,
            **{f"environment.{name}": _plain(value) for name, value in alike.items()},
        }

    @property
    def metrics(self) -> dict[str, float]:
        """How many trials there are, and of each effect the time it saves, the change of the score, and the ends of both intervals.

        A name is the effect's kind, its subject, and the column of the effects: `pair/silu/time_saved_percent`.
        """
        named = {
            f"{effect.kind}/{effect.subject}/{column}": float(getattr(effect, column))
            for effect in self.evidence.effects
            for column in _SAID_OF_EFFECTS
        }
        counts = {"trials": self.evidence.usable_trials, "lost": self.evidence.lost_trials, "left": self.evidence.left}
        return {**counts, **{name: value for name, value in named.items() if isfinite(value)}}

    @cached_property
    def files(self) -> Mapping[str, str]:
        """effects.csv, report.md, report.html and figures/*.svg as a report of the run folder has them, by path."""
        # Loaded here: drawing takes a second to load, and a tracker without files needs none of it.
        from ablate.report.figures import draw_figures
        from ablate.report.html import html_report
        from ablate.report.machine import csv_report
        from ablate.report.markdown import markdown_report

        figures = draw_figures(self.evidence, None)
        return {
            "effects.csv": csv_report(self.evidence),
            "report.md": markdown_report(self.evidence),
            "report.html": html_report(self.evidence, figures),
            **{f"figures/{figure.kind}.svg": figure.svg for figure in figures},
        }


def folder_id(folder: RunFolder) -> str:
    """What identifies a run folder wherever it lies: the digest of its study.json, which is never written again."""
    return hashlib.sha256((folder.path / STUDY_FILE).read_bytes()).hexdigest()[:_ID_DIGITS]


def trial_id(folder: str, trial: Trial) -> str:
    """What identifies a trial's record at every export; one that was run again has a record, and so an identifier, of its own."""
    return record_id(folder, trial.spec.arm, trial.spec.block, trial.started_at, trial.status)


def record_id(folder: str, arm: str, block: int, started_at: str, status: str) -> str:
    """`trial_id` from a row of a table of trials."""
    return _identifier([folder, arm, block, started_at, status])


def _identifier(parts: list[Any]) -> str:
    return digest(parts)[:_ID_DIGITS]


def reference_arm(resolved: ResolvedStudy) -> str:
    """The arm whose recipe the others are told apart from."""
    return resolved.study.reference.name


def reference_recipe(resolved: ResolvedStudy, trials: Iterable[Trial], store: TrialStore) -> RecipeRecord | None:
    """The reference arm's recipe; None before it has a trial."""
    name = reference_arm(resolved)
    return next((store.recipes.get(trial.recipe) for trial in trials if trial.spec.arm == name), None)


def exported_trials(
    folder: str, resolved: ResolvedStudy, trials: Iterable[Trial], store: TrialStore, reference: RecipeRecord | None
) -> Iterator[ExportedTrial]:
    """The trials as trackers are told of them; where the reference never ran, with the whole recipe."""
    for trial in trials:
        yield exported_trial(folder, resolved, trial, store, reference)


def exported_trial(
    folder: str, resolved: ResolvedStudy, trial: Trial, store: TrialStore, reference: RecipeRecord | None
) -> ExportedTrial:
    """One trial as trackers are told of it."""
    spec, began = trial.spec, _milliseconds(trial.started_at)
    measured = trial.measurements
    recipe, environment = store.recipes.get(trial.recipe), store.environments.get(trial.environment)
    arm = next((arm for arm in resolved.study.arms if arm.name == spec.arm), None)
    error = None if trial.error is None else printable(trial.error)
    return ExportedTrial(
        id=trial_id(folder, trial),
        name=f"{spec.arm}, block {spec.block}",
        study=resolved.study.name,
        folder=folder,
        arm=spec.arm,
        block=spec.block,
        status=trial.status,
        error=error,
        started_at=trial.started_at,
        started_ms=began,
        ended_ms=began + round(1000 * (0.0 if measured is None else measured.seconds_taken)),
        params={
            "arm": spec.arm,
            "block": spec.block,
            "features": ", ".join(resolved.arm_features.get(spec.arm, ())),
            "length": 1.0 if arm is None else arm.length,
            # A text: trackers keep numbers, or show them, with 53 bits.
            "seed": str(spec.seed),
            "process": trial.process,
            "status": trial.status,
            **({} if error is None else {"error": error}),
            **({"marks": ", ".join(trial.marks)} if trial.marks else {}),
            **({"beside": trial.beside} if trial.beside else {}),
            **({"seat": trial.seat, "host": trial.host} if trial.seat else {}),
            "started_at": trial.started_at,
            "preset": resolved.preset,
            "data": trial.data,
            "data_digest": trial.data_digest,
            **({} if recipe is None else {"fingerprint": recipe.fingerprint}),
            **_changes(recipe, reference),
            **_facts(environment),
        },
        metrics=dict(_metrics(trial)),
        curve=() if measured is None else measured.curve,
    )


def _changes(recipe: RecipeRecord | None, reference: RecipeRecord | None) -> dict[str, Plain]:
    """The fields in which a recipe is not the reference; one that it leaves at its neutral value is called "neutral"."""
    if recipe is None:
        return {}
    usual: Mapping[str, Json] = {} if reference is None else reference.fields
    names = [name for name in dict.fromkeys([*recipe.fields, *usual]) if recipe.fields.get(name) != usual.get(name)]
    return {
        f"recipe.{name}": _worded(recipe.fields[name]) if name in recipe.fields else "neutral" for name in sorted(names)
    }


def _worded(value: Json) -> Plain:
    """A field's value as people write it: GatheredCrop(reach=2)."""
    if isinstance(value, Mapping) and isinstance(value.get("part"), str):
        knobs = [f"{name}={_worded(knob)}" for name, knob in value.items() if name != "part" and (name, knob) != _FIRST]
        return printable(f"{value['part']}({', '.join(knobs)})")
    return _plain(value)


_FIRST = ("version", 1)


def _plain(value: Json) -> Plain:
    if isinstance(value, str):
        return printable(value)
    return value if isinstance(value, (bool, int, float)) else canonical_json(value)


def _facts(environment: Environment | None) -> dict[str, Plain]:
    facts: Mapping[str, Json] = {} if environment is None else environment.facts
    return {f"environment.{name}": _plain(value) for name, value in sorted(facts.items()) if value is not None}


_NUMBERS = tuple(field.name for field in fields(Measurements) if field.name not in (CURVE, "extra"))


def _metrics(trial: Trial) -> Iterator[tuple[str, float]]:
    """What was measured, and the device's numbers before and after, under the names that a table of trials has for them."""
    if trial.measurements is not None:
        for name in _NUMBERS:
            value = getattr(trial.measurements, name)
            if value is not None:
                yield name, float(value)
        for name, value in trial.measurements.extra.items():
            yield f"{EXTRA}{name}", float(value)
    for moment in ("device_before", "device_after"):
        for name, fact in (getattr(trial, moment) or {}).items():
            if isinstance(fact, (int, float)) and not isinstance(fact, bool):
                yield f"{moment}_{name}", float(fact)


def _milliseconds(moment: str) -> int:
    """Milliseconds since 1970; 0 of a moment that is none, as in a damaged record."""
    try:
        return round(1000 * datetime.fromisoformat(moment).timestamp())
    except (ValueError, OverflowError):
        return 0


def path_name(name: str) -> str:
    """An arm's or study's name as the name of a folder."""
    return re.sub(r"[^\w .+@()-]+", "_", name).strip(" .")[:80] or "_"
