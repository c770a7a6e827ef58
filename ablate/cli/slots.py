"""`ablate features --slots`: what a feature can set, and what a part of one's own has to do."""

import inspect
import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ablate.cli.output import stdout
from ablate.errors import UsageError, near_match
from ablate.formats.fitted_table import FittedTable
from ablate.formats.values import jsonable

if TYPE_CHECKING:
    from ablate.recipes.fields import RecipeField
    from ablate.recipes.registry import Registry

HOW = (
    "A slot takes a part: an instance of a frozen dataclass, `@dataclass(frozen=True, kw_only=True)`, that inherits from the slot's "
    "class and has its methods. `ablate init feature FILE` writes one to begin with."
)


def show_slots(registry: "Registry", name: str | None, *, as_json: bool) -> None:
    """Print the fields of the recipe, or one of them with the source of a part to copy.

    Raises:
        UsageError: there is no such field.
    """
    chosen = _chosen(registry, name)
    if as_json:
        typer.echo(json.dumps([_as_json(registry, field) for field in chosen], indent=2, ensure_ascii=False))
        return
    console = stdout()
    slots = [field for field in chosen if field.slot is not None]
    numbers = [field for field in chosen if field.slot is None]
    if slots:
        console.print(Text(HOW))
    for field in slots:
        console.print()
        console.print(_slot(registry, field))
    if numbers:
        console.print()
        console.print(_numbers(registry, numbers))
    if name is not None and slots and (example := slots[0].example) is not None:
        console.print()
        console.print(Text(inspect.getsource(example).rstrip()), soft_wrap=True)


def _chosen(registry: "Registry", name: str | None) -> list["RecipeField"]:
    known = registry.baseline.settable()
    if name is None:
        return list(known.values())
    by_class = {field.type_name: field for field in known.values() if field.slot is not None}
    found = known.get(name) or by_class.get(name)
    if found is None:
        raise UsageError(
            f"The recipe has no field '{name}' that a feature can set.{near_match(name, by_class if name[:1].isupper() else known)}"
        )
    return [found]


def _slot(registry: "Registry", field: "RecipeField") -> Group:
    from ablate.recipes.fields import parameters_of, place_of

    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")

    def row(label: str, text: str, style: str = "") -> None:
        rows.add_row(Text(f"  {label}"), Text(text, style=style))

    row("for", field.purpose)
    for method in field.methods:
        row("write" if method.abstract else "may have", method.signature, "bold")
        row("", method.summary)
    for index, part in enumerate(field.parts):
        row("parts" if index == 0 else "", f"{part.__name__}({', '.join(parameters_of(part))})")
    row("baseline", str(getattr(registry.baseline, field.name)))
    if setters := _set_by(registry, field):
        row("set by", ", ".join(setters))
    if field.example is not None:
        row("copy", f"{field.example.__name__} in {place_of(field.example)}")
    return Group(Text.assemble((field.name, "bold"), f"  {field.type_name}, from ablate.parts"), rows)


def _numbers(registry: "Registry", chosen: list["RecipeField"]) -> FittedTable:
    table = FittedTable()
    table.add_column("number")
    table.add_column("type")
    table.add_column("baseline", numeric=True)
    table.add_column("set by", words=True)
    table.add_column("what it is", words=True)
    for field in chosen:
        baseline = str(getattr(registry.baseline, field.name))
        table.add_row(field.name, field.type_name, baseline, ", ".join(_set_by(registry, field)), field.purpose)
    return table


def _set_by(registry: "Registry", field: "RecipeField") -> list[str]:
    """The features that set a field: two of them cannot be on together."""
    return [name for name in registry.names if field.name in registry.features[name].patch]


def _as_json(registry: "Registry", field: "RecipeField") -> dict[str, Any]:
    from ablate.recipes.fields import parameters_of, place_of

    answer: dict[str, Any] = {
        "field": field.name,
        "type": field.type_name,
        "purpose": field.purpose,
        "baseline": jsonable(getattr(registry.baseline, field.name)),
        "set_by": _set_by(registry, field),
    }
    if field.slot is not None:
        answer["methods"] = [
            {"name": each.name, "signature": each.signature, "summary": each.summary, "required": each.abstract}
            for each in field.methods
        ]
        answer["parts"] = [
            {"part": each.__name__, "parameters": parameters_of(each), "file": place_of(each)} for each in field.parts
        ]
        answer["copy"] = None if field.example is None else field.example.__name__
    return answer
