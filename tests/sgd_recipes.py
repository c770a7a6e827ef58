"""The lineages of the SGD family as registries, and the recipes that their scripts publish."""

import pkgutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import ablate
from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.lineages.airbench95.baseline import AIRBENCH95_NARROW
from ablate.lineages.airbench96.baseline import AIRBENCH96_NARROW
from ablate.lineages.airbench96_faster.baseline import AIRBENCH96
from ablate.lineages.resnet18.baseline import RESNET18_PLAIN
from ablate.parts import NoCompile
from ablate.recipes.registry import Registry
from ablate.recipes.sgd import SgdRecipe
from ablate.study.groups import Group

BASELINES: dict[str, SgdRecipe] = {
    "airbench94": AIRBENCH94_PLAIN,
    "airbench95": AIRBENCH95_NARROW,
    "airbench96": AIRBENCH96_NARROW,
    "airbench96_faster": AIRBENCH96,
    "resnet18": RESNET18_PLAIN,
}


def registry_of(lineage: str) -> Registry:
    """A lineage's baseline with every feature that has a file in its package."""
    folder = Path(ablate.__file__).parent / "lineages" / lineage
    modules = [
        import_module(f"ablate.lineages.{lineage}.{found.name}") for found in pkgutil.iter_modules([str(folder)])
    ]
    features = [module.FEATURE for module in modules if hasattr(module, "FEATURE")]
    slugs = dict.fromkeys(feature.group for feature in features)
    groups = [Group(slug=slug, title=slug, published_percent=None, source="here") for slug in slugs]
    return Registry(BASELINES[lineage], features, groups)


REGISTRIES = {lineage: registry_of(lineage) for lineage in BASELINES}


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
