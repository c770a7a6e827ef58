"""Batches drawn with replacement from the whole set, in place of a new shuffle in every epoch."""

from ablate.parts import WithReplacement
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="with_replacement",
    group="order",
    summary="Batches drawn with replacement from the whole set, in place of a new shuffle in every epoch.",
    patch={"order": WithReplacement()},
    source="arXiv:2404.00498, section 5, table 1",
    optional=True,
)
