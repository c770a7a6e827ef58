"""Many arms compiled in one process: nothing may be compiled, or fall back to eager, inside the clock.

Every test runs with Dynamo alone, which decides what is compiled again, and as a slow test with the code generator too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
import torch._dynamo as dynamo
from torch import Tensor

from ablate.lineages.loading import load_registry
from ablate.parts import PRESETS, NoJitter, Scale
from ablate.parts.compiler import compiled_function
from ablate.recipes.registry import Feature
from ablate.study.arms import Arm
from ablate.study.schedule import TrialSpec
from ablate.training import arm_trainer
from ablate.training.arm_trainer import ArmTrainer
from tests.training.test_arm_trainer import tiny_dataset

ARMS: dict[str, set[str]] = {
    "baseline": set(),
    "optimiser": {"vectorised_optimiser"},
    "periodic": {"periodic_normalisation"},
    "crop": {"vectorised_crop"},
    "jitter": {"brightness_contrast"},
    "compile": {"compile"},
    "silu": {"silu"},
    "half": {"half_precision", "svd_whitening"},
    "tuning": {"tuning"},
    "tta": {"selective_tta"},
    "tuned and compiled": {"tuning", "compile", "selective_tta", "vectorised_optimiser"},
    "all": set(load_registry().groups),
}


FEW = ("baseline", "tuned and compiled")
"""Both batch sizes, and both ways to compile."""


@dataclass(frozen=True, kw_only=True)
class ShapeChanging(NoJitter):
    """Calls a compiled function on a size that no warm-up can know."""

    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Any) -> Tensor:
        count = int(torch.randint(1, 10_000, (), generator=generator))
        compiler.function(plus_one, "default")(torch.zeros(count))
        return images_NCHW


def plus_one(values: Tensor) -> Tensor:
    return values + 1


@pytest.fixture(autouse=True, params=["eager", pytest.param("inductor", marks=pytest.mark.slow)])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "inductor" and (reason := arm_trainer.why_not_compiling(torch.device("cpu"))):
        pytest.skip(f"nothing can be compiled here: {reason}")
    if request.param == "eager":
        compile_with, graphs_only = torch.compile, {"backend": "eager", "mode": None}
        monkeypatch.setattr(
            torch, "compile", lambda function, **options: compile_with(function, **options | graphs_only)
        )
        monkeypatch.setattr(arm_trainer, "why_not_compiling", lambda device: None)
    monkeypatch.setitem(PRESETS, "tiny", Scale(width=0.125, batch=0.005, epochs=0.25))
    # float32, so that the test is the same on every processor.
    monkeypatch.setattr(arm_trainer, "compute_dtype_of", lambda device: torch.float32)
    # Wrappers of another backend are no use to this one.
    compiled_function.cache_clear()
    with dynamo.config.patch(recompile_limit=8, accumulated_recompile_limit=256, fail_on_recompile_limit_hit=False):
        yield
    compiled_function.cache_clear()
    torch.compiler.reset()


def trainer(arms: dict[str, set[str]], *extra: Feature) -> ArmTrainer:
    named = [Arm(name=name, features=frozenset(features)) for name, features in arms.items()]
    registry = load_registry().extended(extra) if extra else load_registry()
    return ArmTrainer(registry=registry, arms=named, preset="tiny", dataset=tiny_dataset(), device="cpu")


def spec(arm: str, block: int) -> TrialSpec:
    return TrialSpec(arm=arm, block=block, position=0, process=0, seed=block)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("arms", "networks"),
    [
        pytest.param({name: ARMS[name] for name in FEW}, 2, id="few"),
        pytest.param(ARMS, 7, id="twelve", marks=pytest.mark.slow),
    ],
)
def test_arms_of_two_batch_sizes_compile_nothing_inside_the_clock(arms: dict[str, set[str]], networks: int) -> None:
    together = trainer(arms)
    assert {recipe.plan(48).batch_size for recipe in together.recipes.values()} == {10, 8}
    for block, order in enumerate([list(arms), list(reversed(arms))]):
        for arm in order:
            # A compilation or a fallback inside the clock would make the trial a failed one.
            trial = together.train(spec(arm, block), 0).trial
            assert (trial.status, trial.error) == ("ok", None), arm
    keys = {recipe.compile_key() for recipe in together.recipes.values()}
    assert len(together._networks) == len(keys) == networks


@pytest.mark.timeout(1800)
def test_sizes_and_frozen_groups_are_all_warm_before_the_clock_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "tiny", Scale(width=0.125, batch=0.005, epochs=0.4))
    together = trainer({"all": set(load_registry().names), "past": {*load_registry().names, "exact", "beyond"}})
    plan = together.recipes["past"].plan(48)
    assert {*plan.image_sides} == {24, 28, 32}
    assert {*plan.frozen_groups} == {0, 1}
    assert together.recipes["past"].compile_key() != together.recipes["all"].compile_key()
    trial = together.train(spec("past", 0), 0).trial
    assert (trial.status, trial.error) == ("ok", None)
    specs = [replace(spec(arm, 1), measures="time") for arm in together.arms]
    for finished in together.time_together(specs, 0):
        assert (finished.trial.status, finished.trial.error) == ("ok", None)


def test_a_part_that_changes_shapes_is_caught() -> None:
    feature = Feature(name="changing", group="augmentation", summary="-", patch={"jitter": ShapeChanging()}, source="-")
    trial = trainer({"changing": {"changing"}}, feature).train(spec("changing", 1), 0).trial
    assert trial.status == "failed"
    assert "graphs were compiled inside the clock" in trial.error
    assert "pass tensors instead" in trial.error
