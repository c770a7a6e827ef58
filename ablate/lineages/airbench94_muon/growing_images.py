"""Progressive resizing."""

from ablate.parts import GrowingSizes
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="growing_images",
    group="beyond",
    summary="Images of 24, then 28, then 32 pixels, a third of the run each.",
    patch={"image_sizes": GrowingSizes()},
    source="this package",
    optional=True,
)
