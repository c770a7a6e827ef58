"""A rate two thirds higher, and a cutout three pixels narrower to make up for it."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="higher_rate",
    group="rate",
    summary="A rate two thirds higher, and a cutout three pixels narrower to make up for it.",
    patch={"rate_factor": 5 / 3, "cutout_trim": 3},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 74 and 75",
)
