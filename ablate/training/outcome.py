"""What every family's training loop takes and leaves behind, and what a run's end has in common."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from ablate.parts import Compiler, TestTimeAugmentation
from ablate.parts.augment import normalised
from ablate.parts.evaluate import plain_logits
from ablate.parts.inference import PredictingNetwork, as_trained
from ablate.parts.standardisation import Normalise
from ablate.recipes.images import ImageRecipe, Plan
from ablate.training.session import Clock, DeviceImages, Mark, Streams


class Compiled(Protocol):
    """A network and its training step as the compiler made them; shared by all recipes of one compile key."""

    @property
    def network(self) -> nn.Module:
        """The network that is trained, images (N, 3, 32, 32) to logits (N, 10)."""

    @property
    def networks(self) -> Sequence[nn.Module]:
        """Every network whose state a run changes."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one training left behind: predictions on the device, durations in seconds, and whatever else by name."""

    tta_logits: Tensor
    time_seconds: float
    train_seconds: float
    tta_seconds: float
    reset_seconds: float
    wall_seconds: float
    last_loss: Tensor
    extra: Mapping[str, float] = field(default_factory=dict)


Label = str
"""What a stretch of a run was spent on; stretches of one label take equally long."""

RESET, PREPARE, AUGMENT, PREDICT = "reset", "prepare", "augment", "predict"
"""What every family's run has: before its clock starts, before its first epoch, once an epoch, and at its end."""

Run = Generator[Label, None, Outcome]
"""A run that pauses after each of its stretches, names it, and ends with its outcome."""


def drained(run: Run) -> Outcome:
    """What a run leaves behind that is not paused."""
    while True:
        try:
            next(run)
        except StopIteration as end:
            return cast(Outcome, end.value)


AfterEpoch = Callable[[Any], float]
"""Called after each epoch with the network; gives the seconds it took, which the clock leaves out."""


class Loop(Protocol):
    """A module that trains a family of image recipes."""

    def build_network(self, recipe: Any, compute_dtype: torch.dtype, device: torch.device) -> Any:
        """The `Compiled` of every recipe that has this one's compile key."""

    def train(
        self,
        recipe: Any,
        plan: Plan,
        compiled: Any,
        images: DeviceImages,
        streams: Streams,
        clock: Clock,
        after_epoch: AfterEpoch,
    ) -> Outcome:
        """Train a recipe from new starting values and predict the test set."""

    def stretches(
        self,
        recipe: Any,
        plan: Plan,
        compiled: Any,
        images: DeviceImages,
        streams: Streams,
        clock: Clock,
        after_epoch: AfterEpoch,
    ) -> Run:
        """The same, stretch by stretch."""

    def counts(self, recipe: Any, plan: Plan, num_images: int) -> Mapping[Label, int]:
        """How many stretches of each label a run of `num_images` training images has on its clock."""


def loop_of(recipe: ImageRecipe) -> Loop:
    """The loop that trains a recipe's family."""
    return cast(Loop, import_module(recipe.loop))


@dataclass(slots=True)
class Timing:
    """The moments of a run: `before` resetting the network, `start` of its clock, and the seconds that the clock leaves out."""

    clock: Clock
    before: Mark
    start: Mark
    paused_seconds: float = 0.0

    def predict(
        self,
        network: nn.Module,
        images_NCHW: Tensor,
        tta: TestTimeAugmentation,
        compiler: Compiler,
        last_loss: Tensor,
        extra: Mapping[str, float] | None = None,
        predicting: PredictingNetwork = as_trained,
        normalise: Normalise = normalised,
    ) -> Outcome:
        """Stop the training's clock, predict images in [0, 1], and stop the run's; `predicting` gives the network that does."""
        trained = self.clock.mark()
        network.eval()
        with torch.no_grad():
            tta_logits = tta.logits(predicting(network), normalise(images_NCHW), compiler)
        end = self.clock.mark(settled=True)
        tta_seconds = self.clock.seconds(trained, end)
        train_seconds = self.clock.seconds(self.start, trained) - self.paused_seconds
        return Outcome(
            tta_logits=tta_logits,
            time_seconds=train_seconds + tta_seconds,
            train_seconds=train_seconds,
            tta_seconds=tta_seconds,
            reset_seconds=self.clock.seconds(self.before, self.start),
            wall_seconds=end.wall_seconds - self.start.wall_seconds - self.paused_seconds,
            last_loss=last_loss,
            extra=extra or {},
        )


def evaluate_plainly(
    network: nn.Module, images_NCHW: Tensor, labels_N: Tensor, normalise: Normalise = normalised
) -> float:
    """Accuracy on images in [0, 1] without test-time augmentation, a fraction; leaves the network in evaluation mode."""
    network.eval()
    with torch.no_grad():
        return accuracy(plain_logits(network, normalise(images_NCHW)), labels_N)


def accuracy(logits_NK: Tensor, labels_N: Tensor) -> float:
    """The fraction of images whose largest logit is their label's."""
    return (logits_NK.argmax(1) == labels_N).sum().item() / len(labels_N)
