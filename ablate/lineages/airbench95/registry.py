"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import airbench95
from ablate.lineages.airbench95.baseline import AIRBENCH95_NARROW
from ablate.lineages.airbench95.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        AIRBENCH95_NARROW,
        airbench95,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
