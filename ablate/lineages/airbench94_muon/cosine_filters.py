"""A better start for the filters that are drawn."""

from ablate.parts import CosineFilters
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="cosine_filters",
    group="beyond",
    summary="The first convolution's filters that are no identities start as patterns of the discrete cosine transform.",
    patch={"first_filters": CosineFilters()},
    source="this package",
    optional=True,
)
