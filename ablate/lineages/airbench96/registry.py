"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import airbench96
from ablate.lineages.airbench96.baseline import AIRBENCH96_NARROW
from ablate.lineages.airbench96.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        AIRBENCH96_NARROW,
        airbench96,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
