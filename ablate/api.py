"""Running studies from Python: everything the command line does is a call or two of these."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from ablate.engine.conditions import Difference, differences, marks_for
from ablate.engine.events import Event, StudyOpened, TrialFailed, TrialFinished, ignore_event
from ablate.engine.executors import ChildExecutor, InProcessExecutor
from ablate.engine.interruption import StopSignals
from ablate.engine.looks import look_for, warning_before_going_on
from ablate.engine.results import Results
from ablate.engine.runner import Executor, run_study
from ablate.errors import InterruptedStudyError, UsageError
from ablate.export.destinations import Destination, destinations_of
from ablate.export.following import Following
from ablate.store.resolved import FEATURES_OPTION, REGISTRY_OPTION
from ablate.store.run_folder import RunFolder, check_new_folder
from ablate.study import Study
from ablate.training.kinds import Announce, kind_of
from ablate.training.opening import (
    check_data,
    child_arguments,
    registry_of,
    resolve_study,
    say_on_stderr,
    trainer_for,
    untried_by,
)
from ablate.training.planning import Plan, Planning, foresee, plan
from ablate.watch.notebook import showing

__all__ = [
    "CHILD_TRAINER",
    "OnEvent",
    "Plan",
    "Planning",
    "carry_on",
    "check_limits",
    "foresee",
    "ignore_event",
    "plan",
    "plan_resume",
    "resume",
    "run",
]

OnEvent = Callable[[Event], None]
Track = str | Destination | Sequence[str | Destination]
"""Trackers that a study's trials are exported to as they are stored."""

CHILD_TRAINER = "ablate.training.opening:child_trainer"

_OWN_LIMIT_MARGIN_SECONDS = 60.0
"""What a trainer that keeps time itself may take beyond a trial's limit before its process is stopped."""


def check_limits(minutes: float | None, timeout_seconds: float | None) -> None:
    """Refuse time limits that are none, before anything is done.

    Raises:
        UsageError: a limit is not a positive number.
    """
    for option, limit in (("--minutes", minutes), ("--timeout", timeout_seconds)):
        if limit is not None and not (math.isfinite(limit) and limit > 0):
            raise UsageError(f"{option} takes a positive number, not {limit:g}.")


def run(
    study: Study,
    *,
    out: str | Path | None = None,
    minutes: float | None = None,
    fail_fast: bool = False,
    timeout_seconds: float | None = None,
    track: Track = (),
    debug: bool = False,
    on_event: OnEvent | None = None,
    **planning: Unpack[Planning],
) -> Results:
    """Run a study into a new run folder; `planning` are the keywords of `plan`: device, data_dir, curves, registry, …

    One process trains in this process, several (and trials side by side or with a time limit) in children. Failed trials are records;
    `Results.summary` counts them. `track` names trackers that get each trial between it and the next, as `Results.export` would; one that
    fails is said once and costs nothing else. `on_event` is told what happens; without one a notebook shows the progress in the cell.

    Raises:
        UsageError, DataError: before anything is written: what was asked for does not exist.
        InterruptedStudyError: Ctrl-C or SIGTERM; finished trials are kept.
    """
    check_limits(minutes, timeout_seconds)
    tracked = destinations_of(track, option="--track")
    given = planning.get("registry")
    if given is not None and study.parallel > 1:
        raise UsageError(
            "Trials side by side need child processes, which a registry made in Python cannot be handed to. Take parallel=1, or write it "
            f"to a file and pass registry_file=… ({REGISTRY_OPTION}) or features_from=… ({FEATURES_OPTION})."
        )
    if given is not None and timeout_seconds is not None and not kind_of(given).keeps_time:
        raise UsageError(
            "A time limit needs child processes, which a registry made in Python cannot be handed to. Write it to a file and pass "
            f"registry_file=… ({REGISTRY_OPTION}) or features_from=… ({FEATURES_OPTION})."
        )
    new = None if out is None else Path(out)
    if new is not None:
        check_new_folder(new)
    planned = plan(study, **planning)
    if _trains_here(planned, timeout_seconds):
        # A device that does not work is refused before there is a folder; children refuse it themselves.
        planned.kind.open_device(planned.resolved.device)
    folder = RunFolder.create(planned.resolved, new)
    return carry_on(
        folder,
        planned,
        data_dir=planning.get("data_dir"),
        minutes=minutes,
        fail_fast=fail_fast,
        timeout_seconds=timeout_seconds,
        track=tracked,
        debug=debug,
        on_event=on_event,
        announce=planning.get("announce", say_on_stderr),
    )


def plan_resume(
    path: str | Path,
    *,
    data_dir: Path | None = None,
    device: str | None = None,
    timeout_seconds: float | None = None,
    announce: Announce = say_on_stderr,
) -> tuple[RunFolder, Plan, tuple[Difference, ...]]:
    """A run folder, its study looked up again here, and what is not as the folder has it; nothing is written.

    Where children will train, for one because trials have a time limit, a GPU is looked at in a process of its own.

    Raises:
        UsageError: no such run folder; a file, name or device is gone; the data set is another.
    """
    folder = RunFolder.open(path)
    recorded = folder.resolved
    registry = registry_of(folder)
    kind = kind_of(registry)
    data = kind.load_data(recorded.data, data_dir, announce)
    check_data(recorded, data)
    now = resolve_study(
        replace(recorded.study, preset=recorded.preset),
        registry,
        data,
        device=device or recorded.device,
        overrides=recorded.overrides,
        features_from=folder.source_file(FEATURES_OPTION),
        registry_file=folder.source_file(REGISTRY_OPTION),
    )
    planned = Plan(resolved=now, registry=registry, data=data, data_dir=data_dir)
    environments = list(folder.read_trials().environments.values())
    here = kind.environment_here(now, in_child=not _trains_here(planned, timeout_seconds))
    return folder, planned, differences(recorded, now, environments=environments, environment=here)


def resume(
    path: str | Path,
    *,
    data_dir: Path | None = None,
    device: str | None = None,
    minutes: float | None = None,
    fail_fast: bool = False,
    retry_failed: bool = False,
    allow_mixed: bool = False,
    timeout_seconds: float | None = None,
    track: Track = (),
    debug: bool = False,
    on_event: OnEvent | None = None,
    announce: Announce = say_on_stderr,
) -> Results:
    """Go on with a run folder, on the machine it was made on or another; `track` is that of `run`.

    Where code, features, torch or device are not what the folder has, the trials still to run are marked, if `allow_mixed`.

    Raises:
        UsageError: no such run folder; something differs and `allow_mixed` is not given; the data set is another.
        InterruptedStudyError: Ctrl-C or SIGTERM; finished trials are kept.
    """
    check_limits(minutes, timeout_seconds)
    tracked = destinations_of(track, option="--track")
    folder, planned, found = plan_resume(
        path, data_dir=data_dir, device=device, timeout_seconds=timeout_seconds, announce=announce
    )
    warning = warning_before_going_on(folder.resolved, folder.read_trials()) if folder.resolved.study.looks else ""
    if warning:
        announce(warning)
    return carry_on(
        folder,
        planned,
        device=device,
        data_dir=data_dir,
        minutes=minutes,
        fail_fast=fail_fast,
        retry_failed=retry_failed,
        timeout_seconds=timeout_seconds,
        track=tracked,
        marks=marks_for(found, allow_mixed=allow_mixed),
        debug=debug,
        on_event=on_event,
        announce=announce,
    )


def carry_on(
    folder: RunFolder,
    planned: Plan,
    *,
    device: str | None = None,
    data_dir: Path | None = None,
    minutes: float | None = None,
    fail_fast: bool = False,
    retry_failed: bool = False,
    timeout_seconds: float | None = None,
    track: Sequence[Destination] = (),
    marks: tuple[str, ...] = (),
    debug: bool = False,
    on_event: OnEvent | None = None,
    announce: Announce = say_on_stderr,
) -> Results:
    """Run what a run folder's schedule still has pending.

    Raises:
        InterruptedStudyError: Ctrl-C or SIGTERM, also while data are loaded, compilers tried and trackers opened.
    """
    with folder.open_store() as store, showing(on_event) as tell, ExitStack() as stack:
        try:
            with StopSignals():
                executor = _executor(
                    folder,
                    planned,
                    device=device,
                    data_dir=data_dir,
                    timeout_seconds=timeout_seconds,
                    debug=debug,
                    announce=announce,
                )
                following = stack.enter_context(Following(track, folder, store, announce))
        except KeyboardInterrupt:
            raise InterruptedStudyError(
                f"Interrupted before a trial began. Resume with: {folder.how_to_resume}"
            ) from None
        arms = tuple(arm.name for arm in folder.resolved.study.arms)
        tell(StudyOpened(folder=folder.path, arms=arms, minutes=minutes, score=folder.resolved.score))
        summary = run_study(
            folder.resolved.schedule,
            store,
            executor,
            on_event=_told_to(following, tell),
            minutes=minutes,
            fail_fast=fail_fast,
            retry_failed=retry_failed,
            marks=marks,
            how_to_resume=folder.how_to_resume,
            look=look_for(folder.resolved, store, tell),
            parallel=folder.resolved.study.parallel,
        )
    return Results(folder, summary)


def _told_to(following: Following, on_event: OnEvent) -> OnEvent:
    """Show what happens first, then hand stored trials to the trackers: nothing is trained here before both are done."""

    def told(event: Event) -> None:
        on_event(event)
        if isinstance(event, TrialFinished | TrialFailed):
            following.take(event.trial)

    return told


def _executor(
    folder: RunFolder,
    planned: Plan,
    *,
    device: str | None,
    data_dir: Path | None,
    timeout_seconds: float | None,
    debug: bool,
    announce: Announce,
) -> Executor:
    own_limit = timeout_seconds if planned.kind.keeps_time else None
    if _trains_here(planned, timeout_seconds):
        return InProcessExecutor(
            trainer_for(
                folder.resolved,
                planned.registry,
                planned.data,
                device=device,
                debug=debug,
                folder=folder.path,
                timeout_seconds=own_limit,
                announce=announce,
            )
        )
    # A trainer that keeps time itself is not raced for it.
    limit = timeout_seconds if own_limit is None else own_limit + _OWN_LIMIT_MARGIN_SECONDS
    return ChildExecutor(
        CHILD_TRAINER,
        child_arguments(
            folder, planned.resolved, data_dir=data_dir, device=device, debug=debug, timeout_seconds=own_limit
        ),
        untried=untried_by(planned.resolved, planned.registry),
        announce=announce,
        timeout_seconds=limit if timeout_seconds is not None else None,
        parallel=folder.resolved.study.parallel,
    )


def _trains_here(planned: Plan, timeout_seconds: float | None) -> bool:
    """One process trains in this one; several, or a time limit that the trainer does not keep itself, take children."""
    study = planned.resolved.study
    return study.processes == study.parallel == 1 and (timeout_seconds is None or planned.kind.keeps_time)
