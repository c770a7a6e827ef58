"""`ablate recipes`: the lineages there are, and what was published about each."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ablate.cli import completion
from ablate.cli.options import AsJson
from ablate.cli.output import line, remark, stdout
from ablate.errors import UsageError
from ablate.formats.fitted_table import FittedTable

if TYPE_CHECKING:
    from ablate.lineages.lineage import Lineage, Outline
    from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung


def recipes(
    name: Annotated[
        str | None, typer.Argument(help="A recipe; without it, all are listed.", autocompletion=completion.recipes)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the recipes that can be taken apart, or show one's features and what was published about them.

    `--recipe NAME` picks one for `run`, `study`, `features`, `figure` and `doctor`.
    """
    from ablate.lineages.lookup import find_lineage

    chosen = _all() if name is None else [find_lineage(name)]
    if as_json:
        typer.echo(json.dumps([_as_json(each) for each in chosen], indent=2, ensure_ascii=False))
    elif name is None:
        stdout().print(_overview(chosen))
    else:
        _print(chosen[0])


def _all() -> list["Lineage"]:
    from ablate.lineages.lookup import find_lineage, lineage_names

    found = []
    for name in lineage_names():
        try:
            found.append(find_lineage(name))
        except UsageError as error:
            # One broken package should not hide the others.
            remark(str(error))
    return found


def _overview(lineages: list["Lineage"]) -> FittedTable:
    table = FittedTable()
    table.add_column("recipe")
    table.add_column("baseline", words=True)
    table.add_column("features", numeric=True)
    table.add_column("published", words=True)
    table.add_column("source", words=True)
    for lineage in lineages:
        ladder = next(iter(lineage.ladders.values()), None)
        baseline = lineage.title
        # A ladder that starts with features on says nothing of the baseline.
        if ladder is not None and not ladder.rungs[0].adds:
            baseline = f"{baseline}: {figures(ladder.rungs[0])}"
        published = "" if ladder is None else f"{figures(ladder.rungs[-1])}, on {ladder.device}"
        table.add_row(
            Text(lineage.name, style="bold"), baseline, str(len(lineage.names)), published, "; ".join(_sources(lineage))
        )
    return table


def _sources(lineage: "Lineage") -> list[str]:
    return list(dict.fromkeys([lineage.source, *(group.source for group in lineage.groups.values())]))


def figures(rung: "Rung | PublishedArm") -> str:
    """ "8 epochs, 2.59 s, 94.01 %, n = 200", as far as published."""
    parts = [
        None if rung.epochs is None else f"{rung.epochs:g} epochs",
        None if rung.seconds is None else f"{rung.seconds:.4g} s",
        None if rung.score_percent is None else f"{rung.score_percent:.2f} %",
        None if rung.trials is None else f"n = {rung.trials:,}",
    ]
    return ", ".join(part for part in parts if part is not None)


def _print(lineage: "Lineage") -> None:
    console = stdout()
    console.print(Text(lineage.name, style="bold"))
    line(console, f"  {lineage.summary}")
    line(console, f"  source   {lineage.source}")
    table = FittedTable()
    table.add_column("group (published bar)", words=True)
    table.add_column("features", words=True)
    for group in lineage.groups.values():
        bar = "" if group.published_percent is None else f" ({group.published_percent:.2f} %)"
        extras = [
            _said_of(lineage.features[name]) for name in lineage.extras if lineage.features[name].group == group.slug
        ]
        members = ", ".join(lineage.members(group.slug))
        table.add_row(f"{group.slug}{bar}", "; ".join([*filter(None, [members]), *extras]))
    console.print(table)
    for ladder in lineage.ladders.values():
        console.print()
        target = "" if ladder.target_percent is None else f" to {ladder.target_percent:g} %"
        line(console, f"{ladder.slug}: {ladder.title}, in {ladder.unit}{target}, on {ladder.device}")
        if ladder.drawn_only:
            line(console, f"  to draw, not to train: {ladder.drawn_only}")
        console.print(_rungs(ladder))
    for published in lineage.tables.values():
        console.print()
        line(console, f"{published.slug}: {published.title}, on {published.device}")
        console.print(_arms(published))


def _said_of(extra: "Outline") -> str:
    return f"{extra.name} in place of {extra.alternative_to}" if extra.alternative_to else f"{extra.name} (optional)"


def _rungs(ladder: "Ladder") -> FittedTable:
    table = FittedTable()
    table.add_column("rung", words=True)
    table.add_column("adds", words=True)
    for heading in ("epochs", "seconds", "score %", "n"):
        table.add_column(heading, numeric=True)
    table.add_column("source", words=True)
    for rung in ladder.rungs:
        table.add_row(rung.title, ", ".join(rung.adds), *_numbers(rung), rung.source)
    return table


def _arms(published: "PublishedTable") -> FittedTable:
    table = FittedTable()
    table.add_column("arm", words=True)
    for heading in ("epochs", "seconds", "score %", "n"):
        table.add_column(heading, numeric=True)
    table.add_column("source", words=True)
    for arm in published.arms:
        table.add_row(arm.title, *_numbers(arm), arm.source)
    return table


def _numbers(told: "Rung | PublishedArm") -> list[str]:
    numbers = (("g", told.epochs), (".5g", told.seconds), (".2f", told.score_percent), (",d", told.trials))
    return ["" if number is None else format(number, spec) for spec, number in numbers]


def _as_json(lineage: "Lineage") -> dict[str, Any]:
    return {
        "name": lineage.name,
        "title": lineage.title,
        "summary": lineage.summary,
        "source": lineage.source,
        "epochs": lineage.epochs(()),
        "features": list(lineage.names),
        "alternatives": {
            name: lineage.features[name].alternative_to
            for name in lineage.extras
            if lineage.features[name].alternative_to
        },
        "optional": [name for name in lineage.extras if lineage.features[name].optional],
        "groups": [{**group.to_json(), "features": lineage.members(group.slug)} for group in lineage.groups.values()],
        "ladders": [ladder.to_json() for ladder in lineage.ladders.values()],
        "tables": [asdict(table) for table in lineage.tables.values()],
    }
