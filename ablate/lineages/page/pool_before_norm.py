"""Max-pooling before the norm, which has a quarter as many pixels to normalise."""

from ablate.parts import ResNet9Stage
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="pool_before_norm",
    group="pool",
    summary="Max-pooling before the norm, which has a quarter as many pixels to normalise.",
    patch={"stage": ResNet9Stage(pool_first=True)},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 33 to 40",
)
