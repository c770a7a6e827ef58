"""Predictions without norms."""

from ablate.parts import FoldedNorms
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="folded_norms",
    group="exact",
    summary="The final predictions are made without norms: their scales are in the convolutions' weights, their shifts are biases.",
    patch={"inference": FoldedNorms()},
    source="this package",
    optional=True,
)
