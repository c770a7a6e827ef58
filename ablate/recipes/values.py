"""Whether a value can be in a field of a recipe: of the field's type, unchangeable, and sayable in JSON. Free of torch."""

import inspect
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ablate.errors import UsageError
from ablate.recipes.fields import field_types, type_name

DECORATOR = "@dataclass(frozen=True, kw_only=True)"

_WHAT_FITS = "fields hold numbers, text, None, enumerations, tuples and frozen dataclasses"
_CHANGEABLE = (list, dict, set, bytearray)


def check_plain_value(recipe: Any, who: str, name: str, value: Any) -> None:
    """Refuse a value that cannot be in a field of a recipe's class; `who` begins the message: "Feature 'x' sets".

    Raises:
        UsageError: a value of another type than the field's annotation, or one that can change or cannot be written down.
    """
    try:
        kind = field_types(recipe)[name]
    except NameError as error:
        raise UsageError(f"{recipe.__name__}: the types of its fields cannot be read: {error}.") from error
    if isinstance(value, type):
        raise UsageError(f"{who} '{name}' to the class {value.__name__}; give a value of it.")
    if problem := why_not_plain(value):
        raise UsageError(f"{who} '{name}' to {value!r:.60}, {problem}.")
    if not fits(value, kind):
        actual = with_article(type(value).__name__)
        raise UsageError(f"{who} '{name}' to {value!r:.60}, which is {actual}, not {with_article(type_name(kind))}.")


def with_article(word: str) -> str:
    """ "an int", "a float"; what names no class stands as it is."""
    if not word.isidentifier() or word == "None":
        return word
    return f"{'an' if word[0] in 'aeiouAEIOU' else 'a'} {word}"


def fits(value: Any, expected: Any) -> bool:
    """Whether a value has a type; whole numbers are floats too, True and False are not numbers; what is no type is trusted."""
    origin, arguments = get_origin(expected), get_args(expected)
    if expected in (None, NoneType):
        return value is None
    if origin is Annotated:
        return fits(value, arguments[0])
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in arguments)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    expected = origin or expected
    if not isinstance(expected, type) or expected is object:
        return True
    if isinstance(value, bool):
        return expected is bool
    return isinstance(value, (int, float) if expected is float else expected)


def why_not_plain(value: Any) -> str | None:
    """What keeps a value out of a recipe, which is hashed and written down: "which is a list ..."; None if nothing does."""
    kind = type(value).__name__
    if isinstance(value, _CHANGEABLE):
        return f"which is {with_article(kind)} and can change: give a tuple or a frozen dataclass"
    if isinstance(value, float) and not math.isfinite(value):
        return "and a number of a recipe is finite"
    if value is None or isinstance(value, (bool, int, float, str, Enum)):
        return None
    if isinstance(value, tuple):
        return next((problem for item in value if (problem := why_not_plain(item))), None)
    if is_dataclass(value):
        if problem := undecorated(type(value)):
            return f"whose class {kind} {problem}: write `{DECORATOR}` above it"
        if not vars(type(value))["__dataclass_params__"].frozen:
            return f"whose class {kind} is not frozen and can change: write `{DECORATOR}` above it"
        return next((problem for field in fields(value) if (problem := _why_unfit_inside(value, field.name))), None)
    return f"which is {with_article(kind)}: {_WHAT_FITS}"


def _why_unfit_inside(value: Any, name: str) -> str | None:
    of_class: Any = type(value)
    inner, kind = getattr(value, name), field_types(of_class)[name]
    if problem := why_not_plain(inner):
        return f"whose '{name}' is {inner!r:.40}, {problem}"
    if not fits(inner, kind):
        return f"whose '{name}' is {inner!r:.40} ({type(inner).__name__}), not {with_article(type_name(kind))}"
    return None


def undecorated(kind: type) -> str | None:
    """Why a class is no dataclass of its own, with its parent's fields only: "has fields that …"; None if it is one."""
    if "__dataclass_fields__" in vars(kind):
        return None
    names = [name for name, hint in inspect.get_annotations(kind).items() if "ClassVar" not in str(hint)]
    return (
        f"has fields ({', '.join(names)}) that do not count without a decorator"
        if names
        else "is no frozen dataclass of its own"
    )
