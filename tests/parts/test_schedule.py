from itertools import pairwise

import pytest

from ablate.parts import EveryStep, GrowingInterval, LinearDecay

PUBLISHED_STEPS = [
    2,
    4,
    6,
    8,
    10,
    12,
    14,
    16,
    19,
    22,
    25,
    28,
    31,
    35,
    39,
    43,
    47,
    52,
    57,
    62,
    68,
    74,
    80,
    87,
    94,
    102,
    110,
]
PUBLISHED_STEPS += [119, 128, 138, 149, 160, 172, 185, 199, 214, 230]


def test_filters_are_renormalised_at_the_37_published_steps() -> None:
    due = GrowingInterval().due(243)
    assert len(due) == 243
    assert [step for step, scaled in enumerate(due, start=1) if scaled] == PUBLISHED_STEPS
    assert len(PUBLISHED_STEPS) == 37
    assert not due[0]


@pytest.mark.parametrize("num_steps", [1, 2, 20, 80, 200])
def test_intervals_never_shrink(num_steps: int) -> None:
    steps = [0] + [step for step, scaled in enumerate(GrowingInterval().due(num_steps), start=1) if scaled]
    intervals = [after - before for before, after in pairwise(steps)]
    assert intervals == sorted(intervals)
    assert all(interval >= 2 for interval in intervals)


def test_every_step_is_every_step() -> None:
    assert EveryStep().due(200) == (True,) * 200


@pytest.mark.parametrize(("step", "factor"), [(0, 1.0), (100, 0.5), (199, 1 / 200), (200, 0.0), (500, 0.0)])
def test_rates_fall_in_a_line_and_never_below_zero(step: int, factor: float) -> None:
    assert LinearDecay().factor(step, 200) == pytest.approx(factor)


def test_a_group_that_is_never_trained_has_no_rate() -> None:
    assert LinearDecay().factor(0, 0) == 0.0
