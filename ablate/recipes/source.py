"""The code that a recipe's classes consist of, so that an edit makes another recipe of it. Free of torch."""

import ast
import inspect
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any


def is_shipped(kind: type) -> bool:
    """Whether a class comes with the package, and not from a file or package of the user's."""
    return kind.__module__.startswith("ablate.")


def foreign_source(value: Any) -> str:
    """The source of the module that the class of a value comes from, "" for the package's own: their `version` speaks for them."""
    if is_shipped(type(value)):
        return ""
    try:
        return inspect.getsource(inspect.getmodule(type(value)) or type(value))
    except (OSError, TypeError):
        return ""


def folder_of(kind: type) -> Path:
    """The folder of the file that defines a class; the working directory for a class without a file."""
    try:
        return Path(inspect.getfile(kind)).resolve().parent
    except (OSError, TypeError):
        return Path.cwd()


@cache
def code_of(kind: Any) -> str:
    """The lines that a class of the user's is made of: its own, its parents', and what they name at the top of their files.

    What else stands in the file, such as the features, may change without making the class another one. Code that comes from
    elsewhere (installed packages, modules beside the file) is not looked at. "" without a source, and for the package's own classes.
    """
    if is_shipped(kind):
        return ""
    own = [each for each in kind.__mro__ if each.__module__.partition(".")[0] == kind.__module__.partition(".")[0]]
    modules = {each.__module__: sys.modules.get(each.__module__) for each in own}
    parts = []
    for name, module in modules.items():
        if module is not None:
            parts.append(_lines_needed(module, {each.__name__ for each in own if each.__module__ == name}))
    return "\n".join(parts)


def _lines_needed(module: ModuleType, names: set[str]) -> str:
    """The statements of a module that bind the names, and those that these need in turn, in the order of the file."""
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):
        return ""
    lines, statements = source.splitlines(), ast.parse(source).body
    needed: set[int] = set()
    wanted = set(names)
    while new := {place for place, each in enumerate(statements) if place not in needed and _binds(each) & wanted}:
        needed |= new
        for place in new:
            wanted |= {node.id for node in ast.walk(statements[place]) if isinstance(node, ast.Name)}
    return "\n".join(
        line for place in sorted(needed) for line in lines[_first(statements[place]) - 1 : statements[place].end_lineno]
    )


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement at the top of a file gives a meaning."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _first(statement: ast.stmt) -> int:
    """The line that a statement begins on, its decorators included."""
    return min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
