"""Each warning: it is there when its condition is, and only then."""

from dataclasses import replace

import pytest

from ablate.report import Evidence, list_caveats
from ablate.store.records import Environment
from ablate.study import Arm, ladder, pair, with_twin
from tests.fakes import HIVE_SLUGS
from tests.report.build import ENVIRONMENT, FACTS, failed, resolved, trials_of, write_folder

DESIGN = pair(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"})))


def caveats(
    tmp_path, *, change=lambda trial: trial, environments=(ENVIRONMENT,), design=DESIGN, trials=None, **settings
):
    study = resolved(design, **settings)
    folder = write_folder(tmp_path / "run", study, trials, change=change, environments=environments)
    return {caveat.slug: caveat.text for caveat in list_caveats(Evidence.read(folder))}


def test_a_sound_study_has_none(tmp_path):
    assert caveats(tmp_path) == {}


@pytest.mark.parametrize(
    ("fact", "value", "slug"),
    [
        ("device_name", "Another GPU", "mixed_hardware"),
        ("driver", "581.0", "mixed_hardware"),
        ("torch", "2.12.0", "mixed_environments"),
    ],
)
def test_two_environments_are_named_with_what_differs(tmp_path, fact, value, slug):
    other = Environment(facts={**FACTS, fact: value})

    def moved(trial):
        return replace(trial, environment=other.digest) if trial.spec.block > 3 else trial

    found = caveats(tmp_path, change=moved, environments=(ENVIRONMENT, other))
    assert f"2 environments ({fact}: {FACTS[fact]}, {value})" in found.pop(slug)
    assert found == {}


@pytest.mark.parametrize(("parallel", "moved", "named"), [(2, "time", False), (1, "time", True), (2, "half", True)])
def test_scores_side_by_side_have_fewer_threads_than_times_alone(tmp_path, parallel, moved, named):
    """That is no mixture; threads that differ among scores are one."""
    other = Environment(facts={**FACTS, "threads": 7})

    def moved_there(trial):
        there = trial.spec.measures == "time" if moved == "time" else trial.spec.block % 2
        return replace(trial, environment=other.digest) if there else trial

    found = caveats(
        tmp_path,
        change=moved_there,
        environments=(ENVIRONMENT, other),
        clock="interleaved",
        parallel=parallel,
    )
    assert ("mixed_environments" in found) is named


def test_an_environment_of_failed_trials_only_does_not_count(tmp_path):
    other = Environment(facts={**FACTS, "torch": "2.12.0"})

    def broken(trial):
        return replace(failed(trial), environment=other.digest) if trial.spec.block == 5 else trial

    assert set(caveats(tmp_path, change=broken, environments=(ENVIRONMENT, other))) == {"failed_trials"}


@pytest.mark.parametrize(("facts", "slug"), [({"dirty": True}, "dirty_source"), ({"compiling": False}, "not_compiled")])
def test_what_the_environment_itself_says(tmp_path, facts, slug):
    environment = Environment(facts={**FACTS, **facts})
    found = caveats(
        tmp_path, change=lambda trial: replace(trial, environment=environment.digest), environments=(environment,)
    )
    assert set(found) == {slug}


def test_throttling_is_counted_by_trial_and_harmless_reasons_are_not(tmp_path):
    def hot(trial):
        reasons = ["idle", "application_clocks", *["thermal_slowdown", "power_cap"][: trial.spec.block % 3]]
        return replace(trial, device_before={"throttle_reasons": reasons}, device_after={"throttle_reasons": reasons})

    found = caveats(tmp_path, change=hot)
    assert set(found) == {"throttling"}
    assert "power cap in 4 trials, thermal slowdown in 8 trials" in found["throttling"]


def test_a_device_that_does_not_tell_is_not_warned_of(tmp_path):
    assert caveats(tmp_path, change=lambda trial: replace(trial, device_before={"throttle_reasons": None})) == {}


def test_failed_trials_are_counted_by_arm_with_the_commonest_reason(tmp_path):
    study = resolved(DESIGN)
    trials = trials_of(study)
    trials[0] = failed(trials[0], "one reason")
    trials[4], trials[6] = (failed(trials[number], "another reason", "timeout") for number in (4, 6))
    text = caveats(tmp_path, trials=trials)["failed_trials"]
    assert text.startswith("3 trials gave no result (")
    assert "timed out" in text
    assert text.endswith("Most often (2): another reason")


def test_fewer_than_five_blocks(tmp_path):
    assert "Fewer than 5 blocks" in caveats(tmp_path, blocks=4, processes=2)["few_blocks"]


def test_one_process(tmp_path):
    assert set(caveats(tmp_path, processes=1)) == {"one_process"}


def test_a_twin_that_missed_zero(tmp_path):
    design = with_twin(DESIGN)

    def faster_twin(trial):
        if trial.spec.arm != "baseline (twin)":
            return trial
        return replace(
            trial, measurements=replace(trial.measurements, time_seconds=trial.measurements.time_seconds * 0.98)
        )

    found = caveats(tmp_path, design=design, change=faster_twin)
    assert set(found) == {"aa_missed_zero"}
    assert "'baseline (twin)' is 'baseline' once more" in found["aa_missed_zero"]
    assert "time saved [+1.9" in found["aa_missed_zero"]


def test_a_twin_that_covers_zero_is_no_warning(tmp_path):
    assert caveats(tmp_path, design=with_twin(DESIGN)) == {}


def test_other_data_and_presets_are_labelled(tmp_path):
    assert set(caveats(tmp_path / "a", data="synthetic")) == {"synthetic_data"}
    assert set(caveats(tmp_path / "b", data="cifar10-jpeg")) == {"other_data"}
    assert set(caveats(tmp_path / "c", preset="mini")) == {"reduced_preset"}


def test_marks_of_a_mixed_resume(tmp_path):
    text = caveats(tmp_path, change=lambda trial: replace(trial, marks=("mixed",)))["marked_trials"]
    assert "'mixed' (12 trials)" in text


def test_imported_logs_are_labelled(tmp_path):
    found = caveats(tmp_path, change=lambda trial: replace(trial, marks=("imported",)))
    assert set(found) == {"imported"}
    assert "not interleaved" in found["imported"]


def test_unfinished_and_left_out(tmp_path):
    study = resolved(
        replace(ladder(HIVE_SLUGS), left_out=(("+ silu", "'silu' requires 'tuning'"),)), blocks=6, processes=2
    )
    folder = write_folder(tmp_path / "run", study, trials_of(study)[:-2])
    found = {caveat.slug: caveat.text for caveat in list_caveats(Evidence.read(folder))}
    assert set(found) == {"unfinished", "left_out"}
    assert "2 of 42 trials left" in found["unfinished"]
    assert found["left_out"] == "Arm '+ silu' was left out: 'silu' requires 'tuning'."


def test_a_long_list_is_cut_with_a_count(tmp_path):
    study = resolved(ladder(HIVE_SLUGS), blocks=1, processes=1)
    folder = write_folder(tmp_path / "run", study, change=failed)
    text = next(caveat.text for caveat in list_caveats(Evidence.read(folder)) if caveat.slug == "failed_trials")
    assert "and 1 more" in text
