"""Norms over sixteen parts of each batch by themselves."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="ghost_norm",
    group="ghost",
    summary="Norms over sixteen parts of each batch by themselves.",
    patch={"norm_splits": 16},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 53 to 57",
)
