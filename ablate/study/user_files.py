"""Python files of the user's: studies, features and registries of their own. Free of torch."""

import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ablate.errors import AblateError, UsageError, near_match
from ablate.formats.canonical import digest

if TYPE_CHECKING:
    from dataclasses import Field

    from _typeshed import DataclassInstance


def run_user_file(path: Path) -> dict[str, Any]:
    """The names that a Python file defines.

    It is run as a module of its own that stays importable, since dataclasses and `inspect` look their module up.

    Raises:
        UsageError: the file cannot be read, or it raises: named with its line.
    """
    source = path.resolve()
    # By the whole path: two files of one name must not stand in for each other when `inspect` looks for their source.
    module = ModuleType(f"_ablate_file_{path.stem}_{digest(str(source))[:12]}")
    module.__file__ = str(source)
    sys.modules[module.__name__] = module
    with _named(path, vars(module)):
        # From what the file holds now: Python's bytecode cache takes a file edited within the same second for the old one.
        exec(compile(path.read_bytes(), str(source), "exec"), vars(module))
    return vars(module)


def call_in_user_file(path: Path, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function that a Python file defined returns.

    Raises:
        UsageError: it raises: named with its line.
    """
    with _named(path, getattr(function, "__globals__", {})):
        return function(*arguments)


@contextmanager
def _named(path: Path, names: Mapping[str, Any]) -> Iterator[None]:
    """Anything that a file of the user's raises becomes a UsageError with its line; `names` are those that the file knows."""
    source = str(path.resolve())
    try:
        yield
    except (Exception, SystemExit) as error:
        line = _line(error, source)
        if line is None and isinstance(error, OSError):
            raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
        place = str(path) if line is None else f"{path}, line {line}"
        raise UsageError(f"{place}: {_reason(error, source)}{_remedy(error, names)}") from error


def _line(error: BaseException, source: str) -> int | None:
    """The line of the file that raised, or that cannot be parsed."""
    if isinstance(error, SyntaxError) and error.filename == source:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
    return lines[-1] if lines else None


def _reason(error: BaseException, source: str) -> str:
    if isinstance(error, AblateError):
        return str(error)
    # The text of a syntax error repeats file and line, which are wanted for another file than this one only.
    own = isinstance(error, SyntaxError) and error.filename == source
    said = error.msg if isinstance(error, SyntaxError) and own else " ".join(str(error).split())
    return f"{type(error).__name__}: {said}"


def _remedy(error: BaseException, names: Mapping[str, Any]) -> str:
    """What to do about the mistakes that are made with dataclasses, of which parts and features are some."""
    said = str(error)
    if isinstance(error, TypeError) and ("non-frozen dataclass" in said or "non-default argument" in said):
        return ". Write `@dataclass(frozen=True, kw_only=True)` above the class."
    if isinstance(error, ValueError) and "mutable default" in said:
        return ". Give a tuple."
    if imported := re.match(r"cannot import name '(\w+)' from '([\w.]+)'", said):
        near = near_match(imported[1], getattr(sys.modules.get(imported[2]), "__all__", ()))
        return f".{near}" if "Did you mean" in near else ""
    made = re.match(r"(?:[\w.<>]+\.)?(\w+)\.__init__\(\) (.*)", said)
    if not (isinstance(error, TypeError) and made):
        return ""
    kind = _class_named(made[1], names)
    if kind is None:
        return ""
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", made[2])
    near = near_match(unexpected[1], [field.name for field in fields(kind)]) if unexpected else ""
    arguments = ", ".join(_argument(field) for field in fields(kind) if field.init)
    return f".{near if 'Did you mean' in near else ''} {made[1]} takes {arguments or 'no arguments'}, each by its name."


def _argument(field: "Field[Any]") -> str:
    """ "slope: float = 0.1"."""
    whole = field.type.__name__ if isinstance(field.type, type) and "[" not in str(field.type) else str(field.type)
    kind = re.sub(r"(?:\w+\.)+(?=\w)", "", whole)
    optional = field.default is not MISSING or field.default_factory is not MISSING
    default = f" = {field.default!r}" if field.default is not MISSING else " (optional)" if optional else ""
    return f"{field.name}: {kind}{default}"


def _class_named(name: str, names: Mapping[str, Any]) -> "type[DataclassInstance] | None":
    """A dataclass that a file knows, by itself or in a module that it imported."""
    modules = [value for value in names.values() if isinstance(value, ModuleType)]
    for found in (names.get(name), *(getattr(module, name, None) for module in modules)):
        if isinstance(found, type) and is_dataclass(found):
            return found
    return None
