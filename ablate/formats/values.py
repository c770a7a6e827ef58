"""The values of a recipe as JSON: numbers, text, tuples, enumerations and frozen dataclasses."""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def jsonable(value: Any) -> Any:
    """A recipe's value as JSON: what has `to_dict` by its dictionary, tuples as lists; equal numbers are spelled alike."""
    if isinstance(value, type):
        return value
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if is_dataclass(value):
        return {
            "class": type(value).__name__,
            **{field.name: jsonable(getattr(value, field.name)) for field in fields(value)},
        }
    if isinstance(value, tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
