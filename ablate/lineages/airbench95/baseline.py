"""The baseline: airbench94 as published but for what is a feature here, at airbench95's 15 epochs.

Without wider groups and their lower rate, lookahead, multi-crop test-time augmentation and alternating flip.
Source: KellerJordan/cifar10-airbench, legacy/airbench94.py and legacy/airbench95.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.parts import DiracInitial, FrozenBias, Scale, WhitenedConv
from ablate.recipes.sgd import SgdRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Airbench95Recipe(SgdRecipe):
    """An SGD recipe whose `mini` is shorter than airbench94's, for its wider network."""

    presets: ClassVar[Mapping[str, Scale]] = {
        "full": Scale(),
        "mini": Scale(width=0.25, images=0.2, batch=0.25, epochs=0.3),
    }


AIRBENCH95_NARROW = Airbench95Recipe.like(
    AIRBENCH94_PLAIN,
    epochs=15.0,
    first_layer=WhitenedConv(),
    first_bias=FrozenBias(),
    initial=DiracInitial(),
    rate=11.5,
    bias_scale=64.0,
)
