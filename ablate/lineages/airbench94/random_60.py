"""Training on 60 % of the images, drawn at random."""

from ablate.parts import RandomSubset
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="random_60",
    group="subset",
    summary="Training on 60 % of the images, drawn at random.",
    patch={"subset": RandomSubset(fraction=0.6)},
    source="KellerJordan/cifar10-airbench, README.md",
    optional=True,
    excludes=frozenset({"least_confident_60", "most_confident_60"}),
)
