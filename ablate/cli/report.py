"""`ablate report`: what a run folder shows."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.output import remark, stdout
from ablate.errors import UsageError


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder; `ablate list` lists them.")],
    format: Annotated[
        str | None,
        typer.Option(
            help="table, md, csv (the effects), json, html or latex; otherwise by the ending of -o, otherwise table."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file instead of the terminal.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Make report.html, report.md, effects.csv and figures/ in DIR again.")
    ] = False,
) -> None:
    """Show what a study found: each arm, each feature's effect with its interval and verdict, and what to be wary of.

    Without options it prints tables. A running study can be looked at too.
    """
    from ablate.report import Evidence, terminal_report, write_reports, write_text
    from ablate.report import report as render

    if write:
        if format is not None or output is not None:
            raise UsageError("--write makes the files of the run folder; leave out --format and -o.")
        for path in write_reports(directory):
            typer.echo(path)
        return
    chosen = format or _by_ending(output)
    if output is not None:
        write_text(output, render(directory, chosen))
        remark(f"Wrote {output}.")
    elif chosen == "table":
        stdout().print(terminal_report(Evidence.read(directory)))
    else:
        sys.stdout.write(render(directory, chosen))


_ENDINGS = {
    ".md": "md",
    ".csv": "csv",
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".tex": "latex",
    ".txt": "table",
}


def _by_ending(output: Path | None) -> str:
    if output is None:
        return "table"
    if output.suffix.lower() not in _ENDINGS:
        raise UsageError(
            f"The ending of {output} does not say which format is meant; "
            f"add --format, or end it in {', '.join(sorted(_ENDINGS))}."
        )
    return _ENDINGS[output.suffix.lower()]
