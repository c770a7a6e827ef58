"""The package's own features and groups by name: what a study needs to know of the registry. Free of torch."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from types import MappingProxyType

from ablate.errors import UsageError, near_match
from ablate.study.groups import HIVE_FEATURES, HIVE_GROUPS, Group

ENTRY_POINT_GROUP = "ablate.features"


class ShippedCatalogue:
    """The torch-free face of the registry that `load_registry()` builds where no installed package adds to it."""

    @property
    def names(self) -> Sequence[str]:
        """Every feature's name, in the order of their groups."""
        return tuple(self.features)

    @property
    def features(self) -> Mapping[str, str]:
        """The group of each feature."""
        return MappingProxyType({name: slug for slug, names in HIVE_FEATURES.items() for name in names})

    @property
    def groups(self) -> Mapping[str, Group]:
        """Every group by its slug, in the order of the published figure."""
        return MappingProxyType({group.slug: group for group in HIVE_GROUPS})

    def expand(self, names: Iterable[str]) -> frozenset[str]:
        """Feature names, groups replaced by their members.

        Raises:
            UsageError: a name is neither a feature nor a group.
        """
        expanded: set[str] = set()
        for name in names:
            if name not in self.features and name not in HIVE_FEATURES:
                raise UsageError(
                    f"Unknown feature or group '{name}'.{near_match(name, [*self.features, *HIVE_FEATURES])}"
                )
            expanded |= {name} if name in self.features else set(HIVE_FEATURES[name])
        return frozenset(expanded)

    def reason_impossible(self, features: Iterable[str]) -> str | None:
        """None: the Hive's features can all be on together, whichever are chosen."""
        self.expand(features)
        return None


def installed_features() -> bool:
    """Whether installed packages add features, so that only `load_registry` knows them all."""
    return bool(entry_points(group=ENTRY_POINT_GROUP))
