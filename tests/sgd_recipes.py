"""The lineages of the SGD family as registries, and the recipes that their scripts publish."""

from dataclasses import replace
from typing import cast

from ablate.lineages.loading import load_registry
from ablate.parts import NoCompile
from ablate.recipes.sgd import SgdRecipe

NAMES = (
    *("airbench94", "airbench95", "airbench96", "airbench96_faster"),
    *("fastcifar10", "germer", "hlb", "page", "resnet18"),
)
REGISTRIES = {name: load_registry(recipe=name) for name in NAMES}
BASELINES = {name: cast(SgdRecipe, registry.baseline) for name, registry in REGISTRIES.items()}


def with_all(lineage: str) -> SgdRecipe:
    """A lineage's baseline with all its features but the alternatives."""
    recipe = REGISTRIES[lineage].compose(REGISTRIES[lineage].names)
    assert isinstance(recipe, SgdRecipe)
    return recipe


PUBLISHED = {
    "airbench94": replace(with_all("airbench94"), compiler=NoCompile()),
    "airbench94_compiled": with_all("airbench94"),
    **{lineage: with_all(lineage) for lineage in BASELINES if lineage != "airbench94"},
}
