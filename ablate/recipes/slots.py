"""What a feature can set: each field of the recipe with its meaning, what a part for it must do, and the parts there are.

All of it is read off the code: annotations, docstrings and signatures.
"""

import ast
import inspect
import os
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

from ablate import parts
from ablate.parts import Part
from ablate.recipes.recipe import Recipe, field_types


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
    slot: type[Part] | None
    parts: tuple[type[Part], ...]

    @property
    def methods(self) -> tuple[Method, ...]:
        """What a part for this slot must be able to do, in the order of the slot's class."""
        return () if self.slot is None else methods_of(self.slot)

    @property
    def example(self) -> type[Part] | None:
        """The shipped part to copy: one that does something, and of those the shortest that needs no other function of its file."""
        return min(
            self.parts,
            key=lambda part: (part.__name__.startswith("No"), _helpers(part), len(inspect.getsource(part))),
            default=None,
        )


@cache
def recipe_fields() -> Mapping[str, RecipeField]:
    """Every field that a feature may set, by its name, in the recipe's order."""
    notes = _notes_under_fields(Recipe)
    return {field.name: _recipe_field(field.name, notes) for field in fields(Recipe) if field.name != "scale"}


def _recipe_field(name: str, notes: Mapping[str, str]) -> RecipeField:
    kind = field_types()[name]
    slot = kind if isinstance(kind, type) and issubclass(kind, Part) else None
    purpose = _one_line(slot.__doc__).removeprefix("Slot: ") if slot is not None else notes.get(name, "")
    return RecipeField(
        name=name, type_name=type_name(kind), purpose=purpose, slot=slot, parts=() if slot is None else fillers(slot)
    )


def fillers(slot: type[Part]) -> tuple[type[Part], ...]:
    """The package's own parts that fill a slot, by name."""
    shipped = (getattr(parts, name) for name in parts.__all__)
    return tuple(each for each in shipped if inspect.isclass(each) and issubclass(each, slot) and not lacking(each))


def methods_of(slot: type[Part]) -> tuple[Method, ...]:
    """The methods that a slot declares for its parts, abstract or with a default, in the order of its class."""
    return tuple(
        Method(
            name=name,
            signature=signature_of(function),
            summary=_one_line(function.__doc__),
            abstract=getattr(function, "__isabstractmethod__", False),
        )
        for name, function in vars(slot).items()
        if inspect.isfunction(function) and not name.startswith("_")
    )


def lacking(part: type[Part]) -> tuple[str, ...]:
    """The names of the methods that a class leaves abstract."""
    return tuple(name for name in dir(part) if getattr(getattr(part, name), "__isabstractmethod__", False))


def parameters_of(part: type[Part]) -> tuple[str, ...]:
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


def place_of(part: type[Part]) -> str:
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
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _helpers(part: type[Part]) -> int:
    """How much of its file a class needs besides itself: its own parent, if that is a part, and the functions it calls."""
    module = inspect.getmodule(part)
    used = {name for method in vars(part).values() if inspect.isfunction(method) for name in method.__code__.co_names}
    functions = sum(inspect.isfunction(getattr(module, name, None)) for name in used)
    return functions + sum(not lacking(parent) for parent in part.__bases__ if parent is not Part)


def _notes_under_fields(kind: type) -> dict[str, str]:
    """The string under each field of a class, which Python itself throws away."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    notes = {}
    for node, after in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            notes[node.target.id] = _one_line(ast.literal_eval(after.value))
    return notes


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
