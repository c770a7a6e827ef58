"""The recipe: a frozen dataclass of all that may change score or time, whatever it trains and whoever trains it. Free of torch."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, ClassVar, Self, cast

from ablate.errors import UsageError
from ablate.formats.canonical import digest
from ablate.formats.values import jsonable
from ablate.recipes.fields import RecipeField, plain_fields
from ablate.recipes.values import DECORATOR, check_plain_value, undecorated
from ablate.store.records import RecipeRecord
from ablate.study.score import Score


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What one training is made of; frozen, and identified by its fingerprint. A feature sets its fields.

    Fields with a default are at their neutral value there, and left out of the fingerprint: a field added later leaves old
    fingerprints as they are. `trainer` ("module:class") names the `ablate.training.kinds.Kind` that opens, plans and trains such
    recipes; it is found by that name in a child process too.
    """

    __slots__ = ()

    trainer: ClassVar[str]
    scale_field: ClassVar[str]
    """The field that presets and lengths set, and no feature."""
    default_score: ClassVar[Score | None] = None
    """What registries of such recipes compare unless they say."""
    instead_of_scale: ClassVar[str] = ""
    """What a feature may set where it tried to set the scale; ends the message."""

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their neutral value, as JSON."""
        return {
            field.name: jsonable(getattr(self, field.name))
            for field in fields(self)
            if field.default is MISSING or getattr(self, field.name) != field.default
        }

    def fingerprint(self) -> str:
        """The sha256 of `to_dict` in hex: equal recipes have equal fingerprints, on every machine."""
        return digest(self.to_dict())

    def record(self, features: tuple[str, ...]) -> RecipeRecord:
        """The recipe as a run folder keeps it."""
        return RecipeRecord(fingerprint=self.fingerprint(), features=features, fields=self.to_dict())

    @classmethod
    def like(cls, other: "Recipe", **changes: Any) -> Self:
        """A recipe of this class with the fields of another, but for `changes`."""
        return cls(**{field.name: getattr(other, field.name) for field in fields(other)} | changes)

    def scaled(self, scale: Any) -> Self:
        """The same recipe at another scale."""
        return replace(self, **{self.scale_field: scale})

    @classmethod
    def settable(cls) -> Mapping[str, RecipeField]:
        """Every field that a feature may set, by its name, in the class's order."""
        return {name: field for name, field in plain_fields(cast(Any, cls)).items() if name != cls.scale_field}

    @classmethod
    def check_value(cls, who: str, name: str, value: Any) -> None:
        """Refuse a value that cannot be in a field; `who` begins the message: "Feature 'x' sets".

        Raises:
            UsageError: a value of another type, or one that can change or cannot be written down.
        """
        check_plain_value(cls, who, name, value)

    def check(self) -> None:
        """Refuse a recipe that is no frozen dataclass of plain values; called when a registry is made of it.

        Raises:
            UsageError: its class lacks the decorator, or a field holds what it cannot.
        """
        if problem := undecorated(type(self)):
            raise UsageError(f"Recipe {type(self).__name__} {problem}: write `{DECORATOR}` above the class.")
        for field in fields(self):
            self.check_value("The baseline sets", field.name, getattr(self, field.name))


def check_baseline(baseline: Any) -> None:
    """Refuse what no registry can be made of.

    Raises:
        UsageError: it is no recipe, or one that cannot be.
    """
    if isinstance(baseline, type) and issubclass(baseline, Recipe):
        raise UsageError(f"A registry's baseline is a recipe, made by calling its class: {baseline.__name__}(...).")
    if not isinstance(baseline, Recipe):
        raise UsageError(
            f"A registry's baseline is a recipe, not {baseline!r:.60}. `ablate init registry FILE` writes one."
        )
    baseline.check()


def score_of(baseline: Recipe, score: Score | None) -> Score:
    """The score of a registry: the one given, else that of its kind of recipe.

    Raises:
        UsageError: there is none.
    """
    found = baseline.default_score if score is None else score
    if not isinstance(found, Score):
        given = "names no score" if found is None else f"has {found!r:.40} for a score"
        raise UsageError(
            f"A registry of {type(baseline).__name__} {given}, which studies compare: "
            'score=ablate.Score(title="Accuracy", unit="pp", factor=100, margin=0.5), or better="lower" for a loss.'
        )
    return found
