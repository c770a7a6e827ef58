"""Frozen first filters that whiten 2×2 patches of 5,000 training images."""

from ablate.parts import WhitenedConv
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="whitening",
    group="whitening",
    summary="Frozen first filters that whiten 2×2 patches of 5,000 training images.",
    patch={"first_layer": WhitenedConv()},
    source="arXiv:2404.00498, section 3.2; KellerJordan/cifar10-zoo, airbench/ablations/main1_whiten.py",
)
