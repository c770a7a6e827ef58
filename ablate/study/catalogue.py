"""What studies need to know of a registry, and what keeps features from being on together. Free of torch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ablate.study.groups import Group
from ablate.study.ladders import Ladder


class Catalogue(Protocol):
    """What a design needs to know of a registry; a Registry is one, and so is a Lineage, which needs no torch."""

    @property
    def names(self) -> Sequence[str]:
        """The features of "all", in the order of their groups: every one that is neither an alternative nor optional."""

    @property
    def features(self) -> Mapping[str, Any]:
        """Every feature by its name, in the order in which they were added."""

    @property
    def groups(self) -> Mapping[str, Group]:
        """Every group by its slug, in the order of the published figure."""

    @property
    def ladders(self) -> Mapping[str, Ladder]:
        """What was published about the changes, by slug; the first is the one that stands for the record."""

    def expand(self, names: Iterable[str]) -> frozenset[str]:
        """Feature names for feature and group names; raises UsageError with the near match for an unknown one."""

    def reason_impossible(self, features: Iterable[str]) -> str | None:
        """Why these features cannot be on together, or None if they can."""

    def epochs(self, names: Iterable[str]) -> float | None:
        """How many epochs the recipe with these features (or groups) trains; None where its length is not told in epochs."""


class Joinable(Protocol):
    """What decides whether a feature can be on with others."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def requires(self) -> frozenset[str]:
        """The features that it does nothing without."""

    @property
    def excludes(self) -> frozenset[str]:
        """The features that it cannot be on with."""

    @property
    def alternative_to(self) -> str:
        """The feature whose place it takes, "" for none."""


def reason_barred(feature: Joinable, chosen: frozenset[str]) -> str | None:
    """Why a feature cannot be on with the chosen ones by what it says of them, or None if it can."""
    if missing := feature.requires - chosen:
        return f"'{feature.name}' requires {_quoted(missing)}"
    if clash := feature.excludes & chosen:
        return f"'{feature.name}' excludes {_quoted(clash)}"
    if feature.alternative_to in chosen:
        return f"'{feature.name}' takes the place of '{feature.alternative_to}'"
    return None


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
