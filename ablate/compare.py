"""Two run folders side by side: a comparison with stored numbers, never as good as one interleaved study. Free of torch."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import log1p
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.evidence import Evidence
from ablate.report.caveats import Caveat
from ablate.report.provenance import fact_label, fact_text
from ablate.stats import Effect
from ablate.stats.frames import usable
from ablate.stats.intervals import process_means
from ablate.stats.unpaired import Difference, Sample, difference
from ablate.stats.wording import percent_of_log

STORED_NUMBERS = (
    "A comparison with stored numbers: the two folders were not interleaved, so whatever changed between them is in these "
    "differences. For a claim, run both sides in one study."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different in the second folder: second minus first, unpaired 95 % intervals (Welch), NaN where there is none.

    For an arm (`kind` "arm") the change of its accuracy and time; for a contrast the change of the *effect* it measured, in the
    same units. `first_…` and `second_…` are the two sides, accuracies and effects on them in percentage points or percent,
    times in seconds (arms) or percent (effects). `blocks` and `processes` count (first, second).
    """

    kind: str
    name: str
    blocks: tuple[int, int]
    processes: tuple[int, int]
    first_tta_accuracy: float
    second_tta_accuracy: float
    tta_accuracy_pp: float
    tta_accuracy_low_pp: float
    tta_accuracy_high_pp: float
    first_time: float
    second_time: float
    time_percent: float
    time_low_percent: float
    time_high_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two run folders have in common, how it differs, and why that may mean nothing."""

    first: str
    second: str
    caveats: tuple[Caveat, ...]
    arms: tuple[Change, ...]
    contrasts: tuple[Change, ...]
    only_in_first: tuple[str, ...]
    only_in_second: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """A JSON object; NaN where a number could not be computed."""
        return asdict(self)


def compare(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> Comparison:
    """Compare the arms and contrasts that two run folders share by name.

    Accuracy: Welch's interval over trials (arms) or from the paired differences' sds (contrasts). Time: over the logarithms of
    process means; a folder with one process has none. Sides whose own trials mix data sets are not compared.

    Raises:
        UsageError: one of them is no run folder, or both are the same.
        AblateError: a folder's files cannot be understood.
    """
    paths = (Path(first).resolve(), Path(second).resolve())
    if paths[0] == paths[1]:
        raise UsageError(f"{first} and {second} are the same run folder; give two different ones.")
    names = (paths[0].name, paths[1].name) if paths[0].name != paths[1].name else (str(first), str(second))
    return compare_evidence(Evidence.read(first), Evidence.read(second), names=names)


def compare_evidence(first: Evidence, second: Evidence, *, names: tuple[str, str]) -> Comparison:
    """`compare` for what has been read already."""
    arm_names = [str(name) for name in first.arms["arm"] if name in set(second.arms["arm"])]
    sound = not (first.mixes_data or second.mixes_data)
    samples = [_samples(evidence) if sound else {} for evidence in (first, second)]
    theirs = {_question(effect): effect for effect in second.effects}
    return Comparison(
        first=names[0],
        second=names[1],
        caveats=tuple(_caveats(first, second, names)),
        arms=tuple(
            _arm_change(name, samples[0][name], samples[1][name])
            for name in arm_names
            if name in samples[0] and name in samples[1]
        ),
        contrasts=tuple(
            _contrast_change(effect, theirs[_question(effect)])
            for effect in first.effects
            if _question(effect) in theirs and effect.blocks and theirs[_question(effect)].blocks
        ),
        only_in_first=tuple(str(name) for name in first.arms["arm"] if name not in arm_names),
        only_in_second=tuple(str(name) for name in second.arms["arm"] if name not in arm_names),
    )


@dataclass(frozen=True, slots=True)
class _ArmSamples:
    """One arm of one folder: TTA accuracy in percent over trials, log seconds over process means."""

    tta_accuracy: Sample
    log_time: Sample


def _samples(evidence: Evidence) -> dict[str, _ArmSamples]:
    good = evidence.frame[usable(evidence.frame)]
    return {str(arm): _arm_samples(group) for arm, group in good.groupby("arm", sort=False)}


def _arm_samples(group: pd.DataFrame) -> _ArmSamples:
    log_time = np.log(group["time_seconds"].to_numpy(dtype=np.float64))
    return _ArmSamples(
        tta_accuracy=Sample.of(100 * group["tta_accuracy"].to_numpy(dtype=np.float64)),
        log_time=Sample.of(process_means(log_time, group["process"].to_numpy())),
    )


def _arm_change(name: str, first: _ArmSamples, second: _ArmSamples) -> Change:
    accuracy = difference(second.tta_accuracy, first.tta_accuracy)
    time = difference(second.log_time, first.log_time)
    return _change(
        "arm",
        name,
        (first.tta_accuracy.n, second.tta_accuracy.n),
        (first.log_time.n, second.log_time.n),
        (first.tta_accuracy.mean, second.tta_accuracy.mean),
        (float(np.exp(first.log_time.mean)), float(np.exp(second.log_time.mean))),
        accuracy,
        time,
    )


def _contrast_change(first: Effect, second: Effect) -> Change:
    accuracies = [
        Sample(n=effect.blocks, mean=effect.tta_accuracy_pp, sd=effect.tta_accuracy_sd_pp) for effect in (first, second)
    ]
    times = [
        Sample(n=effect.processes, mean=log1p(effect.time_percent / 100), sd=effect.time_sd_percent / 100)
        for effect in (first, second)
    ]
    return _change(
        first.kind,
        first.subject,
        (first.blocks, second.blocks),
        (first.processes, second.processes),
        (first.tta_accuracy_pp, second.tta_accuracy_pp),
        (first.time_percent, second.time_percent),
        difference(accuracies[1], accuracies[0]),
        difference(times[1], times[0]),
    )


def _change(
    kind: str,
    name: str,
    blocks: tuple[int, int],
    processes: tuple[int, int],
    accuracies: tuple[float, float],
    times: tuple[float, float],
    accuracy: Difference,
    log_time: Difference,
) -> Change:
    return Change(
        kind=kind,
        name=name,
        blocks=blocks,
        processes=processes,
        first_tta_accuracy=accuracies[0],
        second_tta_accuracy=accuracies[1],
        tta_accuracy_pp=accuracy.mean,
        tta_accuracy_low_pp=accuracy.low,
        tta_accuracy_high_pp=accuracy.high,
        first_time=times[0],
        second_time=times[1],
        time_percent=percent_of_log(log_time.mean),
        time_low_percent=percent_of_log(log_time.low),
        time_high_percent=percent_of_log(log_time.high),
    )


def _question(effect: Effect) -> tuple[str, str, str, str]:
    return (effect.subject, effect.kind, effect.with_arm, effect.without_arm)


def _caveats(first: Evidence, second: Evidence, names: tuple[str, str]) -> Iterator[Caveat]:
    yield Caveat("stored_numbers", STORED_NUMBERS)
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
    yield from _different_facts(first, second, names)
    yield from _different_recipes(first, second)


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


def _different_recipes(first: Evidence, second: Evidence) -> Iterator[Caveat]:
    ours, theirs = first.resolved.fingerprints, second.resolved.fingerprints
    changed = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if changed and first.resolved.preset == second.resolved.preset:
        arms = ", ".join(f"'{name}'" for name in changed)
        yield Caveat("different_recipe", f"The recipe behind the same name differs: {arms}.")


def _data(evidence: Evidence) -> str:
    return ", ".join(f"{name} ({digest[:8]})" for name, digest in evidence.data_sets)
