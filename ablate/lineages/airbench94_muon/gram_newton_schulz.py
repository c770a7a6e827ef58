"""Steps between small matrices."""

from ablate.parts import GramMatrices
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="gram_newton_schulz",
    group="exact",
    summary="Newton-Schulz from Gram matrix to Gram matrix, and one product at the end: half the arithmetic.",
    patch={"iterates": GramMatrices()},
    source="this package",
    optional=True,
    requires=frozenset({"vectorised_optimiser"}),
)
