"""Recipes that train a network on images in torch, by this package's own loops: what every family of them has."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, cast

from torch import Tensor

from ablate.parts import PRESETS, Compiler, Precision, Scale
from ablate.parts.augment import normalised
from ablate.parts.part import POSITIVE, Bounds
from ablate.parts.standardisation import Normalise
from ablate.recipes.fields import RecipeField
from ablate.recipes.part_checks import check_value
from ablate.recipes.recipe import Recipe
from ablate.recipes.slots import recipe_fields
from ablate.study.score import TTA_ACCURACY, Score


class Plan(Protocol):
    """Numbers derived from a recipe, its scale and the size of the training set; a family's own has more."""

    @property
    def num_steps(self) -> int:
        """How many steps the run has."""

    @property
    def windows(self) -> tuple[range, ...]:
        """The steps of each epoch, where only some are run."""

    def shortened(self) -> Self:
        """A plan of a few steps that calls everything a run does, for warming up."""

    def sampled(self) -> Self:
        """A plan of some of the run's own steps, every kind of them, for timing what the whole run would take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecipe(Recipe):
    """Parts and published numbers of a training on images; a family of them adds its fields, and has a loop in `ablate.training`."""

    trainer: ClassVar[str] = "ablate.training.image_kind:ImageKind"
    loop: ClassVar[str]
    """The module of `ablate.training` that builds the family's networks and trains them."""
    scale_field: ClassVar[str] = "scale"
    default_score: ClassVar[Score | None] = TTA_ACCURACY
    instead_of_scale: ClassVar[str] = "Patch 'epochs' or 'batch_size' instead."
    presets: ClassVar[Mapping[str, Scale]] = PRESETS
    """The scales that have a name, "full" and "mini" among them; a lineage may have its own, in a class of its own."""
    number_bounds: ClassVar[Mapping[str, Bounds]] = {"epochs": POSITIVE, "batch_size": POSITIVE}
    """What fields that are numbers may be, besides their type; of a tuple, every number in it."""

    scale: Scale = Scale()
    """Set by presets and lengths only."""

    epochs: float
    """Passes over the training set, each as many steps long as it fills batches."""
    batch_size: int
    """Images a step, as published."""
    precision: Precision
    compiler: Compiler

    def compile_key(self) -> str:
        """What two recipes must share to share one compiled network, as a hash in hex."""
        raise NotImplementedError

    def normaliser(self, train_images_NCHW: Tensor) -> Normalise:
        """What normalises images (N, 3, H, W) in [0, 1], given all training images."""
        return normalised

    def plan(self, num_train_images: int) -> Plan:
        """The numbers of a run over `num_train_images` images (already scaled).

        Raises:
            ValueError: the images do not fill one batch.
        """
        raise NotImplementedError

    @classmethod
    def settable(cls) -> Mapping[str, RecipeField]:
        """Every field that a feature may set, with the parts that fill it, by its name, in the class's order."""
        return recipe_fields(cast(Any, cls))

    @classmethod
    def check_value(cls, who: str, name: str, value: Any) -> None:
        """Refuse a value that cannot be in a field; `who` begins the message: "Feature 'x' sets".

        Raises:
            UsageError: a value of another type, or a part that cannot do what its slot needs.
        """
        check_value(cls, who, name, value)


_WINDOWS, _WINDOW_STEPS = 3, 5


def windows_of(
    num_steps: int, steps_per_epoch: int, kind_of_step: Callable[[int], Hashable], also: Iterable[int] = ()
) -> tuple[range, ...]:
    """Stretches of a run's steps, of one length, that have every kind of its steps: from its beginning to its end, where else a kind
    first occurs, and from the steps `also` on.
    """
    length = min(_WINDOW_STEPS, steps_per_epoch, num_steps)
    last = num_steps - length
    starts = {round(last * place / (_WINDOWS - 1)) for place in range(_WINDOWS)} | {min(step, last) for step in also}
    seen = {kind_of_step(step) for start in starts for step in range(start, start + length)}
    for step in range(num_steps):
        if kind_of_step(step) not in seen:
            start = min(step, last)
            starts.add(start)
            seen.update(map(kind_of_step, range(start, start + length)))
    return tuple(range(start, start + length) for start in sorted(starts))


def rounded_up(product: float) -> int:
    """The next whole number; a product that misses one by rounding alone (3.0 · 1.05 · 20) is that number, not the next."""
    return math.ceil(round(product, 9))
