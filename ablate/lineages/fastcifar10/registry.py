"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import fastcifar10
from ablate.lineages.fastcifar10.baseline import GERMER
from ablate.lineages.fastcifar10.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        GERMER,
        fastcifar10,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
