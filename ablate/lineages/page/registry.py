"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import page
from ablate.lineages.page.baseline import PAGE_2018
from ablate.lineages.page.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        PAGE_2018,
        page,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
