"""`ablate export`: a run folder's trials as runs of a tracker."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli import completion
from ablate.cli.options import AsJson
from ablate.cli.output import line, stdout


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder; `ablate list` lists them.")],
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="KIND",
            help="mlflow, wandb, trackio, tensorboard or parquet; several by repeating.",
            autocompletion=completion.trackers,
        ),
    ],
    uri: Annotated[
        list[str] | None,
        typer.Option(
            "--uri",
            metavar="FOLDER_OR_ADDRESS",
            help='Where to instead: a folder, a database or a server; one for each --to, in their order, "" for the usual place.',
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option(metavar="NAME", help="What runs are filed under; otherwise the study's name.")
    ] = None,
    upload: Annotated[
        bool, typer.Option("--upload", help="Send to the server that the tracker's own login or environment names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a study's trials as runs of a tracker, grouped by arm, and one run more for what they say together.

    Again, it adds what is new and nothing else. Without --uri or --upload
    nothing leaves this machine: runs go to DIR/tracking/KIND, those of trackio
    to where its own dashboard looks. Of a trial that was run again the last
    record counts; a first one that was exported before stays, as a failed run.
    """
    from ablate import export as exporting
    from ablate.stats.wording import counted

    done = exporting.export(directory, to, uri=uri, project=project, upload=upload)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in done], indent=2, ensure_ascii=False))
        return
    for each in done:
        summary = "the summary is new" if each.summary else "the summary is as it was"
        line(
            stdout(),
            f"{each.kind}: {counted(each.added, 'trial')} added, {each.already} there already; {summary}. {each.place}",
        )
