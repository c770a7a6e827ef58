"""The network compiled; the mathematics is the same."""

from ablate.parts import CompileModel
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="compile",
    group="compilation",
    summary="The network compiled; the mathematics is the same.",
    patch={"compiler": CompileModel()},
    source="this package",
    optional=True,
)
