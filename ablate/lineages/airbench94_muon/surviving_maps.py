"""What the pools drop is not computed."""

from ablate.parts import SurvivingMaps
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="surviving_maps",
    group="exact",
    summary="Rows and columns that the max-pools drop are not convolved: 11 % of the convolutions' arithmetic.",
    patch={"pooled_conv": SurvivingMaps()},
    source="this package",
    optional=True,
)
