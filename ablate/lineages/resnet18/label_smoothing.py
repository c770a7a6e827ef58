"""A fifth of every label's weight spread over all classes, as in airbench; not part of the standard training."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="label_smoothing",
    group="smoothing",
    summary="A fifth of every label's weight spread over all classes, as in airbench; not part of the standard training.",
    patch={"label_smoothing": 0.2},
    source="this package",
    optional=True,
)
