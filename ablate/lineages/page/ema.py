"""Predictions by an average of the weights over the steps, with a rate that ends flat at a tenth instead of falling to zero."""

from ablate.parts import Ramps, WeightAverage
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="ema",
    group="ema",
    summary="Predictions by an average of the weights over the steps, with a rate that ends flat at a tenth instead of falling to zero.",
    patch={"evaluated": WeightAverage(), "schedule": Ramps(peak=0.2, floor=0.1, flat_from=0.8)},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 76 to 78",
)
