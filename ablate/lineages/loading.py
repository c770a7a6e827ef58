"""Which registry a command works with: the package's own, installed ones, or a file's."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate.errors import UsageError
from ablate.lineages.shipped import ENTRY_POINT_GROUP
from ablate.recipes.registry import Feature, Registry
from ablate.store.resolved import DEFAULT_LINEAGE
from ablate.study.groups import HIVE_FEATURES, HIVE_GROUPS, Group
from ablate.study.user_files import run_user_file


def load_registry(*, features_from: Path | None = None, registry: Path | None = None) -> Registry:
    """The registry to work with.

    Without arguments: the Hive's features over airbench94_muon, with what installed packages add under the entry point group
    `ablate.features`. `features_from`: a Python file whose Feature and Group constants are added. `registry`: a Python file whose
    Registry constant is taken instead of the package's own.

    Raises:
        UsageError: a file is missing, raises, or holds nothing of the kind; a feature does not fit.
    """
    if registry is not None:
        loaded = _registry_in(registry)
    else:
        # A registry of one's own need not wait for torch.
        from ablate.lineages import airbench94_muon
        from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON

        order = [name for names in HIVE_FEATURES.values() for name in names]
        loaded = Registry.discover(AIRBENCH94_MUON, airbench94_muon, HIVE_GROUPS, order=order, lineage=DEFAULT_LINEAGE)
        for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
            loaded = _extended(loaded, _entry_point_constants(entry_point), f"entry point '{entry_point.name}'")
    if features_from is not None:
        loaded = _extended(loaded, _constants(run_user_file(features_from)), str(features_from))
    return loaded


def _extended(registry: Registry, constants: list[Any], where: str) -> Registry:
    # What a file merely imported from the package is not its own.
    own_features = [each for each in _of_type(constants, Feature) if each not in registry.features.values()]
    own_groups = [each for each in _of_type(constants, Group) if each not in registry.groups.values()]
    if not own_features:
        raise UsageError(
            f"{where} defines no Feature. Write `FEATURE = ablate.Feature(name=..., patch={{...}}, ...)` in it, or begin with what "
            "`ablate init feature FILE` writes."
        )
    try:
        return registry.extended(own_features, own_groups)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _registry_in(path: Path) -> Registry:
    found = _of_type(_constants(run_user_file(path)), Registry)
    if len(found) != 1:
        how = "" if found else " `ablate init registry FILE` writes one to begin with."
        raise UsageError(f"{path} defines {len(found) or 'no'} Registry constants, where one is needed.{how}")
    return found[0]


def _entry_point_constants(entry_point: EntryPoint) -> list[Any]:
    try:
        loaded = entry_point.load()
    except Exception as error:
        raise UsageError(
            f"Entry point '{entry_point.name}' ({entry_point.value}) cannot be loaded: {error}."
        ) from error
    return _constants(vars(loaded) if isinstance(loaded, ModuleType) else {entry_point.name: loaded})


def _constants(namespace: dict[str, Any]) -> list[Any]:
    constants: list[Any] = []
    for name, value in namespace.items():
        if not name.startswith("__"):
            listed = value.values() if isinstance(value, dict) else value
            constants += listed if isinstance(value, (list, tuple, dict)) else [value]
    return constants


def _of_type(constants: list[Any], kind: type) -> list[Any]:
    """Each constant of a type once, however many names it has."""
    return list({id(value): value for value in constants if isinstance(value, kind)}.values())
