"""The README's list of public names, made of their docstrings: `python tests/public_names.py` writes it anew."""

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

ROOT = Path(__file__).resolve().parent.parent
MODULES = (
    "ablate",
    "ablate.airbench",
    "ablate.study",
    "ablate.plots",
    "ablate.report",
    "ablate.export",
    "ablate.stats",
    "ablate.parts",
    "ablate.lineages",
)
BEGIN, END = "<!-- public names: made by tests/public_names.py -->", "<!-- end of public names -->"


def public_names() -> str:
    """A list for each module, folded but for the first: every name of its `__all__` with the first sentence said of it."""
    parts = []
    for name in MODULES:
        module = import_module(name)
        lines = [f"- `{name}.{each}`: {first_sentence(module, each)}" for each in module.__all__]
        if name == "ablate":
            parts += ["", *lines]
        else:
            said = _sentence(inspect.getdoc(module) or "")
            parts += ["", f"<details><summary><code>{name}</code>: {said}</summary>", "", *lines, "", "</details>"]
    return "\n".join([BEGIN, *parts, "", END])


def first_sentence(module: ModuleType, name: str) -> str:
    """What a name's docstring begins with; of a constant, the text below it; of a choice of words, the words."""
    value = getattr(module, name)
    if isinstance(value, ModuleType) or inspect.isclass(value) or inspect.isroutine(value):
        documentation = inspect.getdoc(value)
    elif get_args(value):
        documentation = f"One of {', '.join(map(repr, get_args(value)))}."
    else:
        documentation = _below_constant(module, name)
    if not documentation:
        raise LookupError(f"{module.__name__}.{name} has no docstring; say in a sentence what it is.")
    return _sentence(documentation)


def _sentence(documentation: str) -> str:
    paragraph = " ".join(documentation.partition("\n\n")[0].split())
    return re.split(r"(?<=[a-z0-9)`\"][.?]) (?=[A-Z`])", paragraph)[0]


def _below_constant(module: ModuleType, name: str) -> str | None:
    """The string that stands below a constant, in the module that defines it or in one that it was imported from."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.ImportFrom) and any(alias.name == name for alias in statement.names):
            return _below_constant(import_module(str(statement.module)), name)
        if name in _assigned(statement) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return inspect.cleandoc(str(below.value.value))
    return None


def _assigned(statement: ast.stmt) -> set[Any]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def with_names(readme: str) -> str:
    """The README with its list of names as it should be."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise LookupError(f"README.md lacks the lines '{BEGIN}' and '{END}'.")
    return before + public_names() + after


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    path = ROOT / "README.md"
    path.write_text(with_names(path.read_text(encoding="utf-8")), encoding="utf-8")
