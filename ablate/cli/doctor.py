"""`ablate doctor`: what would spoil a measurement on this machine."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ablate.cli.options import Recipe, RegistryFile
from ablate.cli.output import stderr, stdout
from ablate.doctor import Finding, examine, exit_code, verdict
from ablate.formats.fitted_table import FittedTable

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    device: Annotated[str, typer.Option(help="auto, cuda, cuda:1, cpu, …: the device to look at.")] = "auto",
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets are kept, if not the usual place.")] = None,
    recipe: Recipe = None,
    registry_file: RegistryFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for what would spoil a measurement here: device, clocks, load, compiler, versions, data, and the remedies.

    Ends with 0 while trials can run, whatever the warnings; with 2 where the device is not here, with 1 where something
    else keeps trials from running. With --registry, whether what its recipes need is here.
    """
    from ablate.lineages.loading import load_registry

    registry = None if registry_file is None else load_registry(recipe=recipe, registry=registry_file)
    with stderr().status("Looking, and compiling a small function …" if registry is None else "Looking …"):
        findings = examine(device, data_dir, recipe=recipe, registry=registry)
    if as_json:
        report = {"verdict": verdict(findings), "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        console = stdout()
        console.print(_table(findings))
        console.print(Text(verdict(findings)))
    raise typer.Exit(exit_code(findings))


def _table(findings: list[Finding]) -> FittedTable:
    table = FittedTable()
    table.add_column("check")
    table.add_column("status")
    table.add_column("seen", words=True)
    table.add_column("remedy", words=True)
    for finding in findings:
        table.add_row(finding.check, Text(finding.status, _STYLES[finding.status]), finding.seen, finding.remedy)
    return table
