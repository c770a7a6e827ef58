"""Fewer passes over the filters."""

from ablate.parts import StepAsOne
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="lean_updates",
    group="exact",
    summary="Momentum, Newton-Schulz and update as one compiled graph, over the filters as they lie in memory.",
    patch={"filter_step": StepAsOne()},
    source="this package",
    optional=True,
    requires=frozenset({"vectorised_optimiser"}),
)
