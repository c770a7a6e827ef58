"""Training on the 60 % of the images in which a network trained on all is least confident."""

from ablate.parts import LeastConfident
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="least_confident_60",
    group="subset",
    summary="Training on the 60 % of the images in which a network trained on all is least confident.",
    patch={"subset": LeastConfident(fraction=0.6)},
    source="KellerJordan/cifar10-airbench, README.md",
    optional=True,
    excludes=frozenset({"most_confident_60", "random_60"}),
)
