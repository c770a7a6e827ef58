"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import germer
from ablate.lineages.germer.baseline import PAGE_2019
from ablate.lineages.germer.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        PAGE_2019,
        germer,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
