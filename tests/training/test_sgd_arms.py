"""The SGD family through the trainer of a study's arms, as `ablate run` trains it."""

from dataclasses import replace

import pytest
import torch

from ablate.parts import LeastConfident, Scale
from ablate.recipes.feature import Feature
from ablate.recipes.registry import Registry
from ablate.store.records import Trial
from ablate.study.arms import Arm
from ablate.study.groups import Group
from ablate.study.schedule import TrialSpec
from ablate.training import arm_trainer
from ablate.training.arm_trainer import ArmTrainer
from tests.sgd_recipes import BASELINES, REGISTRIES
from tests.training.test_arm_trainer import tiny_dataset

GROUP = Group(slug="mine", title="Mine", published_percent=None, source="here")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm_trainer, "why_not_compiling", lambda device: "no C++ compiler")
    monkeypatch.setattr(arm_trainer, "compute_dtype_of", lambda device: torch.float32)


def trained(registry: Registry, features: set[str], monkeypatch: pytest.MonkeyPatch, *, curves: bool = False) -> Trial:
    baseline = registry.baseline
    scale = Scale(width=0.01, batch=5 / baseline.batch_size, epochs=2 / baseline.epochs)  # type: ignore[attr-defined]
    monkeypatch.setitem(type(baseline).presets, "tiny", scale)  # type: ignore[attr-defined]
    arm = Arm(name="arm", features=frozenset(features))
    trainer = ArmTrainer(
        registry=registry, arms=[arm], preset="tiny", dataset=tiny_dataset(20, 8), device="cpu", curves=curves
    )
    return trainer.train(TrialSpec(arm="arm", block=0, position=0, process=0, seed=5), 0).trial


@pytest.mark.parametrize("lineage", BASELINES)
def test_a_trial_of_every_lineage_is_measured(lineage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = REGISTRIES[lineage]
    features = {name for name in registry.names if "compiler" not in registry.features[name].patch}
    trial = trained(registry, features, monkeypatch)
    assert (trial.status, trial.error) == ("ok", None)
    assert trial.measurements is not None
    assert 0 <= trial.measurements.score <= 1
    assert trial.measurements.time_seconds > 0
    assert trial.measurements.extra == {}


def test_curves_have_an_accuracy_for_every_epoch_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = trained(REGISTRIES["airbench96_faster"], {"longer_run", "across_epochs"}, monkeypatch, curves=True)
    assert trial.measurements is not None
    # 45 epochs where the baseline has 37, so 2.43 of four steps each.
    assert len(trial.measurements.curve) == 3
    assert trial.measurements.curve[-1] == trial.measurements.accuracy


def test_scoring_seconds_are_written_down_beside_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = Feature(
        name="hard",
        group="mine",
        summary="The hard half.",
        patch={"subset": LeastConfident(fraction=0.5)},
        source="here",
    )
    trial = trained(Registry(BASELINES["airbench94"], [hard], [GROUP]), {"hard"}, monkeypatch)
    assert (trial.status, trial.error) == ("ok", None)
    found = trial.measurements
    assert found is not None
    assert found.extra.keys() == {"scoring_seconds"}
    assert found.extra["scoring_seconds"] > 0
    assert Trial.from_json(trial.to_json()).measurements == found


def test_a_subset_too_small_for_a_batch_fails_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = Feature(
        name="hard", group="mine", summary="Few.", patch={"subset": LeastConfident(fraction=0.2)}, source="here"
    )
    trial = trained(Registry(BASELINES["airbench94"], [hard], [GROUP]), {"hard"}, monkeypatch)
    assert trial.status == "failed"
    assert trial.error == "4 training images do not fill one batch of 5. Use a larger data set or preset."


def test_a_diverged_run_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hot = replace(BASELINES["airbench94"], rate=1e20)
    warm = Feature(name="warm", group="mine", summary="Warm.", patch={"rate": 1e19}, source="here")
    trial = trained(Registry(hot, [warm], [GROUP]), set(), monkeypatch)
    assert trial.status == "failed"
    assert trial.error is not None
    assert trial.error.startswith("The loss or the predictions were not finite after 8 steps. Lower the learning rates")
