"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import hlb
from ablate.lineages.hlb.baseline import HLB_PLAIN
from ablate.lineages.hlb.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The features of the lineage over its baseline."""
    return Registry.discover(
        HLB_PLAIN,
        hlb,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
