"""Which features "all" and a group's name stand for, and which have to be named. Free of torch."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Self

from ablate.errors import UsageError
from ablate.study.groups import Group


class Roster(ABC):
    """The features and groups of a registry or a lineage, by their part in "all"; a base of both.

    Features have a `group`, `alternative_to` and `optional`.
    """

    features: Mapping[str, Any]
    """Every feature by its name, in the order in which they were added."""
    groups: Mapping[str, Group]
    """Every group by its slug, in the order of the published figure."""

    _added: frozenset[str] = frozenset()
    """Features that count as part of "all" besides."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features of "all", in the order of their groups: every one that is neither an alternative nor optional."""
        extras = frozenset(self.extras)
        return tuple(name for name in self._in_order() if name not in extras)

    @property
    def extras(self) -> tuple[str, ...]:
        """The features that are on only where they are named, in the order of their groups: alternatives and optional ones."""
        replaced = {self.features[name].alternative_to for name in self._added}
        return tuple(
            name for name in self._in_order() if name in replaced or (self._is_extra(name) and name not in self._added)
        )

    def members(self, slug: str) -> tuple[str, ...]:
        """The features that a group's name stands for: those of "all", of an optional group the optional ones."""
        optional = self.groups[slug].optional
        mine = [name for name in self._in_order() if self.features[name].group == slug]
        return tuple(
            name for name in mine if not self.features[name].alternative_to and self.features[name].optional is optional
        )

    def with_all(self, names: Iterable[str]) -> Self:
        """The same with more features (or groups of them) in "all"; an alternative comes in the place of what it replaces.

        What a group's name stands for stays what it is.

        Raises:
            UsageError: an unknown name, or one that is part of "all" already.
        """
        added: frozenset[str] = frozenset()
        for name in names:
            new = self.expand((name,)) - frozenset(self.names)
            if not new:
                raise UsageError(f"--enable {name} changes nothing: it is part of 'all' already.")
            added |= new
        wider = copy(self)
        wider._added = self._added | added
        return wider

    @abstractmethod
    def expand(self, names: Iterable[str]) -> frozenset[str]:
        """Feature names, groups replaced by their members; raises UsageError for a name that is neither."""

    def _is_extra(self, name: str) -> bool:
        return bool(self.features[name].alternative_to or self.features[name].optional)

    def _in_order(self) -> list[str]:
        order = {slug: place for place, slug in enumerate(self.groups)}
        return sorted(self.features, key=lambda name: order[self.features[name].group])
