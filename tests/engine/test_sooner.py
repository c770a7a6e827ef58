from dataclasses import replace
from math import inf, isnan
from pathlib import Path

import pytest

from ablate.engine.precedent import Precedent
from ablate.engine.prices import Prices
from ablate.engine.sooner import Candidate, find_sooner
from ablate.stats import Spreads
from ablate.stats.half_widths import half_widths, stages_of
from ablate.stats.sizing import Goal, goals_of, sizes_for
from ablate.study import Study
from ablate.study.score import TTA_ACCURACY
from tests.fakes import FakeCatalogue, fake_study, resolved_study

NAMES = tuple("abcdefghij")
CATALOGUE = FakeCatalogue({name: name for name in NAMES})
SPREADS = Spreads(
    score_sd=0.1, correlation=0.0, time_within_percent=0.4, time_arm_in_process_percent=0.1, source="a folder"
)
SECONDS = 10.0


def prices_of(study: Study) -> Prices:
    precedent = Precedent(path=Path("runs/x"), spreads=SPREADS, seconds={}, seconds_a_length=SECONDS, compiled=False)
    return Prices(resolved_study(study), {}, precedent=precedent)


def screening(names: tuple[str, ...] = NAMES) -> Candidate:
    study = Study.screening(CATALOGUE, names, blocks=5, processes=5)
    return Candidate(words=("screening", "--recipe", "x"), study=study, prices=prices_of(study))


def found(study: Study, *candidates: Candidate, spreads: Spreads = SPREADS, margin: float = 0.05):
    score = replace(TTA_ACCURACY, margin=margin)
    return find_sooner(study, prices_of(study), candidates or (screening(),), spreads, score)


def last_widths(study: Study) -> tuple[float, float]:
    first = half_widths(study, SPREADS, stages_of(study, study.schedule()))[0]
    return first.score[-1], first.time_percent[-1]


def test_a_screening_reaches_the_margins_of_ten_features_in_a_fraction_of_the_time() -> None:
    sooner = found(fake_study(blocks=20, processes=5, names=NAMES))
    assert sooner is not None
    assert sooner.goal == Goal(score=0.05, time_percent=0.5, is_margins=True)
    assert sooner.this is not None
    for base, size, arms in ((screening().study, sooner.size, 24), (fake_study(names=NAMES), sooner.this, 11)):
        assert size.minutes * 60 == pytest.approx(arms * size.blocks * SECONDS)
        score, time = last_widths(replace(base, blocks=size.blocks, processes=size.processes))
        assert score <= 0.05
        assert time <= 0.5
        # One block fewer would not do.
        if size.blocks > size.processes:
            score, time = last_widths(replace(base, blocks=size.blocks - 1, processes=size.processes))
            assert score > 0.05 or time > 0.5
    assert sooner.size.minutes < 0.8 * sooner.this.minutes
    assert sooner.command == (
        f"ablate study run screening --trials {sooner.size.blocks} --processes {sooner.size.processes} --recipe x"
    )


def test_margins_beyond_reach_leave_the_studys_own_precision() -> None:
    study = fake_study(blocks=20, processes=5, names=NAMES)
    sooner = found(study, margin=1e-6)
    assert sooner is not None
    assert not sooner.goal.is_margins
    assert (sooner.goal.score, sooner.goal.time_percent) == pytest.approx(last_widths(study))
    assert sooner.this is not None
    assert sooner.this.blocks == 20
    assert sooner.size.minutes < sooner.this.minutes


def test_times_that_tell_nothing_are_no_goal() -> None:
    study = fake_study(blocks=20, processes=5, names=NAMES)
    sooner = found(study, spreads=SPREADS.without_time())
    assert sooner is not None
    assert isnan(sooner.goal.time_percent)
    assert sooner.size.processes == 5
    (contrast, *_) = study.contrasts
    assert goals_of(replace(study, parallel=2), [contrast], SPREADS, TTA_ACCURACY)[0].score == 0.05
    assert isnan(goals_of(replace(study, parallel=2), [contrast], SPREADS, TTA_ACCURACY)[0].time_percent)
    assert sizes_for(study, [contrast], Goal(score=inf, time_percent=1e-6, is_margins=True), SPREADS) == ()


def test_what_is_no_cheaper_or_answers_something_else_is_not_named() -> None:
    assert found(fake_study(blocks=20, processes=5, names=NAMES[:2])) is None
    four = fake_study(blocks=20, processes=5, names=NAMES[:4])
    assert found(four) is not None
    # Where five blocks are plenty, those of four features are fewer trials than those of all ten.
    assert found(four, spreads=replace(SPREADS, score_sd=0.01, time_within_percent=0.01)) is None
    assert found(fake_study(blocks=20, processes=5, names=NAMES), screening(NAMES[:8])) is None
    assert found(screening().study) is None
    assert found(Study.ladder(CATALOGUE, NAMES, blocks=20, processes=5)) is None
