"""What chooses images: a proxy trained first on the same batches, and subsets by the confidence of a network trained before."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.parts import (
    AlternatingFlip,
    FrozenBias,
    LeastConfident,
    MostConfident,
    NormedConv,
    ProxySelection,
    RandomFlip,
    RandomSubset,
)
from ablate.parts.convnet import ConvNet
from ablate.recipes.sgd import SgdRecipe
from ablate.training import sgd_loop
from ablate.training.session import Streams
from tests.sgd_recipes import PUBLISHED, with_all
from tests.tiny_sgd import CPU, StepClock, copied, run, tiny
from tests.tiny_training import tiny_images

FILTERING = tiny(with_all("airbench96_faster"), 6, epochs=2.0)
"""Five batches of six from 32 images an epoch, so that two images wait for the next; ten steps."""
IMAGES = tiny_images(32)


@dataclass(slots=True)
class Calls:
    """Every call of a network's training step: what it was given, whether it would learn, and the network before and after."""

    images: list[Tensor] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)
    trains_bias: list[bool] = field(default_factory=list)
    smoothings: list[float] = field(default_factory=list)
    learns: list[bool] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    before: list[dict[str, Tensor]] = field(default_factory=list)
    after: list[dict[str, Tensor]] = field(default_factory=list)

    def watch(self, network: ConvNet, step: Any) -> Any:
        def watched(images: Tensor, labels: Tensor, train_first_bias: bool, label_smoothing: float) -> Tensor:
            self.images.append(images.clone())
            self.labels.append(labels.clone())
            self.trains_bias.append(train_first_bias)
            self.smoothings.append(label_smoothing)
            self.learns.append(torch.is_grad_enabled())
            self.before.append(copied(network))
            losses: Tensor = step(images, labels, train_first_bias, label_smoothing)
            self.losses.append(losses.detach().clone())
            self.after.append(copied(network))
            return losses

        return watched


def watched_run(recipe: SgdRecipe, seed: int = 0) -> tuple[Calls, Calls]:
    """The calls of the network itself, and of its proxy."""
    own, proxys = Calls(), Calls()

    def wrap(compiled: sgd_loop.CompiledConvNet) -> sgd_loop.CompiledConvNet:
        proxies = {
            proxy: sgd_loop.CompiledConvNet(small.network, proxys.watch(small.network, small.step), {})
            for proxy, small in compiled.proxies.items()
        }
        return sgd_loop.CompiledConvNet(compiled.network, own.watch(compiled.network, compiled.step), proxies)

    run(recipe, IMAGES, seed=seed, wrap=wrap)
    return own, proxys


@pytest.fixture(scope="module")
def filtered() -> tuple[Calls, Calls]:
    return watched_run(FILTERING)


def test_the_network_sees_the_images_on_which_its_proxy_has_the_largest_losses(filtered: tuple[Calls, Calls]) -> None:
    own, proxys = filtered
    assert len(own.labels) == len(proxys.labels) == 10
    for step in range(10):
        ranked = sorted(range(6), key=lambda index, step=step: proxys.losses[step][index].item())  # type: ignore[misc]
        chosen = sorted(ranked[3:])
        assert torch.equal(own.labels[step], proxys.labels[step][chosen])
        assert torch.equal(own.images[step], proxys.images[step][chosen])


def test_the_proxy_sees_the_batches_that_are_dealt_without_it(filtered: tuple[Calls, Calls]) -> None:
    unfiltered, _ = watched_run(replace(FILTERING, selection=type(PUBLISHED["airbench96"].selection)()))
    for ours, theirs in zip(filtered[1].images, unfiltered.images, strict=True):
        assert torch.equal(ours, theirs)


def test_the_proxy_learns_at_every_fourth_step_and_its_statistics_move_at_all(filtered: tuple[Calls, Calls]) -> None:
    proxys = filtered[1]
    assert proxys.learns == [step % 4 == 0 for step in range(10)]
    statistics = [name for name in proxys.before[0] if "running" in name]
    weights = [name for name in proxys.before[0] if "running" not in name and "num_batches" not in name]
    for step in range(10):
        before, after = proxys.before[step], proxys.after[step]
        assert all(not torch.equal(before[name], after[name]) for name in statistics), "a forward pass in training mode"
        if step < 9:
            moved = any(not torch.equal(after[name], proxys.before[step + 1][name]) for name in weights)
            assert moved is (step % 4 == 0)


def test_the_proxy_learns_from_what_it_chooses_only() -> None:
    """Its first step by hand: the gradient of the chosen losses' sum, at the published weight, through Nesterov's momentum."""
    recipe = replace(FILTERING, epochs=1.0)
    _, proxys = watched_run(recipe)
    plan, (proxy,) = recipe.plan(32), recipe.selection.proxies()
    network = sgd_loop.build_network(recipe, torch.float32, CPU).proxies[proxy].network
    network.load_state_dict(proxys.before[0])
    network.train()
    losses = torch.nn.functional.cross_entropy(
        network(proxys.images[0], False), proxys.labels[0], label_smoothing=0.2, reduction="none"
    )
    (losses.topk(3).values.sum() * 1024 / 6).backward()
    head, bias = network.head.linear.weight, network.scaled_biases()[0]
    for value, rate in ((head, plan.rate), (bias, plan.bias_rate)):
        name = next(each for each, other in network.named_parameters() if other is value)
        direction = value.grad + plan.rate_times_decay / rate * value
        # A tenth of five steps is no step, so the rates begin at their peak.
        expected = value - rate * 1.85 * direction
        torch.testing.assert_close(proxys.before[1][name], expected.detach(), rtol=1e-4, atol=1e-6)


def test_the_proxys_first_bias_stays_at_zero(filtered: tuple[Calls, Calls]) -> None:
    own, proxys = filtered
    assert proxys.trains_bias == [False] * 10
    assert all(state["first.conv.bias"].count_nonzero() == 0 for state in proxys.before)
    assert own.trains_bias == [True] * 10, "it is never frozen in the network itself"
    assert torch.equal(own.before[0]["first.conv.weight"], proxys.before[0]["first.conv.weight"]), "both are whitened"


def test_a_proxy_draws_starting_values_of_its_own_and_takes_none_from_the_network(
    filtered: tuple[Calls, Calls],
) -> None:
    unfiltered, _ = watched_run(replace(FILTERING, selection=type(PUBLISHED["airbench96"].selection)()))
    for name, value in filtered[0].before[0].items():
        assert torch.equal(value, unfiltered.before[0][name]), name
    same_size = replace(FILTERING, selection=ProxySelection(widths=FILTERING.widths, stage=FILTERING.stage))
    own, proxys = watched_run(same_size)
    name = "head.linear.weight"
    assert own.before[0][name].shape == proxys.before[0][name].shape
    assert not torch.equal(own.before[0][name], proxys.before[0][name])


def test_another_proxy_keeps_another_share() -> None:
    own, proxys = watched_run(replace(FILTERING, selection=ProxySelection(keep=1 / 3, every=2, widths=(8, 8, 8))))
    assert {len(labels) for labels in own.labels} == {2}
    assert proxys.learns == [True, False] * 5


def test_a_proxy_does_without_a_bias_to_freeze() -> None:
    recipe = replace(FILTERING, first_layer=NormedConv(), first_bias=FrozenBias(epochs=1.0))
    own, _ = watched_run(recipe)
    assert own.trains_bias == [True] * 5 + [False] * 5


# Subsets.


SCORED = tiny(replace(PUBLISHED["airbench94"], flip=RandomFlip()), 4, epochs=3.0)


@pytest.mark.parametrize(("kind", "least"), [(LeastConfident, True), (MostConfident, False)])
def test_a_run_sees_only_the_subset_that_a_network_trained_before_chooses(kind: Any, least: bool) -> None:
    chosen: list[Tensor] = []
    confidences: list[Tensor] = []
    subset = kind(fraction=0.5, epochs=1.0)
    choose = kind.choose

    def watched(self: Any, num_images: int, given: Any, generator: torch.Generator) -> Tensor:
        def kept(epochs: float) -> Tensor:
            confidences.append(given(epochs))
            return confidences[-1]

        chosen.append(choose(self, num_images, kept, generator))
        return chosen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "choose", watched)
        calls, _ = watched_run(replace(SCORED, subset=subset))
    ((indices,), (values,)) = chosen, confidences
    assert values.shape == (32,)
    assert (values <= 0).all(), "log probabilities"
    assert len(indices) == 16
    others = [index for index in range(32) if index not in indices.tolist()]
    lower, upper = (indices, others) if least else (others, indices)
    assert values[lower].max() <= values[upper].min()
    scoring, training = calls.labels[:8], calls.labels[8:]
    assert sorted(torch.cat(scoring).tolist()) == sorted(IMAGES.train_labels.tolist()), "one epoch of the whole set"
    assert len(training) == 3 * 4
    for start in range(0, 12, 4):
        epoch = torch.cat(training[start : start + 4])
        assert sorted(epoch.tolist()) == sorted(IMAGES.train_labels[indices].tolist())
    assert calls.smoothings == [0.0] * 8 + [0.2] * 12


def test_the_confidence_is_the_largest_log_probability_of_the_trained_network() -> None:
    recipe = replace(SCORED, subset=LeastConfident(fraction=0.5, epochs=2.0))
    compiled = sgd_loop.build_network(recipe, torch.float32, CPU)
    plan = recipe.plan(32)
    scorer = sgd_loop._Scorer(recipe, plan, compiled, IMAGES, Streams(3, CPU), StepClock())
    values = scorer.confidences(2.0)
    compiled.network.eval()
    means, stds = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    with torch.no_grad():
        logits = compiled.network((IMAGES.train_images - means.view(3, 1, 1)) / stds.view(3, 1, 1))
    torch.testing.assert_close(values, logits.softmax(1).max(1).values.log(), rtol=1e-4, atol=1e-5)
    alone = run(
        replace(recipe, subset=PUBLISHED["airbench94"].subset, epochs=2.0, label_smoothing=0.0, flip=AlternatingFlip()),
        IMAGES,
    )
    assert alone.weights.keys() == compiled.network.state_dict().keys()
    (name,) = (each for each in alone.weights if each.startswith("head"))
    assert not torch.equal(alone.weights[name], compiled.network.state_dict()[name]), "its streams are its own"


def test_the_network_that_scores_sees_images_mirrored_in_turns_whatever_the_recipe_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    epochs: dict[str, list[int]] = {"alternating": [], "random": []}
    for name, kind in (("alternating", AlternatingFlip), ("random", RandomFlip)):
        each_epoch = kind.each_epoch

        def watched(self: Any, images: Tensor, epoch: int, generator: Any, *, of: Any = (name, each_epoch)) -> Tensor:
            epochs[of[0]].append(epoch)
            made: Tensor = of[1](self, images, epoch, generator)
            return made

        monkeypatch.setattr(kind, "each_epoch", watched)
    run(replace(SCORED, subset=LeastConfident(fraction=0.5, epochs=2.0)), IMAGES)
    assert epochs == {"alternating": [0, 1], "random": [0, 1, 2]}


def test_scoring_is_off_the_clock_and_recorded_apart() -> None:
    clock = StepClock()

    def wrap(compiled: sgd_loop.CompiledConvNet) -> sgd_loop.CompiledConvNet:
        def step(*arguments: Any) -> Tensor:
            clock.now += 1
            return compiled.step(*arguments)

        return sgd_loop.CompiledConvNet(compiled.network, step, {})

    recipe = replace(SCORED, subset=LeastConfident(fraction=0.5, epochs=2.0))
    outcome = run(recipe, IMAGES, clock=clock, wrap=wrap).outcome
    assert outcome is not None
    assert outcome.extra == {"scoring_seconds": 16}
    assert (outcome.time_seconds, outcome.train_seconds, outcome.wall_seconds, outcome.reset_seconds) == (12, 12, 12, 0)
    assert clock.now == 28


def test_a_random_subset_trains_nobody_first_and_follows_its_own_stream() -> None:
    half = replace(SCORED, subset=RandomSubset(fraction=0.5))
    one, again, other = (watched_run(half, seed)[0] for seed in (1, 1, 2))
    assert [len(calls.labels) for calls in (one, again, other)] == [12, 12, 12]
    assert all(torch.equal(*pair) for pair in zip(one.images, again.images, strict=True))
    assert any(not torch.equal(*pair) for pair in zip(one.labels, other.labels, strict=True))
    outcome = run(half, IMAGES).outcome
    assert outcome is not None
    assert outcome.extra == {}


def test_a_subset_leaves_the_starting_values_alone() -> None:
    whole, _ = watched_run(SCORED)
    for subset in (RandomSubset(fraction=0.5), LeastConfident(fraction=0.5, epochs=1.0)):
        calls, _ = watched_run(replace(SCORED, subset=subset))
        first = calls.before[len(calls.before) - 12]
        for name, value in whole.before[0].items():
            if name != "first.conv.weight":
                assert torch.equal(value, first[name]), (subset, name)


def test_the_scorers_warm_up_is_short_too() -> None:
    recipe = replace(SCORED, subset=LeastConfident(fraction=0.5))
    steps: list[float] = []

    def wrap(compiled: sgd_loop.CompiledConvNet) -> sgd_loop.CompiledConvNet:
        def step(images: Tensor, labels: Tensor, bias: bool, smoothing: float) -> Tensor:
            steps.append(smoothing)
            return compiled.step(images, labels, bias, smoothing)

        return sgd_loop.CompiledConvNet(compiled.network, step, {})

    run(recipe, IMAGES, plan=recipe.plan(32).shortened(), wrap=wrap)
    assert steps == [0.0] * 4 + [0.2] * 4
