"""The fields of a recipe as they are written: types, the notes under them, and what a part for one of them has to do.

All of it is read off the code: annotations, docstrings and signatures.
"""

import ast
import inspect
import os
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from ablate.parts.part import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method that a part must have: its signature as Python, what it gives, and whether the slot leaves it to the part."""

    name: str
    signature: str
    summary: str
    abstract: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeField:
    """A field of the recipe: its name, its type as Python, and what it is for.

    A slot, a field that takes a part, has `slot` (the class to inherit from) and `parts` (the shipped classes that fill it).
    """

    name: str
    type_name: str
    purpose: str
    slot: type[Any] | None = None
    parts: tuple[type[Any], ...] = ()

    @property
    def methods(self) -> tuple[Method, ...]:
        """What a part for this slot must be able to do, in the order of the slot's class."""
        return () if self.slot is None else methods_of(self.slot)

    @property
    def example(self) -> type[Any] | None:
        """The shipped part to copy: one that does something, and of those the shortest that needs no other function of its file."""
        return min(
            self.parts,
            key=lambda part: (part.__name__.startswith("No"), _helpers(part), len(inspect.getsource(part))),
            default=None,
        )


@cache
def field_types(recipe: Any) -> Mapping[str, Any]:
    """The type of each field of a recipe's class."""
    hints = get_type_hints(recipe)
    return {field.name: hints[field.name] for field in fields(recipe)}


@cache
def plain_fields(recipe: Any) -> Mapping[str, RecipeField]:
    """Every field of a recipe's class as a plain value, by its name, in the class's order."""
    notes = notes_under_fields(recipe)
    return {
        name: RecipeField(name=name, type_name=type_name(kind), purpose=notes.get(name, ""))
        for name, kind in field_types(recipe).items()
    }


def methods_of(slot: type[Any]) -> tuple[Method, ...]:
    """The methods that a slot declares for its parts, abstract or with a default, in the order of its class."""
    return tuple(
        Method(
            name=name,
            signature=signature_of(function),
            summary=one_line(function.__doc__),
            abstract=getattr(function, "__isabstractmethod__", False),
        )
        for name, function in vars(slot).items()
        if inspect.isfunction(function) and not name.startswith("_")
    )


def lacking(part: type[Any]) -> tuple[str, ...]:
    """The names of the methods that a class leaves abstract."""
    return tuple(name for name in dir(part) if getattr(getattr(part, name), "__isabstractmethod__", False))


def parameters_of(part: type[Any]) -> tuple[str, ...]:
    """The arguments a part is made with: "reach: int = 2"."""
    return tuple(
        f"{field.name}: {type_name(field.type)}" + ("" if field.default is MISSING else f" = {field.default!r}")
        for field in fields(part)
    )


def signature_of(function: Callable[..., Any]) -> str:
    """A function's signature as its file spells it, on one line."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    returns = "" if definition.returns is None else f" -> {ast.unparse(definition.returns)}"
    return f"def {definition.name}({ast.unparse(definition.args)}){returns}".replace("'", "")


def place_of(part: type[Any]) -> str:
    """The file that a class is defined in, below the working directory where it is."""
    return shown_path(inspect.getfile(part))


def shown_path(file: str) -> str:
    """A file's path, from the working directory on where it is below it."""
    path, here = Path(file).resolve(), Path.cwd().resolve()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


def type_name(kind: Any) -> str:
    """A type as Python spells it, without modules."""
    if isinstance(kind, str):
        return kind
    if get_origin(kind) is tuple:
        return f"tuple[{', '.join('...' if item is Ellipsis else type_name(item) for item in get_args(kind))}]"
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind).replace("typing.", "")


def _helpers(part: type[Any]) -> int:
    """How much of its file a class needs besides itself: its own parent, if that is a part, and the functions it calls."""
    module = inspect.getmodule(part)
    used = {name for method in vars(part).values() if inspect.isfunction(method) for name in method.__code__.co_names}
    functions = sum(inspect.isfunction(getattr(module, name, None)) for name in used)
    return functions + sum(not lacking(parent) for parent in part.__bases__ if parent is not Part)


def notes_under_fields(kind: type) -> dict[str, str]:
    """The string under each field of a class and its parents, which Python itself throws away; none where there is no source."""
    notes: dict[str, str] = {}
    for parent in filter(is_dataclass, kind.__bases__):
        notes |= notes_under_fields(parent)
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):
        return notes
    assert isinstance(definition, ast.ClassDef)
    for node, after in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            note = after.value.value if isinstance(after.value, ast.Constant) else None
            notes[node.target.id] = one_line(note) if isinstance(note, str) else ""
    return notes


def one_line(text: str | None) -> str:
    """A docstring on one line."""
    return " ".join((text or "").split())
