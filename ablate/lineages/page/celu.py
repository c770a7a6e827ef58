"""CELU with an α of 0.075 instead of ReLU."""

from ablate.parts import Celu
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="celu",
    group="celu",
    summary="CELU with an α of 0.075 instead of ReLU.",
    patch={"activation": Celu(alpha=0.075)},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 46 to 52",
)
