"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import resnet18
from ablate.lineages.resnet18.baseline import RESNET18_PLAIN
from ablate.lineages.resnet18.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        RESNET18_PLAIN,
        resnet18,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
