"""The lineage's registry: the baseline, and every module here that has a constant FEATURE."""

from ablate.lineages import airbench94_muon
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.lineages.airbench94_muon.lineage import LINEAGE
from ablate.recipes.registry import Registry


def make_registry() -> Registry:
    """The ten features and their alternatives over airbench94_muon."""
    return Registry.discover(
        AIRBENCH94_MUON,
        airbench94_muon,
        LINEAGE.groups.values(),
        order=tuple(LINEAGE.features),
        ladders=LINEAGE.ladders.values(),
        lineage=LINEAGE.name,
    )
