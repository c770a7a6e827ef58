"""What trackers are told of a trial and of a study."""

import json
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path

from ablate.export.exported import (
    ExportedStudy,
    exported_trial,
    exported_trials,
    folder_id,
    path_name,
    reference_arm,
    reference_recipe,
    trial_id,
)
from ablate.report import report, trials_table
from ablate.stats.evidence import Evidence
from ablate.store.records import RecipeRecord
from ablate.store.run_folder import RunFolder
from ablate.study import leave_one_out
from tests.report.build import ENVIRONMENT, resolved, write_folder


def told_of(folder: Path, reference: RecipeRecord | None = None) -> dict[tuple[str, int], object]:
    opened = RunFolder.open(folder)
    store = opened.read_trials()
    reference = reference or reference_recipe(opened.resolved, store, store)
    told = exported_trials(folder_id(opened), opened.resolved, store.latest().values(), store, reference)
    return {(trial.arm, trial.block): trial for trial in told}


def test_metrics_are_the_measurements_that_a_table_of_trials_has(folder: Path) -> None:
    opened = RunFolder.open(folder)
    rows = trials_table(opened.resolved, opened.read_trials()).to_dict("records")
    told = told_of(folder)
    assert len(told) == len(rows) == 6
    for row in rows:
        trial = told[row["arm"], row["block"]]
        measured = {
            name: value
            for name, value in row.items()
            if isinstance(value, float) and isfinite(value) and name != "length"
        }
        assert trial.metrics == measured
        assert trial.curve == row["curve"]
        assert (trial.status, trial.error, trial.started_at) == (row["status"], row["error"], row["started_at"])


def test_params_say_what_was_set_and_on_what(folder: Path) -> None:
    trial = next(trial for trial in told_of(folder).values() if trial.arm == "all" and trial.status == "ok")
    assert trial.name == f"all, block {trial.block}"
    assert trial.params["features"] == "silu"
    assert trial.params["data"] == "cifar10"
    seeds = {str(spec.seed) for spec in RunFolder.open(folder).resolved.schedule}
    assert trial.params["seed"] in seeds
    for name, value in ENVIRONMENT.facts.items():
        assert trial.params[f"environment.{name}"] == value
    seconds = trial.metrics["time_seconds"]
    assert trial.ended_ms - trial.started_ms == round(1000 * seconds)
    assert "seat" not in trial.params
    opened = RunFolder.open(folder)
    store = opened.read_trials()
    elsewhere = replace(next(iter(store)), seat="gpu:1", host="box")
    params = exported_trial(folder_id(opened), opened.resolved, elsewhere, store, None).params
    assert (params["seat"], params["host"]) == ("gpu:1", "box")
    lost = next(trial for trial in told_of(folder).values() if trial.status == "failed")
    assert lost.params["error"] == "out of memory: lower the batch."
    assert lost.metrics == {}


def test_fields_are_told_where_they_are_not_the_references() -> None:
    folder = Path(__file__).parents[2] / "figures" / "data" / "curves"
    told = told_of(folder)
    assert not [name for name in told["baseline", 0].params if name.startswith("recipe.")]
    changed = {name: value for name, value in told["all", 0].params.items() if name.startswith("recipe.")}
    assert changed["recipe.activation"] == "Silu()"
    assert changed["recipe.crop"] == "GatheredCrop(reach=2)"
    assert changed["recipe.batch_size"] == 1536
    # A field that only the other recipe sets.
    assert told_of(folder, _recipe_of(folder, "all"))["baseline", 0].params["recipe.jitter"] == "neutral"
    assert "recipe.scale" not in changed
    # Its curve is the one on disk.
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    for line in lines:
        if line["kind"] == "trial":
            trial = told[line["spec"]["arm"], line["spec"]["block"]]
            assert trial.curve == tuple(line["measurements"]["curve"])
            assert trial.metrics["time_seconds"] == line["measurements"]["time_seconds"]


def _recipe_of(folder: Path, arm: str) -> RecipeRecord:
    store = RunFolder.open(folder).read_trials()
    return next(store.recipes[trial.recipe] for trial in store if trial.spec.arm == arm)


def test_a_record_is_the_same_wherever_its_folder_lies_and_another_when_it_ran_again(
    folder: Path, tmp_path: Path
) -> None:
    opened = RunFolder.open(folder)
    identifiers = [trial_id(folder_id(opened), trial) for trial in opened.read_trials()]
    assert len(set(identifiers)) == len(identifiers) == 7
    moved = folder.rename(tmp_path / "elsewhere")
    again = RunFolder.open(moved)
    assert [trial_id(folder_id(again), trial) for trial in again.read_trials()] == identifiers
    other = write_folder(tmp_path / "other", resolved(leave_one_out(["silu"]), blocks=3, processes=3))
    assert folder_id(RunFolder.open(other)) != folder_id(again)


def test_the_reference_is_the_first_arm_at_its_own_length(folder: Path) -> None:
    study = RunFolder.open(folder).resolved
    assert reference_arm(study) == "baseline"
    longer = tuple(replace(arm, length=1.15) if arm.name == "baseline" else arm for arm in study.study.arms)
    assert reference_arm(replace(study, study=replace(study.study, arms=longer, contrasts=()))) == "all"


def test_a_study_says_what_its_report_says(folder: Path) -> None:
    opened = RunFolder.open(folder)
    study = ExportedStudy(evidence=Evidence.of(opened.resolved, opened.read_trials()), folder=folder_id(opened))
    assert study.files["effects.csv"] == report(folder, "csv")
    assert study.files["report.md"] == report(folder, "md")
    assert study.files["figures/distribution.svg"].startswith("<?xml")
    (effect,) = study.evidence.effects
    named = {f"{effect.kind}/{effect.subject}/{name}": value for name, value in asdict(effect).items()}
    assert study.metrics.items() >= {"trials": 5, "lost": 1, "left": 0}.items()
    told = {name: value for name, value in study.metrics.items() if "/" in name}
    assert "pair/silu/time_saved_percent" in told
    assert told.items() <= named.items()
    assert (study.params["question"], study.params["environment.torch"]) == ("What does each of these do?", "2.11.0")


def test_a_name_is_a_folder_of_its_own() -> None:
    assert path_name("all - silu") == "all - silu"
    assert path_name("baseline @ 0.85") == "baseline @ 0.85"
    assert path_name("../../etc") == "_.._etc"
    assert path_name("...") == "_"
