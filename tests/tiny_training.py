"""Recipes and images so small that a whole training takes a second, and a run that keeps what happened in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from unittest import mock

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook

from ablate.parts import NoCompile, Scale
from ablate.parts import augment as augmentation
from ablate.parts.optimiser import Muon
from ablate.recipes.muon import MuonPlan, MuonRecipe
from ablate.training import muon_loop as training
from ablate.training.session import Clock, DeviceImages, Streams

CPU = torch.device("cpu")

# One image a batch: as many steps an epoch as there are images, so 25 and 32 images give the published numbers of steps.
TINY = Scale(width=0.125, batch=0.0005)


def tiny_images(num_train: int, num_test: int = 40, dtype: torch.dtype = torch.float32) -> DeviceImages:
    """Random images of one colour a class, learnable but noisy."""
    generator = torch.Generator().manual_seed(11)

    def split(number: int) -> tuple[Tensor, Tensor]:
        labels = torch.arange(number) % 10
        colours = torch.rand(10, 3, 1, 1, generator=torch.Generator().manual_seed(1))
        noise = torch.rand(number, 3, 32, 32, generator=generator)
        return (0.8 * colours[labels] + 0.2 * noise).to(dtype).contiguous(memory_format=torch.channels_last), labels

    train, test = split(num_train), split(num_test)
    return DeviceImages(train_images=train[0], train_labels=train[1], test_images=test[0], test_labels=test[1])


def eager(recipe: MuonRecipe, scale: Scale = TINY) -> MuonRecipe:
    """The recipe at a tiny scale, without compiling."""
    return replace(recipe, scale=scale, compiler=NoCompile())


@dataclass(slots=True)
class Recorded:
    """What a run did: per step the SGD groups, Muon's rate and whether it normalised; and every draw."""

    sgd: list[list[dict[str, float]]] = field(default_factory=list)
    muon: list[tuple[float, bool]] = field(default_factory=list)
    whitening_bias: list[Tensor] = field(default_factory=list)
    bias_had_gradient: list[bool] = field(default_factory=list)
    starting_values: dict[str, Tensor] = field(default_factory=dict)
    orders: list[Tensor] = field(default_factory=list)
    offsets: list[Tensor] = field(default_factory=list)
    mirrored: list[Tensor] = field(default_factory=list)
    padded_shapes: list[tuple[int, ...]] = field(default_factory=list)
    outcome: training.Outcome | None = None


@contextmanager
def recording(recorded: Recorded) -> Iterator[None]:
    """Watch the optimisers and the random draws of every training inside."""
    reset, muon_step, permute = training.reset_network, Muon.step, torch.randperm
    draw, mirror = augmentation.Crop.draw, augmentation.mirror_chosen

    def watched_reset(network: torch.nn.Module, generator: torch.Generator) -> None:
        reset(network, generator)
        recorded.starting_values = {
            name: value.detach().clone() for name, value in network.named_parameters() if name != "whiten.weight"
        }

    def watched_sgd(optimiser: torch.optim.Optimizer, *_: object) -> None:
        names = ("lr", "weight_decay", "momentum", "nesterov")
        recorded.sgd.append([{name: group[name] for name in names} for group in optimiser.param_groups])
        bias = optimiser.param_groups[0]["params"][0]
        recorded.whitening_bias.append(bias.detach().clone())
        recorded.bias_had_gradient.append(bias.grad is not None)

    def watched_muon(muon: Muon, rate: float, normalise: bool) -> None:
        recorded.muon.append((rate, normalise))
        muon_step(muon, rate, normalise)

    def kept(values: list[Tensor], value: Tensor) -> Tensor:
        values.append(value.clone())
        return value

    hook = register_optimizer_step_pre_hook(watched_sgd)
    patches = [
        mock.patch.object(training, "reset_network", watched_reset),
        mock.patch.object(Muon, "step", watched_muon),
        mock.patch.object(torch, "randperm", lambda *size, **kind: kept(recorded.orders, permute(*size, **kind))),
        mock.patch.object(augmentation.Crop, "draw", lambda crop, *of: kept(recorded.offsets, draw(crop, *of))),
        mock.patch.object(
            augmentation, "mirror_chosen", lambda images, chosen: mirror(images, kept(recorded.mirrored, chosen))
        ),
    ]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        hook.remove()
        for patch in patches:
            patch.stop()


def run(recipe: MuonRecipe, images: DeviceImages, *, seed: int = 0, plan: MuonPlan | None = None) -> Recorded:
    """Train an eager recipe on the CPU and keep what happened."""
    recorded = Recorded()
    plan = plan or recipe.plan(len(images.train_images))
    network = training.build_network(recipe, images.train_images.dtype, CPU)
    with recording(recorded):
        recorded.outcome = training.train(
            recipe, plan, network, images, Streams(seed, CPU), Clock(CPU), lambda network: 0.0
        )
    return recorded
