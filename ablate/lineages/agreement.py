"""A lineage's registry, and whether it is what the lineage says of it without torch."""

from importlib import import_module
from typing import Any

from ablate.errors import UsageError
from ablate.lineages.lineage import Lineage
from ablate.recipes.registry import Registry


def registry_of_lineage(lineage: Lineage) -> Registry:
    """The registry that a lineage ships.

    Raises:
        UsageError: it cannot be imported, or is not what the lineage says of it: a study made of one would not fit the other.
    """
    where, _, attribute = lineage.registry.partition(":")
    try:
        found = getattr(import_module(where), attribute)
        registry = found() if callable(found) else found
    except Exception as error:
        raise UsageError(f"Recipe '{lineage.name}' cannot be loaded from {lineage.registry}: {error}") from error
    if not isinstance(registry, Registry):
        raise UsageError(f"Recipe '{lineage.name}': {lineage.registry} is a {type(registry).__name__}, not a Registry.")
    _compare(lineage, registry)
    return registry


def _compare(lineage: Lineage, registry: Registry) -> None:
    _same(lineage, "name", lineage.name, registry.lineage)
    _same(lineage, "features", list(lineage.features), list(registry.features))
    _same(lineage, "groups", list(lineage.groups.values()), list(registry.groups.values()))
    _same(lineage, "ladders", list(lineage.ladders.values()), list(registry.ladders.values()))
    _same(lineage, "epochs", lineage.epochs(()), registry.epochs(()))
    for name, outline in lineage.features.items():
        feature = registry.features[name]
        for told in ("group", "requires", "excludes", "alternative_to", "optional"):
            _same(lineage, f"{told} of '{name}'", getattr(outline, told), getattr(feature, told))
        _same(lineage, f"epochs of '{name}'", outline.epochs, feature.patch.get("epochs"))


def _same(lineage: Lineage, what: str, said: Any, found: Any) -> None:
    if said != found:
        raise UsageError(f"Recipe '{lineage.name}': its lineage says {what} {said!r}, its registry {found!r}.")
