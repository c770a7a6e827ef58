"""Two run folders side by side: the numbers, and everything that makes them worth less."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from scipy import stats
from typer import Typer
from typer.testing import CliRunner

from ablate.cli.compare import compare as compare_command
from ablate.errors import UsageError
from ablate.report import Evidence
from ablate.report.compare import compare
from ablate.report.machine import as_json
from ablate.store.records import Environment
from ablate.study import Arm, Contrast, Design, aa, add_one_in, combine, ladder, leave_one_out, lengths, pair, shapley
from tests.report.build import ENVIRONMENT, FACTS, failed, resolved, trials_of, write_folder

PAIR = pair(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"})))


def folder(
    path, *, seed=0, saving=0.02, design=PAIR, change=lambda trial: trial, environments=(ENVIRONMENT,), **settings
):
    study = resolved(design, **settings)
    trials = trials_of(study, seed=seed, savings={"silu": saving})
    return write_folder(path, study, trials, change=change, environments=environments)


def by_recipe(path, design, *, seed=0, change=lambda trial: trial, **settings):
    """A run folder in which arms of the same features and length have the same fingerprint, as they really do."""
    study = resolved(design, **settings)
    prints = {arm.name: f"{study.preset} {sorted(arm.features)} {arm.length}" for arm in study.study.arms}
    study = replace(study, fingerprints=prints)
    return write_folder(path, study, trials_of(study, seed=seed), change=change)


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
    accuracy = stats.ttest_ind(*(100 * frame["score"] for frame in frames), equal_var=False).confidence_interval()
    assert (change.score_low, change.score_high) == pytest.approx((accuracy.low, accuracy.high))
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
    assert "One name stands for two recipes, which are not compared: 'all'." in [c.text for c in found.caveats]
    assert [change.name for change in found.arms] == ["baseline"]
    assert (found.only_in_first, found.only_in_second) == (("all",), ("all",))


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
    # 0.95 / 0.98: the second folder's arm saves more, so its sign is that of what is better.
    assert re.search(r"^all .* \+3\.\d+ % \[\+", text, re.MULTILINE)
    assert re.search(r"^silu \(pair of arms\) +\+2\.0 → \+5\.\d % +\+3\.\d+ % \[\+", text, re.MULTILINE)
    assert "Time saved is in percent of the first folder's time: positive is better in the second; of effects," in text


def test_the_command_says_when_nothing_is_common(tmp_path):
    one = folder(tmp_path / "one", design=leave_one_out(("silu", "tuning")))
    text = run_command(one, folder(tmp_path / "two", design=add_one_in(("silu", "compile"))))
    assert "Nothing can be compared: no arm of one folder trains the recipe of an arm of the other." in text
    assert "Only in one: all, all - silu, all - tuning" in text


def test_json_is_the_whole_comparison(tmp_path):
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two", processes=1)
    value = json.loads(run_command(one, two, "--json"))
    assert value == json.loads(as_json(compare(one, two).to_json()))
    assert value["arms"][0]["time_low_percent"] is None
    assert value["caveats"][0]["slug"] == "stored_numbers"


NAMES = ("silu", "tuning", "compile")


def test_arms_of_one_recipe_are_one_arm_whatever_they_are_called(tmp_path):
    found = compare(by_recipe(tmp_path / "one", ladder(NAMES)), by_recipe(tmp_path / "two", shapley(NAMES), seed=1))
    assert [(change.name, change.second_name) for change in found.arms] == [
        ("baseline", "baseline"),
        ("+ silu", "{silu}"),
        ("+ tuning", "{silu, tuning}"),
        ("+ compile", "all"),
    ]
    assert [change.name for change in found.contrasts] == ["silu", "tuning", "compile", "everything"]
    assert found.only_in_first == ()
    assert found.only_in_second == ("{tuning}", "{compile}", "{silu, compile}", "{tuning, compile}")
    assert found.nothing_common == ""


def test_the_length_is_part_of_what_an_arm_is(tmp_path):
    one = by_recipe(tmp_path / "one", lengths(PAIR))
    two = by_recipe(
        tmp_path / "two", Design(arms=(Arm(name="short", features=frozenset(), length=0.85),), contrasts=())
    )
    assert [(change.name, change.second_name) for change in compare(one, two).arms] == [("baseline @ 0.85", "short")]


def test_one_question_is_one_question_in_any_design(tmp_path):
    one = by_recipe(tmp_path / "one", ladder(NAMES))
    two = by_recipe(tmp_path / "two", combine(add_one_in(NAMES), leave_one_out(NAMES)), seed=1)
    found = compare(one, two)
    assert [(each.name, each.kind, each.second_name, each.second_kind) for each in found.contrasts] == [
        ("silu", "ladder", "silu", "add_one_in"),
        ("compile", "ladder", "compile", "leave_one_out"),
    ]
    text = run_command(one, two)
    assert "+ silu = baseline + silu " in text
    assert "silu (ladder step = on its own)" in text


def test_of_two_questions_of_the_same_arms_the_like_are_compared(tmp_path):
    def asked(*kinds):
        contrasts = [Contrast(subject=kind, with_arm="all", without_arm="baseline", kind=kind) for kind in kinds]
        return replace(PAIR, contrasts=tuple(contrasts))

    one, two = (
        by_recipe(tmp_path / "one", asked("pair", "total")),
        by_recipe(tmp_path / "two", asked("ladder", "total")),
    )
    assert [(each.kind, each.second_kind) for each in compare(one, two).contrasts] == [("total", "total")]


def test_a_twin_is_compared_with_a_twin_and_never_with_its_original(tmp_path):
    one = by_recipe(tmp_path / "one", aa(("silu",)))
    named = {"baseline": "nothing", "baseline (twin)": "again", "all": "all", "all (twin)": "all (twin)"}
    twins = aa(("silu",))
    other = Design(
        arms=tuple(replace(arm, name=named[arm.name]) for arm in reversed(twins.arms)),
        contrasts=tuple(
            replace(each, with_arm=named[each.with_arm], without_arm=named[each.without_arm])
            for each in twins.contrasts
        ),
    )
    found = compare(one, by_recipe(tmp_path / "two", other, seed=1))
    assert {change.name: change.second_name for change in found.arms} == named
    assert [(each.kind, each.second_kind) for each in found.contrasts] == [("aa", "aa"), ("aa", "aa")]
    alone = compare(by_recipe(tmp_path / "three", PAIR), by_recipe(tmp_path / "four", replace(other, contrasts=())))
    assert {change.name: change.second_name for change in alone.arms} == {"baseline": "nothing", "all": "all"}


def test_of_several_arms_of_one_recipe_those_of_one_name_are_matched(tmp_path):
    arms = tuple(Arm(name=name, features=frozenset()) for name in ("a", "b", "c"))
    one = by_recipe(tmp_path / "one", Design(arms=arms, contrasts=()))
    others = tuple(Arm(name=name, features=frozenset()) for name in ("d", "c", "e"))
    found = compare(one, by_recipe(tmp_path / "two", Design(arms=others, contrasts=())))
    assert [(change.name, change.second_name) for change in found.arms] == [("a", "d"), ("b", "e"), ("c", "c")]


def test_two_presets_have_no_recipe_in_common_and_the_reason_is_said(tmp_path):
    one, two = by_recipe(tmp_path / "one", PAIR), by_recipe(tmp_path / "two", PAIR, preset="mini")
    found = compare(one, two)
    assert (found.arms, found.contrasts) == ((), ())
    assert "Nothing can be compared: the presets full and mini train different recipes" in run_command(one, two)
    assert "different_recipe" not in slugs(found)


def test_imported_logs_are_matched_by_name_and_said_to_be(tmp_path):
    def imported(trial):
        return replace(trial, marks=("imported",))

    one = by_recipe(tmp_path / "one", PAIR)
    two = folder(tmp_path / "two", seed=1, change=imported)
    found = compare(one, two)
    assert [(change.name, change.second_name) for change in found.arms] == [("baseline", "baseline"), ("all", "all")]
    assert "arms were matched by name" in next(c.text for c in found.caveats if c.slug == "matched_by_name")
    assert "matched_by_name" not in slugs(compare(one, folder(tmp_path / "three")))


def test_a_feature_whose_patch_changed_is_named(tmp_path):
    study = resolved(PAIR)
    features = tuple(replace(each, digest="1" * 64) if each.name == "silu" else each for each in study.features)
    two = write_folder(tmp_path / "two", replace(study, features=features))
    texts = [caveat.text for caveat in compare(folder(tmp_path / "one"), two).caveats]
    assert "The patch of a feature, or the source of its parts, differs: 'silu'." in texts


def test_trainings_that_repeat_each_other_are_no_evidence(tmp_path):
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two")
    text = next(caveat.text for caveat in compare(one, two).caveats if caveat.slug == "repeated_trainings")
    assert "Of 12 trials that share recipe and seed, 12 reached the same accuracy in both folders" in text


def test_long_lists_of_one_sides_arms_are_cut_except_for_programs(tmp_path):
    one, two = by_recipe(tmp_path / "one", PAIR), by_recipe(tmp_path / "two", shapley(("silu", "a", "b", "c")))
    text = run_command(one, two)
    assert "Only in two: {a}, {b}, {c}, {silu, a}, {silu, b}, {silu, c}, and 8 more\n" in text
    assert len(json.loads(run_command(one, two, "--json"))["only_in_second"]) == 14


@pytest.mark.parametrize("width", [80, 200])
def test_the_command_keeps_numbers_whole_on_any_terminal(tmp_path, monkeypatch, width):
    monkeypatch.setattr("ablate.cli.compare.stdout", lambda: Console(width=width))
    one, two = by_recipe(tmp_path / "one", ladder(NAMES)), by_recipe(tmp_path / "two", shapley(NAMES), seed=1)
    text = run_command(one, two)
    assert all(len(line) <= width for line in text.splitlines())
    for change in compare(one, two).arms:
        assert f"{change.first_time:#.4g} → {change.second_time:#.4g} s" in text
    assert len(re.findall(r"pp \[\S+, \S+\]", text)) == 8
