"""A rate half as high again, as ghost norm was found to bear."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="half_more_rate",
    group="rate",
    summary="A rate half as high again, as ghost norm was found to bear.",
    patch={"rate": 13.2, "decay": 0.0066},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 57 and 58",
)
