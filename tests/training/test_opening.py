from pathlib import Path
from typing import Any

import pytest

from ablate.datasets import Dataset, home
from ablate.errors import DataError, UsageError
from ablate.lineages.loading import load_registry
from ablate.lineages.study_files import load_study, recipe_of, study_files
from ablate.store.resolved import FEATURES_OPTION, ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.study import Study, ladder, pair
from ablate.study.arms import Arm
from ablate.training.image_kind import load_data
from ablate.training.opening import (
    check_data,
    child_arguments,
    child_trainer,
    registry_of,
    resolve_study,
    say_on_stderr,
    trainer_for,
)
from tests.tiny_study import NOT_COMPILING, make_everything_tiny, tiny_dataset

REGISTRY = load_registry()
DATASET = tiny_dataset()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_everything_tiny(monkeypatch, tmp_path)
    return tmp_path


def small(*features: str, **settings: object) -> Study:
    arms = [Arm(name=name, features=frozenset(on)) for name, on in (("baseline", ()), ("other", features))]
    return Study.of(pair(*arms), name="small", question="?", **{"blocks": 1, "processes": 1, **settings})  # type: ignore[arg-type]


def resolved(*features: str, **settings: object) -> ResolvedStudy:
    return resolve_study(small(*features), REGISTRY, DATASET, device="cpu", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", study_files())
def test_every_arm_of_every_study_composes(name: str) -> None:
    study = load_study(name)
    opened = resolve_study(study, load_registry(recipe=recipe_of(name)), DATASET, device="cpu")
    assert opened.fingerprints.keys() == {arm.name for arm in study.arms}
    alike = [arm.name for arm in study.arms if "(twin)" in arm.name]
    # Two arms of one recipe would be a wasted hour, but for the twins that are meant to be.
    assert len(set(opened.fingerprints.values())) == len(study.arms) - len(alike)


def test_a_study_with_every_name_looked_up(here: Path) -> None:
    file = here / "own.py"
    file.write_text("# nothing")
    opened = resolve_study(
        Study.of(ladder(["optimiser", "silu"]), name="x", question="?", blocks=2, processes=2, preset="auto"),
        REGISTRY,
        DATASET,
        device="cpu",
        command=["ablate", "run"],
        overrides={"blocks": 2},
        features_from=file,
    )
    assert opened.arm_features["baseline"] == ()
    assert opened.arm_features["+ optimiser"] == ("periodic_normalisation", "vectorised_optimiser")
    assert opened.arm_features["+ silu"] == ("periodic_normalisation", "silu", "vectorised_optimiser")
    assert [feature.name for feature in opened.features] == ["vectorised_optimiser", "periodic_normalisation", "silu"]
    assert opened.features[-1].digest == REGISTRY.features["silu"].digest()
    assert [group.slug for group in opened.groups] == list(REGISTRY.groups)
    assert (opened.preset, opened.device, opened.data) == ("mini", "cpu", "synthetic")
    assert opened.data_digest == DATASET.digest
    assert opened.schedule == opened.study.schedule()
    assert opened.versions.keys() == {"ablate", "commit", "python", "torch"}
    (source,) = opened.files
    assert (source.option, source.path) == (FEATURES_OPTION, str(file))
    assert ResolvedStudy.from_json(opened.to_json()) == opened


def test_lengths_change_the_fingerprint_and_nothing_else() -> None:
    study = load_study("waterfall_equal_accuracy")
    opened = resolve_study(study, REGISTRY, DATASET, device="cpu")
    assert opened.arm_features["+ tta @ 0.85"] == opened.arm_features["+ tta"]
    assert opened.fingerprints["baseline @ 0.85"] != opened.fingerprints["baseline"]


class TestData:
    def test_the_announcement_of_last_resort(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert load_data("auto", None, say_on_stderr).name == "synthetic"
        said = capsys.readouterr()
        assert said.out == ""
        assert "`ablate data fetch`" in said.err

    def test_more_classes_than_the_network_has_outputs(self, here: Path) -> None:
        few = tiny_dataset(44, 44)
        labels = few.train_labels % 11
        many = Dataset.of("many", tuple("abcdefghijk"), (few.train_images, labels), (few.test_images, few.test_labels))
        home.write(here / "data-home", many, "a test", replace=False)
        with pytest.raises(DataError, match=r"'many' has 11 classes, and the network tells 10 apart"):
            load_data("many", None, say_on_stderr)

    def test_another_content_of_the_same_name(self) -> None:
        opened = resolved("silu")
        check_data(opened, DATASET)
        with pytest.raises(
            UsageError, match=r"Data set 'synthetic' has changed: its digest is \w{12}, .*start a new study"
        ):
            check_data(opened, tiny_dataset(num_train=60))


class TestTrainer:
    def test_says_loudly_that_nothing_is_compiled(self) -> None:
        lines: list[str] = []
        trainer = trainer_for(resolved("silu"), REGISTRY, DATASET, announce=lines.append)
        assert [line for line in lines if line.startswith(f"NOTHING IS COMPILED: {NOT_COMPILING}.")]
        assert trainer.preset == "mini"
        assert not any("layout" in line for line in lines)

    def test_says_where_precision_is_layout_only(self) -> None:
        lines: list[str] = []
        trainer_for(resolved("half_precision"), REGISTRY, DATASET, announce=lines.append)
        (line,) = [line for line in lines if "memory layout only" in line]
        assert "cpu is float32" in line

    def test_validates_every_epoch_if_asked_to(self) -> None:
        quiet = {"announce": lambda line: None}
        assert trainer_for(resolved("silu", overrides={"curves": True}), REGISTRY, DATASET, **quiet).curves
        assert not trainer_for(resolved("silu"), REGISTRY, DATASET, **quiet).curves

    def test_in_a_child_is_built_from_the_run_folder(self, here: Path) -> None:
        opened = resolved("silu")
        trainer = child_trainer(**_arguments(RunFolder.create(opened, here / "run")))
        spec = opened.schedule[0]
        trainer.warm_up(spec.arm)
        assert trainer.train(spec, 4).trial.status == "ok"

    def test_in_a_child_refuses_another_data_set(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        arguments = _arguments(RunFolder.create(resolved("silu"), here / "run"))
        monkeypatch.setattr("ablate.datasets.synthetic.generate", lambda: tiny_dataset(num_train=60))
        with pytest.raises(UsageError, match="has changed"):
            child_trainer(**arguments)

    def test_in_a_child_refuses_a_feature_that_was_edited_while_the_study_ran(self, here: Path) -> None:
        file = _own_feature(here, rate=0.5)
        registry = load_registry(features_from=file)
        opened = resolve_study(small("slow_head"), registry, DATASET, device="cpu", features_from=file)
        folder = RunFolder.create(opened, here / "run")
        child_trainer(**_arguments(folder))
        _own_feature(here, rate=0.4)
        with pytest.raises(UsageError, match="feature 'slow_head' changed in its file"):
            child_trainer(**_arguments(folder))

    def test_a_folder_is_complete_without_the_users_own_file(self, here: Path) -> None:
        file = _own_feature(here, rate=0.5)
        registry = load_registry(features_from=file)
        opened = resolve_study(small("slow_head"), registry, DATASET, device="cpu", features_from=file)
        folder = RunFolder.create(opened, here / "run")
        file.unlink()
        again = registry_of(RunFolder.open(folder.path.rename(here / "moved")))
        assert again.features["slow_head"].digest() == registry.features["slow_head"].digest()


def _arguments(folder: RunFolder) -> dict[str, Any]:
    return child_arguments(folder, folder.resolved, data_dir=None, device=None, debug=False)


def _own_feature(folder: Path, rate: float) -> Path:
    path = folder / "own.py"
    path.write_text(
        "import ablate\n"
        "FEATURE = ablate.Feature(name='slow_head', group='architecture', summary='Slower.', source='here',"
        f" patch={{'head_rate': {rate}}})\n"
    )
    return path
