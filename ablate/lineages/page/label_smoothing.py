"""A fifth of every label's weight spread over all classes."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="label_smoothing",
    group="smoothing",
    summary="A fifth of every label's weight spread over all classes.",
    patch={"label_smoothing": 0.2},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 41 to 45",
)
