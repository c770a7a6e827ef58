"""A feature as data: a named patch on a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from types import MappingProxyType
from typing import Any

from ablate.errors import UsageError
from ablate.formats.canonical import digest
from ablate.formats.printable import check_printable, printable
from ablate.formats.values import jsonable
from ablate.recipes.source import foreign_source
from ablate.study.groups import Group


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A named patch on a recipe: field to absolute value.

    `requires` and `excludes` name other features. `alternative_to` names one of the same group whose place this one can take: it is
    then no part of "all" and no member of the group. Nor is an `optional` one, which is on only where it is named. `source` says
    where the feature comes from.

    Raises:
        UsageError: a field is of the wrong type.
    """

    name: str
    group: str
    summary: str
    patch: Mapping[str, Any]
    source: str
    requires: frozenset[str] = field(default_factory=frozenset)
    excludes: frozenset[str] = field(default_factory=frozenset)
    alternative_to: str = ""
    optional: bool = False

    def __post_init__(self) -> None:
        who = f"Feature {self.name!r}"
        if isinstance(self.group, Group):
            raise UsageError(f"{who}: group takes the slug of a Group: group={self.group.slug!r}.")
        for label in ("name", "group", "summary", "source"):
            check_printable(f"The {label} of feature '{printable(str(self.name))}'", getattr(self, label))
        if not isinstance(self.patch, Mapping):
            raise UsageError(f"{who}: patch is a dict of fields and values, not {self.patch!r}.")
        for label in ("requires", "excludes"):
            names = getattr(self, label)
            if isinstance(names, str) or not all(isinstance(name, str) for name in names):
                raise UsageError(f"{who}: {label} is a set of features' names, not {names!r}: {label}={{'silu'}}.")
        if not isinstance(self.alternative_to, str):
            raise UsageError(f"{who}: alternative_to is the name of a feature, not {self.alternative_to!r}.")
        if not isinstance(self.optional, bool):
            raise UsageError(f"{who}: optional is True or False, not {self.optional!r}.")
        object.__setattr__(self, "patch", MappingProxyType(dict(self.patch)))
        object.__setattr__(self, "requires", frozenset(self.requires))
        object.__setattr__(self, "excludes", frozenset(self.excludes))

    @property
    def before(self) -> Mapping[str, Any]:
        """What the baseline has in the fields of the patch; empty before a registry has taken the feature."""
        return vars(self).get("_before", MappingProxyType({}))

    def taken_by(self, baseline: Any) -> None:
        """Learn what the patch replaces; of several registries, the last one's baseline is told."""
        before = {name: getattr(baseline, name) for name in self.patch}
        object.__setattr__(self, "_before", MappingProxyType(before))

    def _repr_html_(self) -> str:
        # Loaded where a notebook asks.
        from ablate.recipes.shown import feature_html

        return feature_html(self)

    def digest(self) -> str:
        """A hash of what the feature does: its patch, and the source of the parts that live outside the package."""
        sources = sorted({foreign_source(value) for value in self.patch.values() if is_dataclass(value)})
        return digest({"patch": {name: jsonable(value) for name, value in self.patch.items()}, "sources": sources})
