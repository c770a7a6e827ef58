"""A lineage as it is known by name: its features, groups and published ladders, and where its registry is. Free of torch."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ablate.errors import UsageError, near_match
from ablate.formats.printable import check_printable
from ablate.study.catalogue import reason_barred
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, PublishedTable
from ablate.study.roster import Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a study needs to know of a feature before anything is trained; all but `epochs` as its Feature says it.

    `epochs` is the recipe's length with the feature, None for one that leaves it as it is.
    """

    name: str
    group: str
    requires: frozenset[str] = field(default_factory=frozenset)
    excludes: frozenset[str] = field(default_factory=frozenset)
    alternative_to: str = ""
    optional: bool = False
    epochs: float | None = None


class Lineage(Roster):
    """A registry that ships under a name, as far as it is known without torch; studies can be made of it.

    `title` and `source` are the baseline's, `summary` says in a sentence what the features over it are. `epochs` is the baseline's
    length, None where recipes are not told in epochs. `ladders` is what was published step by step, the one that stands for the
    record first, and `tables` what was published besides.
    `registry` is where the registry itself is: "module:name" of a Registry, or of a function that returns one.

    Raises:
        UsageError: a name that is no Python identifier, texts that do not print on one line, two features, groups or ladders of one
            name, a feature or a rung that names what the lineage does not have.
    """

    def __init__(
        self,
        *,
        name: str,
        title: str,
        summary: str,
        source: str,
        groups: Iterable[Group],
        features: Iterable[Outline],
        ladders: Iterable[Ladder] = (),
        tables: Iterable[PublishedTable] = (),
        epochs: float | None = None,
        registry: str,
    ) -> None:
        if not name.isidentifier():
            raise UsageError(f"Lineage {name!r}: a name is a Python identifier.")
        for what, text in (("title", title), ("summary", summary), ("source", source)):
            check_printable(f"The {what} of lineage '{name}'", text)
        if not re.fullmatch(r"[\w.]+:\w+", registry):
            raise UsageError(f"Lineage '{name}' has registry={registry!r}; it takes 'module:name'.")
        self.name, self.title, self.summary, self.source = name, title, summary, source
        self.registry = registry
        listed, bars, published, besides = tuple(features), tuple(groups), tuple(ladders), tuple(tables)
        for kind, names in (
            ("feature", [each.name for each in listed]),
            ("group", [each.slug for each in bars]),
            ("ladder", [each.slug for each in published]),
            ("table", [each.slug for each in besides]),
        ):
            twice = next((each for each in names if names.count(each) > 1), None)
            if twice is not None:
                raise UsageError(f"Lineage '{name}' has two {kind}s named '{twice}'.")
        self.groups: Mapping[str, Group] = MappingProxyType({group.slug: group for group in bars})
        self.features: Mapping[str, Outline] = MappingProxyType({each.name: each for each in listed})
        self.ladders: Mapping[str, Ladder] = MappingProxyType({ladder.slug: ladder for ladder in published})
        self.tables: Mapping[str, PublishedTable] = MappingProxyType({table.slug: table for table in besides})
        self._epochs = epochs
        for each in listed:
            if each.group not in self.groups:
                raise UsageError(
                    f"Lineage '{name}': feature '{each.name}' belongs to an unknown group '{each.group}'."
                    + near_match(each.group, self.groups)
                )
        named = [
            other for each in listed for other in (*each.requires, *each.excludes, *filter(None, [each.alternative_to]))
        ]
        named += [added for ladder in published for rung in ladder.rungs for added in rung.adds]
        named += [name for table in besides for arm in table.arms for name in arm.on or ()]
        self.expand(named)

    def expand(self, names: Iterable[str]) -> frozenset[str]:
        """Feature names, groups replaced by their members.

        Raises:
            UsageError: a name is neither a feature nor a group.
        """
        expanded: set[str] = set()
        for name in names:
            if name not in self.features and name not in self.groups:
                raise UsageError(
                    f"Unknown feature or group '{name}'.{near_match(name, [*self.features, *self.groups])}"
                )
            expanded.update((name,) if name in self.features else self.members(name))
        return frozenset(expanded)

    def reason_impossible(self, names: Iterable[str]) -> str | None:
        """Why these features cannot be on together, or None if they can."""
        chosen = self.expand(names)
        reasons = (reason_barred(self.features[name], chosen) for name in sorted(chosen))
        return next((reason for reason in reasons if reason is not None), None)

    def epochs(self, names: Iterable[str]) -> float | None:
        """How many epochs the baseline with these features (or groups) trains; None where its length is not told in epochs."""
        set_by = (self.features[name].epochs for name in self.expand(names))
        return next((epochs for epochs in set_by if epochs is not None), self._epochs)
