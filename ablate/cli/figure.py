"""`ablate figure`: one picture of a run folder, or the published one."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli import completion
from ablate.cli.options import Recipe
from ablate.errors import UsageError


def figure(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="waterfall, effects, frontier, distribution, curves, interactions, shapley or history.",
        ),
    ],
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A run folder; `ablate list` lists them.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="An .svg, .pdf or .png file; otherwise KIND.svg in DIR's figures."
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="The waterfall's published bars, alone or beside those of DIR.")
    ] = False,
    recipe: Recipe = None,
    ladder: Annotated[
        str | None,
        typer.Option(
            "--ladder",
            metavar="NAME",
            help="With --published, another ladder than the first; `ablate recipes NAME` lists them.",
            autocompletion=completion.ladders,
        ),
    ] = None,
    equal_accuracy: Annotated[
        bool,
        typer.Option(
            "--equal-accuracy", help="Add what the waterfall's steps save at equal accuracy, or another equal score."
        ),
    ] = False,
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", metavar="NAME", help="An arm that a frontier of many arms names too; may be repeated."),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(
            "--target",
            metavar="NUMBER",
            help="A score to reach, 94 or 0.94 for 94 %: distribution counts the runs that do, curves say when; a history shows the "
            "records of that one only, 94, 95 or 96.",
        ),
    ] = None,
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    width: Annotated[
        float, typer.Option(metavar="INCHES", help="3.5 for a column, 7 for a page, 10 for a slide.")
    ] = 7.0,
) -> None:
    """Draw a figure of a run folder and print where it is.

    `ablate figure waterfall --published` needs no run: it draws a recipe's published bars. Nor does `ablate figure history`: it
    draws the published times to an accuracy by date, beside those of DIR where that is given.
    """
    from ablate.lineages.published import ladders_for
    from ablate.lineages.records import RECORDS
    from ablate.plots.drawing import draw
    from ablate.plots.saving import check_ending, save
    from ablate.store.run_folder import RunFolder

    if output is not None:
        check_ending(output)
    for option, given in (("--recipe", recipe), ("--ladder", ladder)):
        if given is not None and not published:
            raise UsageError(f"{option} {given} says whose published bars to draw; add --published.")
    drawn = draw(
        kind,
        directory,
        theme=theme,
        width_inches=width,
        published=published,
        ladders=ladders_for(directory, recipe=recipe, ladder=ladder) if published else (),
        equal_accuracy=equal_accuracy,
        arms=tuple(arm or ()),
        records=RECORDS,
        target=target,
    )
    if output is None and directory is not None:
        folder = RunFolder.open(directory).figures_path
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"Cannot write {folder}: {error.strerror}. Choose a file with -o.") from error
        output = folder / f"{kind}.svg"
    typer.echo(save(drawn, output or Path(f"{kind}.svg")))
