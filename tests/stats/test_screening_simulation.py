"""Average effects of a screening by simulation: coverage, false alarms, and how much narrower than leave-one-out.

The slow tests run every cell with 4,000 studies and two seeds, and print their figures (`pytest -m slow -rP` shows them).
"""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from ablate.study import leave_one_out, screening
from ablate.study.levels import levels_of
from tests.fakes import FakeCatalogue
from tests.stats.simulate import FakeTrainer, coverage, family_wise_error
from tests.stats.worlds import bias_in_errors

NAMES = tuple(f"f{number}" for number in range(10))
SCREENING = screening(NAMES, FakeCatalogue({name: name for name in NAMES}))
LEVELS = levels_of([arm.features for arm in SCREENING.arms], NAMES)

_rng = np.random.default_rng(10)
GAINS = dict(zip(NAMES, _rng.normal(0, 0.0006, 10), strict=True))
LOG_RATIOS = dict(zip(NAMES, _rng.normal(-0.015, 0.015, 10), strict=True))
TOGETHER = {pair: (_rng.normal(0, 0.0004), _rng.normal(0, 0.004)) for pair in combinations(NAMES, 2)}
"""Every pair does something more, or less, together: to accuracy and to log time."""


def true_gain(features: frozenset[str]) -> float:
    return sum(GAINS[name] for name in features) + sum(TOGETHER[pair][0] for pair in combinations(sorted(features), 2))


def true_log_ratio(features: frozenset[str]) -> float:
    return sum(LOG_RATIOS[name] for name in features) + sum(
        TOGETHER[pair][1] for pair in combinations(sorted(features), 2)
    )


def trainer(arms, *, null: bool = False, **options) -> FakeTrainer:
    return FakeTrainer(
        accuracy={arm.name: 0.94 + (0.0 if null else true_gain(arm.features)) for arm in arms},
        seconds={arm.name: 2.0 * (1.0 if null else np.exp(true_log_ratio(arm.features))) for arm in arms},
        **options,
    )


INTERACTING = trainer(SCREENING.arms, block_share=0.0, tail_degrees=4)
NULL = trainer(SCREENING.arms, null=True, block_share=0.0, tail_degrees=4)
ACCURACY = np.array([GAINS[n] + sum(v[0] for pair, v in TOGETHER.items() if n in pair) / 2 for n in NAMES])
LOG_TIME = np.array([LOG_RATIOS[n] + sum(v[1] for pair, v in TOGETHER.items() if n in pair) / 2 for n in NAMES])
"""The average effects: alone, and half of what each pair adds, which is there for half of the others' combinations."""

STUDIES = 4000
SEEDS = (20261123, 7)
CELLS = [(processes, blocks) for processes in (2, 3, 5, 10) for blocks in (processes, 2 * processes)]
QUICK = [pytest.param(1, 2, 2, 500, 0.015, id="quick-P2-B2"), pytest.param(1, 5, 5, 500, 0.015, id="quick-P5-B5")]
FULL = [
    pytest.param(
        seed, processes, blocks, STUDIES, 0.01, marks=pytest.mark.slow, id=f"seed{seed}-P{processes}-B{blocks}"
    )
    for seed in SEEDS
    for processes, blocks in CELLS
]
in_cells = pytest.mark.parametrize(("seed", "processes", "blocks", "studies", "tolerance"), QUICK + FULL)
FAR = 4.5
"""Standard errors that no unbiased estimate strays by in the few hundred comparisons made here."""


@in_cells
def test_averages_are_covered_at_the_nominal_rate_where_every_pair_works_together(
    seed, processes, blocks, studies, tolerance
):
    rng = np.random.default_rng([seed, processes, blocks])
    drawn = INTERACTING.studies(rng, studies=studies, blocks=blocks, processes=processes)
    accuracy, time = drawn.average(LEVELS)
    of_accuracy, of_time = coverage(accuracy, ACCURACY), coverage(time, LOG_TIME)
    print(f"P={processes} B={blocks} seed={seed}: accuracy {of_accuracy.mean():.4f}, time {of_time.mean():.4f}")
    assert abs(of_accuracy.mean() - 0.95) <= tolerance
    assert abs(of_time.mean() - 0.95) <= tolerance
    assert (bias_in_errors(accuracy, ACCURACY) < FAR).all()
    assert (bias_in_errors(time, LOG_TIME) < FAR).all()


@in_cells
def test_false_alarms_among_ten_averages_are_rare(seed, processes, blocks, studies, tolerance):
    rng = np.random.default_rng([seed, processes, blocks, 1])
    drawn = NULL.studies(rng, studies=studies, blocks=blocks, processes=processes)
    accuracy, time = drawn.average(LEVELS)
    errors = family_wise_error(accuracy), family_wise_error(time)
    print(f"P={processes} B={blocks} seed={seed}: accuracy {errors[0]:.4f}, time {errors[1]:.4f}")
    assert max(errors) <= 0.05 + tolerance


@pytest.mark.parametrize(("block_share", "most"), [(0.0, 0.45), (0.3, 0.52)])
def test_half_widths_are_about_half_of_leave_one_outs_or_less_at_as_many_trials(block_share, most):
    """264 trials each way; `block_share` is what leave-one-out gains by its common seeds, which a screening does without."""
    rng = np.random.default_rng(5)
    others = leave_one_out(NAMES)
    by_pairs = trainer(others.arms, block_share=block_share, tail_degrees=4)
    paired = by_pairs.studies(rng, studies=500, blocks=24, processes=5).against("all", [f"all - {n}" for n in NAMES])
    averaged = INTERACTING.studies(rng, studies=500, blocks=11, processes=5).average(LEVELS)
    ratios = [
        float((one.high - one.low).mean() / (other.high - other.low).mean())
        for one, other in zip(averaged, paired, strict=True)
    ]
    print(f"block_share={block_share}: accuracy {ratios[0]:.3f}, time {ratios[1]:.3f}")
    assert max(ratios) <= most
    assert ratios[1] <= 0.4


def test_drift_is_not_visible_in_averages():
    slow = replace(INTERACTING, hours_a_trial=0.05)
    drawn = slow.studies(np.random.default_rng(3), studies=1000, blocks=10, processes=5)
    _, time = drawn.average(LEVELS)
    assert (bias_in_errors(time, LOG_TIME) < FAR).all()
    assert abs(coverage(time, LOG_TIME).mean() - 0.95) < 0.015
