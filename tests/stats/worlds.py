"""Fake trainers with their truths: plain effects, nothing but null effects, a factorial with interactions, several lengths."""

from dataclasses import dataclass, field, replace
from itertools import combinations, permutations

import numpy as np

from ablate.stats.interactions import PAIR_WEIGHTS
from ablate.stats.intervals import TInterval, process_means
from ablate.stats.readout import Curve, Reading
from ablate.study import Arm
from tests.stats.simulate import FakeTrainer, Studies

EFFECTS = FakeTrainer(
    # b gives accuracy for time; ab is more than a and b; twin is the baseline once more
    accuracy={"baseline": 0.94, "a": 0.94, "b": 0.9395, "ab": 0.9402, "twin": 0.94},
    seconds={"baseline": 2.0, "a": 1.98, "b": 1.95, "ab": 1.90, "twin": 2.0},
)
OTHERS = ("a", "b", "ab", "twin")
ACCURACY_EFFECTS = np.array([EFFECTS.accuracy[arm] - EFFECTS.accuracy["baseline"] for arm in OTHERS])
LOG_TIME_EFFECTS = np.log([EFFECTS.seconds[arm] / EFFECTS.seconds["baseline"] for arm in OTHERS])

NULL_ARMS = tuple(f"null{number}" for number in range(9))
NULL = FakeTrainer(accuracy=dict.fromkeys(NULL_ARMS, 0.94), seconds=dict.fromkeys(NULL_ARMS, 2.0))


def _gained(features: frozenset[str]) -> float:
    return 0.0004 * ("a" in features) - 0.0005 * ("b" in features) + 0.0008 * ({"a", "c"} <= features)


def _seconds(features: frozenset[str]) -> float:
    factors = {"a": 0.98, "b": 0.95, "c": 1.01}
    together = 0.97 if {"b", "c"} <= features else 1.0
    return 2.0 * together * float(np.prod([factors[name] for name in features]))


PLAYERS = ("a", "b", "c")
SUBSETS = tuple(frozenset(name for bit, name in enumerate(PLAYERS) if mask >> bit & 1) for mask in range(8))
FACTORIAL_ARMS = tuple(Arm(name="+".join(sorted(subset)) or "baseline", features=subset) for subset in SUBSETS)
FACTORIAL = FakeTrainer(
    accuracy={arm.name: 0.94 + _gained(arm.features) for arm in FACTORIAL_ARMS},
    seconds={arm.name: _seconds(arm.features) for arm in FACTORIAL_ARMS},
)


def shapley_truth() -> tuple[np.ndarray, np.ndarray]:
    """Each player's mean gain over all orders of joining, walked one by one: accuracy, and time saved over the baseline's."""
    orders = list(permutations(PLAYERS))
    gains = np.zeros((2, len(PLAYERS)))
    for order in orders:
        joined: frozenset[str] = frozenset()
        for player in order:
            more = joined | {player}
            saved = (_seconds(joined) - _seconds(more)) / _seconds(frozenset())
            gains[:, PLAYERS.index(player)] += _gained(more) - _gained(joined), saved
            joined = more
    return gains[0] / len(orders), gains[1] / len(orders)


def interaction_weights() -> np.ndarray:
    """`(pairs, subsets)`: neither, first, second, both."""
    rows = np.zeros((3, len(SUBSETS)))
    for row, (first, second) in enumerate(combinations(range(3), 2)):
        rows[row, [0, 1 << first, 1 << second, 1 << first | 1 << second]] = PAIR_WEIGHTS
    return rows


INTERACTION_ACCURACY = np.array([0.0, 0.0008, 0.0])
INTERACTION_LOG_TIME = np.array([0.0, 0.0, np.log(0.97)])

SLOPE = -0.28
"""Log error over log time near 94 %: 0.22 pp an epoch of about eight."""

FACTORS = (0.85, 1.0, 1.15)
LENGTH_ARMS = tuple(
    Arm(name=name if factor == 1 else f"{name} @ {factor}", features=frozenset(features), length=factor)
    for name, features in (("baseline", ()), ("silu", ("silu",)))
    for factor in FACTORS
)
# silu: 3 % less time for its length, 0.03 pp more accuracy
LENGTHS = FakeTrainer(
    accuracy={arm.name: 1 - (0.0597 if arm.features else 0.06) * arm.length**SLOPE for arm in LENGTH_ARMS},
    seconds={arm.name: 2.0 * (0.97 if arm.features else 1.0) * arm.length for arm in LENGTH_ARMS},
)
EQUAL_LOG_RATIO = float(np.log(0.97) + np.log(0.06 / 0.0597) / SLOPE)
STEADY_LENGTHS = replace(LENGTHS, drift_per_hour=0.0)


@dataclass(kw_only=True)
class Readings:
    """How often the reading of "silu" at the baseline's accuracy held the truth, over studies."""

    seconds_covered: int = 0
    ratio_covered: int = 0
    read: int = 0
    refused: int = 0
    log_ratios: list[float] = field(default_factory=list)


def read_all(studies: Studies) -> Readings:
    """Read every study of `LENGTHS` as `equal_accuracy` does."""
    result = Readings()
    log_times = process_means(np.moveaxis(studies.log_time, 1, -1), studies.process)
    for study in range(len(log_times)):
        errors = 1 - studies.score[study].T
        curve = Curve.of(log_times[study, 3:], errors[3:])
        reading = Reading.of(curve, Curve.of(log_times[study, 1:2], errors[1:2]), log_target=None)
        if not reading.falls or not curve.shortest <= reading.log_time.value <= curve.longest:
            result.refused += 1
            continue
        result.read += 1
        low, high = reading.log_time.interval()
        result.seconds_covered += low <= np.log(2.0) + EQUAL_LOG_RATIO <= high
        low, high = reading.log_ratio.interval()
        result.ratio_covered += low <= EQUAL_LOG_RATIO <= high
        result.log_ratios.append(reading.log_ratio.value)
    return result


def bias_in_errors(interval: TInterval, truth: np.ndarray) -> np.ndarray:
    """How far the mean estimate over studies is from the truth, in its own Monte Carlo standard errors."""
    error = interval.mean.std(axis=0, ddof=1) / np.sqrt(len(interval.mean))
    return np.abs(interval.mean.mean(axis=0) - truth) / error
