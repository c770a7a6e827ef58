"""What a reader must know before believing a report: every condition that could spoil its numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from ablate.formats.canonical import Json, canonical_json
from ablate.report.wording import score_interval, time_interval
from ablate.stats import Effect
from ablate.stats.evidence import Evidence
from ablate.stats.frames import usable
from ablate.stats.recorded import OFFICIAL_DATA
from ablate.stats.score_words import gain_name, short_name
from ablate.stats.sentences import PROCESSES_FOR_AN_INTERVAL
from ablate.stats.verdicts import FEWEST_BLOCKS
from ablate.stats.wording import EVERYTHING, counted, listed
from ablate.store.importers import IMPORTED_MARK

_HARDWARE_FACTS = (
    "device",
    "device_name",
    "device_memory_bytes",
    "driver",
    "cpu_model",
    "usable_cores",
    "memory_bytes",
)


@dataclass(frozen=True, slots=True)
class Caveat:
    """One warning; `slug` names its kind in machine-readable reports."""

    slug: str
    text: str


def list_caveats(evidence: Evidence) -> tuple[Caveat, ...]:
    """Every warning that applies, the gravest first."""
    return tuple(
        caveat
        for source in (_nothing, _data, _preset, _environments, _throttling, _seats, _losses, _sizes, _twins, _progress)
        for caveat in source(evidence)
    )


def _nothing(evidence: Evidence) -> Iterator[Caveat]:
    if evidence.usable_trials:
        return
    if evidence.frame.empty:
        yield Caveat("no_trials", "No trial is recorded here. Run the study, or go on with `ablate study resume DIR`.")
    else:
        yield Caveat(
            "no_results",
            f"No trial gave a result, so nothing about time or {short_name(evidence.score)} can be said. "
            "`ablate study resume DIR --retry-failed` runs them again.",
        )


def _data(evidence: Evidence) -> Iterator[Caveat]:
    if evidence.mixes_data:
        sets = ", ".join(f"{name} ({digest[:8]})" for name, digest in evidence.data_sets)
        yield Caveat(
            "mixed_data",
            f"The trials mix data sets: {sets}. Nothing is compared across them; run each set in a folder of its own.",
        )
    # Only image recipes are published for CIFAR-10.
    for name in evidence.data_names if evidence.is_of_images else ():
        if name == "synthetic":
            yield Caveat(
                "synthetic_data", "The images are synthetic: accuracies and effects on them say nothing about CIFAR-10."
            )
        elif name != OFFICIAL_DATA:
            yield Caveat(
                "other_data",
                f"The data set is '{name}', not the official CIFAR-10: accuracies cannot be compared with published ones.",
            )


def _preset(evidence: Evidence) -> Iterator[Caveat]:
    preset = evidence.resolved.preset
    if preset != "full":
        yield Caveat(
            "reduced_preset",
            f"Preset '{preset}' trains a smaller recipe than the published one: its times and "
            + ("accuracies are not the record's" if evidence.is_of_images else "scores are not those at full size")
            + ", and effects may differ.",
        )


def _environments(evidence: Evidence) -> Iterator[Caveat]:
    facts = evidence.facts()
    differing = {name: values for name, values in facts.items() if len(values) > 1}
    if len(evidence.environments) > 1 and not _apart_by_intent(evidence):
        hardware = any(name in differing for name in _HARDWARE_FACTS)
        differences = listed([f"{name}: {', '.join(map(_shown, values))}" for name, values in differing.items()], "; ")
        yield Caveat(
            "mixed_hardware" if hardware else "mixed_environments",
            f"The trials ran in {len(evidence.environments)} environments ({differences}). "
            "Only pairs within one environment are compared; the arms' own means mix them.",
        )
    if IMPORTED_MARK in evidence.marks:
        yield Caveat(
            "imported",
            "The trials were read from logs: machine, versions and data are as their owner says, and arms were not "
            "interleaved, so whatever else differed between their runs is in the differences.",
        )
    marks = [f"'{mark}' ({counted(count, 'trial')})" for mark, count in evidence.marks.items() if mark != IMPORTED_MARK]
    if marks:
        yield Caveat("marked_trials", f"Trials are marked as apart from the rest of the folder: {', '.join(marks)}.")
    if True in facts.get("dirty", ()):
        yield Caveat("dirty_source", "The source had changes that no commit holds; others cannot run the same code.")
    if False in facts.get("compiling", ()):
        yield Caveat("not_compiled", "Nothing was compiled there: times are those of eager code, not of the recipe.")


def _apart_by_intent(evidence: Evidence) -> bool:
    """Whether environments differ only as scores side by side are to differ from times alone: each has its share of the processor."""
    study = evidence.resolved.study
    if study.clock != "interleaved" or study.parallel == 1:
        return False
    without_threads = {
        canonical_json({name: fact for name, fact in environment.facts.items() if name != "threads"})
        for environment in evidence.environments.values()
    }
    rows = evidence.frame[usable(evidence.frame)]
    of_each = rows.groupby(rows["measures"] == "time")["environment"].nunique()
    return len(without_threads) == 1 and bool((of_each <= 1).all())


def _throttling(evidence: Evidence) -> Iterator[Caveat]:
    if evidence.throttled:
        reasons = ", ".join(
            f"{reason.replace('_', ' ')} in {counted(count, 'trial')}" for reason, count in evidence.throttled.items()
        )
        yield Caveat(
            "throttling",
            f"The device slowed itself down before or after trials: {reasons}. `ablate doctor` names the remedy.",
        )


def _seats(evidence: Evidence) -> Iterator[Caveat]:
    slow = [f"{seat} ({ratio:.2f} times the study's)" for seat, ratio in evidence.slow_seats.items()]
    if slow:
        yield Caveat(
            "slow_seats",
            f"Trials took longer in some seats than in the others: {', '.join(slow)}. Pairs within a process are not touched by that; "
            "the arms' own mean times are. `ablate doctor` there says what slows it down.",
        )
    sharing = sum(bool(trial.seat and trial.beside) for trial in evidence.store.latest().values())
    if sharing:
        yield Caveat(
            "shared_hardware",
            f"{counted(sharing, 'trial')} ran in seats that share a GPU, or the cores of a machine, with others: their times do not count.",
        )


def _losses(evidence: Evidence) -> Iterator[Caveat]:
    losses = {row["arm"]: _kinds_of_loss(row["failed"], row["timed_out"], row["unusable"]) for row in evidence.arm_rows}
    arms = [f"{arm}: {', '.join(f'{count} {word}' for count, word in kinds)}" for arm, kinds in losses.items() if kinds]
    if not arms:
        return
    errors = Counter(str(error) for error in evidence.frame["error"] if error is not None)
    text = f"{counted(evidence.lost_trials, 'trial')} gave no result ({listed(arms, '; ')})."
    if errors:
        error, count = min(errors.items(), key=lambda item: (-item[1], item[0]))
        text += f" Most often ({count}): {error}"
    yield Caveat("failed_trials", text)


def _kinds_of_loss(failed: int, timed_out: int, unusable: int) -> list[tuple[int, str]]:
    kinds = ((failed, "failed"), (timed_out, "timed out"), (unusable, "without finite numbers"))
    return [(number, word) for number, word in kinds if number]


def _sizes(evidence: Evidence) -> Iterator[Caveat]:
    measured = [effect for effect in evidence.effects if effect.is_measured]
    few = [effect for effect in measured if effect.has_few_blocks]
    if few:
        where = "" if len(few) == len(evidence.effects) else f" behind {_subjects(few)}"
        yield Caveat(
            "few_blocks",
            f"Fewer than {FEWEST_BLOCKS} blocks{where}: numbers and no verdict. Run at least {FEWEST_BLOCKS} (--trials).",
        )
    if any(effect.processes == 1 for effect in measured):
        yield Caveat(
            "one_process",
            "Times come from one process, and processes differ more than the trials within one do: the spread shown is no "
            f"interval, and there is no verdict on time. Run the study with --processes {PROCESSES_FOR_AN_INTERVAL}.",
        )


def _twins(evidence: Evidence) -> Iterator[Caveat]:
    for effect in evidence.effects:
        if effect.kind != "aa":
            continue
        missed = []
        if _misses_zero(effect.time_low_percent, effect.time_high_percent):
            missed.append(f"time saved {time_interval(effect)} %")
        if _misses_zero(effect.score_low, effect.score_high):
            score = evidence.score
            name = short_name(score) if score.better == "higher" else gain_name(score)
            missed.append(f"{name} {score_interval(effect, score)} {score.unit}".rstrip())
        if missed:
            yield Caveat(
                "aa_missed_zero",
                f"A/A: '{effect.with_arm}' is '{effect.without_arm}' once more, and yet its interval misses zero "
                f"({', '.join(missed)}). {_so_often(evidence)} does so by chance; otherwise something disturbs the measurement.",
            )


def _so_often(evidence: Evidence) -> str:
    return "One study in twenty" if evidence.look is None else f"One study in {round(1 / evidence.level):,}"


def _progress(evidence: Evidence) -> Iterator[Caveat]:
    settled = evidence.look is not None and evidence.look.stage == "settled"
    if evidence.left and not evidence.frame.empty and not settled:
        total = len(evidence.resolved.schedule)
        yield Caveat(
            "unfinished",
            f"The study is not finished: {evidence.left:,} of {counted(total, 'trial')} left. Go on with `ablate study resume DIR`.",
        )
    for name, reason in evidence.resolved.study.left_out:
        yield Caveat("left_out", f"Arm '{name}' was left out: {reason}.")


def _misses_zero(low: float, high: float) -> bool:
    return isfinite(low) and isfinite(high) and not low <= 0 <= high


def _subjects(effects: Sequence[Effect]) -> str:
    return listed([EVERYTHING if effect.kind == "total" else effect.subject for effect in effects], ", ")


def _shown(value: Json) -> str:
    return "unknown" if value is None else str(value)
