"""`ablate run`: two arms, and what the toggle between them does."""

import re
from typing import Annotated

import typer

from ablate.cli import completion
from ablate.cli.command import taking
from ablate.cli.options import RunOptions, check_parallel, split_names
from ablate.cli.running import carry_out

Names = Annotated[
    list[str] | None,
    typer.Option(
        metavar="X", help="A feature or group; several by repeating or commas.", autocompletion=completion.features
    ),
]


@taking(RunOptions)
def run(
    enable: Names = None,
    disable: Names = None,
    only: Names = None,
    start: Annotated[
        str | None, typer.Option("--from", help="all or baseline: what --enable and --disable start from.")
    ] = None,
    *,
    options: RunOptions,
) -> None:
    """Train two arms side by side and say what the difference between them does.

    Without options: the baseline against all features.
    --disable X: all features against all but X.
    --from baseline --enable X: the baseline against baseline + X.
    --only X --only Y: the baseline against X and Y alone.
    """
    from ablate.lineages.loading import load_registry
    from ablate.store.run_folder import check_new_folder
    from ablate.study import Study, toggled

    check_parallel(options.parallel, options.seats)
    if options.out is not None:
        check_new_folder(options.out)
    registry = load_registry(recipe=options.recipe, features_from=options.features_from, registry=options.registry_file)
    design = toggled(
        registry,
        start=start,
        enable=split_names("--enable", enable),
        disable=split_names("--disable", disable),
        only=split_names("--only", only),
        twin=options.aa,
    )
    reference, other = design.arms[:2]
    study = Study.of(
        design,
        name=_folder_name(other.name),
        question=f"What is the difference between {reference.name} and {other.name}?",
        blocks=options.trials,
        processes=options.processes,
        seed=options.seed,
        data=options.data,
        preset=options.preset,
        clock=options.clock,
        parallel=1 if options.parallel is None else options.parallel,
    )
    carry_out(study.until_settled() if options.until_settled else study, options)


def _folder_name(arm: str) -> str:
    """The arm's name as part of a folder's: "all - silu" becomes "all-silu"."""
    return re.sub(r"[^\w.+-]+", "", arm)[:60] or "run"
