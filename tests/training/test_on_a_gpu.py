"""Both families on a GPU as published, but for a few steps of a few images: compiled with autotuning, in half precision."""

import pytest
import torch

from ablate.lineages.loading import load_registry
from ablate.parts import Scale
from ablate.recipes.registry import Registry
from ablate.study.arms import Arm
from ablate.study.schedule import TrialSpec
from ablate.training.arm_trainer import ArmTrainer
from tests.sgd_recipes import REGISTRIES
from tests.training.test_arm_trainer import tiny_dataset

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.timeout(1800),
    # PyTorch's CUDA graph trees begin with an empty graph of their own.
    pytest.mark.filterwarnings("ignore:The CUDA Graph is empty"),
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]


def train_on_a_gpu(registry: Registry, names: list[set[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two trials of each arm, in neither of which anything may be compiled inside the clock."""
    baseline = registry.baseline
    scale = Scale(width=0.25, batch=40 / baseline.batch_size, epochs=3 / baseline.epochs)  # type: ignore[attr-defined]
    monkeypatch.setitem(type(baseline).presets, "tiny", scale)  # type: ignore[attr-defined]
    arms = [Arm(name=str(index), features=frozenset(features)) for index, features in enumerate(names)]
    trainer = ArmTrainer(
        registry=registry, arms=arms, preset="tiny", dataset=tiny_dataset(410, 200), device="cuda", debug=True
    )
    assert trainer.compute_dtype == torch.float16
    for arm in arms:
        for block in range(2):
            spec = TrialSpec(arm=arm.name, block=block, position=0, process=0, seed=7)
            trial = trainer.train(spec, 0).trial
            assert (trial.status, trial.error) == ("ok", None), sorted(arm.features)
            assert trial.measurements is not None
            assert 0 < trial.measurements.train_seconds < trial.measurements.time_seconds


def test_the_muon_family_trains_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = load_registry()
    train_on_a_gpu(registry, [set(), set(registry.names)], monkeypatch)


@pytest.mark.parametrize("lineage", REGISTRIES)
def test_the_sgd_family_trains_on_a_gpu(lineage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = REGISTRIES[lineage]
    train_on_a_gpu(registry, [set(), set(registry.names)], monkeypatch)


@pytest.mark.parametrize("recipe", ["airbench94_muon", "airbench96_faster"])
def test_the_interleaved_clock_pauses_runs_between_cuda_graphs(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms of one network take turns on its graphs, and nothing is compiled on the way."""
    registry = load_registry(recipe=recipe)
    scale = Scale(width=0.25, batch=40 / registry.baseline.batch_size, epochs=3 / registry.baseline.epochs)  # type: ignore[attr-defined]
    monkeypatch.setitem(type(registry.baseline).presets, "tiny", scale)  # type: ignore[attr-defined]
    arms = [Arm(name=name, features=frozenset(registry.names), stream=place) for place, name in enumerate("ab")]
    arms.append(Arm(name="baseline", features=frozenset()))
    trainer = ArmTrainer(
        registry=registry, arms=arms, preset="tiny", dataset=tiny_dataset(410, 200), device="cuda", debug=True
    )
    for block in range(2):
        specs = [
            TrialSpec(arm=arm.name, block=block, position=place, process=0, seed=7 + place, measures="time")
            for place, arm in enumerate(arms)
        ]
        for finished in trainer.time_together(specs, 0):
            assert finished.trial.error is None, finished.trial.error
            assert finished.trial.measurements is not None
            assert finished.trial.measurements.time_seconds
