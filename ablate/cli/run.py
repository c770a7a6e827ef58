"""`ablate run`: two arms, and what the toggle between them does."""

import re
from typing import Annotated

import typer

from ablate.cli import options
from ablate.cli.running import Request, dry_run, run_and_report
from ablate.cli.state import debugging
from ablate.errors import UsageError

DEFAULT_TRIALS = 5

Names = Annotated[
    list[str] | None, typer.Option(metavar="X", help="A feature or group; several by repeating or commas.")
]


def run(
    enable: Names = None,
    disable: Names = None,
    only: Names = None,
    start: Annotated[
        str | None, typer.Option("--from", help="all or baseline: what --enable and --disable start from.")
    ] = None,
    trials: options.Trials = DEFAULT_TRIALS,
    processes: options.Processes = 1,
    minutes: options.Minutes = None,
    preset: options.Preset = "auto",
    data: options.Data = "auto",
    data_dir: options.DataDir = None,
    device: options.Device = "auto",
    seed: options.Seed = 0,
    aa: options.Twin = False,
    curves: options.Curves = False,
    features_from: options.FeaturesFrom = None,
    registry_file: options.RegistryFile = None,
    out: options.Out = None,
    timeout: options.Timeout = None,
    dry: options.DryRun = False,
    fail_fast: options.FailFast = False,
    as_json: options.AsJson = False,
) -> None:
    """Train two arms side by side and say what the difference between them does.

    Without options: the baseline against all features.
    --disable X: all features against all but X.
    --from baseline --enable X: the baseline against baseline + X.
    --only X --only Y: the baseline against X and Y alone.
    """
    from ablate.design import Study, toggled
    from ablate.loading import load_registry
    from ablate.run_folder import check_new_folder

    if out is not None:
        check_new_folder(out)
    registry = load_registry(features_from=features_from, registry=registry_file)
    design = toggled(
        registry,
        start=start,
        enable=_names("--enable", enable),
        disable=_names("--disable", disable),
        only=_names("--only", only),
        twin=aa,
    )
    reference, other = design.arms[:2]
    study = Study.of(
        design,
        name=_folder_name(other.name),
        question=f"What is the difference between {reference.name} and {other.name}?",
        blocks=trials,
        processes=processes,
        seed=seed,
        data=data,
        preset=preset,
    )
    request = Request(
        features_from=features_from,
        registry_file=registry_file,
        data_dir=data_dir,
        device=device,
        curves=curves,
        out=out,
        minutes=minutes,
        timeout_seconds=timeout,
        fail_fast=fail_fast,
        as_json=as_json,
        debug=debugging(),
        overrides={},
    )
    if dry:
        dry_run(study, request)
    else:
        run_and_report(study, request)


def _names(option: str, given: list[str] | None) -> tuple[str, ...]:
    names = tuple(name.strip() for chunk in given or () for name in chunk.split(","))
    if "" in names:
        raise UsageError(f"{option} got an empty name. Give a feature or group: {option} silu,tuning.")
    return tuple(dict.fromkeys(names))


def _folder_name(arm: str) -> str:
    """The arm's name as part of a folder's: "all - silu" becomes "all-silu"."""
    return re.sub(r"[^\w.+-]+", "", arm)[:60] or "run"
