from dataclasses import replace
from math import expm1, isnan, sqrt

import pytest
from scipy import stats

from ablate.stats.forecast import cheaper_screening, half_widths
from ablate.stats.looks import levels_of_looks
from ablate.stats.spreads import Spreads
from ablate.study import Study, leave_one_out
from tests.fakes import FakeCatalogue, fake_study

SPREADS = Spreads(
    score_sd=0.8, correlation=0.0, time_within_percent=4.0, time_arm_in_process_percent=1.0, source="a folder"
)


def t(level: float, degrees: int) -> float:
    return float(stats.t.isf(level / 2, degrees))


def test_intervals_narrow_with_the_quarters_of_a_paired_study() -> None:
    found = half_widths(fake_study(blocks=20, processes=5), SPREADS)
    assert [each.blocks for each in found] == [5, 10, 15, 20]
    assert [each.level for each in found] == [0.05] * 4
    assert found[-1].score == pytest.approx(t(0.05, 19) * 0.8 * sqrt(2) / sqrt(20))
    assert found[0].score == pytest.approx(t(0.05, 4) * 0.8 * sqrt(2) / sqrt(5))
    # Five processes of four blocks; after ten blocks, three have begun.
    error = sqrt(2) * sqrt(1**2 + 4**2 / 4) / 100 / sqrt(5)
    assert found[-1].time_percent == pytest.approx(100 * expm1(t(0.05, 4) * error))
    third = sqrt(2) * sqrt(1**2 + 4**2 / (10 / 3)) / 100 / sqrt(3)
    assert found[1].time_percent == pytest.approx(100 * expm1(t(0.05, 2) * third))


def test_side_by_side_all_times_are_there_before_the_first_score() -> None:
    study = replace(fake_study(blocks=20, processes=5), clock="interleaved")
    one_by_one, beside = half_widths(study, SPREADS), half_widths(replace(study, parallel=2), SPREADS)
    assert len({each.time_percent for each in beside}) == 1
    assert one_by_one[-1].time_percent == beside[-1].time_percent < one_by_one[1].time_percent
    # A trial clock's times do not count beside others.
    assert isnan(half_widths(replace(fake_study(blocks=20, processes=5), parallel=2), SPREADS)[-1].time_percent)


def test_looks_have_levels_of_their_own() -> None:
    study = fake_study(blocks=20, processes=5).until_settled()
    found = half_widths(study, SPREADS)
    assert [each.blocks for each in found] == [*study.looks, 20]
    assert [each.level for each in found] == list(levels_of_looks(study))
    plain = half_widths(replace(study, looks=()), SPREADS)
    assert found[-1].score > plain[-1].score


def test_what_has_no_interval_has_no_width() -> None:
    (only,) = half_widths(fake_study(blocks=1, processes=1), SPREADS)
    assert isnan(only.score)
    assert isnan(only.time_percent)


NAMES = tuple("abcdefghij")


def asked(names: tuple[str, ...] = NAMES, blocks: int = 20) -> Study:
    return Study.of(leave_one_out(names), name="each", question="What?", blocks=blocks, processes=min(5, blocks))


def test_a_screening_knows_as_much_of_ten_features_in_a_fraction_of_the_trials() -> None:
    study = asked()
    found = cheaper_screening(study, SPREADS, FakeCatalogue({name: name for name in NAMES}))
    assert found is not None
    assert found.trials == len(found.study.schedule()) <= 0.8 * len(study.schedule())
    goal, reached = half_widths(study, SPREADS)[-1], half_widths(found.study, SPREADS)[-1]
    assert reached.score <= goal.score
    assert reached.time_percent <= goal.time_percent
    # One block fewer would not do.
    shorter = replace(found.study, blocks=found.study.blocks - 1, processes=found.study.processes - 1)
    one_less = half_widths(shorter, SPREADS)[-1]
    assert one_less.score > goal.score or one_less.time_percent > goal.time_percent


def test_of_two_features_or_in_few_trials_there_is_none() -> None:
    catalogue = FakeCatalogue({name: name for name in NAMES})
    assert cheaper_screening(asked(NAMES[:2]), SPREADS, catalogue) is None
    assert cheaper_screening(asked(blocks=2), SPREADS, catalogue) is None
