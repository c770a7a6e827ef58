"""What stopping when settled must keep, and what it saves: coverage and false alarms over studies that stopped where they liked.

The slow tests run 4,000 studies a cell with two seeds, and print their figures (`pytest -m slow -rP` shows them).
"""

from dataclasses import replace

import numpy as np
import pytest

from ablate.stats import look_at
from ablate.stats.verdicts import SIGNIFICANCE
from tests.stats.simulate import FakeTrainer
from tests.stats.stopping import Stopped, saved, stop, study_of
from tests.stats.worlds import EFFECTS

NAMES = ("baseline", "z1", "z2", "z3", "z4", "small", "slow", "large", "huge")
MIXED = FakeTrainer(
    # four that do nothing, a small one, one that costs, two large ones
    accuracy=dict(zip(NAMES, (0.94, 0.94, 0.94, 0.94, 0.94, 0.9403, 0.9385, 0.943, 0.94), strict=True)),
    seconds=dict(zip(NAMES, (2.0, 2.0, 2.0, 2.0, 2.0, 1.99, 2.02, 1.95, 1.7), strict=True)),
)
LARGE = FakeTrainer(
    accuracy={"baseline": 0.94, "a": 0.943, "b": 0.937, "c": 0.945},
    seconds={"baseline": 2.0, "a": 1.9, "b": 1.8, "c": 2.0},
)
NOTHING = FakeTrainer(accuracy={"baseline": 0.94, "a": 0.94}, seconds={"baseline": 2.0, "a": 2.0})
HEAVY = 3
"""Degrees of freedom of noise with tails so heavy that its variance just exists."""

CELLS = {
    "mixed": (MIXED, 20, 5),
    "mixed-long": (MIXED, 100, 5),
    "mixed-longer": (MIXED, 200, 10),
    "large": (LARGE, 20, 5),
    "large-one-process": (LARGE, 20, 1),
    "effects": (EFFECTS, 40, 5),
    "nothing": (NOTHING, 20, 5),
    "nothing-one-process": (NOTHING, 20, 1),
    "nothing-few": (NOTHING, 8, 1),
}
QUICK = [pytest.param(1, name, 800, 0.015, id=f"quick-{name}") for name in ("mixed", "large", "nothing-one-process")]
FULL = [
    pytest.param(seed, name, 4000, 0.0, marks=pytest.mark.slow, id=f"seed{seed}-{name}")
    for seed in (20261123, 7)
    for name in CELLS
]


def truth_of(trainer: FakeTrainer) -> np.ndarray:
    accuracy, seconds = np.array(list(trainer.accuracy.values())), np.array(list(trainer.seconds.values()))
    return np.array([np.round(accuracy[1:] - accuracy[0], 12), np.log(seconds[1:] / seconds[0])])


def check(stopped: Stopped, truth: np.ndarray, slack: float, what: str) -> None:
    coverage, alarms = stopped.coverage(truth), stopped.false_alarms(truth)
    print(f"{what}: coverage {coverage[0]:.4f}, {coverage[1]:.4f}; false alarms {alarms[0]:.4f}, {alarms[1]:.4f}")
    assert np.nanmin(coverage) >= 0.94 - slack
    assert alarms.max() <= 0.06 + slack


@pytest.mark.parametrize("tails", [None, HEAVY], ids=["normal", "heavy"])
@pytest.mark.parametrize(("seed", "cell", "studies", "slack"), QUICK + FULL)
def test_what_is_printed_where_a_study_stops_holds_as_often_as_it_says(seed, cell, studies, slack, tails):
    trainer, blocks, processes = CELLS[cell]
    rng = np.random.default_rng([seed, blocks, processes])
    drawn = replace(trainer, tail_degrees=tails).studies(rng, studies=studies, blocks=blocks, processes=processes)
    study, truth = study_of(trainer, blocks=blocks, processes=processes), truth_of(trainer)
    stopped = stop(drawn, study)
    print(saved(stopped, study))
    check(stopped, truth, slack, f"{cell} {tails}")
    ends = rng.integers(5, blocks + 1, studies)
    check(stop(drawn, study, ends=ends), truth, slack, f"{cell} {tails}, ended by its minutes")
    check(stop(drawn, study, ends=ends, give_up=True), truth, slack, f"{cell} {tails}, given up or ended")


def test_stopping_at_five_percent_each_time_would_not_hold():
    drawn = NOTHING.studies(np.random.default_rng(5), studies=4000, blocks=20, processes=1)
    study, truth = study_of(NOTHING, blocks=20, processes=1), truth_of(NOTHING)
    naive, ours = stop(drawn, study, always_at=SIGNIFICANCE), stop(drawn, study)
    assert naive.false_alarms(truth)[0] > 0.09
    assert naive.coverage(truth)[0] < 0.91
    assert ours.false_alarms(truth)[0] <= 0.055
    assert ours.coverage(truth)[0] >= 0.945


def test_large_effects_are_settled_long_before_the_end():
    study = study_of(LARGE, blocks=20, processes=5)
    drawn = LARGE.studies(np.random.default_rng(6), studies=800, blocks=20, processes=5)
    stopped = stop(drawn, study)
    assert stopped.settled.mean() > 0.9
    assert stopped.blocks.mean() < 15


def test_studies_taken_all_at_once_stop_where_each_would_alone():
    middling = replace(LARGE, accuracy={"baseline": 0.94, "a": 0.9422, "b": 0.938, "c": 0.9419})
    study = study_of(middling, blocks=20, processes=5)
    drawn = middling.studies(np.random.default_rng(8), studies=12, blocks=20, processes=5)
    stopped = stop(drawn, study)
    assert len(set(stopped.blocks.tolist())) > 1
    schedule = study.schedule()
    for number in range(12):
        whole, blocks = drawn.frame(number), int(stopped.blocks[number])
        looks = [look_at(study, schedule, whole[whole["block"] < look]) for look in study.looks]
        assert next((look.blocks for look in looks if look.stage == "settled"), 20) == blocks
        said = look_at(study, schedule, whole[whole["block"] < blocks])
        np.testing.assert_allclose([e.score_low for e in said.effects], 100 * stopped.low[0, number], rtol=1e-9)
        high = -100 * np.expm1(stopped.low[1, number])
        np.testing.assert_allclose([e.time_saved_high_percent for e in said.effects], high, rtol=1e-9)
