from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.estimate import ROUGH_SPEEDS, TIME_PIECE, estimate
from ablate.engine.precedent import Precedent
from ablate.stats import PUBLISHED_SPREADS, Spreads
from ablate.store.trials import MemoryTrialStore
from tests.fakes import FakeCatalogue, fake_study, finished_trial, resolved_study

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


def test_what_is_to_be_expected_comes_with_its_minutes() -> None:
    told = estimate(RESOLVED, KEYS, store=folder(6), catalogue=FakeCatalogue({"a": "a", "b": "b"}))
    assert [at.half_widths.blocks for at in told.expected] == [3, 6, 9, 12]
    # Half of the blocks are done already.
    assert [at.minutes for at in told.expected[:2]] == [0, 0]
    assert told.expected[2].minutes == pytest.approx(told.minutes / 2, rel=0.01)
    assert told.expected[3].minutes == told.minutes
    assert told.cheaper is None
    assert estimate(RESOLVED, KEYS).expected == ()


def test_a_cheaper_design_is_priced_by_its_trials() -> None:
    names = tuple("abcdefghij")
    resolved = resolved_study(fake_study(blocks=12, processes=3, names=names), device="cpu")
    precedent = Precedent(
        path=Path("runs/x"),
        spreads=Spreads(
            score_sd=0.8, correlation=0, time_within_percent=1, time_arm_in_process_percent=1, source="runs/x"
        ),
        seconds={},
        seconds_a_length=10.0,
        compiled=False,
    )
    told = estimate(resolved, {}, precedent=precedent, catalogue=FakeCatalogue({name: name for name in names}))
    assert told.minutes * 60 == pytest.approx(132 * 10)
    assert told.cheaper is not None
    assert (told.cheaper.study, told.cheaper.processes) == ("screening", 3)
    assert told.cheaper.minutes == pytest.approx(told.minutes * 24 * told.cheaper.blocks / 132)


def test_times_apart_are_priced_as_pieces_and_trainings_side_by_side_as_a_folder_shows() -> None:
    study = replace(fake_study(blocks=4, processes=2), clock="interleaved", parallel=2)
    resolved = resolved_study(study, device="cpu")
    known = Precedent(
        path=Path("runs/x"),
        spreads=Spreads(
            score_sd=0.8, correlation=0, time_within_percent=1, time_arm_in_process_percent=1, source="runs/x"
        ),
        seconds={},
        seconds_a_length=10.0,
        compiled=False,
        piece_seconds=2.0,
        parallel=2,
    )
    pieces, trainings = 3 * 2 * study.rounds, 3 * 4
    assert estimate(resolved, {}, precedent=known).minutes * 60 == pytest.approx(2 * pieces + 10 / 2 * trainings)
    alone = replace(known, parallel=1, piece_seconds=None)
    seconds = estimate(resolved, {}, precedent=alone).minutes * 60
    assert seconds == pytest.approx(TIME_PIECE * 10 * pieces + 10 * trainings)
