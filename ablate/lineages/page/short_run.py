"""10 epochs instead of 24: what all the other features are traded for."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="short_run",
    group="length",
    summary="10 epochs instead of 24: what all the other features are traded for.",
    patch={"epochs": 10.0},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 84 and 85; new_dawn.py",
)
