"""Running studies from Python: everything the command line does is a call or two of these."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

from ablate.engine.conditions import Difference, differences, marks_for
from ablate.engine.events import Event, StudyOpened, TrialFailed, TrialFinished, ignore_event
from ablate.engine.executors import ChildExecutor
from ablate.engine.hello import Muster, facts_of
from ablate.engine.interruption import StopSignals
from ablate.engine.looks import look_for, warning_before_going_on
from ablate.engine.places import Place
from ablate.engine.results import Results
from ablate.engine.runner import run_study
from ablate.engine.seating import HERE, Seating, check_seats, seating_of
from ablate.errors import InterruptedStudyError, UsageError
from ablate.export.destinations import Destination, destinations_of
from ablate.export.following import Following
from ablate.store.records import Environment
from ablate.store.resolved import FEATURES_OPTION, REGISTRY_OPTION
from ablate.store.run_folder import RunFolder, check_new_folder
from ablate.study import Study
from ablate.training.executing import executor_for, trains_here
from ablate.training.kinds import Announce, kind_of
from ablate.training.opening import (
    check_data,
    registry_of,
    resolve_study,
    say_on_stderr,
)
from ablate.training.planning import Plan, Planning, foresee, plan
from ablate.training.seated import check_resumed, seated
from ablate.watch.notebook import showing

__all__ = [
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
    "seated",
]

OnEvent = Callable[[Event], None]
Track = str | Destination | Sequence[str | Destination]
"""Trackers that a study's trials are exported to as they are stored."""


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
    seats: Sequence[str | Place] = (),
    **planning: Unpack[Planning],
) -> Results:
    """Run a study into a new run folder; `planning` are the keywords of `plan`: device, data_dir, curves, registry, …

    One process trains in this process, several (and trials side by side or with a time limit) in children. Failed trials are records;
    `Results.summary` counts them. `track` names trackers that get each trial between it and the next, as `Results.export` would; one that
    fails is said once and costs nothing else. `on_event` is told what happens; without one a notebook shows the progress in the cell.
    `seats` says where they train, as `--seats` does: "local:4", "gpu:all", "gpu:0,2", "command:ssh box", "ray:auto".

    Raises:
        UsageError, DataError: before anything is written: what was asked for does not exist.
        InterruptedStudyError: Ctrl-C or SIGTERM; finished trials are kept.
    """
    check_limits(minutes, timeout_seconds)
    tracked = destinations_of(track, option="--track")
    check_seats(seat for seat in seats if isinstance(seat, str))
    given = planning.get("registry")
    if given is not None and (seats or study.parallel > 1):
        raise UsageError(
            f"Trials {'in seats' if seats else 'side by side'} need child processes, which a registry made in Python cannot be handed to. "
            f"{'Leave seats out' if seats else 'Take parallel=1'}, or write it to a file and pass registry_file=… ({REGISTRY_OPTION}) or "
            f"features_from=… ({FEATURES_OPTION})."
        )
    if given is not None and timeout_seconds is not None and not kind_of(given).keeps_time:
        raise UsageError(
            "A time limit needs child processes, which a registry made in Python cannot be handed to. Write it to a file and pass "
            f"registry_file=… ({REGISTRY_OPTION}) or features_from=… ({FEATURES_OPTION})."
        )
    new = None if out is None else Path(out)
    if new is not None:
        check_new_folder(new)
    announce = planning.get("announce", say_on_stderr)
    with closing(seating_of(seats, announce)) as seating:
        study, planning = seated(study, seating, planning)
        planned = plan(study, **planning)
        if trains_here(planned, timeout_seconds, seating):
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
            announce=announce,
            seating=seating,
        )


def plan_resume(
    path: str | Path,
    *,
    data_dir: Path | None = None,
    device: str | None = None,
    timeout_seconds: float | None = None,
    announce: Announce = say_on_stderr,
    seating: Seating = HERE,
) -> tuple[RunFolder, Plan, tuple[Difference, ...]]:
    """A run folder, its study looked up again here, and what is not as the folder has it; nothing is written.

    Where children will train, for one because trials have a time limit, a GPU is looked at in a process of its own. Where seats are
    elsewhere, what they run on is looked at there.

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
        elsewhere=seating.elsewhere,
    )
    planned = Plan(resolved=now, registry=registry, data=data, data_dir=data_dir, elsewhere=seating.elsewhere)
    environments = list(folder.read_trials().environments.values())
    here = (
        Environment(facts={})
        if seating.elsewhere
        else kind.environment_here(now, in_child=not trains_here(planned, timeout_seconds, seating))
    )
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
    seats: Sequence[str | Place] = (),
) -> Results:
    """Go on with a run folder, on the machine it was made on or another; `track` and `seats` are those of `run`.

    Where code, features, torch or device are not what the folder has, the trials still to run are marked, if `allow_mixed`.

    Raises:
        UsageError: no such run folder; something differs and `allow_mixed` is not given; the data set is another.
        InterruptedStudyError: Ctrl-C or SIGTERM; finished trials are kept.
    """
    check_limits(minutes, timeout_seconds)
    tracked = destinations_of(track, option="--track")
    with closing(seating_of(seats, announce)) as seating:
        folder, planned, found = plan_resume(
            path, data_dir=data_dir, device=device, timeout_seconds=timeout_seconds, announce=announce, seating=seating
        )
        check_resumed(planned.resolved, seating)
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
            seating=seating,
            allow_mixed=allow_mixed,
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
    seating: Seating = HERE,
    allow_mixed: bool = False,
) -> Results:
    """Run what a run folder's schedule still has pending; whoever opened `seating` closes it.

    Raises:
        InterruptedStudyError: Ctrl-C or SIGTERM, also while data are loaded, compilers tried and trackers opened.
    """
    with folder.open_store() as store, showing(on_event) as tell, ExitStack() as stack:
        try:
            with StopSignals():
                executor = executor_for(
                    folder,
                    planned,
                    device=device,
                    data_dir=data_dir,
                    timeout_seconds=timeout_seconds,
                    debug=debug,
                    announce=announce,
                    seating=seating,
                    muster=Muster(facts_of(store), allow_mixed=allow_mixed) if seating.places else None,
                )
                following = stack.enter_context(Following(track, folder, store, announce))
        except KeyboardInterrupt:
            raise InterruptedStudyError(
                f"Interrupted before a trial began. Resume with: {folder.how_to_resume}"
            ) from None
        arms = tuple(arm.name for arm in folder.resolved.study.arms)
        tell(StudyOpened(folder=folder.path, arms=arms, minutes=minutes, score=folder.resolved.score))
        joined = None
        if seating.clusters and isinstance(executor, ChildExecutor):
            joined = partial(_join, executor, seating)
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
            parallel=seating.at_a_time(folder.resolved.study.parallel),
            apart=bool(seating.places),
            announce=announce,
            joined=joined,
        )
    return Results(folder, summary)


def _join(executor: ChildExecutor, seating: Seating) -> int:
    return executor.join(seating.joined())


def _told_to(following: Following, on_event: OnEvent) -> OnEvent:
    """Show what happens first, then hand stored trials to the trackers: nothing is trained here before both are done."""

    def told(event: Event) -> None:
        on_event(event)
        if isinstance(event, TrialFinished | TrialFailed):
            following.take(event.trial)

    return told
