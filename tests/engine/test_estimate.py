from math import isnan
from typing import Any

import pytest

from ablate.engine.estimate import estimate
from ablate.engine.prices import ROUGH_SPEEDS
from ablate.stats import PUBLISHED_SPREADS
from ablate.store.trials import MemoryTrialStore
from tests.fakes import fake_study, finished_trial, resolved_study

RESOLVED = resolved_study(fake_study(blocks=12, processes=3), device="cpu")
KEYS = {arm.name: "one" for arm in RESOLVED.study.arms}
SECONDS = {arm.name: 10.0 * (number + 1) for number, arm in enumerate(RESOLVED.study.arms)}


def folder(blocks: int, *, failed: int = 0) -> MemoryTrialStore:
    """The first blocks done, the last `failed` of them badly; times and accuracies spread a little."""
    store = MemoryTrialStore()
    for index, spec in enumerate(spec for spec in RESOLVED.schedule if spec.block < blocks):
        store.append(
            finished_trial(
                spec,
                process=spec.process,
                status="failed" if spec.block >= blocks - failed else "ok",
                accuracy=0.94 + 0.001 * (index * 7 % 5),
                seconds=SECONDS[spec.arm] * (1 + 0.001 * (index * 5 % 7)),
            )
        )
    return store


def test_a_new_study_is_guessed_from_the_table_and_what_it_can_see_is_unknown() -> None:
    guess = estimate(RESOLVED, KEYS)
    assert not guess.measured
    assert guess.pace_source is None
    assert guess.trials == len(RESOLVED.schedule)
    assert guess.visible.spreads_source is None
    assert isnan(guess.visible.score_change)
    assert isnan(guess.visible.time_percent)
    assert guess.visible.sentence.startswith("What this study can see is unknown here; `ablate run --trials ")
    speed = ROUGH_SPEEDS["cpu", "mini"]
    assert guess.minutes * 60 > guess.trials * speed.trial_seconds + speed.compile_seconds


def test_a_folder_with_trials_sets_the_pace_and_the_spreads() -> None:
    told = estimate(RESOLVED, KEYS, store=folder(6))
    assert told.measured
    assert told.pace_source == "trials here"
    assert told.trials == len(RESOLVED.schedule) // 2
    assert told.minutes * 60 == pytest.approx(6 * sum(SECONDS.values()), rel=0.01)
    assert told.visible.spreads_source == "this folder's own trials"


def test_failed_trials_are_left_to_do_only_when_they_are_to_be_retried() -> None:
    store = folder(6, failed=2)
    assert estimate(RESOLVED, KEYS, store=store).trials == 6 * len(KEYS)
    assert estimate(RESOLVED, KEYS, store=store, retry_failed=True).trials == 8 * len(KEYS)


def test_a_folder_without_a_finished_trial_is_as_good_as_new() -> None:
    assert not estimate(RESOLVED, KEYS, store=folder(1, failed=1)).measured


@pytest.mark.parametrize(
    ("fields", "device_name", "like"),
    [
        ({}, "NVIDIA A100-SXM4-80GB", True),
        ({}, "NVIDIA H100 80GB HBM3", False),
        ({}, None, False),
        ({"preset": "mini"}, "NVIDIA A100-SXM4-80GB", False),
        ({"data": "cifar10-jpeg"}, "NVIDIA A100-SXM4-80GB", False),
    ],
)
def test_the_published_spreads_stand_only_for_their_own_gpu_preset_and_data(
    fields: dict[str, Any], device_name: str | None, like: bool
) -> None:
    published = {"preset": "full", "data": "cifar10", "device": "cuda", **fields}
    resolved = resolved_study(fake_study(blocks=12, processes=3), **published)
    told = estimate(resolved, KEYS, facts={"device_name": device_name})
    assert told.visible.spreads_source == (PUBLISHED_SPREADS.source if like else None)
