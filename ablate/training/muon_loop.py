"""The Muon family's training loop. It knows no features and has no flags: every slot of the recipe is always called."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.parts.augment import normalised
from ablate.parts.compiler import Compiler
from ablate.parts.inference import PredictingNetwork
from ablate.parts.loss import summed_cross_entropy
from ablate.parts.network import WhitenedConvNet, reset_network
from ablate.parts.optimiser import Muon, coupled_sgd
from ablate.recipes.muon import MuonPlan, MuonRecipe
from ablate.training.outcome import (
    AUGMENT,
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

TrainingStep = Callable[[Tensor, Tensor, bool, float, int], Tensor]
"""Images, labels, whether the whitening bias is trained, label smoothing, frozen groups; to the summed loss."""


@dataclass(frozen=True, slots=True)
class CompiledNetwork:
    """A network and its training step as the compiler made them; shared by all recipes of one compile key."""

    network: WhitenedConvNet
    step: TrainingStep
    predicting: PredictingNetwork

    @property
    def networks(self) -> tuple[WhitenedConvNet]:
        """Every network whose state a run changes."""
        return (self.network,)


def build_network(recipe: MuonRecipe, compute_dtype: torch.dtype, device: torch.device) -> CompiledNetwork:
    """A network and training step for every recipe that has this one's compile key."""
    network = recipe.network.build(
        scale=recipe.scale,
        activation=recipe.activation,
        norm_momentum=recipe.norm_momentum,
        precision=recipe.precision,
        compute_dtype=compute_dtype,
        device=device,
    )
    network.pool_with(recipe.pooled_conv)
    predicting = recipe.inference.build(network, recipe.compiler)
    recipe.compiler.model(network)

    def step(
        images: Tensor, labels: Tensor, train_whitening_bias: bool, label_smoothing: float, frozen_groups: int
    ) -> Tensor:
        return summed_cross_entropy(network(images, train_whitening_bias, frozen_groups), labels, label_smoothing)

    return CompiledNetwork(network, recipe.compiler.step(step, device), predicting)


def train(
    recipe: MuonRecipe,
    plan: MuonPlan,
    compiled: CompiledNetwork,
    images: DeviceImages,
    streams: Streams,
    clock: Clock,
    after_epoch: AfterEpoch,
) -> Outcome:
    """Train a recipe from new starting values and predict the test set.

    The clock runs from before the whitening filters are computed until the last prediction is there; resetting the network and
    building the optimisers come before it.
    """
    return drained(stretches(recipe, plan, compiled, images, streams, clock, after_epoch))


def counts(recipe: MuonRecipe, plan: MuonPlan, num_images: int) -> Counter[Label]:
    """How many stretches of each label a run of `num_images` training images has on its clock."""
    steps = Counter(plan.kind_of_step(step) for step in range(plan.num_steps))
    return steps + Counter({PREPARE: 1, AUGMENT: plan.num_epochs, PREDICT: 1})


def stretches(
    recipe: MuonRecipe,
    plan: MuonPlan,
    compiled: CompiledNetwork,
    images: DeviceImages,
    streams: Streams,
    clock: Clock,
    after_epoch: AfterEpoch,
) -> Run:
    """`train`, pausing after each stretch."""
    network, compiler = compiled.network, recipe.compiler
    before = clock.mark()
    reset_network(network, streams["init"])
    sgd, muon = _optimisers(recipe, plan, network, compiler)
    loss_weight = torch.tensor(plan.loss_weight, device=clock.device, dtype=network.whiten.weight.dtype)
    loss = last_loss = torch.zeros((), device=clock.device)

    yield RESET
    timing = Timing(clock, before, start=clock.mark(settled=True))
    with torch.no_grad():
        filters = recipe.whitening.filters(normalised(images.train_images[: plan.whitening_images]))
        network.whiten.weight.copy_(filters)
        epochs = recipe.feeding.epochs(recipe, images.train_images, streams)

    yield PREPARE
    for epoch in range(plan.num_epochs):
        network.train()
        with torch.no_grad():
            batch_images = epochs(epoch)
        order = torch.randperm(len(images.train_labels), device=clock.device, generator=streams["order"])
        yield AUGMENT
        for step, batch in zip(plan.steps(epoch), order.split(plan.batch_size), strict=False):
            loss = compiled.step(
                recipe.image_sizes.resized(batch_images(batch), plan.image_sides[step], compiler),
                images.train_labels[batch],
                step < plan.whitening_bias_steps,
                recipe.label_smoothing,
                plan.frozen_groups[step],
            )
            loss.backward(loss_weight)
            rate = recipe.schedule.factor(step, plan.num_steps)
            bias_group, *other_groups = sgd.param_groups
            bias_group["lr"] = recipe.bias_rate * recipe.schedule.factor(step, plan.whitening_bias_steps)
            for group in other_groups:
                group["lr"] = group["initial_lr"] * rate
            sgd.step()
            muon.step(recipe.filter_rate * rate, plan.normalisation_due[step])
            network.zero_grad(set_to_none=True)
            yield plan.kind_of_step(step)
        # A compiled step may hand out a buffer that the next graph overwrites, and validation runs graphs too.
        last_loss = loss.detach().clone()
        timing.paused_seconds += after_epoch(network)
    # The training set is not needed any more, and the test set's views take as much memory again.
    del epochs, batch_images
    tta = recipe.known_view.applied(recipe.tta)
    outcome = timing.predict(network, images.test_images, tta, compiler, last_loss, predicting=compiled.predicting)
    yield PREDICT
    return outcome


def _optimisers(
    recipe: MuonRecipe, plan: MuonPlan, network: WhitenedConvNet, compiler: Compiler
) -> tuple[torch.optim.SGD, Muon]:
    groups: list[tuple[list[Tensor], float]] = [
        ([network.whitening_bias], recipe.bias_rate),
        (network.norm_biases(), recipe.bias_rate),
        ([network.head.weight], recipe.head_rate),
    ]
    sgd = coupled_sgd(groups, momentum=recipe.momentum, decay=plan.decay, fused=True)
    muon = Muon(
        network.filters(),
        orthogonaliser=recipe.orthogonaliser,
        updates=recipe.filter_updates,
        iteration=recipe.polynomials.iteration(recipe.newton_schulz),
        momentum=recipe.filter_momentum,
        decay=plan.filter_decay,
        compiler=compiler,
        batches=recipe.update_batches,
        iterates=recipe.iterates,
        filter_step=recipe.filter_step,
    )
    return sgd, muon
