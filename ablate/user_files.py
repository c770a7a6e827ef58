"""Python files of the user's: studies, features and registries of their own. Free of torch."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate.errors import AblateError, UsageError
from ablate.records import digest


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
    with _named(path):
        # From what the file holds now: Python's bytecode cache takes a file edited within the same second for the old one.
        exec(compile(path.read_bytes(), str(source), "exec"), vars(module))
    return vars(module)


def call_in_user_file(path: Path, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function that a Python file defined returns.

    Raises:
        UsageError: it raises: named with its line.
    """
    with _named(path):
        return function(*arguments)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Anything that a file of the user's raises becomes a UsageError with its line."""
    source = str(path.resolve())
    try:
        yield
    except (Exception, SystemExit) as error:
        line = _line(error, source)
        if line is None and isinstance(error, OSError):
            raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
        place = str(path) if line is None else f"{path}, line {line}"
        raise UsageError(f"{place}: {_reason(error, source)}") from error


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
