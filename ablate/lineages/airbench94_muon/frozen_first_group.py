"""Early layers settle early."""

from ablate.parts import FreezeFirstGroup
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="frozen_first_group",
    group="beyond",
    summary="The first convolution group is frozen for the last tenth of the steps.",
    patch={"freezing": FreezeFirstGroup()},
    source="this package",
    optional=True,
)
