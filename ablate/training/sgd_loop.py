"""The SGD family's training loop. It knows no features and has no flags: every slot of the recipe is always called."""

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ablate.parts import AlternatingFlip, EveryImage, Initial, PlainTta, ProxySelection, WholeSet
from ablate.parts.convnet import TrainedNetwork, build_conv_net, reset_conv_net
from ablate.parts.evaluate import plain_logits
from ablate.parts.loss import cross_entropies
from ablate.recipes.sgd import SgdPlan, SgdRecipe
from ablate.training.batches import NO_EPOCH, Deal, TrainingSet, batches, dealing_counts, dealing_label
from ablate.training.outcome import (
    PREDICT,
    PREPARE,
    RESET,
    AfterEpoch,
    Label,
    Outcome,
    Run,
    Timing,
    drained,
)
from ablate.training.session import Clock, DeviceImages, Streams

Restart = Callable[[TrainedNetwork, Initial, torch.Generator], None]
"""Gives a network the values that its training starts from, before the clock does; draws come from the generator."""

TrainingStep = Callable[[Tensor, Tensor, bool, float], Tensor]
"""Images, labels, whether the first layer's bias is trained, label smoothing; to the loss of each image."""


@dataclass(frozen=True, slots=True)
class CompiledConvNet:
    """A network and its training step as the compiler made them, with those of the proxies that choose its images."""

    network: TrainedNetwork
    step: TrainingStep
    proxies: Mapping[ProxySelection, "CompiledConvNet"]
    restart: Restart = reset_conv_net

    @property
    def networks(self) -> tuple[TrainedNetwork, ...]:
        """Every network whose state a run changes."""
        return (self.network, *(proxy.network for proxy in self.proxies.values()))


def build_network(recipe: SgdRecipe, compute_dtype: torch.dtype, device: torch.device) -> CompiledConvNet:
    """A network and training step for every recipe that has this one's compile key."""
    network = build_conv_net(
        first_layer=recipe.first_layer,
        widths=recipe.widths,
        stage=recipe.stage,
        activation=recipe.activation.stretched(recipe.activation_scale),
        norms=recipe.norms,
        norm_momentum=recipe.norm_momentum,
        norm_splits=recipe.splits,
        head=recipe.head,
        precision=recipe.precision,
        scale=recipe.scale,
        compute_dtype=compute_dtype,
        device=device,
    )
    recipe.compiler.model(network)

    def step(images: Tensor, labels: Tensor, train_first_bias: bool, label_smoothing: float) -> Tensor:
        return cross_entropies(network(images, train_first_bias), labels, label_smoothing)

    proxies = {
        proxy: build_network(_recipe_of(proxy, recipe), compute_dtype, device) for proxy in recipe.selection.proxies()
    }
    return CompiledConvNet(network, recipe.compiler.step(step, device), proxies)


def train(
    recipe: SgdRecipe,
    plan: SgdPlan,
    compiled: CompiledConvNet,
    images: DeviceImages,
    streams: Streams,
    clock: Clock,
    after_epoch: AfterEpoch,
    deal: Deal = batches,
) -> Outcome:
    """Train a recipe from new starting values and predict the test set.

    The clock runs from before the first layer is prepared until the last prediction is there, a proxy's training included. Choosing
    the subset, resetting the network and building the optimiser come before it.
    """
    return drained(stretches(recipe, plan, compiled, images, streams, clock, after_epoch, deal))


def counts(recipe: SgdRecipe, plan: SgdPlan, num_images: int) -> Counter[Label]:
    """How many stretches of each label a run of `num_images` training images has on its clock."""
    steps = range(plan.num_steps)
    whole = Counter(plan.kind_of_step(step) for step in steps) + Counter({PREPARE: 1, PREDICT: 1})
    dealing = dealing_counts(recipe, plan, recipe.subset.count(num_images))
    whole.update(dealing)
    for proxy in recipe.selection.proxies():
        whole.update({of_proxy(label): count for label, count in {PREPARE: 1, **dealing}.items()})
        whole.update(of_proxy(_learning(proxy.is_trained(step))) for step in steps)
    return whole


def stretches(
    recipe: SgdRecipe,
    plan: SgdPlan,
    compiled: CompiledConvNet,
    images: DeviceImages,
    streams: Streams,
    clock: Clock,
    after_epoch: AfterEpoch,
    deal: Deal = batches,
) -> Run:
    """`train`, pausing after each stretch."""
    scorer = _Scorer(recipe, plan, compiled, images, streams, clock)
    chosen = recipe.subset.choose(len(images.train_images), scorer.confidences, streams["subset"])
    normalise = recipe.normaliser(images.train_images)
    training_set = TrainingSet(images.train_images[chosen], images.train_labels[chosen], normalise)

    network = compiled.network
    before = clock.mark()
    compiled.restart(network, recipe.initial, streams["init"])
    sgd = _optimiser(recipe, plan, network)
    loss_weight = torch.tensor(plan.loss_weight, device=clock.device, dtype=torch.float32)
    state = network.state()
    averaged = recipe.averaging.begin(state)
    last_loss = torch.zeros((), device=clock.device)

    yield RESET
    timing = Timing(clock, before, start=clock.mark(settled=True))
    with torch.no_grad():
        recipe.first_layer.prepare_normalised(network.first, training_set.images, recipe.scale, training_set.normalise)
        shadow = recipe.evaluated.begin(network)
    yield PREPARE
    masks = {}
    for proxy in recipe.selection.proxies():
        masks[proxy] = yield from _proxy_stretches(recipe, plan, compiled, training_set, streams, proxy)
    choices = iter(recipe.selection.choices(masks.__getitem__))
    dealt = deal(recipe, plan, training_set, streams)
    begun = NO_EPOCH
    for epoch in range(plan.num_epochs):
        network.train()
        for step in plan.steps(epoch):
            batch, choice = next(dealt), next(choices)
            yield dealing_label(plan, batch.epoch, begun)
            begun = batch.epoch
            losses = compiled.step(
                batch.images[choice], batch.labels[choice], step < plan.first_bias_steps, recipe.label_smoothing
            )
            loss = losses.sum()
            loss.backward(loss_weight.to(loss.dtype))
            _set_rates(sgd, recipe.schedule.factor(step, plan.num_steps))
            sgd.step()
            network.zero_grad(set_to_none=True)
            with torch.no_grad():
                recipe.averaging.after_step(averaged, state, step + 1, plan.num_steps)
                recipe.evaluated.after_step(shadow, plan.evaluated_due[step])
            yield plan.kind_of_step(step)
        # A compiled step may hand out a buffer that the next graph overwrites, and validation runs graphs too.
        last_loss = loss.detach().clone()
        recipe.evaluated.after_epoch(shadow)
        with recipe.evaluated.in_network(shadow):
            timing.paused_seconds += after_epoch(network)
    # The epoch's images are not needed any more, and the test set's views take as much memory again.
    dealt.close()
    recipe.evaluated.finish(shadow)
    outcome = timing.predict(
        network, images.test_images, recipe.tta, recipe.compiler, last_loss, scorer.extra, normalise=normalise
    )
    yield PREDICT
    return outcome


def _optimiser(recipe: SgdRecipe, plan: SgdPlan, network: TrainedNetwork) -> torch.optim.Optimizer:
    groups = [(network.scaled_biases(), plan.bias_rate), (network.other_parameters(), plan.rate)]
    return recipe.optimiser.build(groups, momentum=recipe.momentum, decay=plan.rate_times_decay)


def _set_rates(sgd: torch.optim.Optimizer, factor: float) -> None:
    for group in sgd.param_groups:
        group["lr"] = group["initial_lr"] * factor


def _recipe_of(proxy: ProxySelection, recipe: SgdRecipe) -> SgdRecipe:
    return replace(recipe, widths=proxy.widths, stage=proxy.stage, selection=EveryImage())


def _proxy_stretches(
    recipe: SgdRecipe,
    plan: SgdPlan,
    compiled: CompiledConvNet,
    training_set: TrainingSet,
    streams: Streams,
    proxy: ProxySelection,
) -> Generator[Label, None, list[Tensor]]:
    """Train a proxy on the batches that the run itself will see; the images that it chooses of each, as masks (B,).

    Without lookahead, and with the recipe's rates; batches at which it does not learn move its running statistics only.
    """
    network, step_losses = compiled.proxies[proxy].network, compiled.proxies[proxy].step
    reset_conv_net(network, recipe.initial, streams.within("proxy")["init"])
    sgd = _optimiser(recipe, plan, network)
    with torch.no_grad():
        recipe.first_layer.prepare_normalised(network.first, training_set.images, recipe.scale, training_set.normalise)
    loss_weight = torch.tensor(plan.loss_weight, device=streams.device, dtype=torch.float32)
    network.train()
    masks: list[Tensor] = []
    yield of_proxy(PREPARE)
    dealt, begun = batches(recipe, plan, training_set, streams.anew()), NO_EPOCH
    for step in (step for epoch in range(plan.num_epochs) for step in plan.steps(epoch)):
        batch, learns = next(dealt), proxy.is_trained(step)
        yield of_proxy(dealing_label(plan, batch.epoch, begun))
        begun = batch.epoch
        with torch.set_grad_enabled(learns):
            losses = step_losses(batch.images, batch.labels, False, recipe.label_smoothing)
        masks.append(proxy.chosen(losses.detach()))
        if learns:
            (losses * masks[-1].float()).sum().backward(loss_weight)
            _set_rates(sgd, recipe.schedule.factor(step, plan.num_steps))
            sgd.step()
            network.zero_grad(set_to_none=True)
        yield of_proxy(_learning(learns))
    dealt.close()
    return masks


def of_proxy(label: Label) -> Label:
    """The label of a proxy's stretch."""
    return f"proxy's {label}"


def _learning(learns: bool) -> Label:
    return "learning step" if learns else "step"


@dataclass(slots=True)
class _Scorer:
    """Trains a recipe on the whole set to learn how confident it is in each training image, off the clock."""

    recipe: SgdRecipe
    plan: SgdPlan
    compiled: CompiledConvNet
    images: DeviceImages
    streams: Streams
    clock: Clock
    extra: dict[str, float] = field(default_factory=dict)
    """The seconds it took, once it has been asked."""

    def confidences(self, epochs: float) -> Tensor:
        """See `ablate.parts.selection.Confidences`; with alternating flip, as airbench's own example trains it."""
        began = self.clock.mark()
        scoring = replace(
            self.recipe,
            subset=WholeSet(),
            epochs=epochs,
            label_smoothing=0.0,
            flip=AlternatingFlip(),
            tta=PlainTta(),
        )
        train(
            scoring,
            scoring.plan(len(self.images.train_images)).like(self.plan),
            self.compiled,
            self.images,
            self.streams.within("scorer"),
            self.clock,
            lambda network: 0.0,
        )
        with torch.no_grad():
            normalise = self.recipe.normaliser(self.images.train_images)
            logits = plain_logits(self.compiled.network, normalise(self.images.train_images))
        self.extra["scoring_seconds"] = self.clock.seconds(began, self.clock.mark(settled=True))
        return logits.float().log_softmax(1).amax(1)
