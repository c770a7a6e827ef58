"""Whether a value can be in a field of an image recipe, and a part can do what the trainer will ask of it.

Found out when a registry is made, not after minutes of training.
"""

import inspect
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from ablate import parts
from ablate.errors import UsageError
from ablate.formats.canonical import canonical_json
from ablate.formats.values import jsonable
from ablate.parts import Part
from ablate.parts.part import Bounds
from ablate.recipes.fields import RecipeField, field_types, lacking, methods_of, place_of, type_name
from ablate.recipes.slots import recipe_fields
from ablate.recipes.source import is_shipped
from ablate.recipes.values import DECORATOR, fits, with_article


def check_value(recipe: Any, who: str, name: str, value: Any) -> None:
    """Refuse a value that cannot be in a field of a recipe's class; `who` begins the message: "Feature 'x' sets".

    Raises:
        UsageError: a value of another type, or a part that cannot do what its slot needs.
    """
    kind = field_types(recipe)[name]
    if not fits(value, kind):
        expected = kind.__name__ if isinstance(kind, type) else str(kind)
        is_slot = isinstance(kind, type) and issubclass(kind, Part)
        hint = f" `ablate features --slots {name}` lists what fills it." if is_slot else ""
        if isinstance(value, type):
            hint = f" A part is made by calling its class: {value.__name__}(...)." if issubclass(value, Part) else hint
            raise UsageError(f"{who} '{name}' to the class {value.__name__}, not {with_article(expected)}.{hint}")
        actual = with_article(type(value).__name__)
        raise UsageError(f"{who} '{name}' to {value!r}, which is {actual}, not {with_article(expected)}.{hint}")
    if (bounds := recipe.number_bounds.get(name)) and (problem := why_outside(bounds, value)):
        raise UsageError(f"{who} '{name}' to {value}; training takes {problem}.")
    if isinstance(value, Part) and name != "scale" and (problem := why_unfit(recipe, name, value)):
        part = type(value)
        raise UsageError(f"{who} '{name}' to {with_article(part.__name__)}{_line_of(part)}, {problem}")


def why_unfit(recipe: Any, field: str, part: Part) -> str | None:
    """What keeps a part of the right slot from filling a field of the recipe, and what to do, in one line; None if nothing does."""
    kind = type(part)
    if is_shipped(kind) and not lacking(kind):
        return _why_mistyped(part) or _why_outside(part)
    slot = recipe_fields(recipe)[field]
    return (
        _why_abstract(slot, kind)
        or _why_not_callable(slot, part)
        or _why_not_a_dataclass(kind)
        or _why_no_data(part)
        or _why_mistyped(part)
        or _why_outside(part)
        or _why_mistakable(kind)
    )


def _why_abstract(slot: RecipeField, kind: type[Part]) -> str | None:
    missing = set(lacking(kind))
    if not missing:
        return None
    assert slot.slot is not None
    wanted = [method for method in methods_of(slot.slot) if method.name in missing]
    listed = " and ".join(f"`{method.signature}`" for method in wanted) or ", ".join(sorted(missing))
    if kind is slot.slot:
        return f"which is the slot itself: write a class of your own with {listed}, or take a part. {_example(slot)}"
    own = [name for name, value in vars(kind).items() if inspect.isfunction(value) and not name.startswith("_")]
    misspelt = get_close_matches(wanted[0].name, own, n=1, cutoff=0.5) if wanted else []
    hint = f" Rename its `{misspelt[0]}`, if that is meant." if misspelt else ""
    return f"which lacks {listed}.{hint} {_example(slot)}"


def _why_not_callable(slot: RecipeField, part: Part) -> str | None:
    assert slot.slot is not None
    for method in methods_of(slot.slot):
        found = getattr(part, method.name)
        if not callable(found):
            return (
                f"whose `{method.name}` is a {type(found).__name__} where the slot has a method: rename it, and write "
                f"`{method.signature}`."
            )
        if not _takes_what_the_slot_does(found, getattr(slot.slot, method.name)):
            return f"whose `{method.name}{_arguments(type(part), method.name)}` cannot be called as the slot's: write `{method.signature}`."
    return None


def _takes_what_the_slot_does(found: Any, declared: Any) -> bool:
    """Whether a bound method takes the arguments that the slot's own is called with."""
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return True
    by_position, by_name = [], {}
    for parameter in list(inspect.signature(declared).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY:
            by_name[parameter.name] = parameter
        else:
            by_position.append(parameter)
    try:
        signature.bind(*by_position, **by_name)
    except TypeError:
        return False
    return True


def _arguments(kind: type[Part], method: str) -> str:
    """The parameters as the class has them, `self` among them, without annotations."""
    signature = inspect.signature(getattr(kind, method))
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def _why_not_a_dataclass(kind: type[Part]) -> str | None:
    """A class without the decorator has its parent's fields only: its own are neither recorded nor hashed."""
    if "__init__" in vars(kind) and "__dataclass_fields__" not in vars(kind):
        return f"whose own __init__ hides what it is made with: write its parameters as fields, under `{DECORATOR}`."
    if "__dataclass_fields__" not in vars(kind) and (names := list(inspect.get_annotations(kind))):
        return f"whose fields ({', '.join(names)}) do not count without a decorator: write `{DECORATOR}` above it."
    return None


def _why_no_data(part: Part) -> str | None:
    """A recipe is hashed and written down, so its parts are made of plain values."""
    for name in (field.name for field in fields(part)):
        value = getattr(part, name)
        kind = type(value).__name__
        try:
            hash(value)
        except TypeError:
            return f"whose parameter '{name}' is a {kind}, which can change: give a tuple."
        try:
            canonical_json(jsonable(value))
        except (TypeError, ValueError):
            return f"whose parameter '{name}' is {value!r:.40} ({kind}): parameters are finite numbers, text, tuples and parts."
    return None


def _why_mistyped(part: Part) -> str | None:
    """Of the parameters that are annotated as plain numbers or text; whoever annotates otherwise is trusted."""
    for field in fields(part):
        value = getattr(part, field.name)
        if field.type in (bool, int, float, str) and not fits(value, field.type):
            expected = with_article(type_name(field.type))
            return f"whose parameter '{field.name}' is {value!r} ({type(value).__name__}), not {expected}."
    return None


def why_outside(bounds: Bounds, value: Any) -> str | None:
    """What a number or a tuple of numbers should be instead of what it is; None if it is that."""
    if isinstance(value, tuple):
        return None if value and all(map(bounds.hold, value)) else f"{bounds} for each of its numbers, one at least"
    return None if bounds.hold(value) else str(bounds)


def _why_outside(part: Part) -> str | None:
    """Of the parameters that the part's class sets bounds for."""
    for name, bounds in type(part).parameter_bounds.items():
        value = getattr(part, name)
        if problem := why_outside(bounds, value):
            return f"whose parameter '{name}' is {value!r}: it takes {problem}."
    return None


def _why_mistakable(kind: type[Part]) -> str | None:
    """A part is known by its class's name in fingerprints."""
    if kind.__name__ in parts.__all__:
        return "which has the name of a part of the package: rename the class, or the two would pass for one recipe."
    return None


def _example(slot: RecipeField) -> str:
    example = slot.example
    copied = "" if example is None else f"Copy {example.__name__} from {place_of(example)}; "
    return f"{copied}`ablate features --slots {slot.name}` explains the slot."


def _line_of(kind: type) -> str:
    """The line of a user's class, to be put behind its name; "" if it cannot be found."""
    if is_shipped(kind):
        return ""
    try:
        return f" (line {inspect.getsourcelines(kind)[1]})"
    except (OSError, TypeError):
        return ""
