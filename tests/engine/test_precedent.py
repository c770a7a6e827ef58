import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.estimate import estimate
from ablate.engine.precedent import Precedent, find_precedent
from ablate.engine.prices import ROUGH_SPEEDS
from ablate.formats.canonical import Json
from ablate.store.records import Environment, Measurements
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.study import Study, leave_one_out, lengths
from ablate.study.score import TTA_ACCURACY
from tests.fakes import fake_study, finished_trial, resolved_study
from tests.losses import LOSS

HERE: dict[str, Json] = {"device_name": "A CPU", "compute_dtype": "bfloat16", "usable_cores": 2, "compiling": True}
PLANNED = resolved_study(fake_study(blocks=20, processes=5), device="cpu")
KEYS = {arm.name: "one" for arm in PLANNED.study.arms}


def folder(
    path: Path,
    *,
    blocks: int = 6,
    processes: int = 2,
    created_at: str = "2026-11-24T15:30:12+01:00",
    facts: dict[str, Json] = HERE,
    study: Study | None = None,
    seconds: float = 9.0,
    **fields: Any,
) -> Path:
    """A run folder with all its trials, times and accuracies spread a little."""
    study = study or fake_study(blocks=blocks, processes=processes)
    resolved = resolved_study(study, created_at=created_at, **{"device": "cpu", **fields})
    made = RunFolder.create(resolved, path)
    lengths = {arm.name: arm.length for arm in study.arms}
    environment = Environment(facts=facts)
    with made.open_store() as store:
        for index, spec in enumerate(resolved.schedule):
            finished = finished_trial(
                spec,
                process=spec.process,
                accuracy=0.7 + 0.004 * (index * 7 % 5),
                seconds=seconds * lengths[spec.arm] * (1 + 0.04 * (index * 5 % 7 - 3)),
                environment=environment,
            )
            trial = replace(finished.trial, data=resolved.data, data_digest=resolved.data_digest)
            store.append(replace(finished, trial=trial))
    return path


def found(root: Path, planned: ResolvedStudy = PLANNED) -> Precedent | None:
    return find_precedent(planned, HERE, root=root, timed=planned.study.processes > 1)


def test_the_most_recent_folder_is_taken_and_named(tmp_path: Path) -> None:
    folder(tmp_path / "old", created_at="2026-11-24T15:30:12+01:00")
    # Later, though its clock shows less.
    folder(tmp_path / "new", created_at="2026-11-24T15:00:00+00:00")
    precedent = found(tmp_path)
    assert precedent is not None
    assert precedent.path == tmp_path / "new"
    told = estimate(PLANNED, KEYS, precedent=precedent)
    assert told.visible.spreads_source == f"{tmp_path}/new, 6 blocks"
    assert f"with the spreads of {tmp_path}/new, 6 blocks)" in told.visible.sentence
    # Percents, as these trials spread: not the hundredths of the published logs.
    assert told.visible.score_change > 0.3
    assert told.visible.time_percent > 1


@pytest.mark.parametrize(
    "other",
    [
        {"preset": "full"},
        {"score": LOSS},
        {"device": "cuda"},
        {"data": "cifar10"},
        {"data_digest": "e" * 64},
        {"facts": {**HERE, "device_name": "Another CPU"}},
        {"facts": {**HERE, "compute_dtype": "float32"}},
        {"facts": {**HERE, "usable_cores": 16}},
        {"facts": {}},
        {"blocks": 2},
    ],
    ids=str,
)
def test_trials_under_other_conditions_or_too_few_are_passed_over(tmp_path: Path, other: dict[str, Any]) -> None:
    folder(tmp_path / "other", **other)
    assert found(tmp_path) is None
    folder(tmp_path / "like", created_at="2020-01-01T00:00:00+00:00")
    precedent = found(tmp_path)
    assert precedent is not None
    assert precedent.path.name == "like"


def test_of_a_folder_that_went_on_elsewhere_only_the_trials_made_here_count(tmp_path: Path) -> None:
    path = folder(tmp_path / "moved", blocks=4, seconds=9.0)
    spec = replace(PLANNED.schedule[0], block=50)
    with RunFolder.open(path).open_store() as store:
        store.append(finished_trial(spec, seconds=900.0, environment=Environment(facts={**HERE, "device_name": "X"})))
    precedent = found(tmp_path)
    assert precedent is not None
    assert precedent.spreads.source.endswith("moved, 4 blocks")


def test_a_folder_that_tells_of_time_goes_before_a_later_one_that_does_not(tmp_path: Path) -> None:
    folder(tmp_path / "five", created_at="2026-11-01T00:00:00+00:00")
    folder(tmp_path / "quick", blocks=3, processes=1, created_at="2026-11-02T00:00:00+00:00")
    precedent = found(tmp_path)
    assert precedent is not None
    assert precedent.path.name == "five"
    # One process sees nothing of time anyway.
    precedent = found(tmp_path, resolved_study(fake_study(blocks=20, processes=1), device="cpu"))
    assert precedent is not None
    assert precedent.path.name == "quick"


def test_three_trials_tell_accuracy_and_say_what_time_takes(tmp_path: Path) -> None:
    folder(tmp_path / "quick", blocks=3, processes=1)
    told = estimate(PLANNED, KEYS, precedent=found(tmp_path)).visible
    assert told.score_change > 0
    assert "what it can see of time is unknown here, `ablate run --trials 3 --processes 3` tells" in told.sentence


def test_damaged_folders_break_nothing(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") is None
    folder(tmp_path / "good", created_at="2020-01-01T00:00:00+00:00")
    damages = {
        "study.json": ["", "{", "[]", "null", '{"schema": 1}', '{"schema": 99}', "\xff"],
        "trials.jsonl": ["garbage\n" * 3, '{"kind": "trial"}\n' * 3, "[]\n" * 3, '{"kind": "trial", "spec": 3}\n' * 3],
    }
    for name, texts in damages.items():
        for number, text in enumerate(texts):
            path = folder(tmp_path / f"{name}-{number}")
            (path / name).write_bytes(text.encode("latin-1"))
    path = folder(tmp_path / "undated")
    (path / "study.json").write_text((path / "study.json").read_text().replace("2026-11-24T15:30:12+01:00", "lately"))
    path = folder(tmp_path / "a folder where trials should be")
    (path / "trials.jsonl").unlink()
    (path / "trials.jsonl").mkdir()
    precedent = found(tmp_path)
    assert precedent is not None
    assert precedent.path.name == "good"


def test_a_runs_folder_that_cannot_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path / "good")

    def refuse(path: Path) -> None:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert found(tmp_path) is None


class TestPace:
    def test_is_that_of_the_same_recipe_where_there_is_one(self, tmp_path: Path) -> None:
        folder(tmp_path / "run", seconds=50.0)
        told = estimate(PLANNED, KEYS, precedent=found(tmp_path))
        assert told.measured
        assert told.pace_source == f"trials in {tmp_path}/run; compiling is a rough guess"
        speed = ROUGH_SPEEDS["cpu", "mini"]
        warming = 5 * (speed.start_seconds + len(KEYS) * speed.warm_seconds)
        compiling = speed.compile_seconds + 4 * speed.warm_seconds
        assert 60 * told.minutes == pytest.approx(50 * told.trials + warming + compiling, rel=0.1)

    def test_of_arms_that_it_has_not_seen_goes_by_their_length(self, tmp_path: Path) -> None:
        folder(tmp_path / "run", study=Study.of(leave_one_out(["a"]), name="seen", question="?", blocks=4, processes=2))
        study = Study.of(
            lengths(leave_one_out(["c"]), factors=(1.0, 2.0, 4.0)), name="unseen", question="?", blocks=4, processes=2
        )
        precedent = found(tmp_path, resolved_study(study, device="cpu"))
        assert precedent is not None
        assert precedent.trial_seconds("never seen", 2.0) == pytest.approx(18, rel=0.1)
        assert precedent.trial_seconds("never seen", 0.5) == pytest.approx(4.5, rel=0.1)

    def test_of_a_folder_of_lengths_is_that_of_length_one(self, tmp_path: Path) -> None:
        study = Study.of(
            lengths(leave_one_out(["c"]), factors=(1.0, 2.0, 4.0)), name="lengths", question="?", blocks=4, processes=2
        )
        folder(tmp_path / "run", study=study, seconds=9.0)
        precedent = found(tmp_path)
        assert precedent is not None
        assert precedent.trial_seconds("never seen", 1.0) == pytest.approx(9, rel=0.1)

    def test_where_nothing_was_compiled_nothing_will_be(self, tmp_path: Path) -> None:
        folder(tmp_path / "eager", facts={**HERE, "compiling": False})
        precedent = found(tmp_path)
        assert precedent is not None
        eager = estimate(PLANNED, KEYS, precedent=precedent).minutes
        compiled = estimate(PLANNED, KEYS, precedent=replace(precedent, compiled=True)).minutes
        rough, processes = ROUGH_SPEEDS["cpu", "mini"], PLANNED.study.processes
        assert 60 * (compiled - eager) == pytest.approx(rough.compile_seconds + (processes - 1) * rough.warm_seconds)


def test_what_a_study_of_a_loss_can_see_is_in_nats_and_from_a_folder_of_that_loss(tmp_path: Path) -> None:
    planned = replace(PLANNED, score=LOSS)
    folder(tmp_path / "accuracies", created_at="2026-12-01T00:00:00+00:00")
    assert found(tmp_path, planned) is None
    # Another margin is a matter of judgement: the trials are of the same kind.
    folder(tmp_path / "losses", score=replace(LOSS, margin=1.0))
    told = estimate(planned, KEYS, precedent=found(tmp_path, planned)).visible
    assert re.search(r"can see 0\.0\d+ nats of validation loss and", told.sentence)
    folder(tmp_path / "again", score=TTA_ACCURACY)
    in_points = estimate(PLANNED, KEYS, precedent=found(tmp_path)).visible
    assert told.score_change == pytest.approx(in_points.score_change / 100)


def test_the_published_spreads_are_those_of_accuracies_alone() -> None:
    planned = replace(PLANNED, preset="full", data="cifar10")
    gpu = {"device_name": "NVIDIA A100"}
    assert estimate(planned, KEYS, facts=gpu).visible.spreads_source == "the published A100 logs"
    assert estimate(replace(planned, score=LOSS), KEYS, facts=gpu).visible.spreads_source is None


def test_spreads_of_time_by_another_clock_promise_nothing(tmp_path: Path) -> None:
    folder(tmp_path / "whole")
    interleaved = resolved_study(replace(PLANNED.study, clock="interleaved"), device="cpu")
    of_other_clock, of_same = found(tmp_path, interleaved), found(tmp_path)
    assert of_other_clock is not None
    assert of_same is not None
    assert not of_other_clock.spreads.knows_time
    assert of_same.spreads.knows_time
    assert of_other_clock.spreads.score_sd == of_same.spreads.score_sd


def test_rounds_of_times_and_trainings_are_told_apart(tmp_path: Path) -> None:
    study = replace(fake_study(blocks=4, processes=3), clock="interleaved", parallel=5)
    resolved = resolved_study(study, device="cpu")
    made = RunFolder.create(resolved, tmp_path / "pieces")
    with made.open_store() as store:
        for index, spec in enumerate(resolved.schedule):
            done = finished_trial(spec, process=spec.process, environment=Environment(facts=HERE))
            alone = spec.measures == "time"
            wobble = 1 + 0.01 * (index * 5 % 7)
            measured = Measurements(
                score=None if alone else 0.7 * wobble,
                time_seconds=8.0 * wobble if alone else None,
                wall_seconds=2.0 if alone else 16.0,
                warm_up_seconds=4.0 if spec.position == 0 else None,
            )
            trial = replace(done.trial, measurements=measured, data=resolved.data, data_digest=resolved.data_digest)
            store.append(replace(done, trial=trial))
    told = found(tmp_path, resolved)
    assert told is not None
    assert told.spreads.knows_time
    assert told.spreads.source.endswith("pieces, 4 blocks and 6 rounds of times")
    assert told.time_seconds("never seen") == 2.0
    assert told.trial_seconds("never seen", 1.5) == 1.5 * 16.0
    # Of three arms no more than three train at a time.
    assert (told.parallel, told.clock) == (3, "interleaved")
    # Two rounds of three arms, of which the first warmed up.
    assert told.warm_up_seconds == pytest.approx(2 * 4.0 / 3)
    by_trial = found(tmp_path)
    assert by_trial is not None
    assert not by_trial.spreads.knows_time
    assert by_trial.spreads.score_sd == told.spreads.score_sd
