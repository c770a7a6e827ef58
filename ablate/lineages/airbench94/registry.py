"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import airbench94
from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.lineages.airbench94.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        AIRBENCH94_PLAIN,
        airbench94,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
