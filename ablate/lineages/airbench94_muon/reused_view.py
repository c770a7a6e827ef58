"""No view is predicted twice."""

from ablate.parts import Reused
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="reused_view",
    group="exact",
    summary="Selective test-time augmentation takes the plain pass for one of its six views.",
    patch={"known_view": Reused()},
    source="this package",
    optional=True,
    requires=frozenset({"selective_tta"}),
)
