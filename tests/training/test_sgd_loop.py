"""The SGD family's loop: rates, frozen bias, averages, streams and the clock, step by step."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.parts import (
    Compiler,
    FrozenBias,
    GatheredCrop,
    HalfEpochFlip,
    Lookahead,
    NoFlip,
    PlainTta,
    Scale,
    TwoStageCrop,
)
from ablate.parts.evaluate import Predictor
from ablate.recipes.sgd import SgdRecipe
from ablate.training import sgd_loop
from ablate.training.session import Clock, Streams
from tests.sgd_recipes import BASELINES, PUBLISHED, REGISTRIES, with_all
from tests.tiny_sgd import CPU, SINGLE_IMAGES, Recorded, StepClock, run, tiny
from tests.tiny_training import tiny_images


@pytest.fixture(scope="module")
def airbench94() -> Recorded:
    """A run with the published numbers of steps: 476, the first layer's bias for 144."""
    recipe = replace(PUBLISHED["airbench94"], scale=SINGLE_IMAGES)
    plan = recipe.plan(48)
    assert (plan.num_steps, plan.first_bias_steps) == (476, 144)
    return run(recipe, tiny_images(48))


def test_rates_of_both_groups_follow_the_triangle(airbench94: Recorded) -> None:
    assert len(airbench94.groups) == 476
    for step in (0, 1, 54, 108, 109, 110, 300, 474, 475):
        factor = 0.2 + 0.8 * step / 109 if step < 109 else 1 - 0.93 * (step - 109) / 367
        biases, others = (group["lr"] for group in airbench94.groups[step])
        assert biases == pytest.approx(0.09375 * factor, rel=1e-6)
        assert others == pytest.approx(0.00146484 * factor, rel=1e-5)


def test_decays_and_momentum_are_the_sheets_in_every_step(airbench94: Recorded) -> None:
    for groups in airbench94.groups:
        assert [group["weight_decay"] for group in groups] == pytest.approx([0.0212870, 1.362365], rel=1e-5)
        assert {(group["momentum"], group["nesterov"]) for group in groups} == {(0.85, True)}


def test_the_first_bias_has_a_gradient_in_its_first_steps_only(airbench94: Recorded) -> None:
    assert airbench94.bias_had_gradient == [True] * 144 + [False] * 332


def test_a_frozen_bias_neither_decays_nor_coasts() -> None:
    recipe = tiny(replace(BASELINES["airbench95"], first_bias=FrozenBias(epochs=1.0)), 4, epochs=3.0)
    recorded = run(recipe, tiny_images(20))
    biases = [state["first.conv.bias"] for state in recorded.before_step] + [recorded.weights["first.conv.bias"]]
    moved = [not torch.equal(before, after) for before, after in pairwise(biases)]
    assert moved == [True] * 5 + [False] * 10
    assert biases[0].count_nonzero() == 0, "it starts at zero"
    weights = [state["first.conv.weight"] for state in recorded.before_step]
    assert all(torch.equal(weights[0], weight) for weight in weights), "whitening filters are frozen"


@pytest.mark.parametrize("num_steps", [10, 13])
def test_the_average_takes_the_networks_place_running_statistics_too(
    num_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, after_step = tiny(PUBLISHED["airbench95"], 4), Lookahead.after_step
    average: list[Tensor] = []
    moved_by_averages: list[int] = []

    def watched(lookahead: Lookahead, kept: list[Tensor], state: list[Tensor], step: int, num: int) -> None:
        if step == 1:
            average.extend(tensor.clone() for tensor in kept)
        before = [tensor.clone() for tensor in state]
        after_step(lookahead, kept, state, step, num)
        if step % 5 == 0:
            weight = 0.95**5 * (step / num_steps) ** 3
            average[:] = [weight * old + (1 - weight) * new for old, new in zip(average, before, strict=True)]
        for expected, tensor in zip(average if step % 5 == 0 or step == num_steps else before, state, strict=True):
            torch.testing.assert_close(tensor, expected, rtol=1e-4, atol=1e-6)
        moved_by_averages.append(sum(not torch.equal(*pair) for pair in zip(before, state, strict=True)))

    monkeypatch.setattr(Lookahead, "after_step", watched)
    plan = replace(recipe.plan(4 * num_steps), num_steps=num_steps)
    recorded = run(recipe, tiny_images(4 * num_steps), plan=plan)
    # All but BatchNorm's six scales, which are 1 and stay so; the filters of the first layer agree from then on.
    assert moved_by_averages[4] == len(average) - 6
    between = [moved for step, moved in enumerate(moved_by_averages[:-1], start=1) if step % 5]
    assert between == [0] * len(between)
    assert moved_by_averages[-1] == len(average) - 7
    floats = [value for value in recorded.weights.values() if value.is_floating_point()]
    for value, expected in zip(floats, average, strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-6)


def test_an_average_begins_before_the_first_layer_is_whitened(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Tensor] = []
    begin = Lookahead.begin

    def watched(lookahead: Lookahead, state: list[Tensor]) -> list[Tensor]:
        begun.extend(tensor.clone() for tensor in state if tensor.shape == (24, 3, 2, 2))
        return begin(lookahead, state)

    monkeypatch.setattr(Lookahead, "begin", watched)
    recorded = run(tiny(PUBLISHED["airbench95"], 4, epochs=1.0), tiny_images(8))
    (before,) = begun
    whitened = recorded.before_step[0]["first.conv.weight"]
    assert not torch.equal(before, whitened)
    assert torch.equal(whitened[12:], -whitened[:12])


SLOTS = ("init", "flip", "crop", "cutout", "cutmix", "order", "subset")
STREAM_OF = {"flip": "flip", "crop": "crop", "cutout": "cutout", "order": "order", "widths": "init", "stage": "init"}
STREAM_OF |= {"cutout_trim": "cutout", "first_layer": "init", "cutmix": "cutmix"}
"""Fields whose parts draw, or change what there is to draw; a subset changes all that is drawn for each image."""


@cache
def drawn(lineage: str, *names: str) -> tuple[dict[str, list[int]], dict[str, Tensor]]:
    """Where every slot's stream has come to after three epochs, and the starting weights."""
    recipe = REGISTRIES[lineage].compose(names)
    assert isinstance(recipe, SgdRecipe)
    small = tiny(recipe, 4)
    recorded = run(small, tiny_images(10, 4), seed=4, plan=replace(small.plan(10), num_steps=6, first_bias_steps=2))
    return {slot: recorded.used(slot) for slot in SLOTS}, recorded.before_step[0]


@pytest.mark.parametrize(
    ("lineage", "name"), [(lineage, name) for lineage, registry in REGISTRIES.items() for name in registry.features]
)
def test_toggling_a_feature_leaves_every_other_draw_as_it_was(lineage: str, name: str) -> None:
    patched = REGISTRIES[lineage].features[name].patch.keys()
    (before, weights), (after, toggled) = drawn(lineage), drawn(lineage, name)
    own = {STREAM_OF[field] for field in patched & STREAM_OF.keys()}
    own |= {"subset", "flip", "crop", "order"} if "subset" in patched else set()
    assert {slot for slot in SLOTS if before[slot] != after[slot]} <= own
    untouched = Streams(4, CPU)
    draws_nothing = {slot for slot in SLOTS if after[slot] == untouched[slot].get_state().tolist()}
    flips_by_order = isinstance(REGISTRIES[lineage].compose([name]).flip, HalfEpochFlip)  # type: ignore[attr-defined]
    assert draws_nothing & {"init", "flip", "crop", "order"} == ({"flip"} if flips_by_order else set())
    # A scorer trains before the run does, from values of its own.
    if not patched & {"widths", "stage", "initial", "first_layer", "subset"}:
        starts = [each for each in weights if each.endswith("weight")]
        assert all(torch.equal(weights[each], toggled[each]) for each in starts)


@pytest.mark.parametrize("lineage", BASELINES)
def test_a_seed_gives_the_same_weights_again_and_another_seed_others(lineage: str) -> None:
    images, recipe = tiny_images(9, 20), tiny(with_all(lineage), 4)
    plan = replace(recipe.plan(9), num_steps=6)
    first, again, other = (run(recipe, images, seed=seed, plan=plan) for seed in (1, 1, 2))
    assert first.outcome is not None
    assert again.outcome is not None
    assert torch.equal(first.outcome.tta_logits, again.outcome.tta_logits)
    for name, value in first.weights.items():
        assert torch.equal(value, again.weights[name]), name
    assert any(not torch.equal(value, other.weights[name]) for name, value in first.weights.items())


def test_a_network_is_as_good_as_new_after_a_run() -> None:
    images, recipe = tiny_images(9, 20), tiny(with_all("airbench96_faster"), 4)
    plan = replace(recipe.plan(9), num_steps=6)
    shared = sgd_loop.build_network(recipe, torch.float32, CPU)

    def predictions(seed: int) -> Tensor:
        outcome = sgd_loop.train(recipe, plan, shared, images, Streams(seed, CPU), Clock(CPU), lambda network: 0.0)
        return outcome.tta_logits

    first = predictions(1)
    predictions(2)
    assert torch.equal(first, predictions(1))


def test_a_run_learns_and_reports_its_last_loss() -> None:
    gentle = replace(PUBLISHED["airbench95"], label_smoothing=0.0, rate=2.0, bias_scale=1.0, epochs=8.0)
    images = tiny_images(100)
    outcome = run(replace(gentle, scale=Scale(width=0.125, batch=20 / 1024)), images).outcome
    assert outcome is not None
    assert 0 < outcome.last_loss.item() < 20 * 1.6, "guessing costs 2.3 for each of its images"
    assert (outcome.tta_logits.argmax(1) == images.test_labels).double().mean() > 0.5


@dataclass(frozen=True, kw_only=True)
class CentreCrop(GatheredCrop):
    """Cuts out the middle, so that copies of an image stay copies."""

    def draw(self, num_images: int, generator: torch.Generator) -> Tensor:
        return torch.full((num_images, 2), self.reach)


def test_a_step_does_not_depend_on_the_scale_of_the_batch() -> None:
    """A batch of 40 images against the same with every image ten times: one step leaves the same weights."""
    few = tiny_images(40)
    many = replace(few, train_images=few.train_images.repeat(10, 1, 1, 1), train_labels=few.train_labels.repeat(10))
    steps = []
    for images, batch in ((few, 40), (many, 400)):
        recipe = replace(tiny(AIRBENCH94_PLAIN, batch), crop=CentreCrop(), flip=NoFlip())
        plan = replace(recipe.plan(len(images.train_images)), num_steps=1)
        assert plan.loss_weight * plan.batch_size == pytest.approx(1024)
        steps.append(run(recipe, images, plan=plan).weights)
    for name, value in steps[0].items():
        torch.testing.assert_close(value, steps[1][name], atol=2e-4, rtol=2e-4)


def counting(clock: StepClock) -> Callable[[sgd_loop.CompiledConvNet], sgd_loop.CompiledConvNet]:
    """Every call of a training step takes a second, a proxy's too."""

    def wrapped(compiled: sgd_loop.CompiledConvNet) -> sgd_loop.CompiledConvNet:
        def step(*arguments: Any) -> Tensor:
            clock.now += 1
            return compiled.step(*arguments)

        proxies = {proxy: wrapped(small) for proxy, small in compiled.proxies.items()}
        return sgd_loop.CompiledConvNet(compiled.network, step, proxies)

    return wrapped


def test_a_proxys_training_is_on_the_clock() -> None:
    clock = StepClock()
    outcome = run(
        tiny(with_all("airbench96_faster"), 4, epochs=2.0), tiny_images(20), clock=clock, wrap=counting(clock)
    ).outcome
    assert outcome is not None
    assert (outcome.time_seconds, outcome.train_seconds, outcome.wall_seconds, outcome.tta_seconds) == (20, 20, 20, 0)
    assert outcome.extra == {}


def test_validation_is_left_out_of_the_clock() -> None:
    clock, recipe = StepClock(), tiny(AIRBENCH94_PLAIN, 4, epochs=3.0)
    compiled = counting(clock)(sgd_loop.build_network(recipe, torch.float32, CPU))

    def validate(network: torch.nn.Module) -> float:
        clock.now += 100
        return 100.0

    outcome = sgd_loop.train(recipe, recipe.plan(20), compiled, tiny_images(20), Streams(0, CPU), clock, validate)
    assert (outcome.time_seconds, outcome.train_seconds, outcome.wall_seconds) == (15, 15, 15)


PADDED: list[weakref.ref[Tensor]] = []
ALIVE: list[int] = []


@dataclass(frozen=True, kw_only=True)
class WatchedCrop(TwoStageCrop):
    """Keeps an eye on what it pads."""

    def pad(self, images_NCHW: Tensor) -> Tensor:
        padded = super().pad(images_NCHW)
        PADDED.append(weakref.ref(padded))
        return padded

    def crop(self, padded_NCHW: Tensor, offsets_N2: Tensor, compiler: Compiler) -> Tensor:
        # What another training of this run padded is not needed any more, nor are the images of the last epoch.
        ALIVE.append(sum(ref() is not None for ref in PADDED))
        cropped = super().crop(padded_NCHW, offsets_N2, compiler)
        PADDED.append(weakref.ref(cropped))
        return cropped


@dataclass(frozen=True, kw_only=True)
class WatchingTta(PlainTta):
    """Looks what is still there when the test set is predicted."""

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        ALIVE.append(sum(ref() is not None for ref in PADDED))
        return super().logits(predict, images_NCHW, compiler)


@pytest.mark.parametrize("lineage", ["airbench94", "airbench96_faster"])
def test_the_training_images_are_gone_when_others_take_their_place(lineage: str) -> None:
    PADDED.clear()
    ALIVE.clear()
    recipe = replace(tiny(with_all(lineage), 4, epochs=3.0), crop=WatchedCrop(), tta=WatchingTta(), flip=NoFlip())
    gc.disable()
    try:
        run(replace(recipe, cutout=BASELINES["resnet18"].cutout), tiny_images(8))
    finally:
        gc.enable()
    epochs = 3 * (2 if recipe.selection.proxies() else 1)
    assert [1] * epochs + [0] == ALIVE
