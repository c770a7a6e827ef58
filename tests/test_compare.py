"""Two run folders side by side: the numbers, and everything that makes them worth less."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from typer import Typer
from typer.testing import CliRunner

from ablate.cli.compare import compare as compare_command
from ablate.compare import compare
from ablate.design import Arm, add_one_in, leave_one_out, pair
from ablate.errors import UsageError
from ablate.records import Environment
from ablate.report import Evidence
from ablate.report.machine import as_json
from tests.report.build import ENVIRONMENT, FACTS, failed, resolved, trials_of, write_folder

PAIR = pair(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"})))


def folder(
    path, *, seed=0, saving=0.02, design=PAIR, change=lambda trial: trial, environments=(ENVIRONMENT,), **settings
):
    study = resolved(design, **settings)
    trials = trials_of(study, seed=seed, savings={"silu": saving})
    return write_folder(path, study, trials, change=change, environments=environments)


def slugs(comparison):
    return {caveat.slug for caveat in comparison.caveats}


def test_like_with_like_has_only_the_standing_warning(tmp_path):
    found = compare(folder(tmp_path / "one"), folder(tmp_path / "two", seed=1))
    assert slugs(found) == {"stored_numbers"}
    assert "not interleaved" in found.caveats[0].text
    assert [change.name for change in found.arms] == ["baseline", "all"]
    assert [(change.name, change.kind) for change in found.contrasts] == [("silu", "pair")]
    assert (found.first, found.second) == ("one", "two")


def test_arms_are_compared_by_welchs_interval_over_trials_and_processes(tmp_path):
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two", seed=1, blocks=8, processes=4)
    change = next(change for change in compare(one, two).arms if change.name == "all")
    frames = [Evidence.read(path).frame.query("arm == 'all'") for path in (two, one)]
    accuracy = stats.ttest_ind(
        *(100 * frame["tta_accuracy"] for frame in frames), equal_var=False
    ).confidence_interval()
    assert (change.tta_accuracy_low_pp, change.tta_accuracy_high_pp) == pytest.approx((accuracy.low, accuracy.high))
    logs = [np.log(frame["time_seconds"]).groupby(frame["process"]).mean() for frame in frames]
    time = stats.ttest_ind(*logs, equal_var=False).confidence_interval()
    expected = [100 * math.expm1(end) for end in (time.low, time.high)]
    assert (change.time_low_percent, change.time_high_percent) == pytest.approx(expected)
    assert (change.blocks, change.processes) == ((6, 8), (3, 4))


def test_a_contrast_is_compared_as_the_change_of_its_effect(tmp_path):
    one, two = folder(tmp_path / "one", saving=0.02), folder(tmp_path / "two", seed=1, saving=0.05)
    (change,) = compare(one, two).contrasts
    effects = [Evidence.read(path).effects[0] for path in (one, two)]
    assert (change.first_time, change.second_time) == tuple(effect.time_percent for effect in effects)
    assert change.time_percent == pytest.approx(100 * (0.95 / 0.98 - 1), abs=0.1)
    assert change.time_high_percent < 0
    logs = [math.log1p(effect.time_percent / 100) for effect in effects]
    reference = stats.ttest_ind_from_stats(
        logs[1], effects[1].time_sd_percent / 100, 3, logs[0], effects[0].time_sd_percent / 100, 3, equal_var=False
    )
    assert (change.time_low_percent > 0 or change.time_high_percent < 0) == (reference.pvalue < 0.05)


def test_one_process_gives_no_interval_of_time(tmp_path):
    found = compare(folder(tmp_path / "one"), folder(tmp_path / "two", processes=1))
    for change in (*found.arms, *found.contrasts):
        assert math.isfinite(change.time_percent)
        assert math.isnan(change.time_low_percent)


@pytest.mark.parametrize(
    ("settings", "slug", "said"),
    [
        ({"data": "cifar10-jpeg"}, "different_data", "cifar10 (63696661) and cifar10-jpeg (63696661)"),
        ({"preset": "mini"}, "different_preset", "full and mini"),
    ],
)
def test_other_data_or_another_preset_are_warned_of(tmp_path, settings, slug, said):
    found = compare(folder(tmp_path / "one"), folder(tmp_path / "two", **settings))
    assert slug in slugs(found)
    assert said in next(caveat.text for caveat in found.caveats if caveat.slug == slug)


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("device_name", "Another GPU", "Device: Imaginary GPU in one, Another GPU in two."),
        ("torch", "2.12.0", "torch: 2.11.0 in one, 2.12.0 in two."),
        ("dirty", True, "Uncommitted changes: no in one, yes in two."),
    ],
)
def test_other_hardware_or_versions_are_named(tmp_path, fact, value, said):
    other = Environment(facts={**FACTS, fact: value})
    second = folder(
        tmp_path / "two", change=lambda trial: replace(trial, environment=other.digest), environments=(other,)
    )
    found = compare(folder(tmp_path / "one"), second)
    assert said in [caveat.text for caveat in found.caveats]


def test_one_name_for_two_recipes_is_named(tmp_path):
    study = resolved(PAIR)
    changed = replace(study, fingerprints={**study.fingerprints, "all": "something else"})
    found = compare(folder(tmp_path / "one"), write_folder(tmp_path / "two", changed))
    assert "The recipe behind the same name differs: 'all'." in [caveat.text for caveat in found.caveats]


def test_arms_of_one_side_only_are_listed(tmp_path):
    one = folder(tmp_path / "one", design=leave_one_out(("silu", "tuning")))
    two = folder(tmp_path / "two", design=add_one_in(("silu", "compile")))
    found = compare(one, two)
    assert not found.arms
    assert found.only_in_first == ("all", "all - silu", "all - tuning")
    assert found.only_in_second == ("baseline", "baseline + silu", "baseline + compile")


def test_failed_or_mixed_sides_are_not_compared(tmp_path):
    def mixed(trial):
        return replace(trial, data="other", data_digest="0" * 64) if trial.spec.block else trial

    sound = folder(tmp_path / "sound")
    found = compare(sound, folder(tmp_path / "failed", change=failed))
    assert (found.arms, found.contrasts) == ((), ())
    assert "no_results" in slugs(found)
    found = compare(folder(tmp_path / "mixed", change=mixed), sound)
    assert (found.arms, found.contrasts) == ((), ())
    assert "mixed_data" in slugs(found)


def test_a_folder_is_not_compared_with_itself(tmp_path):
    one = folder(tmp_path / "one")
    with pytest.raises(UsageError, match="the same run folder"):
        compare(one, tmp_path / "." / "one")


def test_folders_of_one_name_keep_their_paths_apart(tmp_path):
    found = compare(folder(tmp_path / "a" / "run"), folder(tmp_path / "b" / "run"))
    assert found.first != found.second


def run_command(*arguments):
    app = Typer()
    app.command()(compare_command)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_prints_both_sides_and_the_warning(tmp_path):
    text = run_command(folder(tmp_path / "one"), folder(tmp_path / "two", seed=1, saving=0.05))
    assert "two minus one" in text
    assert "! A comparison with stored numbers" in text
    assert "silu (pair of arms)" in text
    assert "−2." in text
    assert "→" in text


def test_the_command_says_when_nothing_is_common(tmp_path):
    one = folder(tmp_path / "one", design=leave_one_out(("silu", "tuning")))
    text = run_command(one, folder(tmp_path / "two", design=add_one_in(("silu", "compile"))))
    assert "Nothing can be compared" in text
    assert "Only in one: all, all - silu, all - tuning" in text


def test_json_is_the_whole_comparison(tmp_path):
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two", processes=1)
    value = json.loads(run_command(one, two, "--json"))
    assert value == json.loads(as_json(compare(one, two).to_json()))
    assert value["arms"][0]["time_low_percent"] is None
    assert value["caveats"][0]["slug"] == "stored_numbers"
