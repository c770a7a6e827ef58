"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import airbench96_faster
from ablate.lineages.airbench96_faster.baseline import AIRBENCH96
from ablate.lineages.airbench96_faster.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        AIRBENCH96,
        airbench96_faster,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
