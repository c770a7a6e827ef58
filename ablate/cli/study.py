"""`ablate study`: whole studies, from a file to a finished run folder."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.cli import completion, options
from ablate.cli.check import check
from ablate.cli.command import taking
from ablate.cli.options import check_parallel, split_names, trackers
from ablate.cli.output import line, remark, stderr, stdout
from ablate.cli.running import carry_out, conclude, dry_resume, refuse_spreads
from ablate.cli.state import debugging
from ablate.cli.watch import watch
from ablate.errors import UsageError
from ablate.formats.fitted_table import FittedTable
from ablate.watch.progress import StudyProgress

if TYPE_CHECKING:
    from ablate.engine.status import StudyStatus
    from ablate.recipes.registry import Registry
    from ablate.study import Catalogue, Study

app = typer.Typer(no_args_is_help=True, help="Whole studies: list, run, resume, status, watch, check.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder; `ablate list` lists them.")]


@app.command("list")
def list_studies(
    recipe: options.Recipe = None,
    features_from: options.FeaturesFrom = None,
    registry_file: options.RegistryFile = None,
    as_json: options.AsJson = False,
) -> None:
    """List the studies that come with the package; a file of your own is run by its path."""
    from ablate.lineages.study_files import load_study, recipe_of, study_files

    catalogue = _catalogue(recipe, features_from, registry_file)
    studies = []
    for name in study_files():
        own = recipe_of(name)
        if own is not None and (registry_file is not None or recipe not in (None, own)):
            continue
        try:
            studies.append(load_study(name, catalogue if own is None else None))
        except UsageError as error:
            remark(str(error))
    if as_json:
        typer.echo(json.dumps([study.to_json() for study in studies], indent=2, ensure_ascii=False))
        return
    table = FittedTable()
    table.add_column("study")
    table.add_column("question", words=True)
    for heading in ("arms", "blocks", "processes"):
        table.add_column(heading, numeric=True)
    for study in studies:
        table.add_row(study.name, study.question, str(len(study.arms)), str(study.blocks), str(study.processes))
    stdout().print(table)


@app.command("run")
@taking(options.StudyOptions)
def run_study(
    study: Annotated[
        str,
        typer.Argument(
            metavar="NAME_OR_FILE",
            help="A study's name, or the path of a study file.",
            autocompletion=completion.studies,
        ),
    ],
    ladder: Annotated[
        str | None,
        typer.Option(
            "--ladder",
            metavar="NAME",
            help="For study 'published', another ladder than the first; `ablate recipes NAME` lists them.",
            autocompletion=completion.ladders,
        ),
    ] = None,
    enable: Annotated[
        list[str] | None,
        typer.Option(
            "--enable",
            metavar="NAME",
            help="Features or groups that are no part of 'all' and are to be in this study; repeatable, or with commas.",
            autocompletion=completion.features,
        ),
    ] = None,
    resolution: Annotated[
        int | None,
        typer.Option(
            "--resolution",
            metavar="4|5",
            help="For study 'screening': 5 takes groups, and more arms, so that pairs are kept apart too.",
        ),
    ] = None,
    *,
    options: options.StudyOptions,
) -> None:
    """Run a study into a new run folder. Options override what the study file says, and are recorded."""
    from ablate.lineages.loading import load_registry
    from ablate.lineages.study_files import load_study, recipe_of
    from ablate.store.run_folder import check_new_folder
    from ablate.training.kinds import kind_of

    check_parallel(options.parallel, options.seats)
    if options.out is not None:
        check_new_folder(options.out)
    given: dict[str, Any] = {
        "blocks": options.trials,
        "processes": options.processes,
        "seed": options.seed,
        "data": options.data,
        "preset": options.preset,
        "clock": options.clock,
        "parallel": options.parallel,
    }
    if options.registry_file is None and options.recipe is None:
        options = replace(options, recipe=recipe_of(study))
    registry = load_registry(recipe=options.recipe, features_from=options.features_from, registry=options.registry_file)
    enabled = split_names("--enable", enable)
    asked = load_study(study, registry.with_all(enabled), ladder=ladder, resolution=resolution).possible(registry)
    _check_enabled(asked, enabled, registry)
    chosen = kind_of(registry).fitted(asked)
    for what, was, now in (("preset", asked.preset, chosen.preset), ("data", asked.data, chosen.data)):
        if was != now:
            remark(f"The study's {what} '{was}' means nothing for these recipes and is taken as '{now}'.")
    chosen = chosen.override(**given)
    if options.aa:
        chosen = chosen.with_twin()
    if options.until_settled:
        chosen = chosen.until_settled()
    if sum(contrast.kind == "ladder" for contrast in chosen.contrasts) == 1:
        remark(
            "This ladder has one step only: give features Groups of their own for more, or take them one by one with "
            "`ablate study run features`."
        )
    if not options.dry:
        for name, reason in chosen.left_out:
            remark(f"Left out: '{name}': {reason}.")
    overrides = {
        **given,
        "aa": options.aa or None,
        "until_settled": options.until_settled or None,
        "ladder": ladder,
        "resolution": resolution,
        "enable": list(enabled) or None,
    }
    carry_out(chosen, options, {name: value for name, value in overrides.items() if value is not None})


def _check_enabled(study: "Study", enabled: Sequence[str], registry: "Registry") -> None:
    """Refuse to enable what a study asks nothing of: its file may name its own features."""
    on = registry.expand(name for arm in study.arms for name in arm.features)
    for name in enabled:
        if not registry.expand((name,)) <= on:
            raise UsageError(f"--enable {name} changes nothing: no arm of study '{study.name}' has it on.")


def _catalogue(recipe: str | None, features_from: Path | None, registry_file: Path | None) -> "Catalogue":
    """What studies are made of: only where something is added to a lineage's own does it take torch to know."""
    from ablate.lineages.lookup import find_lineage, installed_features

    if features_from is None and registry_file is None:
        lineage = find_lineage(recipe)
        if not installed_features(lineage.name):
            return lineage
    from ablate.lineages.loading import load_registry

    return load_registry(recipe=recipe, features_from=features_from, registry=registry_file)


@app.command()
def resume(
    directory: Folder,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run failed and timed-out trials again; both records are kept.")
    ] = False,
    allow_mixed: Annotated[
        bool,
        typer.Option("--allow-mixed", help="Go on although code, features, torch or device differ; marks the trials."),
    ] = False,
    minutes: options.Minutes = None,
    seats: options.Seats = None,
    data_dir: options.DataDir = None,
    device: Annotated[str | None, typer.Option(help="Another device than the run folder's.")] = None,
    timeout: options.Timeout = None,
    track: options.Track = None,
    track_uri: options.TrackUri = None,
    dry: options.DryRun = False,
    spreads_from: options.SpreadsFrom = None,
    fail_fast: options.FailFast = False,
    as_json: options.AsJson = False,
) -> None:
    """Go on with a run folder, here or on another machine."""
    from ablate import api

    tracked = trackers(track, track_uri)
    check_parallel(None, seats)
    if dry:
        dry_resume(
            directory,
            data_dir=data_dir,
            device=device,
            retry_failed=retry_failed,
            spreads_from=spreads_from,
            as_json=as_json,
        )
        return
    refuse_spreads(spreads_from)
    with StudyProgress(stderr()) as progress:
        results = api.resume(
            directory,
            data_dir=data_dir,
            device=device,
            minutes=minutes,
            fail_fast=fail_fast,
            retry_failed=retry_failed,
            allow_mixed=allow_mixed,
            timeout_seconds=timeout,
            track=tracked,
            debug=debugging(),
            on_event=progress.show,
            announce=remark,
            seats=seats or (),
        )
    conclude(results, as_json)


@app.command()
def status(directory: Folder, as_json: options.AsJson = False) -> None:
    """Say how a study stands, also while it runs: done, failed, left, time left, means so far, the slowest arm."""
    from ablate.engine.status import study_status
    from ablate.store.run_folder import RunFolder

    folder = RunFolder.open(directory)
    now = study_status(folder)
    if as_json:
        typer.echo(json.dumps(_as_json(now), indent=2, ensure_ascii=False))
        return
    from ablate.watch.standing import standing, what_now

    console = stdout()
    console.print(standing(now, folder.resolved.score))
    line(console, what_now(now, folder.how_to_resume))


def _as_json(now: "StudyStatus") -> dict[str, Any]:
    rows = json.loads(now.arms.to_json(orient="records"))
    told = {name: value for name, value in asdict(now).items() if name != "arms"}
    return {**told, "state": now.state, "arms": rows}


app.command()(check)
app.command()(watch)
