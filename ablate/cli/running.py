"""What `ablate run` and `ablate study` share: planning, running with progress, reporting, exit codes."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isnan
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from ablate.cli.options import StudyOptions
from ablate.cli.output import line, remark, stderr, stdout
from ablate.cli.progress import StudyProgress, rough_duration
from ablate.cli.state import command_line, debugging
from ablate.formats.canonical import Json
from ablate.formats.fitted_table import FittedTable

if TYPE_CHECKING:
    from ablate.api import Plan, Results
    from ablate.engine.estimate import Estimate
    from ablate.engine.runner import Stop
    from ablate.study import Study


def carry_out(study: "Study", options: StudyOptions, overrides: Mapping[str, Json] = MappingProxyType({})) -> None:
    """Run a study and report on it, or with `--dry-run` say what that would be; `overrides` are for the record.

    Raises:
        TrialsFailedError: the study ended, but some trials failed; the table is printed before.
    """
    from ablate import api

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
        planned = api.plan(study, **planning)
        planned.kind.rehearse(planned.resolved.study.arms, planned.resolved.device)
        print_estimate(planned, api.foresee(planned), options.as_json)
        return
    with StudyProgress(stderr()) as progress:
        results = api.run(
            study,
            out=options.out,
            minutes=options.minutes,
            fail_fast=options.fail_fast,
            timeout_seconds=options.timeout,
            debug=debugging(),
            on_event=progress.show,
            **planning,
        )
    conclude(results, options.as_json)


def dry_resume(
    directory: Path, *, data_dir: Path | None, device: str | None, retry_failed: bool, as_json: bool
) -> None:
    """Print what is left of a run folder, how long that would take by its own trials, and what differs from it here."""
    from ablate import api
    from ablate.engine.looks import is_settled

    folder, planned, found = api.plan_resume(directory, data_dir=data_dir, device=device, announce=remark)
    for difference in found:
        remark(f"Not as the run folder has it: {difference}; resuming takes --allow-mixed.")
    if is_settled(folder.resolved, folder.read_trials()):
        remark("This study is settled: resuming runs nothing more of it, except failed trials with --retry-failed.")
    print_estimate(planned, api.foresee(planned, folder=folder, retry_failed=retry_failed), as_json)


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


def print_estimate(planned: "Plan", estimate: "Estimate", as_json: bool) -> None:
    """What a dry run says."""
    resolved = planned.resolved
    if as_json:
        from ablate.report import as_json as json_text

        answer = {**asdict(estimate), "visible_sentence": estimate.visible.sentence}
        answer |= {"preset": resolved.preset, "data": resolved.data, "device": resolved.device}
        answer |= {"looks": resolved.study.looks} if resolved.study.looks else {}
        answer |= {"arm_features": resolved.arm_features, "left_out": resolved.study.left_out}
        typer.echo(json_text(answer), nl=False)
        return
    from ablate.stats.wording import counted

    console = stdout()
    table = FittedTable()
    table.add_column("arm", words=True)
    table.add_column("features on", numeric=True)
    table.add_column("length", numeric=True)
    for arm in resolved.study.arms:
        table.add_row(arm.name, str(len(resolved.arm_features[arm.name])), f"{arm.length:g}")
    console.print(table)
    for name, reason in resolved.study.left_out:
        line(console, f"left out: {name}: {reason}")
    study = resolved.study
    processes = len({spec.process for spec in resolved.schedule})
    rounds = study.rounds * study.processes
    apart = f" and {counted(rounds, 'round')} of times" if study.clock == "interleaved" else ""
    at_a_time = f", {study.parallel} trainings at a time" if study.parallel > 1 else ""
    left = "" if estimate.trials == len(resolved.schedule) else f" left of {len(resolved.schedule)}"
    compiling = f"; {counted(estimate.compile_keys, 'network')} to compile" if estimate.compile_keys else ""
    line(
        console,
        f"{estimate.trials} trials{left}: {counted(estimate.arms, 'arm')} × {counted(study.blocks, 'block')}{apart} "
        f"in {counted(processes, 'process')}{at_a_time}, preset {resolved.preset}, data {resolved.data}, on {resolved.device}"
        f"{compiling}.",
    )
    if isnan(estimate.minutes):
        line(console, "How long that takes nobody knows before a trial has run here; `--trials 1` shows it.")
    else:
        basis = f"from {estimate.pace_source}" if estimate.pace_source else "a rough guess; other machines differ"
        compiled = ", compiling included" if estimate.compile_keys else ""
        line(console, f"About {rough_duration(60 * estimate.minutes)}{compiled} ({basis}).")
    line(console, f"{estimate.visible.sentence}.")
    if estimate.expected:
        console.print(_half_widths(estimate))
    if (faster := estimate.cheaper) is not None:
        words = f"--trials {faster.blocks} --processes {faster.processes}"
        line(
            console,
            f"As precise of each feature, averaged over the others being on or off: `ablate study run screening {words}`, "
            f"about {rough_duration(60 * faster.minutes)}.",
        )
    if study.looks:
        from ablate.stats.looks import plan_of_looks

        line(console, plan_of_looks(study))


def _half_widths(estimate: "Estimate") -> FittedTable:
    """What is to be expected of every effect's interval, column by column as the study goes on."""
    from ablate.stats.score_words import decimals_of, short_name

    score = estimate.visible.score
    table = FittedTable()
    table.add_column("to be expected")
    for at in estimate.expected:
        table.add_column(f"{at.half_widths.blocks} blocks", numeric=True)
    table.add_row("after", *(_after(at.minutes) for at in estimate.expected))
    scores = [at.half_widths.score for at in estimate.expected]
    table.add_row(
        short_name(score),
        *("–" if isnan(width) else f"±{width:.{decimals_of(score, width)}f} {score.unit}".rstrip() for width in scores),
    )
    times = [at.half_widths.time_percent for at in estimate.expected]
    table.add_row("time", *("–" if isnan(width) else f"±{width:.2g} %" for width in times))
    if any(at.half_widths.level < 0.05 for at in estimate.expected):
        table.add_row("interval", *(f"{100 * (1 - at.half_widths.level):.4g} %" for at in estimate.expected))
    return table


def _after(minutes: float) -> str:
    return "unknown" if isnan(minutes) else rough_duration(60 * minutes)
