"""Training on the 60 % of the images in which a network trained on all is most confident."""

from ablate.parts import MostConfident
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="most_confident_60",
    group="subset",
    summary="Training on the 60 % of the images in which a network trained on all is most confident.",
    patch={"subset": MostConfident(fraction=0.6)},
    source="KellerJordan/cifar10-airbench, README.md",
    optional=True,
    excludes=frozenset({"least_confident_60", "random_60"}),
)
