import pkgutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import ablate
from ablate import api
from ablate.engine.events import (
    Event,
    ProcessStarted,
    StudyOpened,
    StudyStarted,
    TrialFinished,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.errors import DataError, UsageError
from ablate.lineages.loading import load_registry
from ablate.store.run_folder import RunFolder
from ablate.study import Study, add_one_in, leave_one_out
from ablate.training import image_kind
from ablate.training.opening import untried_by
from tests.tiny_study import make_everything_tiny, study_json, tiny_dataset, trial_lines, untouched


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_everything_tiny(monkeypatch, tmp_path)
    return tmp_path


def study(blocks: int = 1, processes: int = 1) -> Study:
    design = add_one_in(["silu"])
    return Study.of(design, name="small", question="Does it work?", blocks=blocks, processes=processes)


def test_a_study_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    results = ablate.run(study(blocks=2))
    assert isinstance(results, ablate.Results)
    assert results.summary is not None
    assert (results.summary.ok, results.summary.failed, results.summary.left) == (4, 0, 0)
    assert isinstance(results.trials, pd.DataFrame)
    assert sorted(results.trials["arm"]) == ["baseline", "baseline", "baseline + silu", "baseline + silu"]
    (effect,) = results.effects.to_dict("records")
    assert effect["subject"] == "silu"
    assert effect["sentence"].startswith("silu: ")
    # Nobody asked for other words: what must be said is said on stderr.
    said = capsys.readouterr()
    assert said.out == ""
    assert "SYNTHETIC" in said.err
    assert "NOTHING IS COMPILED" in said.err

    again = ablate.open_results(results.folder.path)
    assert again.summary is None
    pd.testing.assert_frame_equal(again.effects, results.effects)


def test_events_tell_all_that_happens_in_order() -> None:
    events: list[Event] = []
    ablate.run(study(), on_event=events.append, announce=lambda line: None)
    assert isinstance(events[0], StudyOpened)
    assert events[0].arms == ("baseline", "baseline + silu")
    assert (events[0].folder / "trials.jsonl").exists()
    assert isinstance(events[1], StudyStarted)
    assert isinstance(events[2], ProcessStarted)
    one_trial = [WarmUpStarted, WarmUpFinished, TrialStarted, TrialFinished]
    assert [type(event) for event in events[3:]] == one_trial * 2


def test_a_registry_made_in_python() -> None:
    registry = load_registry()
    hot = ablate.Feature(name="hot", group="tta", summary="Hot.", patch={"filter_rate": 0.3}, source="here")
    own = registry.extended([hot])
    results = api.run(
        Study.of(add_one_in(["hot"]), name="own", question="?", blocks=1, processes=1),
        registry=own,
        out=Path("run"),
        announce=lambda line: None,
    )
    assert results.summary is not None
    assert results.summary.ok == 2
    assert [feature["name"] for feature in study_json(Path("run"))["features"]] == ["hot"]


def test_a_registry_made_in_python_cannot_go_to_children(here: Path) -> None:
    with untouched(here), pytest.raises(UsageError, match=r"cannot be handed to child processes.*--features-from"):
        ablate.run(study(blocks=2, processes=2), registry=load_registry())
    side_by_side = replace(study(blocks=2, processes=1), parallel=2)
    with untouched(here), pytest.raises(UsageError, match=r"side by side need child processes.*--features-from"):
        ablate.run(side_by_side, registry=load_registry())


BAD = {
    "an unknown feature": ({}, {"features": ["sillu"]}, UsageError, "Did you mean 'silu'"),
    "an unknown device": ({"device": "cudda"}, {}, UsageError, "Did you mean 'cuda'"),
    "gpu": ({"device": "gpu"}, {}, UsageError, "Did you mean 'cuda'"),
    "an unknown preset": ({}, {"preset": "minni"}, UsageError, "Did you mean 'mini'"),
    "an unknown data set": ({}, {"data": "cifar1"}, DataError, "Did you mean 'cifar10'"),
    "no minutes": ({"minutes": 0.0}, {}, UsageError, "--minutes takes a positive number, not 0"),
    "endless minutes": ({"minutes": float("inf")}, {}, UsageError, "--minutes takes a positive number, not inf"),
    "no time": ({"timeout_seconds": -1.0}, {}, UsageError, "--timeout takes a positive number, not -1"),
    "a missing file": ({"features_from": Path("nowhere.py")}, {}, UsageError, "nowhere.py"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_leaves_nothing_behind(here: Path, case: str) -> None:
    options, asked, kind, message = BAD[case]
    design = add_one_in(asked.get("features", ["silu"]))
    settings = {name: value for name, value in asked.items() if name != "features"}
    wrong = Study.of(design, name="wrong", question="?", blocks=1, processes=1, **settings)
    with untouched(here), pytest.raises(kind, match=message):
        ablate.run(wrong, announce=lambda line: None, **options)


def test_a_folder_that_exists_is_refused_before_the_images_are_read(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_kind, "load_data", lambda *_: pytest.fail("the images were read"))
    (here / "old").mkdir()
    with untouched(here), pytest.raises(UsageError, match="old exists already"):
        ablate.run(study(), out=Path("old"))


def test_names_are_looked_up_before_the_images_are_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_kind, "load_data", lambda *_: pytest.fail("the images were read"))
    wrong = Study.of(leave_one_out(["sillu"]), name="wrong", question="?", blocks=1, processes=1)
    with pytest.raises(UsageError, match="sillu"):
        ablate.run(wrong)


def test_a_plan_writes_nothing_and_knows_the_compile_keys(here: Path) -> None:
    with untouched(here):
        planned = api.plan(study(), announce=lambda line: None, curves=True)
    keys = planned.compile_keys()
    # Another activation is another network to compile.
    assert keys.keys() == {"baseline", "baseline + silu"}
    assert len(set(keys.values())) == 2
    assert planned.resolved.overrides == {"curves": True}
    assert planned.resolved.preset == "mini"


def test_resume_takes_up_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def quiet(line: str) -> None:
        """Say nothing."""

    results = ablate.run(study(blocks=3), minutes=1e-6, out=Path("run"), announce=quiet)
    assert results.summary is not None
    assert (results.summary.ok, results.summary.left, results.summary.stopped) == (2, 4, "minutes")
    resumed = ablate.resume("run", announce=quiet)
    assert resumed.summary is not None
    assert (resumed.summary.ok, resumed.summary.left, resumed.summary.stopped) == (6, 0, None)
    # Two sittings are two processes, and the trials of the second are marked by nothing else.
    assert [trial["process"] for trial in trial_lines(Path("run"))] == [0, 0, 1, 1, 1, 1]

    monkeypatch.setattr("ablate.datasets.synthetic.generate", lambda: tiny_dataset(num_train=60))
    with pytest.raises(UsageError, match="Data set 'synthetic' has changed"):
        ablate.resume("run", announce=quiet)
    with pytest.raises(UsageError, match="--minutes"):
        ablate.resume("run", minutes=0.0)


def test_a_trial_whose_child_died_at_once_has_its_record(here: Path) -> None:
    planned = api.plan(study(blocks=2, processes=2), announce=lambda line: None)
    folder = RunFolder.create(planned.resolved, here / "run")
    spec = folder.resolved.schedule[0]
    finished = untried_by(planned.resolved, planned.registry)(spec, 3)
    assert (finished.trial.status, finished.trial.process, finished.trial.spec) == ("failed", 3, spec)
    assert finished.recipe.fingerprint == planned.resolved.fingerprints[spec.arm]
    assert finished.trial.data_digest == planned.resolved.data_digest
    assert finished.environment.facts["preset"] == "mini"


def test_no_module_hides_a_public_name() -> None:
    """Importing a submodule puts its name on the package, where it would stand in for a function of that name."""
    modules = {module.name for module in pkgutil.iter_modules(ablate.__path__)}
    functions = set(ablate.__all__) - {"airbench", "export", "lineages", "parts", "plots", "report", "stats", "study"}
    assert len(functions) == 23
    assert not functions & modules
    for name in functions:
        assert callable(getattr(ablate, name))


def test_opening_no_folder() -> None:
    with pytest.raises(UsageError, match="There is no run folder 'runs/x'"):
        ablate.open_results("runs/x")
