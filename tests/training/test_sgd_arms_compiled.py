"""Every lineage of the SGD family compiled, many arms in one process: nothing is compiled, or falls back to eager, inside the clock.

With Dynamo alone, which decides what is compiled again.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
import torch._dynamo as dynamo

from ablate.parts import (
    AcrossEpochs,
    AlternatingFlip,
    CompileModel,
    CompileStep,
    FrozenBias,
    GatheredCrop,
    LeastConfident,
    ProxySelection,
    Scale,
)
from ablate.parts.compiler import compiled_function
from ablate.recipes.feature import Feature
from ablate.recipes.registry import Registry
from ablate.study.arms import Arm
from ablate.study.groups import Group
from ablate.study.schedule import TrialSpec
from ablate.training import arm_trainer
from ablate.training.arm_trainer import ArmTrainer
from tests.sgd_recipes import BASELINES, REGISTRIES
from tests.training.test_arm_trainer import tiny_dataset

GROUP = Group(slug="compiled", title="Compiled", published_percent=None, source="here")


def feature(name: str, **patch: object) -> Feature:
    return Feature(name=name, group="compiled", summary="-", patch=patch, source="-")


@pytest.fixture(autouse=True)
def graphs_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    compile_with, options = torch.compile, {"backend": "eager", "mode": None}
    monkeypatch.setattr(torch, "compile", lambda function, **given: compile_with(function, **given | options))
    monkeypatch.setattr(arm_trainer, "why_not_compiling", lambda device: None)
    monkeypatch.setattr(arm_trainer, "compute_dtype_of", lambda device: torch.float32)
    compiled_function.cache_clear()
    with dynamo.config.patch(recompile_limit=8, accumulated_recompile_limit=256, fail_on_recompile_limit_hit=False):
        yield
    compiled_function.cache_clear()
    torch.compiler.reset()


def tiny_preset(lineage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine batches of five from 48 images, over three epochs, so that batches of one epoch end in the next."""
    baseline = BASELINES[lineage]
    scale = Scale(width=0.125, batch=5 / baseline.batch_size, epochs=3 / baseline.epochs)
    monkeypatch.setitem(type(baseline).presets, "tiny", scale)  # type: ignore[arg-type]


def train_twice(registry: Registry, arms: dict[str, set[str]]) -> ArmTrainer:
    """Every arm once, then once more in the reverse order, as two blocks of a study; all trials must succeed."""
    named = [Arm(name=name, features=frozenset(features)) for name, features in arms.items()]
    trainer = ArmTrainer(registry=registry, arms=named, preset="tiny", dataset=tiny_dataset(), device="cpu")
    for block, order in enumerate([list(arms), list(reversed(arms))]):
        for arm in order:
            spec = TrialSpec(arm=arm, block=block, position=0, process=0, seed=block)
            trial = trainer.train(spec, 0).trial
            # A compilation or a fallback inside the clock would make the trial a failed one.
            assert (trial.status, trial.error) == ("ok", None), arm
    return trainer


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("compiler", [CompileModel(), CompileStep()], ids=["model", "step"])
@pytest.mark.parametrize("lineage", BASELINES)
def test_the_arms_of_a_lineage_compile_nothing_inside_the_clock(
    lineage: str, compiler: CompileModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_preset(lineage, monkeypatch)
    shipped = REGISTRIES[lineage]
    baseline = replace(shipped.baseline, compiler=compiler)
    features = [each for each in shipped.features.values() if "compiler" not in each.patch]
    registry = Registry(baseline, features, shipped.groups.values())
    arms = {"baseline": set(), "all": set(registry.names)} | {name: {name} for name in registry.features}
    trainer = train_twice(registry, arms)
    keys = {recipe.compile_key() for recipe in trainer.recipes.values()}
    assert len(trainer._networks) == len(keys)
    assert {type(recipe.compiler) for recipe in trainer.recipes.values()} == {type(compiler)}


OWN = {
    "plain": set[str](),
    "filtered": {"filtered"},
    "filtered across": {"filtered", "across"},
    "across and frozen": {"across", "frozen"},
    "scored": {"scored", "gathered"},
    "all": {"filtered", "across", "frozen", "scored", "gathered", "mirrored"},
}


@pytest.mark.parametrize(
    ("compiler", "names"),
    [
        (CompileModel(), ("all",)),
        pytest.param(CompileModel(), tuple(OWN), marks=pytest.mark.slow),
        pytest.param(CompileStep(), tuple(OWN), marks=pytest.mark.slow),
    ],
    ids=["model, one arm", "model", "step"],
)
def test_what_a_short_warm_up_does_not_reach_is_compiled_all_the_same(
    compiler: CompileModel, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that begins in one epoch and ends in the next, the proxy's steps without gradient, the network that scores images."""
    tiny_preset("airbench95", monkeypatch)
    baseline = replace(BASELINES["airbench95"], compiler=compiler, widths=(8, 8, 8), first_bias=FrozenBias(epochs=99))
    features = [
        feature("filtered", selection=ProxySelection(widths=(8, 8, 8), every=3)),
        feature("across", order=AcrossEpochs()),
        feature("frozen", first_bias=FrozenBias(epochs=5.0)),
        feature("scored", subset=LeastConfident(fraction=0.5, epochs=10.0)),
        feature("gathered", crop=GatheredCrop()),
        feature("mirrored", flip=AlternatingFlip(compile_mode="default")),
    ]
    trainer = train_twice(Registry(baseline, features, [GROUP]), {name: OWN[name] for name in names})
    assert len(trainer._networks) == min(2, len(names))
    # Of the 24 images that are left four batches of five an epoch, and four images over.
    plan = trainer.recipes["all"].plan(48)
    assert (plan.batch_size, plan.steps_per_epoch, plan.num_steps) == (5, 4, 12)
