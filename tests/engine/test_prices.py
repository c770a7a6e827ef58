from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.precedent import Precedent
from ablate.engine.prices import ROUGH_SPEEDS, Prices
from ablate.stats import PUBLISHED_SPREADS
from ablate.store.records import Measurements
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import MemoryTrialStore
from ablate.study.schedule import TrialSpec
from tests.fakes import fake_study, finished_trial, resolved_study

ROUGH = ROUGH_SPEEDS["cpu", "mini"]


def planned(*, parallel: int = 1, clock: str = "interleaved") -> ResolvedStudy:
    """Three arms in four blocks; times in two processes of two rounds."""
    study = replace(fake_study(blocks=4, processes=2), clock=clock, parallel=parallel)
    return resolved_study(study, device="cpu")


def precedent(*, parallel: int = 1, **fields: Any) -> Precedent:
    return Precedent(
        path=Path("runs/old"),
        spreads=PUBLISHED_SPREADS,
        seconds={},
        seconds_a_length=10.0,
        compiled=True,
        parallel=parallel,
        **fields,
    )


def finished(store: MemoryTrialStore, specs: Sequence[TrialSpec], seconds: float) -> None:
    for spec in specs:
        done = finished_trial(spec, process=spec.process)
        of_score = spec.measures == "score"
        measured = Measurements(score=0.9 if of_score else None, time_seconds=99.0, wall_seconds=seconds)
        measured = replace(measured, time_seconds=None) if of_score else measured
        store.append(replace(done, trial=replace(done.trial, measurements=measured)))


def of(resolved: ResolvedStudy, measures: str) -> list[TrialSpec]:
    return [spec for spec in resolved.schedule if spec.measures == measures]


def test_a_time_costs_the_share_of_a_training_that_the_recipe_runs_for_it() -> None:
    resolved = planned()
    keys = {arm.name: "one" for arm in resolved.study.arms}
    prices = Prices(resolved, keys, piece_shares=dict.fromkeys(keys, 0.1))
    assert prices.running_seconds(of(resolved, "time")) == pytest.approx(12 * 0.1 * ROUGH.trial_seconds)
    assert prices.running_seconds(of(resolved, "score")) == pytest.approx(12 * ROUGH.trial_seconds)
    assert prices.source(resolved.schedule) is None
    # It predicts the whole test set, where a folder has shown how much of a training that is.
    known = Prices(resolved, keys, piece_shares=dict.fromkeys(keys, 0.1), precedent=precedent(prediction_share=0.5))
    assert known.running_seconds(of(resolved, "time")) == pytest.approx(12 * (0.1 + 0.9 * 0.5) * 10)
    assert known.source(resolved.schedule) == (
        "trials in runs/old; times by the steps that they run; compiling is a rough guess"
    )


def test_a_folders_own_times_and_scores_each_set_their_own_price() -> None:
    resolved, store = planned(), MemoryTrialStore()
    finished(store, of(resolved, "time")[:6], 2.0)
    prices = Prices(resolved, {}, store=store, precedent=precedent(piece_seconds={"another": 77.0}))
    assert prices.running_seconds(of(resolved, "time")) == pytest.approx(12 * 2.0)
    assert prices.running_seconds(of(resolved, "score")) == pytest.approx(12 * 10.0)
    assert prices.source(resolved.schedule) == "trials here and trials in runs/old"
    finished(store, of(resolved, "score")[:3], 7.0)
    prices = Prices(resolved, {}, store=store, precedent=precedent())
    assert prices.running_seconds(of(resolved, "score")) == pytest.approx(12 * 7.0)
    assert prices.source(resolved.schedule) == "trials here"


def test_another_folders_times_price_those_of_recipes_it_has_not_seen_too() -> None:
    resolved = planned()
    told = precedent(piece_seconds={resolved.fingerprints["all"]: 1.0, "x": 3.0, "y": 5.0})
    prices = Prices(resolved, {}, precedent=told)
    assert prices.running_seconds(of(resolved, "time")) == pytest.approx(4 * (1 + 3 + 3))


@pytest.mark.parametrize(
    ("of_folder", "seconds", "measured"),
    [
        # Two at a time there as here: ten seconds each, the longer seat two arms of four blocks.
        (2, 80.0, True),
        # One at a time there: nobody knows the gain, so there is none.
        (1, 120.0, False),
        # Five at a time there: ten seconds each are two of the machine's.
        (5, 24.0, False),
    ],
)
def test_trainings_side_by_side_cost_what_has_been_measured(of_folder: int, seconds: float, measured: bool) -> None:
    resolved = planned(parallel=2)
    prices = Prices(resolved, {}, precedent=precedent(parallel=of_folder))
    assert prices.running_seconds(of(resolved, "score")) == pytest.approx(seconds)
    assert prices.gain_measured is measured


def test_a_folders_own_trainings_show_its_gain_and_its_times_do_not() -> None:
    resolved, store = planned(parallel=2), MemoryTrialStore()
    finished(store, of(resolved, "time"), 2.0)
    assert Prices(resolved, {}, store=store, precedent=precedent()).gain_measured is False
    finished(store, of(resolved, "score")[:2], 12.0)
    prices = Prices(resolved, {}, store=store)
    assert prices.gain_measured is True
    assert prices.running_seconds(of(resolved, "score")) == pytest.approx(96.0)
    assert Prices(planned(), {}).gain_measured is None


def test_a_process_that_trains_some_arms_warms_up_no_others() -> None:
    resolved = planned(parallel=3, clock="trial")
    keys = {arm.name: arm.name for arm in resolved.study.arms}
    warming = Prices(resolved, keys).warming_seconds(resolved.schedule)
    assert warming == pytest.approx(3 * (ROUGH.start_seconds + ROUGH.compile_seconds + ROUGH.warm_seconds))


def test_a_folder_shows_what_warming_up_costs_and_what_is_compiled() -> None:
    resolved = planned(parallel=2)
    keys = {arm.name: arm.name for arm in resolved.study.arms}
    known = precedent(parallel=2, warm_up_seconds=2.0)
    known = replace(known, seconds={resolved.fingerprints["all"]: 10.0})
    prices = Prices(resolved, keys, precedent=known)
    # Two processes of three arms for the times, and then two at a time for the scores, of two arms and of one.
    starting = 2 * (ROUGH.start_seconds + 3 * 2.0) + (2 * ROUGH.start_seconds + 3 * 2.0) / 2
    compiling = 2 * (ROUGH.compile_seconds - ROUGH.warm_seconds)
    assert prices.warming_seconds(resolved.schedule) == pytest.approx(starting + compiling)
    seen = Prices(resolved, keys, precedent=replace(known, seconds=dict.fromkeys(resolved.fingerprints.values(), 10.0)))
    assert seen.warming_seconds(resolved.schedule) == pytest.approx(starting)
    assert seen.source(resolved.schedule) == "trials in runs/old; times by the steps that they run"


def test_no_more_trainings_run_at_a_time_than_there_are_arms() -> None:
    resolved = planned(parallel=8)
    told = Prices(resolved, {}, precedent=precedent(parallel=3))
    assert told.gain_measured
    assert told.running_seconds(of(resolved, "score")) == pytest.approx(4 * 10)
