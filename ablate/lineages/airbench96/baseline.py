"""The baseline: airbench94 as published at airbench96's 37 epochs, with random flip and predictions over the image and its mirror.

Source: KellerJordan/cifar10-airbench, legacy/airbench94.py and legacy/airbench96.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablate.lineages.airbench95.baseline import AIRBENCH95_NARROW
from ablate.parts import Lookahead, Scale, Triangle
from ablate.recipes.sgd import SgdRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Airbench96Recipe(SgdRecipe):
    """An SGD recipe whose `mini` is a tenth as long as published: the network is deep, and 37 epochs are many."""

    presets: ClassVar[Mapping[str, Scale]] = {
        "full": Scale(),
        "mini": Scale(width=0.25, images=0.2, batch=0.25, epochs=0.1),
    }


AIRBENCH96_NARROW = Airbench96Recipe.like(
    AIRBENCH95_NARROW,
    epochs=37.0,
    norm_momentum=0.4,
    schedule=Triangle(peak=0.23, end=0.07),
    averaging=Lookahead(),
)
