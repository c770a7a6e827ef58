"""Image recipes whose filters are trained with Muon: all that may change accuracy or time, and the numbers that follow from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import ClassVar

from ablate.errors import UsageError
from ablate.formats.canonical import digest
from ablate.formats.notebook import fields_shown
from ablate.formats.values import jsonable
from ablate.parts import (
    Activation,
    AsTrained,
    CompileStep,
    Crop,
    Feeding,
    FilterStep,
    FilterUpdates,
    Flip,
    Freezing,
    ImageSizes,
    Inference,
    Iterates,
    Jitter,
    KnownView,
    LinearDecay,
    Network,
    NewtonSchulz,
    NoJitter,
    Normalisation,
    NothingFrozen,
    OneBatch,
    OneSize,
    Orthogonaliser,
    PooledConv,
    PredictedAgain,
    RateSchedule,
    SamePolynomial,
    StepInParts,
    StepPolynomials,
    TestTimeAugmentation,
    UpdateBatches,
    Whitening,
    WholeEpoch,
    WholeMaps,
    WholeMatrices,
)
from ablate.parts.image_sizes import IMAGE_SIDE
from ablate.parts.part import POSITIVE, Bounds, Part
from ablate.recipes.images import ImageRecipe, rounded_up, windows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MuonRecipe(ImageRecipe):
    """Parts and published numbers of a network on images whose filters Muon trains, the rest SGD: the airbench94_muon family.

    Raises:
        UsageError: the feeding cannot feed what crop, flip and jitter make.
    """

    loop: ClassVar[str] = "ablate.training.muon_loop"
    # Images, steps, rates that are divided by, the momentum that Nesterov's needs.
    number_bounds: ClassVar[Mapping[str, Bounds]] = dict.fromkeys(
        ("epochs", "batch_size", "whitening_images", "bias_rate", "head_rate", "momentum"), POSITIVE
    )

    network: Network
    activation: Activation
    norm_momentum: float
    """Weight of the batch in BatchNorm's running statistics (PyTorch's sense)."""
    pooled_conv: PooledConv = WholeMaps()

    whitening: Whitening
    whitening_images: int
    """How many training images, in storage order, the whitening filters are computed from."""
    whitening_bias_epochs: float
    """How long the whitening layer's bias is trained."""

    flip: Flip
    crop: Crop
    jitter: Jitter = NoJitter()
    feeding: Feeding = WholeEpoch()
    image_sizes: ImageSizes = OneSize()

    label_smoothing: float
    """The share of a label's weight that is spread evenly over all classes (PyTorch's sense)."""
    schedule: RateSchedule = LinearDecay()
    bias_rate: float
    """Peak learning rate of the whitening bias and the norms' biases, for a loss summed over `batch_size`."""
    head_rate: float
    """Peak learning rate of the linear head."""
    momentum: float
    """SGD's momentum (Nesterov)."""
    decay: float
    """SGD's weight decay for each image of a batch: rate · weight decay = decay · batch_size in every group."""

    orthogonaliser: Orthogonaliser
    filter_updates: FilterUpdates
    update_batches: UpdateBatches = OneBatch()
    filter_step: FilterStep = StepInParts()
    newton_schulz: NewtonSchulz
    polynomials: StepPolynomials = SamePolynomial()
    iterates: Iterates = WholeMatrices()
    normalisation: Normalisation
    filter_rate: float
    """Muon's peak learning rate."""
    filter_momentum: float
    """Muon's momentum (Nesterov)."""
    filter_decay: float = 0.0
    """Muon's decoupled weight decay for each image of a batch."""
    freezing: Freezing = NothingFrozen()

    tta: TestTimeAugmentation
    known_view: KnownView = PredictedAgain()
    inference: Inference = AsTrained()

    def __post_init__(self) -> None:
        if problem := self.feeding.why_not(self):
            raise UsageError(problem)

    def compile_key(self) -> str:
        """What two recipes must share to share one compiled network, as a hash in hex."""
        key = [self.network, self.activation, self.norm_momentum, self.precision, self.compiler, self.batch_size]
        key += [self.scale.width, self.scale.batch, *self._compiled_extras()]
        if isinstance(self.compiler, CompileStep):
            key.append(self.label_smoothing)
        return digest([jsonable(value) for value in key])

    def _compiled_extras(self) -> list[Part]:
        """What came later and is compiled, where it is not neutral: keys of recipes without it stay what they were."""
        neutral = (WholeMaps(), AsTrained())
        return [part for part in (self.pooled_conv, self.inference) if part not in neutral]

    def plan(self, num_train_images: int) -> "MuonPlan":
        """The numbers of a run over `num_train_images` images (already scaled).

        Raises:
            ValueError: the images do not fill one batch.
        """
        return MuonPlan.of(self, num_train_images)


@dataclass(frozen=True, slots=True, kw_only=True)
class MuonPlan:
    """Numbers derived from a recipe, its scale and the size of the training set.

    `loss_weight` keeps the summed loss, and with it every learning rate, what it is at the published batch size.
    """

    batch_size: int
    steps_per_epoch: int
    num_steps: int
    whitening_bias_steps: int
    num_epochs: int
    whitening_images: int
    loss_weight: float
    decay: float
    filter_decay: float
    normalisation_due: tuple[bool, ...]
    image_sides: tuple[int, ...]
    """Of every step, the pixels of a side of its images."""
    frozen_groups: tuple[int, ...]
    """Of every step, how many of the first groups it leaves as they are."""
    windows: tuple[range, ...] = ()
    """The steps of each epoch, where only some are run."""

    def _repr_html_(self) -> str:
        return fields_shown(self)

    @classmethod
    def of(cls, recipe: MuonRecipe, num_train_images: int) -> "MuonPlan":
        """The plan of a recipe."""
        scale = recipe.scale
        batch_size = max(1, round(recipe.batch_size * scale.batch))
        steps_per_epoch = num_train_images // batch_size
        if steps_per_epoch == 0:
            raise ValueError(f"{num_train_images} training images do not fill one batch of {batch_size}")
        num_steps = rounded_up(recipe.epochs * scale.epochs * steps_per_epoch)
        return cls(
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            num_steps=num_steps,
            whitening_bias_steps=rounded_up(recipe.whitening_bias_epochs * scale.epochs * steps_per_epoch),
            num_epochs=math.ceil(num_steps / steps_per_epoch),
            whitening_images=min(num_train_images, rounded_up(recipe.whitening_images * scale.images)),
            loss_weight=recipe.batch_size / batch_size,
            decay=recipe.decay * recipe.batch_size,
            filter_decay=recipe.filter_decay * recipe.batch_size,
            normalisation_due=recipe.normalisation.due(num_steps),
            image_sides=recipe.image_sizes.sides(num_steps),
            frozen_groups=recipe.freezing.frozen_groups(num_steps),
        )

    def steps(self, epoch: int) -> range:
        """The steps of an epoch (both from 0)."""
        if self.windows:
            return self.windows[epoch]
        first = epoch * self.steps_per_epoch
        return range(first, min(first + self.steps_per_epoch, self.num_steps))

    def kind_of_step(self, step: int) -> str:
        """What a step has to do; steps of one kind take equally long."""
        extras = {
            "whitening bias": step < self.whitening_bias_steps,
            "normalisation": self.normalisation_due[step],
            f"{self.image_sides[step]} pixels": self.image_sides[step] != IMAGE_SIDE,
            "frozen groups": self.frozen_groups[step] > 0,
        }
        return " and ".join(["step", *(name for name, is_due in extras.items() if is_due)])

    def sampled(self) -> "MuonPlan":
        """A plan of some of the run's own steps, every kind of them, for timing what the whole run would take."""
        windows = windows_of(self.num_steps, self.steps_per_epoch, self.kind_of_step)
        return replace(self, num_epochs=len(windows), windows=windows)

    def shortened(self) -> "MuonPlan":
        """A plan for warming up: the whitening bias trained in its first half and not in its second, in an even number of epochs.

        Each half is an epoch of two steps, or as long as every size of images and number of frozen groups of the run takes.
        """
        forms = list(dict.fromkeys(zip(self.image_sides, self.frozen_groups, strict=True)))
        steps_per_epoch = min(max(2, len(forms)), self.steps_per_epoch)
        half = steps_per_epoch * math.ceil(len(forms) / steps_per_epoch)
        num_steps = 2 * half if len(forms) > 1 else min(2 * half, self.num_steps)
        sides, frozen = zip(*islice(cycle(forms), half), strict=True)
        return replace(
            self,
            steps_per_epoch=steps_per_epoch,
            num_steps=num_steps,
            num_epochs=math.ceil(num_steps / steps_per_epoch),
            whitening_bias_steps=max(1, num_steps // 2),
            normalisation_due=tuple(islice(cycle(self.normalisation_due), num_steps)),
            image_sides=(sides * 2)[:num_steps],
            frozen_groups=(frozen * 2)[:num_steps],
        )
