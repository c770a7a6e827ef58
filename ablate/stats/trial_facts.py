"""What the records of trials tell beside their numbers: how long arms train, how long it all took, what slowed the device down."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from math import nan
from statistics import median

from ablate.store.records import RecipeRecord, Trial

HARMFUL_THROTTLE_REASONS = frozenset(
    {"power_cap", "hardware_slowdown", "thermal_slowdown", "hardware_thermal_slowdown", "power_brake", "sync_boost"}
)
"""Those that slow a GPU down against its owner's will; "idle" and clocks that were set on purpose are none."""


SLOW = 1.1
"""From how many times the study's time on a seat is called slow."""

_FEWEST_OF_A_SEAT = 3

_LONGEST_PAUSE_SECONDS = 600.0
"""Between two trials lie starts of processes and compilations; more than this is an interruption."""


def epochs_by_arm(
    trials: Sequence[Trial], recipes: Mapping[str, RecipeRecord], *, scaled: bool = True
) -> dict[str, float]:
    """By arm: the recipe's epochs times its scale's, a factor that is left out where it is 1; not `scaled`, the recipe's alone."""
    found = {}
    for trial in trials:
        fields = recipes[trial.recipe].fields if trial.recipe in recipes else {}
        scale, epochs = fields.get("scale", {}), fields.get("epochs")
        factor = scale.get("epochs", 1.0) if scaled and isinstance(scale, Mapping) else 1.0
        if isinstance(epochs, (int, float)) and isinstance(factor, (int, float)):
            # A whole number of a damaged file may be larger than any float.
            with suppress(OverflowError):
                found[trial.spec.arm] = float(epochs * factor)
    return found


def minutes_of(trials: Iterable[Trial]) -> float:
    """Minutes from the first start to the last end, without pauses of more than ten minutes; NaN where no trial says when it began.

    A trial that failed says nothing of how long it took: it counts up to the next one's start, as a pause does.
    """
    spans = sorted(span for span in map(_span, trials) if span is not None)
    if not spans:
        return nan
    seconds, reached = 0.0, spans[0][0]
    for start, end in spans:
        pause = start - reached
        seconds += pause if 0 < pause <= _LONGEST_PAUSE_SECONDS else 0.0
        seconds += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return seconds / 60


def _span(trial: Trial) -> tuple[float, float] | None:
    """When the trial began and ended, in seconds; what warming up took is part of it. Of trials elsewhere by the driver's clock."""
    try:
        moment = datetime.fromisoformat(trial.received_at or trial.started_at).timestamp()
    except (ValueError, OverflowError):
        return None
    measured = trial.measurements
    taken = 0.0 if measured is None else measured.seconds_taken + (measured.warm_up_seconds or 0.0)
    return (moment - taken, moment) if trial.received_at else (moment, moment + taken)


def slow_seats(trials: Iterable[Trial]) -> dict[str, float]:
    """Seats, each with its host, whose trials take more than `SLOW` times as long as the study's, and how many times.

    Of each arm the median over the seat's trials is compared with that over all; a seat's number is the median over its arms. A seat
    counts from three trials on.
    """
    of_arm: dict[tuple[str, str], list[float]] = defaultdict(list)
    of_seat: dict[str, dict[tuple[str, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        if trial.seat and trial.status == "ok" and trial.measurements is not None:
            taken = trial.measurements.time_seconds or trial.measurements.wall_seconds
            if taken:
                kind = (trial.spec.arm, trial.spec.measures)
                of_arm[kind].append(taken)
                of_seat[f"{trial.seat} on {trial.host}" if trial.host else trial.seat][kind].append(taken)
    ratios = {
        seat: median(median(taken) / median(of_arm[kind]) for kind, taken in kinds.items())
        for seat, kinds in of_seat.items()
        if sum(map(len, kinds.values())) >= _FEWEST_OF_A_SEAT
    }
    return {seat: ratio for seat, ratio in sorted(ratios.items()) if ratio > SLOW}


def throttled(trials: Sequence[Trial]) -> dict[str, int]:
    """How many trials a device slowed down against its owner's will, by reason."""
    counts: Counter[str] = Counter()
    for trial in trials:
        reasons: set[str] = set()
        for state in (trial.device_before, trial.device_after):
            listed = (state or {}).get("throttle_reasons")
            if isinstance(listed, list):
                reasons.update(str(reason) for reason in listed)
        counts.update(reasons & HARMFUL_THROTTLE_REASONS)
    return dict(sorted(counts.items()))
