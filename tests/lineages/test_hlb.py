"""hlb-CIFAR10 as its script has it, and small."""

from dataclasses import replace

import torch
from torch import nn

from ablate.lineages.lookup import find_lineage
from ablate.lineages.records import RECORDS
from ablate.parts import NoCutmix, SquareCutmix
from ablate.training.sgd_loop import build_network
from tests.sgd_recipes import BASELINES, with_all

CPU = torch.device("cpu")


def test_the_run_has_the_published_moments() -> None:
    plan = with_all("hlb").plan(50_000)
    assert [step for step, is_due in enumerate(plan.averaging_due, 1) if is_due] == [*range(100, 581, 5), 581]
    assert (plan.num_epochs, plan.mixed_from, len(plan.steps(12))) == (13, 7, 5)
    assert BASELINES["hlb"].plan(50_000).num_steps == 576


def test_mini_keeps_every_feature_active() -> None:
    recipe = with_all("hlb")
    small = recipe.scaled(recipe.presets["mini"])
    plan = small.plan(10_000)
    assert plan.num_steps == 236
    assert BASELINES["hlb"].scaled(small.scale).plan(10_000).num_steps == 234
    assert (plan.num_epochs, plan.mixed_from) == (7, 4)
    assert sum(plan.averaging_due) == 41


def test_sampled_runs_and_warm_ups_augment_both_ways() -> None:
    for epochs in (12.0, 12.1):
        plan = replace(with_all("hlb"), epochs=epochs).plan(50_000)
        sampled = plan.sampled()
        assert {sampled.is_mixed(epoch) for epoch in range(1, sampled.num_epochs)} == {False, True}
        assert not sampled.is_mixed(0)
        assert [plan.shortened().is_mixed(epoch) for epoch in range(2)] == [False, True]
    assert not replace(with_all("hlb"), cutmix=NoCutmix()).plan(50_000).sampled().is_mixed(9)
    always = replace(with_all("hlb"), cutmix=SquareCutmix(size=3, epochs=20.0)).plan(50_000)
    assert always.mixed_from == 0
    assert all(always.sampled().is_mixed(epoch) for epoch in range(4))


def test_norms_follow_the_compute_dtype_and_the_first_layer_lies_plainly() -> None:
    for recipe, expected in ((with_all("hlb"), torch.float16), (BASELINES["hlb"], torch.float32)):
        small = recipe.scaled(recipe.presets["mini"])
        network = build_network(small, torch.float16, CPU).network
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        values = [value for norm in norms for value in norm.state_dict().values() if value.is_floating_point()]
        assert {value.dtype for value in values} == {expected}
        assert network.first.conv.weight.is_contiguous()
        convs = [module.weight for module in network.stages.modules() if isinstance(module, nn.Conv2d)]  # type: ignore[union-attr]
        assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convs)


def test_the_head_multiplies_its_weight() -> None:
    network = build_network(with_all("hlb"), torch.float32, CPU).network
    features = torch.rand(2, 512, 3, 3)
    linear = next(module for module in network.modules() if isinstance(module, nn.Linear))
    expected = features.amax((2, 3)) @ linear.weight.T / 9
    torch.testing.assert_close(network.head(features), expected)  # type: ignore[operator]


def test_releases_are_the_dated_records() -> None:
    rungs = find_lineage("hlb").ladders["releases"].rungs
    dated = [record.seconds for record in RECORDS if record.name.startswith("hlb-CIFAR10")]
    assert [rung.seconds for rung in rungs] == dated
