"""Which lineages there are: the package's own, and those of installed packages. Free of torch."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

from ablate.errors import UsageError, near_match_and_all
from ablate.lineages.lineage import Lineage
from ablate.store.resolved import DEFAULT_LINEAGE

LINEAGES_GROUP = "ablate.lineages"
"""Entry points of installed lineages: the lineage's name, and where its Lineage is."""

FEATURES_GROUP = "ablate.features"
"""Entry points of installed features: of the default lineage, and of any with its name behind a dot."""


def lineage_names() -> tuple[str, ...]:
    """The lineages' names: the default first, then the package's own, then installed ones; no installed one is loaded."""
    return tuple(dict.fromkeys((DEFAULT_LINEAGE, *_own(), *_installed())))


def find_lineage(name: str | None = None) -> Lineage:
    """A lineage by its name, the default without one.

    Raises:
        UsageError: there is none of that name, or an installed one cannot be loaded.
    """
    chosen = DEFAULT_LINEAGE if name is None else name
    if chosen in _own():
        found: Lineage = import_module(f"{__package__}.{chosen}.lineage").LINEAGE
        return found
    entry_point = _installed().get(chosen)
    if entry_point is None:
        raise UsageError(f"Unknown recipe '{chosen}'.{near_match_and_all(chosen, lineage_names())}")
    return _loaded(entry_point)


def lineages() -> Mapping[str, Lineage]:
    """Every lineage by its name, in the order of `lineage_names`.

    Raises:
        UsageError: an installed one cannot be loaded.
    """
    return MappingProxyType({name: find_lineage(name) for name in lineage_names()})


def features_groups(lineage: str) -> tuple[str, ...]:
    """The groups of entry points whose features are added to a lineage's own."""
    named = f"{FEATURES_GROUP}.{lineage}"
    return (FEATURES_GROUP, named) if lineage == DEFAULT_LINEAGE else (named,)


def installed_features(lineage: str = DEFAULT_LINEAGE) -> bool:
    """Whether installed packages add features to a lineage, so that only `load_registry` knows them all."""
    return any(entry_points(group=group) for group in features_groups(lineage))


def _own() -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.ispkg)


def _installed() -> dict[str, EntryPoint]:
    """By name; the package's own are found first, and no installed one can stand in for them."""
    return {point.name: point for point in sorted(entry_points(group=LINEAGES_GROUP), key=lambda point: point.name)}


def _loaded(entry_point: EntryPoint) -> Lineage:
    where = f"Entry point '{entry_point.name}' ({entry_point.value})"
    try:
        found = entry_point.load()
    except Exception as error:
        raise UsageError(f"{where} cannot be loaded: {error}.") from error
    if not isinstance(found, Lineage):
        raise UsageError(f"{where} is a {type(found).__name__}; an installed recipe is an `ablate.Lineage`.")
    if found.name != entry_point.name:
        raise UsageError(f"{where} is lineage '{found.name}'; name the entry point after it.")
    return found
