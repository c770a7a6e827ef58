"""`ablate doctor`: what would spoil a measurement on this machine."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ablate.doctor import Finding, examine, exit_code, verdict

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "problem": "[bold red]problem[/]"}


def doctor(
    device: Annotated[str, typer.Option(help="auto, cuda, cuda:1, cpu, …: the device to look at.")] = "auto",
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets are kept, if not the usual place.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for what would spoil a measurement here: device, clocks, load, compiler, versions, data, and the remedies.

    Ends with 0 while trials can run, whatever the warnings; with 2 where the device is not here, with 1 where something
    else keeps trials from running.
    """
    with Console(stderr=True).status("Looking, and compiling a small function …"):
        findings = examine(device, data_dir)
    if as_json:
        report = {"verdict": verdict(findings), "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        console = Console()
        console.print(_table(findings))
        console.print(escape(verdict(findings)))
    raise typer.Exit(exit_code(findings))


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "", show_edge=False)
    # Folded, not cut: what a narrow terminal would cut off is the end of a path or of a command to copy.
    table.add_column("seen", overflow="fold")
    table.add_column("remedy", overflow="fold")
    for finding in findings:
        table.add_row(finding.check, _MARKS[finding.status], escape(finding.seen), escape(finding.remedy))
    return table
