"""`ablate compare`: two run folders side by side."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ablate.cli.options import AsJson
from ablate.cli.output import stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ablate.compare import Change


def compare(
    directory_a: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder to compare with.")],
    directory_b: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder that may differ from it.")],
    as_json: AsJson = False,
) -> None:
    """Compare two run folders: second minus first, for the arms and contrasts they share, and what else differs.

    Stored numbers are never as good as two arms in one study; the intervals are unpaired.
    """
    from ablate.compare import compare as compared
    from ablate.report.machine import as_json as to_json

    comparison = compared(directory_a, directory_b)
    if as_json:
        typer.echo(to_json(comparison.to_json()), nl=False)
        return
    console = stdout()
    console.print(Text(f"{comparison.second} minus {comparison.first}", style="bold"))
    for caveat in comparison.caveats:
        console.print(Text.assemble(("! ", "bold yellow"), caveat.text))
    if comparison.arms:
        console.print(Text())
        console.print(_table("arm", comparison.arms))
    if comparison.contrasts:
        console.print(Text())
        console.print(_table("effect of", comparison.contrasts))
    if not (comparison.arms or comparison.contrasts):
        console.print(Text("Nothing can be compared: no arm has trials with a result in both folders.", style="bold"))
    for folder, arms in (
        (comparison.first, comparison.only_in_first),
        (comparison.second, comparison.only_in_second),
    ):
        if arms:
            console.print(Text(f"Only in {folder}: {', '.join(arms)}", style="dim"))


def _table(heading: str, changes: "Sequence[Change]") -> Table:
    from ablate.report.wording import KIND_WORDS

    of_arms = heading == "arm"
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(heading, overflow="fold")
    for title in ("time", "change of time", "TTA accuracy", "change of TTA accuracy", "n", "processes"):
        table.add_column(title, justify="right", overflow="fold")
    for change in changes:
        name = Text(change.name)
        if not of_arms:
            name.append(f" ({KIND_WORDS[change.kind]})", style="dim")
        unit = " s" if of_arms else " %"
        table.add_row(
            name,
            _sides(change.first_time, change.second_time, "{:.4g}" if of_arms else "{:+.2f}", unit),
            _with_interval(change.time_percent, change.time_low_percent, change.time_high_percent, "%"),
            _sides(
                change.first_tta_accuracy,
                change.second_tta_accuracy,
                "{:.2f}" if of_arms else "{:+.2f}",
                " %" if of_arms else " pp",
            ),
            _with_interval(change.tta_accuracy_pp, change.tta_accuracy_low_pp, change.tta_accuracy_high_pp, "pp"),
            f"{change.blocks[0]:,}, {change.blocks[1]:,}",
            f"{change.processes[0]:,}, {change.processes[1]:,}",
        )
    return table


def _sides(first: float, second: float, form: str, unit: str) -> str:
    return " → ".join(_signs(form.format(value)) if isfinite(value) else "–" for value in (first, second)) + unit


def _with_interval(value: float, low: float, high: float, unit: str) -> str:
    from ablate.stats.wording import interval_words, signed

    if not isfinite(value):
        return "–"
    interval = f" {interval_words(low, high, 2)}" if isfinite(low) else " (no interval)"
    return f"{signed(value, 2)} {unit}{interval}"


def _signs(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
