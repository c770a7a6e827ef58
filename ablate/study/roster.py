"""Which features "all" and a group's name stand for, and which have to be named. Free of torch."""

from collections.abc import Mapping
from typing import Any

from ablate.study.groups import Group


class Roster:
    """The features and groups of a registry or a lineage, by their part in "all"; a base of both.

    Features have a `group`, `alternative_to` and `optional`.
    """

    features: Mapping[str, Any]
    """Every feature by its name, in the order in which they were added."""
    groups: Mapping[str, Group]
    """Every group by its slug, in the order of the published figure."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features of "all", in the order of their groups: every one that is neither an alternative nor optional."""
        extras = frozenset(self.extras)
        return tuple(name for name in self._in_order() if name not in extras)

    @property
    def extras(self) -> tuple[str, ...]:
        """The features that are on only where they are named, in the order of their groups: alternatives and optional ones."""
        return tuple(
            name for name in self._in_order() if self.features[name].alternative_to or self.features[name].optional
        )

    def members(self, slug: str) -> tuple[str, ...]:
        """The features that a group's name stands for."""
        return tuple(name for name in self.names if self.features[name].group == slug)

    def _in_order(self) -> list[str]:
        order = {slug: place for place, slug in enumerate(self.groups)}
        return sorted(self.features, key=lambda name: order[self.features[name].group])
