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
            help="table, md, csv (the effects), json, html or latex; with --trials csv, json or parquet. Otherwise by the ending "
            "of -o, otherwise table, with --trials csv."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file instead of the terminal.")
    ] = None,
    trials: Annotated[
        bool,
        typer.Option(
            "--trials", help="Every trial instead of what they say: a row each, all measurements, digests, device."
        ),
    ] = False,
    target: Annotated[
        float | None,
        typer.Option(
            "--target",
            metavar="NUMBER",
            help="A score to reach, 94 or 0.94 for 94 %: the share of each arm's trials that do, with its interval, and after which "
            "epoch the mean of their curves does.",
        ),
    ] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Make report.html, report.md, effects.csv, by_epoch.csv (of trials with curves) and figures/ in DIR again.",
        ),
    ] = False,
) -> None:
    """Show what a study found: each arm, each feature's effect with its interval and verdict, and what to be wary of.

    Without options it prints tables. A running study can be looked at too.

    Columns of the effects (csv, json): with the feature minus without it.
    score_change is in the unit of the score (TTA accuracy: percentage points)
    and positive where better. time_saved_percent is positive where time is
    saved; time_percent is the raw change, negative there; raw_... is the arm
    minus its reference as the study ran them. _low and _high are the ends of
    the 95 % interval, _family_low and _family_high of the simultaneous one.
    In Python, help(ablate.stats.Effect) has them all, and
    ablate.report.TRIAL_COLUMNS the columns of --trials.
    """
    from ablate.report import Evidence, export_trials, terminal_report, write_bytes, write_reports, write_text
    from ablate.report import report as render

    if write:
        if format is not None or output is not None or trials:
            raise UsageError("--write makes the files of the run folder; leave out --format, --trials and -o.")
        for path in write_reports(directory, target=target):
            typer.echo(path)
        return
    chosen = format or _by_ending(output, "csv" if trials else "table")
    if trials:
        if target is not None:
            raise UsageError("--trials lists every trial with its score; leave out --target.")
        if chosen == "parquet" and output is None:
            raise UsageError("Parquet is not for a terminal; name a file with -o trials.parquet.")
        content = export_trials(directory, chosen)
        if output is None:
            sys.stdout.write(content.decode())
        else:
            write_bytes(output, content)
            remark(f"Wrote {output}.")
        return
    if chosen == "parquet":
        raise UsageError("Parquet holds trials; add --trials.")
    if output is not None:
        write_text(output, render(directory, chosen, target=target))
        remark(f"Wrote {output}.")
    elif chosen == "table":
        stdout().print(terminal_report(Evidence.read(directory), target))
    else:
        sys.stdout.write(render(directory, chosen, target=target))


_ENDINGS = {
    ".md": "md",
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".html": "html",
    ".htm": "html",
    ".tex": "latex",
    ".txt": "table",
}


def _by_ending(output: Path | None, otherwise: str) -> str:
    if output is None:
        return otherwise
    if output.suffix.lower() not in _ENDINGS:
        raise UsageError(
            f"The ending of {output} does not say which format is meant; "
            f"add --format, or end it in {', '.join(sorted(_ENDINGS))}."
        )
    return _ENDINGS[output.suffix.lower()]
