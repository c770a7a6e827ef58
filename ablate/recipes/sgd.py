"""Image recipes trained by SGD with Nesterov's momentum: all that may change accuracy or time, and the numbers that follow from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from torch import Tensor

from ablate.formats.canonical import digest
from ablate.formats.notebook import fields_shown
from ablate.formats.values import jsonable
from ablate.parts import (
    Activation,
    Averaging,
    CompileStep,
    Crop,
    Cutmix,
    Cutout,
    Evaluated,
    EveryImage,
    FirstBias,
    FirstLayer,
    Flip,
    FrozenScaleNorms,
    Gelu,
    Head,
    Initial,
    LastWeights,
    MaxPoolHead,
    NoAveraging,
    NoCutmix,
    NoCutout,
    Norms,
    Order,
    PublishedMoments,
    RateSchedule,
    Reshuffled,
    Selection,
    Sgd,
    Stage,
    Standardisation,
    Subset,
    TestTimeAugmentation,
    TorchSgd,
    TrainedBias,
    UniformInitial,
    WholeSet,
)
from ablate.parts.part import POSITIVE, Bounds
from ablate.parts.standardisation import Normalise
from ablate.recipes.images import ImageRecipe, rounded_up, windows_of

KILO = 1024
"""The images that airbench's learning rate and decay are told for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SgdRecipe(ImageRecipe):
    """Parts and published numbers of a network on images trained by SGD with Nesterov's momentum: the older airbench family.

    Rate and decay are in airbench's decoupled numbers: momentum leaves the size of a step alone, and the rate that of the decay.
    With K = 1024 · (1 + 1 / (1 - momentum)), PyTorch's SGD gets rate / K for the summed loss, and decay · batch_size / K over it.
    """

    loop: ClassVar[str] = "ablate.training.sgd_loop"
    number_bounds: ClassVar[Mapping[str, Bounds]] = {
        **dict.fromkeys(("epochs", "batch_size", "widths", "rate", "bias_scale"), POSITIVE),
        **dict.fromkeys(("rate_factor", "activation_scale", "loss_factor"), POSITIVE),
        "norm_splits": Bounds(least=1),
        "cutout_trim": Bounds(),
        # Rates are divided by what Nesterov's needs and what is left of 1.
        "momentum": Bounds(above=True, most=1, below=True),
        "norm_momentum": Bounds(most=1),
        "label_smoothing": Bounds(most=1),
        "decay": Bounds(),
    }

    first_layer: FirstLayer
    first_bias: FirstBias = TrainedBias()
    widths: tuple[int, ...]
    """The channels of the stages, as published."""
    stage: Stage
    activation: Activation = Gelu()
    activation_scale: float = 1.0
    """Factor on both axes of the activation, which is what fixed norms of another scale would make of it."""
    norms: Norms = FrozenScaleNorms()
    norm_momentum: float
    """Weight of the batch in BatchNorm's running statistics (PyTorch's sense)."""
    norm_splits: int = 1
    """Ghost batches of a batch as published, each of them normalised by itself; with a smaller batch they stay as large."""
    head: Head = MaxPoolHead()
    initial: Initial = UniformInitial()

    standardisation: Standardisation = PublishedMoments()
    subset: Subset = WholeSet()
    order: Order = Reshuffled()
    selection: Selection = EveryImage()
    crop: Crop
    flip: Flip
    cutout: Cutout = NoCutout()
    cutout_trim: int = 0
    """Pixels that the side of the cutout's square is shorter than the part says."""
    cutmix: Cutmix = NoCutmix()

    label_smoothing: float
    """The share of a label's weight that is spread evenly over all classes (PyTorch's sense)."""
    loss_factor: float = 1.0
    """Factor on the summed loss of a batch as published; what PyTorch's SGD is told of rates and decay is for that product."""
    rate: float
    """Peak learning rate for 1,024 images, whatever the momentum."""
    rate_factor: float = 1.0
    """Factor on every group's rate; weight decay stays what it is, so that rate times decay grows with it."""
    bias_scale: float = 1.0
    """Factor on the rate of the stages' norms' biases; rate times decay stays what it is."""
    decay: float
    """Weight decay for 1,024 images, whatever the rate."""
    momentum: float
    """SGD's momentum (Nesterov), below 1."""
    optimiser: Sgd = TorchSgd()
    schedule: RateSchedule
    averaging: Averaging = NoAveraging()
    evaluated: Evaluated = LastWeights()

    tta: TestTimeAugmentation

    def compile_key(self) -> str:
        """What two recipes must share to share one compiled network, as a hash in hex."""
        key = [self.first_layer, self.widths, self.stage, self.activation, self.norms, self.norm_momentum, self.head]
        key += [self.precision, self.compiler, self.batch_size, self.selection, self.scale.width, self.scale.batch]
        key += [self.activation_scale, self.splits]
        if isinstance(self.compiler, CompileStep):
            key += [self.label_smoothing, self.cutmix]
        return digest([jsonable(value) for value in key])

    @property
    def splits(self) -> int:
        """Ghost batches of a batch at this scale: no smaller than published, and equally large."""
        if self.scale.batch == 1:
            return self.norm_splits
        most = max(1, round(self.norm_splits * self.scale.batch))
        return max(splits for splits in range(1, most + 1) if scaled_batch(self) % splits == 0)

    def normaliser(self, train_images_NCHW: Tensor) -> Normalise:
        """See `ImageRecipe`."""
        return self.standardisation.fitted(train_images_NCHW)

    def plan(self, num_train_images: int) -> "SgdPlan":
        """The numbers of a run over `num_train_images` images (already scaled), of which it uses its subset.

        Raises:
            ValueError: the images do not fill one batch.
        """
        return SgdPlan.of(self, num_train_images)


def scaled_batch(recipe: SgdRecipe) -> int:
    """Images a step at a recipe's scale."""
    return max(1, round(recipe.batch_size * recipe.scale.batch))


@dataclass(frozen=True, slots=True, kw_only=True)
class SgdPlan:
    """Numbers derived from a recipe, its scale and the size of the training set.

    `rate`, `bias_rate` and `rate_times_decay` are PyTorch's, for a loss that `loss_weight` keeps the sum over a published batch, times
    the recipe's factor.
    """

    batch_size: int
    steps_per_epoch: int
    num_steps: int
    first_bias_steps: int
    loss_weight: float
    rate: float
    bias_rate: float
    rate_times_decay: float
    averaging_due: tuple[bool, ...] = ()
    """Of every step, whether weights are averaged after it."""
    evaluated_due: tuple[bool, ...] = ()
    """Of every step, whether what is evaluated is moved after it."""
    mixed_from: int | None = None
    """The first epoch whose images are mixed, None where none are."""
    is_short: bool = False
    windows: tuple[range, ...] = ()
    """The steps of each epoch, where only some are run."""

    def _repr_html_(self) -> str:
        return fields_shown(self)

    @classmethod
    def of(cls, recipe: SgdRecipe, num_train_images: int) -> Self:
        """The plan of a recipe."""
        scale, num_images = recipe.scale, recipe.subset.count(num_train_images)
        batch_size = scaled_batch(recipe)
        steps_per_epoch = num_images // batch_size
        if steps_per_epoch == 0:
            raise ValueError(f"{num_images} training images do not fill one batch of {batch_size}")
        num_steps = rounded_up(recipe.epochs * scale.epochs * steps_per_epoch)
        kilostep = KILO * (1 + 1 / (1 - recipe.momentum))
        rate = recipe.rate * recipe.rate_factor / kilostep
        return cls(
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            num_steps=num_steps,
            first_bias_steps=recipe.first_bias.steps(num_steps, scale.epochs * steps_per_epoch),
            loss_weight=recipe.loss_factor * recipe.batch_size / batch_size,
            rate=rate,
            bias_rate=rate * recipe.bias_scale,
            rate_times_decay=recipe.decay * recipe.rate_factor * recipe.batch_size / kilostep,
            averaging_due=recipe.averaging.due(num_steps),
            evaluated_due=recipe.evaluated.due(num_steps, steps_per_epoch),
            mixed_from=recipe.cutmix.begins(recipe.epochs, scale.epochs),
        )

    @property
    def num_epochs(self) -> int:
        """Epochs begun."""
        return len(self.windows) or math.ceil(self.num_steps / self.steps_per_epoch)

    @property
    def batches_an_epoch(self) -> int | None:
        """How many of the batches that are dealt an epoch takes; None: all of them."""
        return len(self.windows[0]) if self.windows else None

    def steps(self, epoch: int) -> range:
        """The steps of an epoch (both from 0)."""
        if self.windows:
            return self.windows[epoch]
        first = epoch * self.steps_per_epoch
        return range(first, min(first + self.steps_per_epoch, self.num_steps))

    def is_mixed(self, epoch: int) -> bool:
        """Whether an epoch's images are mixed."""
        if self.mixed_from is None:
            return False
        if self.windows:
            epoch = self.windows[min(epoch, self.num_epochs - 1)].start // self.steps_per_epoch
        return epoch >= self.mixed_from

    def kind_of_augmentation(self, epoch: int) -> str:
        """What making an epoch's images has to do; those of one kind take equally long."""
        return "augment and mix" if self.is_mixed(epoch) else "augment"

    def kind_of_step(self, step: int) -> str:
        """What a step has to do; steps of one kind take equally long."""
        extras = {"first bias": step < self.first_bias_steps, "averaging": self.averaging_due[step]}
        extras["moving what is evaluated"] = self.evaluated_due[step]
        return " and ".join(["step", *(name for name, is_due in extras.items() if is_due)])

    def sampled(self) -> Self:
        """A plan of some of the run's own steps, every kind of them, for timing what the whole run would take.

        What is scored before the clock starts is short.
        """
        windows = windows_of(
            self.num_steps, self.steps_per_epoch, self.kind_of_step, also=self._first_of_each_augmentation()
        )
        return replace(self, windows=windows, is_short=True)

    def _first_of_each_augmentation(self) -> tuple[int, ...]:
        """The first steps of an epoch after the first whose images are not mixed, and of one whose are, where there are any."""
        if self.mixed_from is None:
            return ()
        epochs = {1, max(1, self.mixed_from)}
        return tuple(epoch * self.steps_per_epoch for epoch in sorted(epochs) if epoch < self.num_epochs)

    def like(self, other: "SgdPlan") -> Self:
        """This plan, short where another one is."""
        return self.shortened() if other.is_short else self

    def shortened(self) -> Self:
        """A plan for warming up: two epochs of two steps; what is mirrored, mixed or frozen at all is that in the second."""
        steps_per_epoch = min(2, self.steps_per_epoch)
        num_steps = min(2 * steps_per_epoch, self.num_steps)
        is_frozen = self.first_bias_steps < self.num_steps
        return replace(
            self,
            steps_per_epoch=steps_per_epoch,
            num_steps=num_steps,
            is_short=True,
            mixed_from=None if self.mixed_from is None else 1,
            first_bias_steps=max(1, num_steps // 2) if is_frozen else num_steps,
        )
