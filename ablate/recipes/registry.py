"""The registry: a baseline recipe, and the features that are put on it."""

import math
import pkgutil
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any

from ablate.errors import UsageError, near_match
from ablate.recipes.feature import Feature
from ablate.recipes.recipe import Recipe, check_baseline, score_of
from ablate.study.catalogue import reason_barred
from ablate.study.groups import Group
from ablate.study.ladders import Ladder
from ablate.study.roster import Roster
from ablate.study.score import Score

RESERVED_NAMES = frozenset({"all", "baseline"})


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a diff: a field of the recipe, its value before and after, and the feature that changed it."""

    feature: str
    field: str
    before: Any
    after: Any


class Registry(Roster):
    """A baseline recipe, the features that may be put on it, and their groups.

    Without `groups`, each that a feature names is one, titled after its slug, of which nothing was published.
    `score` is what studies of it compare beside time (image recipes need not say), `ladders` what was published about its changes.
    `lineage` is the name it ships under, "" for one's own.

    Raises:
        UsageError: at construction, for an unknown field, a duplicate name, a patch that changes nothing or touches the scale, a
            value of the wrong type, a part that lacks what its slot needs, an unknown group, a `requires` or `excludes` that names
            nobody, a rung that adds what the registry does not have.
    """

    def __init__(
        self,
        baseline: Recipe,
        features: Iterable[Feature],
        groups: Iterable[Group] | None = None,
        *,
        score: Score | None = None,
        ladders: Iterable[Ladder] = (),
        lineage: str = "",
    ) -> None:
        check_baseline(baseline)
        self.baseline = baseline
        self.score = score_of(baseline, score)
        self.lineage = lineage
        self.features: Mapping[str, Feature] = MappingProxyType(
            _by_name("feature", features, lambda feature: feature.name)
        )
        groups = _groups_of(self.features.values()) if groups is None else groups
        self.groups: Mapping[str, Group] = MappingProxyType(_by_name("group", groups, lambda group: group.slug))
        for slug in self.groups:
            if not re.fullmatch(r"[\w.-]+", slug) or slug in RESERVED_NAMES:
                raise UsageError(
                    f"Group '{slug}': a slug is letters, digits, '_' and '-', and not one of {_listed(RESERVED_NAMES)}."
                )
        for feature in self.features.values():
            self._check(feature)
            feature.taken_by(baseline)
        for slug in self.groups:
            if slug not in self.features:
                continue
            members = self.members(slug)
            if others := [name for name in members if name != slug]:
                raise UsageError(
                    f"'{slug}' names a feature and a group, but the group holds {_listed(members)}. "
                    f"Put {_listed(others)} into a Group of your own: {_group_line(_free_slug(self))} "
                    f"and group={_free_slug(self)!r} in the Feature."
                )
            if self.features[slug].group != slug:
                raise UsageError(
                    f"'{slug}' names a group and a feature of group '{self.features[slug].group}'. Rename one of them."
                )
        self.ladders: Mapping[str, Ladder] = MappingProxyType(_by_name("ladder", ladders, lambda ladder: ladder.slug))
        for ladder in self.ladders.values():
            for name in (name for rung in ladder.rungs for name in rung.adds):
                if name not in self.features and name not in self.groups:
                    near = near_match(name, [*self.features, *self.groups])
                    raise UsageError(f"Ladder '{ladder.slug}' adds an unknown feature or group '{name}'.{near}")

    @classmethod
    def discover(
        cls, baseline: Recipe, package: ModuleType, groups: Iterable[Group], *, order: Sequence[str] = (), **told: Any
    ) -> "Registry":
        """A registry of every module of `package` that has a constant FEATURE; `told` are score, ladders and lineage.

        Features come in the `order` of their names, those it does not name after them by module name.
        """
        modules = [
            import_module(f"{package.__name__}.{module.name}") for module in pkgutil.iter_modules(package.__path__)
        ]
        found = [module.FEATURE for module in modules if hasattr(module, "FEATURE")]
        places = {name: place for place, name in enumerate(order)}
        return cls(baseline, sorted(found, key=lambda feature: places.get(feature.name, len(places))), groups, **told)

    def extended(self, features: Iterable[Feature], groups: Iterable[Group] = ()) -> "Registry":
        """A registry with more features, and groups where they bring their own."""
        return Registry(
            self.baseline,
            [*self.features.values(), *features],
            [*self.groups.values(), *groups],
            score=self.score,
            ladders=self.ladders.values(),
            lineage=self.lineage,
        )

    def _repr_html_(self) -> str:
        # Loaded where a notebook asks.
        from ablate.recipes.shown import registry_html

        return registry_html(self)

    def expand(self, names: Iterable[str]) -> frozenset[str]:
        """Feature names, groups replaced by their members.

        Raises:
            UsageError: a name is neither a feature nor a group.
        """
        expanded: set[str] = set()
        for name in names:
            if name in self.features:
                expanded.add(name)
            elif name in self.groups:
                expanded.update(self.members(name))
            else:
                known = [*self.features, *self.groups]
                raise UsageError(
                    f"Unknown feature or group '{name}'.{near_match(name, known)} `ablate features` lists them."
                )
        return frozenset(expanded)

    def reason_impossible(self, names: Iterable[str]) -> str | None:
        """Why these features cannot be on together, or None: a missing requirement, an exclusion, or one field patched twice."""
        chosen = self.expand(names)
        owners: dict[str, str] = {}
        for name in sorted(chosen):
            feature = self.features[name]
            if reason := reason_barred(feature, chosen):
                return reason
            for patched in feature.patch:
                if patched in owners:
                    return f"'{owners[patched]}' and '{name}' both set '{patched}'"
                owners[patched] = name
        return None

    def compose(self, names: Iterable[str]) -> Recipe:
        """The baseline with these features (or groups of features) on, at the baseline's scale.

        Raises:
            UsageError: an unknown name, a missing requirement, an exclusion, or two features that set one field.
        """
        chosen = self.expand(names)
        if reason := self.reason_impossible(chosen):
            raise UsageError(f"These features cannot be combined: {reason}.")
        patch = {name: value for feature in sorted(chosen) for name, value in self.features[feature].patch.items()}
        return replace(self.baseline, **patch)

    def epochs(self, names: Iterable[str]) -> float | None:
        """How many epochs the baseline with these features (or groups) trains; None where its length is not told in epochs.

        Raises:
            UsageError: as `compose`.
        """
        epochs = getattr(self.compose(names), "epochs", None)
        return None if epochs is None else float(epochs)

    def diff(self, names: Iterable[str]) -> tuple[Change, ...]:
        """What these features change on the baseline, field by field."""
        return tuple(
            Change(name, patched, getattr(self.baseline, patched), value)
            for name in sorted(self.expand(names))
            for patched, value in self.features[name].patch.items()
        )

    def _check(self, feature: Feature) -> None:
        who = f"Feature '{feature.name}'"
        if not feature.name.isidentifier() or feature.name in RESERVED_NAMES:
            raise UsageError(f"{who}: a name is a Python identifier, and not one of {_listed(RESERVED_NAMES)}.")
        if not feature.summary.strip() or not feature.source.strip():
            raise UsageError(f"{who} lacks a summary or a source.")
        if feature.group not in self.groups:
            raise UsageError(
                f"{who} belongs to an unknown group '{feature.group}'.{near_match(feature.group, self.groups)} "
                f"For a new one: {_group_line(feature.group)}"
            )
        if self.groups[feature.group].optional and not (feature.optional or feature.alternative_to):
            raise UsageError(
                f"{who} belongs to group '{feature.group}', which is no part of 'all'; write optional=True."
            )
        if not feature.patch:
            raise UsageError(f"{who} changes nothing: its patch is empty.")
        if feature.alternative_to:
            self._check_alternative(who, feature)
        if feature.alternative_to and feature.optional:
            raise UsageError(f"{who} is optional and an alternative; an alternative is no part of 'all' anyway.")
        for other in sorted(feature.requires | feature.excludes):
            if other not in self.features:
                raise UsageError(
                    f"{who} requires or excludes an unknown feature '{other}'.{near_match(other, self.features)}"
                )
        for name, value in feature.patch.items():
            self._check_value(who, name, value)

    def _check_alternative(self, who: str, feature: Feature) -> None:
        replaced = self.features.get(feature.alternative_to)
        if replaced is None:
            raise UsageError(
                f"{who} is an alternative to an unknown feature '{feature.alternative_to}'."
                + near_match(feature.alternative_to, self.features)
            )
        if replaced.alternative_to or replaced is feature:
            raise UsageError(
                f"{who} is an alternative to '{replaced.name}', which is one itself; name the feature in 'all'."
            )
        if replaced.group != feature.group:
            raise UsageError(
                f"{who} is an alternative to '{replaced.name}' of group '{replaced.group}'; write group='{replaced.group}'."
            )

    def _check_value(self, who: str, name: str, value: Any) -> None:
        known = self.baseline.settable()
        if name == self.baseline.scale_field:
            advice = f" {self.baseline.instead_of_scale}".rstrip()
            raise UsageError(f"{who} sets '{name}', which belongs to presets and lengths.{advice}")
        if name not in known:
            raise UsageError(f"{who} sets an unknown field '{name}' of the recipe.{near_match(name, known)}")
        self.baseline.check_value(f"{who} sets", name, value)
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{who} sets '{name}' to {value}; a number of a recipe is finite.")
        if value == getattr(self.baseline, name):
            raise UsageError(f"{who} sets '{name}' to {value}, which is the baseline's value already.")


def _groups_of(features: Iterable[Feature]) -> list[Group]:
    """The groups that features name, in the order in which they do; the first feature of each says where it is from."""
    sources: dict[str, str] = {}
    for feature in features:
        sources.setdefault(feature.group, feature.source)
    return [
        Group(slug=slug, title=_title(slug), published_percent=None, source=source) for slug, source in sources.items()
    ]


def _title(slug: str) -> str:
    return slug.replace("_", " ").replace("-", " ").capitalize()


def _group_line(slug: str) -> str:
    """The line that makes a group."""
    return f'`GROUP = ablate.Group(slug="{slug}", title="{_title(slug)}", published_percent=None, source="this file")`'


def _free_slug(registry: Registry) -> str:
    taken = {*registry.groups, *registry.features}
    return next(
        slug for slug in ("mine", *(f"mine_{number}" for number in range(2, len(taken) + 3))) if slug not in taken
    )


def _by_name(kind: str, things: Iterable[Any], name_of: Any) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for thing in things:
        if name_of(thing) in named:
            raise UsageError(f"Two {kind}s are named '{name_of(thing)}'. Rename one of them.")
        named[name_of(thing)] = thing
    return named


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
