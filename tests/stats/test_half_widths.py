from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from scipy import stats

from ablate.stats import Spreads
from ablate.stats.half_widths import half_widths, stages_of
from ablate.stats.intervals import TInterval
from ablate.stats.looks import levels_of_looks
from ablate.stats.precision import rounds_of, rounds_planned
from ablate.study import Study, leave_one_out, screening, with_twin
from ablate.study.levels import levels_of
from tests.fakes import FakeCatalogue
from tests.stats.simulate import FakeTrainer, Studies

NAMES = [*"abcdefgh"]
SECONDS = 2.0
SPREADS = Spreads(
    score_sd=0.13,
    correlation=0.3,
    time_within_percent=100 * 0.0005 / SECONDS,
    time_arm_in_process_percent=100 * 0.0002 / SECONDS,
    source="a fake trainer",
)
"""As `FakeTrainer` draws them."""


def study(**settings):
    given = {"name": "s", "question": "?", "blocks": 10, "processes": 4}
    return Study.of(leave_one_out(["a"]), **{**given, **settings})


def widths(planned, spreads=SPREADS):
    """Of each contrast and stage: the half-widths of the score and of the time."""
    stages = stages_of(planned, planned.schedule())
    return stages, {each.subject: each for each in half_widths(planned, spreads, stages)}


def seen(interval: TInterval, factor: float) -> np.ndarray:
    """The root mean square of the half-widths: what Student's t times the true standard error gives."""
    return factor * np.sqrt((((interval.high - interval.low) / 2) ** 2).mean(axis=0))


def cut(drawn: Studies, blocks: int) -> Studies:
    return replace(
        drawn, score=drawn.score[:, :blocks], log_time=drawn.log_time[:, :blocks], process=drawn.process[:blocks]
    )


def simulated(arms, planned, block_share):
    world = FakeTrainer(
        accuracy=dict.fromkeys(arms, 0.94),
        seconds=dict.fromkeys(arms, SECONDS),
        drift_per_hour=0.0,
        block_share=block_share,
    )
    drawn = world.studies(np.random.default_rng(3), studies=1500, blocks=planned.blocks, processes=planned.processes)
    owners = [planned.schedule()[block * len(arms)].process for block in range(planned.blocks)]
    assert sorted(np.bincount(owners)) == sorted(np.bincount(drawn.process))
    return drawn


def test_intervals_of_two_arms_are_as_wide_as_was_foreseen():
    # One block more in some processes than in others.
    planned = study()
    stages, told = widths(planned)
    assert [stage.blocks for stage in stages] == [3, 5, 8, 10]
    drawn = simulated(["all", "all - a"], planned, 0.3)
    for place, stage in enumerate(stages):
        score, time = cut(drawn, stage.blocks).against("all", ["all - a"])
        assert told["a"].score[place] == pytest.approx(seen(score, 100)[0], rel=0.05)
        if len(set(drawn.process[: stage.blocks])) == len(stage.rounds) > 1:
            assert told["a"].time_percent[place] == pytest.approx(seen(time, 100)[0], rel=0.06)
    # The first quarter ends within one process, which gives no interval of time.
    assert isnan(told["a"].time_percent[0])
    assert all(np.isfinite(told["a"].time_percent[1:]))


@pytest.mark.parametrize("blocks", [1, 4])
def test_intervals_of_a_screening_are_as_wide_as_was_foreseen(blocks):
    design = screening(NAMES, FakeCatalogue({name: name for name in NAMES}))
    planned = Study.of(design, name="s", question="?", blocks=blocks, processes=blocks)
    stages, told = widths(planned, replace(SPREADS, correlation=0.0))
    drawn = simulated([arm.name for arm in design.arms], planned, 0.0)
    score, time = cut(drawn, blocks).average(levels_of([arm.features for arm in design.arms], NAMES))
    # A balanced design knows every feature equally well.
    assert len({round(told[name].score[-1], 9) for name in NAMES}) == 1
    assert told["a"].score[-1] == pytest.approx(seen(score, 100).mean(), rel=0.02)
    if blocks > 1:
        assert told["a"].time_percent[-1] == pytest.approx(seen(time, 100).mean(), rel=0.05)
        # The total has two arms only.
        assert told["all"].score[-1] > 3 * told["a"].score[-1]
    assert stages[-1].rounds == (1,) * blocks


def test_a_look_is_read_at_its_own_level():
    planned = study(blocks=20, processes=5)
    looked = planned.until_settled()
    plain, at_looks = widths(planned)[1]["a"], widths(looked)[1]["a"]
    assert [stage.blocks for stage in stages_of(looked, looked.schedule())] == [*looked.looks, 20]
    for place, (blocks, level) in enumerate(zip([*looked.looks, 20], levels_of_looks(looked), strict=True)):
        wider = stats.t.isf(level / 2, blocks - 1) / stats.t.isf(0.025, blocks - 1)
        ordinary = widths(replace(planned, blocks=blocks, processes=1))[1]["a"].score[-1]
        assert at_looks.score[place] == pytest.approx(wider * ordinary)
        assert wider > 1.1
    assert at_looks.score[-1] > plain.score[-1]


def test_rounds_of_times_count_as_far_as_they_are_taken_by_then():
    planned = study(clock="interleaved", blocks=8, processes=4)
    stages, told = widths(planned)
    # Two rounds in each process that has begun its share of the trainings.
    assert [stage.rounds for stage in stages] == [(2,), (2, 2), (2, 2, 2), (2, 2, 2, 2)]
    assert [len(stage.specs) for stage in stages] == [8, 16, 24, 32]
    beside = widths(replace(planned, parallel=2))[0]
    # Side by side, the trainings begin when all times are taken.
    assert [stage.rounds for stage in beside] == [(2, 2, 2, 2)] * 4
    assert [len(stage.specs) for stage in beside] == [20, 24, 28, 32]
    whole = widths(study(blocks=8, processes=4))[1]["a"]
    assert told["a"].time_percent[-1] == pytest.approx(whole.time_percent[-1])


@pytest.mark.parametrize(
    "settings",
    [{}, {"processes": 1}, {"parallel": 2}, {"clock": "interleaved"}, {"clock": "interleaved", "parallel": 2}],
)
def test_a_plan_tells_its_rounds_without_its_schedule(settings):
    planned = study(**settings)
    assert sorted(rounds_planned(planned)) == sorted(rounds_of(planned, planned.schedule()))


def test_times_of_trials_side_by_side_give_no_interval():
    _, told = widths(study(parallel=2))
    assert all(map(isnan, told["a"].time_percent))
    assert all(np.isfinite(told["a"].score))
    _, told = widths(study(), SPREADS.without_time())
    assert all(map(isnan, told["a"].time_percent))


def test_a_twin_draws_seeds_of_its_own_and_gains_nothing_by_pairing():
    design = with_twin(leave_one_out(["a"]), "all")
    _, told = widths(Study.of(design, name="s", question="?", blocks=10, processes=1))
    assert told["a"].score[-1] == pytest.approx(np.sqrt(0.7) * told["all (twin)"].score[-1])


def test_few_blocks_have_few_stages():
    assert [stage.blocks for stage in widths(study(blocks=2, processes=1))[0]] == [2]
    stages, told = widths(study(blocks=1, processes=1))
    assert [stage.blocks for stage in stages] == [1]
    assert isnan(told["a"].score[0])
