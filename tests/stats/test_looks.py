from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ablate.stats import Margins, list_effects, look_at
from ablate.stats.intervals import t_interval
from ablate.stats.looks import (
    asks_for_time,
    counted_trials,
    level_of,
    levels_of_looks,
    plan_of_looks,
    spent,
    widening_by_looks,
)
from ablate.stats.wording import confidence_words
from ablate.study import Study, leave_one_out, pair
from ablate.study.arms import Arm
from ablate.study.score import TTA_ACCURACY
from tests.stats.build import frame_of, trial

MARGINS = Margins()


def two_arms(blocks=20, processes=1, **settings):
    arms = Arm(name="without", features=frozenset()), Arm(name="with", features=frozenset({"x"}))
    return Study.of(pair(*arms), name="s", question="?", blocks=blocks, processes=processes, **settings)


def frame_for(study, differences, *, ratio=0.9, spread=0.0, seed=0):
    """A trial of both arms in each of the first blocks; the score of `with` is better by `differences` (fractions).

    `ratio` is that of the times, which differs by `spread` from one process to the next.
    """
    rng = np.random.default_rng(seed)
    n = len(differences)
    owners = [block * study.processes // study.blocks for block in range(n)]
    times = {"without": 2 + rng.normal(0, 1e-4, n), "with": 2 * ratio + rng.normal(0, 1e-4, n)}
    shifts = 1 + spread * np.array([0, 1, -1])[np.array(owners) % 3]
    times["with"] *= shifts
    return frame_of({"without": np.full(n, 0.94), "with": 0.94 + np.asarray(differences)}, times, owners)


def around(mean, sd, n, seed=1):
    """Values of exactly this mean and sd."""
    values = np.random.default_rng(seed).normal(size=n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


class TestLevels:
    @pytest.mark.parametrize(("blocks", "processes"), [(6, 1), (20, 1), (20, 5), (100, 5), (40, 10)])
    def test_add_up_to_five_percent_and_grow(self, blocks, processes):
        study = two_arms(blocks, processes).until_settled()
        levels = levels_of_looks(study)
        assert sum(levels) == pytest.approx(0.05, abs=1e-15)
        assert len(levels) == len(study.looks) + 1
        assert min(levels) > 0

    def test_are_spent_as_lan_and_demets_did(self):
        # four even looks: 2 - 2Φ(1.95996 / √t), from tables of the normal distribution
        assert [spent(part / 4) for part in (1, 2, 3, 4)] == pytest.approx(
            [0.000089, 0.005575, 0.023625, 0.05], abs=1e-6
        )
        assert all(early < late for early, late in pairwise(map(spent, np.linspace(0.05, 1, 50))))

    def test_hold_at_looks_that_may_stop_and_what_is_left_elsewhere(self):
        study = two_arms(20, 1).until_settled()
        first, second, third, last = levels_of_looks(study)
        assert level_of(study, 5, settled=True) == first
        assert level_of(study, 10, settled=True) == level_of(study, 10, settled=False) == second
        assert level_of(study, 15, settled=False) == third
        assert level_of(study, 20, settled=False) == pytest.approx(last, abs=1e-15)
        assert level_of(study, 3, settled=False) == 0.05
        # nothing gives a study up before halfway
        assert level_of(study, 5, settled=False) == level_of(study, 7, settled=False) == pytest.approx(0.05 - first)
        assert level_of(study, 17, settled=False) == pytest.approx(0.05 - first - second - third)
        assert level_of(two_arms(20, 1), 7, settled=False) == 0.05

    def test_cost_a_little_width_at_the_end(self):
        assert widening_by_looks(two_arms(20, 1).until_settled()) == pytest.approx(1.150, abs=0.001)
        assert widening_by_looks(two_arms(100, 5).until_settled()) == pytest.approx(1.177, abs=0.001)
        assert widening_by_looks(two_arms(20, 1)) == pytest.approx(1)

    def test_in_words(self):
        assert [confidence_words(level) for level in (0.05, 0.0264, 0.0019, 8.9e-5)] == [
            "95 %",
            "97.4 %",
            "99.81 %",
            "99.9911 %",
        ]

    def test_are_told_before_a_run(self):
        said = plan_of_looks(two_arms(20, 5).until_settled())
        assert said.startswith("Looks after 8, 12, 16 of 20 blocks; it stops at the first with every verdict settled.")
        assert "intervals after all 20 blocks are 1.20 times as wide" in said
        assert "every verdict of the score (in one process there is none on time) settled" in plan_of_looks(
            two_arms(20, 1).until_settled()
        )


class TestEffectsAtALevel:
    def test_intervals_verdicts_and_what_settles_are_at_it(self):
        study = two_arms(20, 5)
        differences = around(0.001, 0.0015, 20)
        frame = frame_for(study, differences)
        (plain,), (strict,) = (list_effects(frame, study.contrasts, level=level) for level in (0.05, 0.005))
        assert repr(plain) == repr(list_effects(frame, study.contrasts)[0])
        wide = t_interval(differences, confidence=0.995)
        assert (strict.score_low, strict.score_high) == pytest.approx((100 * wide.low, 100 * wide.high))
        assert strict.score_p == plain.score_p
        assert (plain.score_verdict, strict.score_verdict) == ("better", "inconclusive")
        assert 0 < strict.score_more_blocks < 30
        assert strict.score_family_low == pytest.approx(strict.score_low)
        assert strict.time_saved_low_percent < plain.time_saved_low_percent

    def test_the_simultaneous_interval_is_at_it_too(self):
        study = Study.of(leave_one_out(["a", "b"]), name="s", question="?", blocks=20, processes=1)
        rng = np.random.default_rng(3)
        names = [arm.name for arm in study.arms]
        frame = frame_of(
            {name: 0.94 + rng.normal(0, 0.001, 20) for name in names}, {name: np.full(20, 2.0) for name in names}
        )
        effect = list_effects(frame, study.contrasts, level=0.01)[0]
        narrow = list_effects(frame, study.contrasts, level=0.02)[0]
        assert effect.score_family == 2
        assert (narrow.score_family_low, narrow.score_family_high) == pytest.approx(
            (effect.score_low, effect.score_high)
        )


class TestALook:
    def test_is_settled_at_its_own_level_only(self):
        study = two_arms(20, 1).until_settled()
        # t = 5.06 with 9 degrees of freedom: p = 0.0007, below 0.0055; with 4, p = 0.0072 is far above 0.00009
        strong = look_at(study, study.schedule(), frame_for(study, around(0.0016, 0.001, 10)))
        assert (strong.stage, strong.number, strong.planned, strong.blocks, strong.open) == ("settled", 2, 4, 10, 0)
        assert strong.level == levels_of_looks(study)[1]
        early = look_at(study, study.schedule(), frame_for(study, around(0.0022, 0.001, 5)))
        assert (early.stage, early.number, early.open) == ("open", 1, 1)
        # read as a study that ends there, it says what its remaining level allows
        assert early.level == pytest.approx(0.05 - levels_of_looks(study)[0])
        assert early.effects[0].score_verdict == "better"

    def test_elsewhere_is_read_at_what_is_left(self):
        study = two_arms(20, 1).until_settled()
        for blocks, number in ((4, 0), (7, 1), (17, 3)):
            look = look_at(study, study.schedule(), frame_for(study, around(0.003, 0.001, blocks)))
            assert (look.stage, look.number, look.level) == (
                "between",
                number,
                level_of(study, blocks, settled=False),
            )
        end = look_at(study, study.schedule(), frame_for(study, around(0.003, 0.001, 20)))
        assert (end.stage, end.number) == ("end", 4)
        assert end.level == pytest.approx(levels_of_looks(study)[-1])

    def test_is_the_same_for_the_same_trials(self):
        study = two_arms(20, 5).until_settled()
        frame = frame_for(study, around(0.002, 0.001, 12))
        assert repr(look_at(study, study.schedule(), frame)) == repr(look_at(study, study.schedule(), frame))

    def test_takes_whole_blocks_only_so_that_an_interruption_changes_nothing(self):
        study = two_arms(20, 1).until_settled()
        differences = around(0.0016, 0.001, 10)
        whole = frame_for(study, differences)
        more = pd.concat([whole, frame_of({"with": [0.5]}, {"with": [9.0]}).assign(block=10)], ignore_index=True)
        assert repr(look_at(study, study.schedule(), more)) == repr(look_at(study, study.schedule(), whole))

    def test_a_failed_trial_ends_its_block_too(self):
        study = two_arms(20, 1).until_settled()
        frame = frame_for(study, around(0.0016, 0.001, 10))
        frame.loc[3, "status"] = "failed"
        look = look_at(study, study.schedule(), frame)
        assert (look.blocks, look.effects[0].blocks) == (10, 9)

    def test_asks_for_time_where_processes_can_tell_it(self):
        assert not asks_for_time(two_arms(20, 1))
        assert asks_for_time(two_arms(20, 5))
        assert not asks_for_time(two_arms(20, 5, parallel=2))
        assert asks_for_time(two_arms(20, 5, parallel=2, clock="interleaved"))
        settled_score = around(0.003, 0.001, 12)
        for spread, stage in ((0.0, "settled"), (0.001, "open")):
            study = two_arms(20, 5).until_settled()
            look = look_at(study, study.schedule(), frame_for(study, settled_score, ratio=1.0048, spread=spread))
            assert look.effects[0].score_verdict == "better"
            assert look.stage == stage

    def test_twins_are_not_asked(self):
        study = two_arms(20, 1).with_twin().until_settled()
        rng = np.random.default_rng(5)
        frame = frame_for(two_arms(20, 1), around(0.0016, 0.001, 10))
        twins = frame_of(
            {arm.name: 0.94 + rng.normal(0, 0.01, 10) for arm in study.arms[2:]},
            {arm.name: np.full(10, 2.0) for arm in study.arms[2:]},
        )
        look = look_at(study, study.schedule(), pd.concat([frame, twins], ignore_index=True))
        assert {effect.kind: effect.score_verdict for effect in look.effects}["aa"] == "inconclusive"
        assert look.stage == "settled"


class TestHopeless:
    def hopeless(self, mean, sd, blocks=10, blocks_left=None, **settings):
        study = two_arms(20, 1, **settings).until_settled()
        look = look_at(study, study.schedule(), frame_for(study, around(mean, sd, blocks)))
        assert look.stage == "open"
        return look.hopeless(MARGINS, TTA_ACCURACY, blocks_left)

    def test_is_what_the_blocks_left_cannot_settle(self):
        assert not self.hopeless(0.0008, 0.001)
        assert self.hopeless(0.0003, 0.002)
        assert not self.hopeless(0.0005, 0.001)
        assert self.hopeless(0.0005, 0.001, blocks_left=1)

    def test_nothing_is_before_halfway(self):
        assert not self.hopeless(0.0003, 0.002, blocks=5)
        assert not self.hopeless(0.0003, 0.002, blocks=5, blocks_left=0)

    def test_one_open_verdict_in_reach_is_hope(self):
        study = Study.of(leave_one_out(["a", "b"]), name="s", question="?", blocks=20, processes=1).until_settled()
        for sds, hopeless in (((0.001, 0.002), False), ((0.002, 0.002), True)):
            scores = {"all": np.full(10, 0.94)}
            for arm, sd, mean in zip(("all - a", "all - b"), sds, (0.0008, 0.0003), strict=True):
                scores[arm] = 0.94 - around(mean, sd, 10)
            frame = frame_of(scores, {arm: np.full(10, 2.0) for arm in scores})
            look = look_at(study, study.schedule(), frame)
            assert look.stage == "open"
            assert look.hopeless(MARGINS, TTA_ACCURACY) is hopeless

    def test_an_arm_that_never_succeeds_is(self):
        study = two_arms(20, 1).until_settled()
        frame = frame_for(study, around(0.001, 0.001, 10))
        frame.loc[frame["arm"] == "with", "status"] = "failed"
        look = look_at(study, study.schedule(), frame)
        assert look.stage == "open"
        assert look.hopeless(MARGINS, TTA_ACCURACY)

    def test_time_is_where_the_processes_left_cannot_settle_it(self):
        study = two_arms(20, 5).until_settled()
        for spread, hopeless in ((0.001, False), (0.05, True)):
            frame = frame_for(study, around(0.003, 0.001, 12), ratio=1.0048, spread=spread)
            look = look_at(study, study.schedule(), frame)
            assert look.stage == "open"
            assert look.hopeless(MARGINS, TTA_ACCURACY) is hopeless


def test_times_apart_from_scores_count_with_the_blocks_of_their_process():
    study = two_arms(20, 5, clock="interleaved", rounds=2).until_settled()
    schedule = study.schedule()

    def counted(trials):
        frame = frame_for(study, np.zeros(1)).iloc[:0]
        rows = [trial(spec.arm, spec.block, process=spec.process) for spec in trials]
        from ablate.stats import trials_frame

        frame = trials_frame([replace(row, spec=spec) for row, spec in zip(rows, trials, strict=True)])
        kept = counted_trials(schedule, frame)
        return {(m, int(b)) for m, b in zip(kept["measures"], kept["block"], strict=True)}

    # two processes whole: their rounds (blocks 20 to 23) and scores; the third has measured its times only
    each = 2 * 2 + 4 * 2
    assert counted(schedule[: 2 * each + 4]) == {("time", b) for b in range(20, 24)} | {("score", b) for b in range(8)}
