"""What `ablate run` and `ablate study` share: planning, running with progress, reporting, exit codes."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from ablate.cli.foreseen import print_estimate
from ablate.cli.options import StudyOptions, trackers
from ablate.cli.output import line, remark, stderr, stdout
from ablate.cli.state import command_line, debugging
from ablate.errors import UsageError
from ablate.formats.canonical import Json
from ablate.watch.progress import StudyProgress

if TYPE_CHECKING:
    from ablate.api import Results
    from ablate.engine.runner import Stop
    from ablate.study import Study


def carry_out(study: "Study", options: StudyOptions, overrides: Mapping[str, Json] = MappingProxyType({})) -> None:
    """Run a study and report on it, or with `--dry-run` say what that would be; `overrides` are for the record.

    Raises:
        TrialsFailedError: the study ended, but some trials failed; the table is printed before.
    """
    from ablate import api
    from ablate.engine.seating import seating_of

    tracked = trackers(options.track, options.track_uri)
    planning: api.Planning = {
        "recipe": options.recipe,
        "features_from": options.features_from,
        "registry_file": options.registry_file,
        "data_dir": options.data_dir,
        "device": options.device,
        "compute_dtype": options.compute_dtype,
        "curves": options.curves,
        "command": command_line(),
        "overrides": overrides,
        "announce": remark,
    }
    if options.dry:
        api.check_limits(options.minutes, options.timeout)
        with closing(seating_of(options.seats or (), remark)) as seating:
            study, planning = api.seated(study, seating, planning)
        planned = api.plan(study, **planning)
        if not seating.elsewhere:
            planned.kind.rehearse(planned.resolved.study.arms, planned.resolved.device)
        estimate = api.foresee(planned, spreads_from=options.spreads_from, announce=remark)
        print_estimate(planned, estimate, options.as_json)
        return
    refuse_spreads(options.spreads_from)
    with StudyProgress(stderr()) as progress:
        results = api.run(
            study,
            out=options.out,
            minutes=options.minutes,
            fail_fast=options.fail_fast,
            timeout_seconds=options.timeout,
            track=tracked,
            debug=debugging(),
            on_event=progress.show,
            seats=options.seats or (),
            **planning,
        )
    conclude(results, options.as_json)


def refuse_spreads(spreads_from: Path | None) -> None:
    """Refuse the folder of a dry run's spreads where nothing is foreseen.

    Raises:
        UsageError: one is given.
    """
    if spreads_from is not None:
        raise UsageError(
            f"--spreads-from {spreads_from} changes nothing without --dry-run: trials have their own spreads."
        )


def dry_resume(
    directory: Path,
    *,
    data_dir: Path | None,
    device: str | None,
    retry_failed: bool,
    spreads_from: Path | None,
    as_json: bool,
) -> None:
    """Print what is left of a run folder, how long that would take by its own trials, and what differs from it here."""
    from ablate import api
    from ablate.engine.looks import is_settled

    folder, planned, found = api.plan_resume(directory, data_dir=data_dir, device=device, announce=remark)
    for difference in found:
        remark(f"Not as the run folder has it: {difference}; resuming takes --allow-mixed.")
    if is_settled(folder.resolved, folder.read_trials()):
        remark("This study is settled: resuming runs nothing more of it, except failed trials with --retry-failed.")
    estimate = api.foresee(
        planned, folder=folder, retry_failed=retry_failed, spreads_from=spreads_from, announce=remark
    )
    print_estimate(planned, estimate, as_json)


def conclude(results: "Results", as_json: bool) -> None:
    """Print the table (or JSON) of a run folder, write its reports, and fail if trials did."""
    from ablate.report import Evidence, report, terminal_report, write_reports

    folder = results.folder
    # The table first: hours of training should not end in nothing because the disk has no room for figures.
    if as_json:
        typer.echo(report(folder.path, "json"), nl=False)
    else:
        stdout().print(terminal_report(Evidence.read(folder.path)))
    write_reports(folder.path)
    line(stderr(), f"Run folder: {folder.path}   report: {folder.report_path}")
    if results.summary is not None:
        _say_what_stopped(results.summary.stopped, folder.how_to_resume)
        results.summary.raise_for_failures(folder.how_to_resume)


def _say_what_stopped(stopped: "Stop | None", how_to_resume: str) -> None:
    match stopped:
        case "minutes":
            line(stderr(), f"Stopped at the time given; go on with: {how_to_resume}")
        case "settled":
            line(stderr(), "Settled: every verdict is there, so nothing more is run.")
        case "hopeless":
            line(
                stderr(),
                f"Stopped: what is open cannot be settled in the time left. With more time, go on with: {how_to_resume}",
            )
