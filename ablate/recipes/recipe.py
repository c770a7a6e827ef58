"""The recipe: everything that may change accuracy or time, and the numbers that follow from it."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from typing import Any, get_type_hints

from ablate.formats.canonical import digest
from ablate.parts import (
    Activation,
    Compiler,
    CompileStep,
    Crop,
    FilterUpdates,
    Flip,
    Jitter,
    LinearDecay,
    Network,
    NewtonSchulz,
    NoJitter,
    Normalisation,
    Orthogonaliser,
    Precision,
    RateSchedule,
    Scale,
    TestTimeAugmentation,
    Whitening,
)
from ablate.parts.part import jsonable
from ablate.store.records import RecipeRecord

POSITIVE = frozenset({"epochs", "batch_size", "whitening_images", "bias_rate", "head_rate", "momentum"})
"""Fields that no training can do without: images, steps, rates that are divided by, the momentum that Nesterov's needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Parts and published numbers of one training; frozen, and identified by its fingerprint.

    Fields with a default are at their neutral value there, and left out of the fingerprint: a slot added later leaves old
    fingerprints as they are.
    """

    scale: Scale = Scale()
    """Set by presets and lengths only."""

    epochs: float
    """Passes over the training set; the incomplete last batch of a pass is dropped."""
    batch_size: int
    """Images a step, as published."""

    network: Network
    activation: Activation
    norm_momentum: float
    """Weight of the batch in BatchNorm's running statistics (PyTorch's sense)."""
    precision: Precision

    whitening: Whitening
    whitening_images: int
    """How many training images, in storage order, the whitening filters are computed from."""
    whitening_bias_epochs: float
    """How long the whitening layer's bias is trained."""

    flip: Flip
    crop: Crop
    jitter: Jitter = NoJitter()

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
    newton_schulz: NewtonSchulz
    normalisation: Normalisation
    filter_rate: float
    """Muon's peak learning rate."""
    filter_momentum: float
    """Muon's momentum (Nesterov)."""
    filter_decay: float = 0.0
    """Muon's decoupled weight decay for each image of a batch."""

    tta: TestTimeAugmentation
    compiler: Compiler

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their neutral value, as JSON."""
        return {
            field.name: jsonable(getattr(self, field.name))
            for field in fields(self)
            if field.default is MISSING or getattr(self, field.name) != field.default
        }

    def fingerprint(self) -> str:
        """The sha256 of `to_dict` in hex: equal recipes have equal fingerprints, on every machine."""
        return digest(self.to_dict())

    def record(self, features: tuple[str, ...]) -> RecipeRecord:
        """The recipe as a run folder keeps it."""
        return RecipeRecord(fingerprint=self.fingerprint(), features=features, fields=self.to_dict())

    def compile_key(self) -> str:
        """What two recipes must share to share one compiled network, as a hash in hex."""
        key = [self.network, self.activation, self.norm_momentum, self.precision, self.compiler, self.batch_size]
        key += [self.scale.width, self.scale.batch]
        if isinstance(self.compiler, CompileStep):
            key.append(self.label_smoothing)
        return digest([jsonable(value) for value in key])

    def scaled(self, scale: Scale) -> "Recipe":
        """The same recipe at another scale."""
        return replace(self, scale=scale)

    def plan(self, num_train_images: int) -> "Plan":
        """The numbers of a run over `num_train_images` images (already scaled).

        Raises:
            ValueError: the images do not fill one batch.
        """
        return Plan.of(self, num_train_images)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
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

    @classmethod
    def of(cls, recipe: Recipe, num_train_images: int) -> "Plan":
        """The plan of a recipe."""
        scale = recipe.scale
        batch_size = max(1, round(recipe.batch_size * scale.batch))
        steps_per_epoch = num_train_images // batch_size
        if steps_per_epoch == 0:
            raise ValueError(f"{num_train_images} training images do not fill one batch of {batch_size}")
        num_steps = _rounded_up(recipe.epochs * scale.epochs * steps_per_epoch)
        return cls(
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            num_steps=num_steps,
            whitening_bias_steps=_rounded_up(recipe.whitening_bias_epochs * scale.epochs * steps_per_epoch),
            num_epochs=math.ceil(num_steps / steps_per_epoch),
            whitening_images=min(num_train_images, _rounded_up(recipe.whitening_images * scale.images)),
            loss_weight=recipe.batch_size / batch_size,
            decay=recipe.decay * recipe.batch_size,
            filter_decay=recipe.filter_decay * recipe.batch_size,
            normalisation_due=recipe.normalisation.due(num_steps),
        )

    def shortened(self) -> "Plan":
        """A plan for warming up: two epochs (the second is mirrored) of two steps, the whitening bias trained in the first."""
        steps_per_epoch = min(2, self.steps_per_epoch)
        num_steps = min(2 * steps_per_epoch, self.num_steps)
        return replace(
            self,
            steps_per_epoch=steps_per_epoch,
            num_steps=num_steps,
            num_epochs=math.ceil(num_steps / steps_per_epoch),
            whitening_bias_steps=max(1, num_steps // 2),
        )


def _rounded_up(product: float) -> int:
    """The next whole number; a product that misses one by rounding alone (3.0 · 1.05 · 20) is that number, not the next."""
    return math.ceil(round(product, 9))


@cache
def field_types() -> Mapping[str, Any]:
    """The type of each field of a recipe."""
    return get_type_hints(Recipe)
