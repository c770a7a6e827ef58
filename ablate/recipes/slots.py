"""What a feature of an image recipe can set: each field with its meaning, what a part for it must do, and the parts there are."""

from collections.abc import Mapping
from functools import cache
from inspect import isclass
from typing import Any

from ablate import parts
from ablate.parts import Part
from ablate.recipes.fields import RecipeField, field_types, lacking, notes_under_fields, one_line, type_name


@cache
def recipe_fields(recipe: Any) -> Mapping[str, RecipeField]:
    """Every field of a recipe's class that a feature may set, by its name, in the class's order."""
    notes = notes_under_fields(recipe)
    return {name: _recipe_field(name, kind, notes) for name, kind in field_types(recipe).items() if name != "scale"}


def _recipe_field(name: str, kind: Any, notes: Mapping[str, str]) -> RecipeField:
    slot = kind if isinstance(kind, type) and issubclass(kind, Part) else None
    purpose = one_line(slot.__doc__).removeprefix("Slot: ") if slot is not None else notes.get(name, "")
    return RecipeField(
        name=name, type_name=type_name(kind), purpose=purpose, slot=slot, parts=() if slot is None else fillers(slot)
    )


def fillers(slot: type[Part]) -> tuple[type[Part], ...]:
    """The package's own parts that fill a slot, by name."""
    shipped = (getattr(parts, name) for name in parts.__all__)
    return tuple(each for each in shipped if isclass(each) and issubclass(each, slot) and not lacking(each))
