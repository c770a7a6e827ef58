from itertools import pairwise

import numpy as np
import pytest
import torch

from ablate.parts import EveryStep, GrowingInterval, HeldDecay, LinearDecay, Ramps, RateTable, Triangle

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


def test_a_held_rate_falls_in_a_line_from_where_it_was_held_to() -> None:
    factors = [HeldDecay(held=0.2).factor(step, 10) for step in range(12)]
    assert factors == pytest.approx([1, 1, 1, *(eighths / 8 for eighths in range(7, 0, -1)), 0, 0])
    assert [HeldDecay(held=0).factor(step, 9) for step in range(9)] == [LinearDecay().factor(s, 9) for s in range(9)]


def test_a_group_that_is_never_trained_has_no_rate() -> None:
    assert LinearDecay().factor(0, 0) == 0.0


@pytest.mark.parametrize(
    ("triangle", "num_steps", "top", "step", "factor"),
    [
        (Triangle(peak=0.23, end=0.07), 476, 109, 54, 0.2 + 0.8 * 54 / 109),
        (Triangle(peak=0.23, end=0.07), 476, 109, 475, 0.0725),
        (Triangle(peak=0.23, end=0.07), 720, 165, 400, 1 - 0.93 * 235 / 555),
        (Triangle(peak=0.1, end=0.0), 1776, 177, 100, 0.2 + 0.8 * 100 / 177),
        (Triangle(peak=0.1, end=0.0), 1776, 177, 1775, 1 / 1599),
        (Triangle(peak=0.1, end=0.0), 2160, 216, 1000, 1160 / 1944),
        (Triangle(start=0.0, peak=0.5, end=0.5), 10, 5, 2, 0.4),
    ],
)
def test_the_triangle_has_the_published_heights(
    triangle: Triangle, num_steps: int, top: int, step: int, factor: float
) -> None:
    heights = [triangle.factor(each, num_steps) for each in range(num_steps)]
    assert heights[0] == pytest.approx(triangle.start)
    assert heights.index(max(heights)) == top
    assert heights[top] == 1
    assert heights[step] == pytest.approx(factor, abs=5e-5 if factor == 0.0725 else 1e-12)
    assert triangle.factor(num_steps, num_steps) == pytest.approx(triangle.end), "no step reaches it"
    assert all(after > before for before, after in pairwise(heights[: top + 1]))
    assert all(after < before for before, after in pairwise(heights[top:]))


@pytest.mark.parametrize("num_steps", [1, 2, 4])
@pytest.mark.parametrize("peak", [0.0, 0.2, 1.0])
def test_a_triangle_is_defined_for_runs_of_a_few_steps(num_steps: int, peak: float) -> None:
    for step in range(num_steps):
        assert 0 < Triangle(peak=peak, end=0.0).factor(step, num_steps) <= 1


@pytest.mark.parametrize(
    ("ramps", "epochs", "knots", "heights"),
    [
        (Ramps(peak=5 / 24), 24, [0, 5, 24], [0, 1, 0]),
        (Ramps(peak=0.2, floor=0.1, flat_from=0.8), 10, [0, 2, 8], [0, 1, 0.1]),
    ],
)
def test_ramps_have_the_published_heights_at_the_ends_of_steps(
    ramps: Ramps, epochs: int, knots: list[float], heights: list[float]
) -> None:
    ends = (np.arange(97 * epochs) + 1) / 97
    factors = [ramps.factor(step, 97 * epochs) for step in range(97 * epochs)]
    assert factors == pytest.approx(np.interp(ends, knots, heights), abs=1e-12)
    assert factors[0] > 0
    assert factors[-1] == heights[-1]


def test_a_rate_table_is_read_one_entry_ahead_and_its_last_to_the_end() -> None:
    table = RateTable(rise=0.2, fall=0.6, end=0.1, top=2e-3)
    rates = [table.factor(step, 970) * 2e-3 for step in range(970)]
    # The script's first rate; both entries of 0.002; the last entry from step 775 on (counted from 1).
    assert rates[0] == pytest.approx(2e-3 / 193)
    assert [step + 1 for step, rate in enumerate(rates) if rate == max(rates)] == [193, 194]
    assert rates[192] == pytest.approx(2e-3)
    assert {rates[step] for step in range(774, 970)} == {rates[774]}
    assert rates[774] == pytest.approx(2e-4)
    assert rates[773] > rates[774]
    published = torch.cat([torch.linspace(0, 2e-3, 194), torch.linspace(2e-3, 2e-4, 582)])
    assert torch.equal(torch.tensor(rates), published[torch.arange(1, 971).clamp(max=775)])


def test_a_rate_table_of_a_short_run_still_rises_and_falls() -> None:
    for num_steps in (1, 2, 4, 9):
        table = RateTable(rise=0.2, fall=0.6, end=0.1, top=2e-3)
        factors = [table.factor(step, num_steps) for step in range(num_steps)]
        assert all(0 <= factor <= 1 + 1e-6 for factor in factors)
    assert factors[0] > factors[-1] == pytest.approx(0.1)
