"""`ablate import`: trials from printed tables."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.options import AsJson
from ablate.cli.output import line, stderr, stdout
from ablate.cli.state import command_line


def import_logs(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG...", help="Logs with the airbench family's printed tables.")
    ],
    out: Annotated[Path, typer.Option(help="The run folder to make.")],
    arm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=GLOB", help="Which logs are an arm; the first arm is the others' reference."),
    ] = None,
    data: Annotated[str, typer.Option(help="The data set that the logs were made on.")] = "cifar10",
    as_json: AsJson = False,
) -> None:
    """Make a run folder of the tables that scripts of the airbench family print; one file is one process."""
    from ablate.report import Evidence, report, terminal_report, write_reports
    from ablate.store import importers

    folder = importers.import_logs(
        logs, out, arms=[importers.parse_arm(each) for each in arm or ()], data=data, command=command_line()
    )
    write_reports(folder.path)
    if as_json:
        typer.echo(report(folder.path, "json"))
    else:
        stdout().print(terminal_report(Evidence.read(folder.path)))
    line(stderr(), f"Run folder: {folder.path}   report: {folder.report_path}")
