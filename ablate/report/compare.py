"""Two run folders side by side: a comparison with stored numbers, never as good as one interleaved study. Free of torch."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import log1p, nan
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.formats.printable import printable
from ablate.report.caveats import Caveat
from ablate.report.matching import ArmPair, Match, match, same_trainings
from ablate.report.provenance import fact_label, fact_text
from ablate.report.tables import effect_title
from ablate.report.wording import listed
from ablate.stats import Effect
from ablate.stats.evidence import Evidence
from ablate.stats.frames import usable
from ablate.stats.intervals import process_means
from ablate.stats.unpaired import Difference, Sample, difference
from ablate.stats.wording import counted, percent_of_log

STORED_NUMBERS = (
    "A comparison with stored numbers: the two folders were not interleaved, so whatever changed between them is in these "
    "differences. For a claim, run both sides in one study."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different in the second folder: second minus first, unpaired 95 % intervals (Welch), NaN where there is none.

    For an arm (`kind` "arm") the change of its accuracy and time; for a contrast the change of the *effect* it measured, in the
    same units. `name` and `kind` are what the first folder calls it, `second_name` and `second_kind` the second. `first_…` and
    `second_…` are the two sides, accuracies and effects on them in percentage points or percent, times in seconds (arms) or
    percent (effects: with over without, negative is faster). `blocks` and `processes` count (first, second).
    """

    kind: str
    name: str
    second_kind: str
    second_name: str
    blocks: tuple[int, int]
    processes: tuple[int, int]
    first_score: float
    second_score: float
    score_change: float
    score_low: float
    score_high: float
    first_time: float
    second_time: float
    time_percent: float
    time_low_percent: float
    time_high_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two run folders have in common, how it differs, and why that may mean nothing.

    `only_in_…` are the arms that the other folder does not have; `nothing_common` says why there is nothing to compare, if so.
    """

    first: str
    second: str
    caveats: tuple[Caveat, ...]
    arms: tuple[Change, ...]
    contrasts: tuple[Change, ...]
    only_in_first: tuple[str, ...]
    only_in_second: tuple[str, ...]
    nothing_common: str

    def to_json(self) -> dict[str, object]:
        """A JSON object; NaN where a number could not be computed."""
        return asdict(self)


def compare(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> Comparison:
    """Compare the arms and contrasts that two run folders share: recipes of one fingerprint, whatever they are called.

    Where a folder does not know its recipes (imported logs), arms are matched by name. Accuracy: Welch's interval over trials (arms)
    or from the paired differences' sds (contrasts). Time: over the logarithms of process means; a folder with one process has
    none. Sides whose own trials mix data sets are not compared.

    Raises:
        UsageError: one of them is no run folder, or both are the same.
        AblateError: a folder's files cannot be understood.
    """
    paths = (Path(first).resolve(), Path(second).resolve())
    if paths[0] == paths[1]:
        raise UsageError(f"{first} and {second} are the same run folder; give two different ones.")
    names = (paths[0].name, paths[1].name) if paths[0].name != paths[1].name else (str(first), str(second))
    shown = (printable(names[0]), printable(names[1]))
    return compare_evidence(Evidence.read(first), Evidence.read(second), names=shown)


def compare_evidence(first: Evidence, second: Evidence, *, names: tuple[str, str]) -> Comparison:
    """`compare` for what has been read already."""
    matched = match(first, second)
    sound = not (first.mixes_data or second.mixes_data)
    samples = [_samples(evidence) if sound else {} for evidence in (first, second)]
    arms = tuple(
        _arm_change(pair, samples[0][pair[0]], samples[1][pair[1]])
        for pair in matched.arms
        if pair[0] in samples[0] and pair[1] in samples[1]
    )
    contrasts = tuple(
        _contrast_change(one, other, (effect_title(first, one), effect_title(second, other)))
        for one, other in matched.contrasts
        if one.blocks and other.blocks
    )
    shared = [set(side) for side in zip(*matched.arms, strict=True)] or [set(), set()]
    return Comparison(
        first=names[0],
        second=names[1],
        caveats=tuple(_caveats(first, second, names, matched)),
        arms=arms,
        contrasts=contrasts,
        only_in_first=_others(first, shared[0]),
        only_in_second=_others(second, shared[1]),
        nothing_common="" if arms or contrasts else _why_nothing(first, second, matched),
    )


def _others(evidence: Evidence, shared: set[str]) -> tuple[str, ...]:
    return tuple(str(name) for name in evidence.arms["arm"] if name not in shared)


def _why_nothing(first: Evidence, second: Evidence, matched: Match) -> str:
    if first.mixes_data or second.mixes_data:
        return "trials of one folder ran on different data"
    if matched.arms:
        return "no arm has trials with a result in both folders"
    if matched.by_name:
        return "no arm of one folder has the name of an arm of the other"
    if first.resolved.preset != second.resolved.preset:
        return (
            f"the presets {first.resolved.preset} and {second.resolved.preset} train different recipes, so no arm of one folder "
            "trains the recipe of an arm of the other"
        )
    return "no arm of one folder trains the recipe of an arm of the other"


@dataclass(frozen=True, slots=True)
class _ArmSamples:
    """One arm of one folder: TTA accuracy in percent over trials, log seconds over process means."""

    score: Sample
    log_time: Sample


def _samples(evidence: Evidence) -> dict[str, _ArmSamples]:
    good = evidence.frame[usable(evidence.frame)]
    return {str(arm): _arm_samples(group) for arm, group in good.groupby("arm", sort=False)}


def _arm_samples(group: pd.DataFrame) -> _ArmSamples:
    log_time = np.log(group["time_seconds"].to_numpy(dtype=np.float64))
    return _ArmSamples(
        score=Sample.of(100 * group["score"].to_numpy(dtype=np.float64)),
        log_time=Sample.of(process_means(log_time, group["process"].to_numpy())),
    )


def _arm_change(names: ArmPair, first: _ArmSamples, second: _ArmSamples) -> Change:
    accuracy = difference(second.score, first.score)
    time = difference(second.log_time, first.log_time)
    return _change(
        ("arm", "arm"),
        names,
        (first.score.n, second.score.n),
        (first.log_time.n, second.log_time.n),
        (first.score.mean, second.score.mean),
        (float(np.exp(first.log_time.mean)), float(np.exp(second.log_time.mean))),
        accuracy,
        time,
    )


def _contrast_change(first: Effect, second: Effect, names: tuple[str, str]) -> Change:
    accuracies = [Sample(n=effect.blocks, mean=effect.score_change, sd=effect.score_sd) for effect in (first, second)]
    times = [
        Sample(n=effect.processes, mean=_log_of_percent(effect.time_percent), sd=effect.time_sd_percent / 100)
        for effect in (first, second)
    ]
    return _change(
        (first.kind, second.kind),
        names,
        (first.blocks, second.blocks),
        (first.processes, second.processes),
        (first.score_change, second.score_change),
        (first.time_percent, second.time_percent),
        difference(accuracies[1], accuracies[0]),
        difference(times[1], times[0]),
    )


def _log_of_percent(percent: float) -> float:
    """NaN where the time without was so long beside the time with that rounding left nothing of it."""
    return log1p(percent / 100) if percent > -100 else nan


def _change(
    kinds: tuple[str, str],
    names: tuple[str, str],
    blocks: tuple[int, int],
    processes: tuple[int, int],
    accuracies: tuple[float, float],
    times: tuple[float, float],
    accuracy: Difference,
    log_time: Difference,
) -> Change:
    return Change(
        kind=kinds[0],
        name=names[0],
        second_kind=kinds[1],
        second_name=names[1],
        blocks=blocks,
        processes=processes,
        first_score=accuracies[0],
        second_score=accuracies[1],
        score_change=accuracy.mean,
        score_low=accuracy.low,
        score_high=accuracy.high,
        first_time=times[0],
        second_time=times[1],
        time_percent=percent_of_log(log_time.mean),
        time_low_percent=percent_of_log(log_time.low),
        time_high_percent=percent_of_log(log_time.high),
    )


def _caveats(first: Evidence, second: Evidence, names: tuple[str, str], matched: Match) -> Iterator[Caveat]:
    yield Caveat("stored_numbers", STORED_NUMBERS)
    if matched.by_name:
        yield Caveat(
            "matched_by_name",
            "Imported logs do not say what they trained, so arms were matched by name; whether one name is one recipe is yours "
            "to know.",
        )
    for evidence, name in zip((first, second), names, strict=True):
        if evidence.mixes_data:
            yield Caveat("mixed_data", f"{name} mixes data sets, so nothing is compared with it.")
        elif not evidence.usable_trials:
            yield Caveat("no_results", f"{name} has no trial with a result, so there is nothing to compare with.")
    if first.data_sets and second.data_sets and set(first.data_sets) != set(second.data_sets):
        yield Caveat(
            "different_data",
            f"The data differ: {_data(first)} and {_data(second)}. Their accuracies cannot be compared.",
        )
    if first.resolved.preset != second.resolved.preset:
        yield Caveat(
            "different_preset",
            f"The presets differ: {first.resolved.preset} and {second.resolved.preset}. These are not the same recipes.",
        )
    shared, repeated = same_trainings(first, second, matched)
    if repeated > shared / 2:
        yield Caveat(
            "repeated_trainings",
            f"Of {counted(shared, 'trial')} that share recipe and seed, {repeated:,} reached the same accuracy in both folders: they "
            "are the same trainings, so accuracies agree by construction.",
        )
    yield from _different_facts(first, second, names)
    yield from _different_recipes(first, second, matched)


def _different_facts(first: Evidence, second: Evidence, names: tuple[str, str]) -> Iterator[Caveat]:
    if not (first.environments and second.environments):
        return
    ours, theirs = first.facts(), second.facts()
    for fact in dict.fromkeys((*ours, *theirs)):
        sides = [facts.get(fact, (None,)) for facts in (ours, theirs)]
        if fact != "preset" and set(sides[0]) != set(sides[1]):
            values = [", ".join(fact_text(fact, value) for value in side) for side in sides]
            said = ", ".join(f"{value} in {name}" for value, name in zip(values, names, strict=True))
            yield Caveat("different_environment", f"{fact_label(fact)}: {said}.")


def _different_recipes(first: Evidence, second: Evidence, matched: Match) -> Iterator[Caveat]:
    if matched.renamed and first.resolved.preset == second.resolved.preset:
        arms = listed([f"'{name}'" for name in matched.renamed])
        yield Caveat("different_recipe", f"One name stands for two recipes, which are not compared: {arms}.")
    ours, theirs = ({feature.name: feature.digest for feature in each.resolved.features} for each in (first, second))
    changed = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if changed:
        features = listed([f"'{name}'" for name in changed])
        yield Caveat("different_feature", f"The patch of a feature, or the source of its parts, differs: {features}.")


def _data(evidence: Evidence) -> str:
    return ", ".join(f"{name} ({digest[:8]})" for name, digest in evidence.data_sets)
