"""SGD recipes so small that a whole training takes a second, and a run that keeps what happened in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook

from ablate.parts import NoCompile, Scale
from ablate.parts.convnet import ConvNet, reset_conv_net
from ablate.recipes.sgd import SgdPlan, SgdRecipe
from ablate.training import sgd_loop
from ablate.training.outcome import Outcome
from ablate.training.session import Clock, DeviceImages, Mark, Streams

CPU = torch.device("cpu")
NARROW = Scale(width=0.125)

# One image a batch: as many steps an epoch as there are images, so 48 of them give the published numbers of steps.
SINGLE_IMAGES = Scale(width=0.01, batch=0.0005)


def tiny(recipe: SgdRecipe, batch_size: int, epochs: float | None = None) -> SgdRecipe:
    """The recipe as narrow as it gets, eager, with batches of so many images; the learning rates keep their meaning."""
    scale = Scale(width=0.01, batch=batch_size / recipe.batch_size)
    return replace(recipe, scale=scale, compiler=NoCompile(), epochs=epochs or recipe.epochs)


def network_of(recipe: SgdRecipe, dtype: torch.dtype = torch.float32, seed: int = 0) -> ConvNet:
    """A recipe's network on the CPU with its starting values."""
    network = sgd_loop.build_network(recipe, dtype, CPU).network
    reset_conv_net(network, recipe.initial, torch.Generator().manual_seed(seed))
    return network


class StepClock(Clock):
    """Time passes only when it is told to."""

    def __init__(self) -> None:
        super().__init__(CPU)
        self.now = 0.0

    def mark(self, *, settled: bool = False) -> Mark:
        return Mark(self.now, self.now)


@dataclass(slots=True)
class Recorded:
    """What a run left: per step the optimiser's groups, and copies of the network's state just before; streams, outcome, weights."""

    groups: list[list[dict[str, float]]] = field(default_factory=list)
    before_step: list[dict[str, Tensor]] = field(default_factory=list)
    bias_had_gradient: list[bool] = field(default_factory=list)
    streams: Streams = field(default_factory=lambda: Streams(0, CPU))
    outcome: Outcome | None = None
    weights: dict[str, Tensor] = field(default_factory=dict)

    def used(self, slot: str) -> list[int]:
        """Where a slot's stream has come to."""
        return self.streams[slot].get_state().tolist()


@contextmanager
def recording(recorded: Recorded, network: ConvNet) -> Iterator[None]:
    """Watch the optimiser of one network."""
    own = {id(parameter) for parameter in network.parameters()}

    def watched(optimiser: torch.optim.Optimizer, *_: object) -> None:
        if id(optimiser.param_groups[1]["params"][0]) not in own:
            return
        names = ("lr", "weight_decay", "momentum", "nesterov")
        recorded.groups.append([{name: group[name] for name in names} for group in optimiser.param_groups])
        recorded.before_step.append(copied(network))
        bias = network.first.conv.bias
        recorded.bias_had_gradient.append(bias is not None and bias.grad is not None)

    hook = register_optimizer_step_pre_hook(watched)
    try:
        yield
    finally:
        hook.remove()


def copied(network: ConvNet) -> dict[str, Tensor]:
    """The network's weights and running statistics, detached."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def run(
    recipe: SgdRecipe,
    images: DeviceImages,
    *,
    seed: int = 0,
    plan: SgdPlan | None = None,
    clock: Clock | None = None,
    wrap: Callable[[sgd_loop.CompiledConvNet], sgd_loop.CompiledConvNet] = lambda compiled: compiled,
) -> Recorded:
    """Train an eager recipe on the CPU and keep what happened; `wrap` may watch its training steps."""
    recorded = Recorded(streams=Streams(seed, CPU))
    plan = plan or recipe.plan(len(images.train_images))
    compiled = wrap(sgd_loop.build_network(recipe, images.train_images.dtype, CPU))
    with recording(recorded, compiled.network):
        recorded.outcome = sgd_loop.train(
            recipe, plan, compiled, images, recorded.streams, clock or Clock(CPU), lambda network: 0.0
        )
    recorded.weights = copied(compiled.network)
    return recorded
