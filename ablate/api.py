"""Running studies from Python: everything the command line does is a call or two of these."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

from ablate.engine.conditions import Difference, differences, marks_for
from ablate.engine.events import Event, StudyOpened
from ablate.engine.executors import ChildExecutor, InProcessExecutor
from ablate.engine.hello import Muster, facts_of
from ablate.engine.interruption import StopSignals
from ablate.engine.looks import look_for, warning_before_going_on
from ablate.engine.places import Place
from ablate.engine.results import Results
from ablate.engine.runner import Executor, run_study
from ablate.engine.seating import HERE, Seating, check_seats, seating_of
from ablate.errors import InterruptedStudyError, UsageError
from ablate.store.records import Environment
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
from ablate.training.seated import check_resumed, seated

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
    "seated",
]

OnEvent = Callable[[Event], None]
CHILD_TRAINER = "ablate.training.opening:child_trainer"

_OWN_LIMIT_MARGIN_SECONDS = 60.0
"""What a trainer that keeps time itself may take beyond a trial's limit before its process is stopped."""


def ignore_event(event: Event) -> None:
    """Show no progress."""


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
    out: Path | None = None,
    minutes: float | None = None,
    fail_fast: bool = False,
    timeout_seconds: float | None = None,
    debug: bool = False,
    on_event: OnEvent = ignore_event,
    seats: Sequence[str | Place] = (),
    **planning: Unpack[Planning],
) -> Results:
    """Run a study into a new run folder; `planning` are the keywords of `plan`: device, data_dir, curves, registry, …

    One process trains in this process, several (and trials side by side or with a time limit) in children. Failed trials are records;
    `Results.summary` counts them. `seats` says where they train, as `--seats` does: "local:4", "gpu:all", "gpu:0,2",
    "command:ssh box", "ray:auto".

    Raises:
        UsageError, DataError: before anything is written: what was asked for does not exist.
        InterruptedStudyError: Ctrl-C or SIGTERM; finished trials are kept.
    """
    check_limits(minutes, timeout_seconds)
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
    if out is not None:
        check_new_folder(out)
    announce = planning.get("announce", say_on_stderr)
    seating = seating_of(seats, announce)
    study, planning = seated(study, seating, planning)
    planned = plan(study, **planning)
    if _trains_here(planned, timeout_seconds, seating):
        # A device that does not work is refused before there is a folder; children refuse it themselves.
        planned.kind.open_device(planned.resolved.device)
    folder = RunFolder.create(planned.resolved, out)
    return carry_on(
        folder,
        planned,
        data_dir=planning.get("data_dir"),
        minutes=minutes,
        fail_fast=fail_fast,
        timeout_seconds=timeout_seconds,
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
        else kind.environment_here(now, in_child=not _trains_here(planned, timeout_seconds, seating))
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
    debug: bool = False,
    on_event: OnEvent = ignore_event,
    announce: Announce = say_on_stderr,
    seats: Sequence[str | Place] = (),
) -> Results:
    """Go on with a run folder, on the machine it was made on or another; `seats` need not be those it ran on before.

    Where code, features, torch or device are not what the folder has, the trials still to run are marked, if `allow_mixed`.

    Raises:
        UsageError: no such run folder; something differs and `allow_mixed` is not given; the data set is another.
        InterruptedStudyError: Ctrl-C or SIGTERM; finished trials are kept.
    """
    check_limits(minutes, timeout_seconds)
    seating = seating_of(seats, announce)
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
    marks: tuple[str, ...] = (),
    debug: bool = False,
    on_event: OnEvent = ignore_event,
    announce: Announce = say_on_stderr,
    seating: Seating = HERE,
    allow_mixed: bool = False,
) -> Results:
    """Run what a run folder's schedule still has pending.

    Raises:
        InterruptedStudyError: Ctrl-C or SIGTERM, also while data are loaded and compilers tried.
    """
    with folder.open_store() as store:
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
                    seating=seating,
                    muster=Muster(facts_of(store), allow_mixed=allow_mixed) if seating.places else None,
                )
        except KeyboardInterrupt:
            raise InterruptedStudyError(
                f"Interrupted before a trial began. Resume with: {folder.how_to_resume}"
            ) from None
        arms = tuple(arm.name for arm in folder.resolved.study.arms)
        on_event(StudyOpened(folder=folder.path, arms=arms, minutes=minutes, score=folder.resolved.score))
        joined = None
        if seating.clusters and isinstance(executor, ChildExecutor):
            joined = partial(_join, executor, seating)
        try:
            summary = run_study(
                folder.resolved.schedule,
                store,
                executor,
                on_event=on_event,
                minutes=minutes,
                fail_fast=fail_fast,
                retry_failed=retry_failed,
                marks=marks,
                how_to_resume=folder.how_to_resume,
                look=look_for(folder.resolved, store, on_event),
                parallel=seating.count if seating.names else folder.resolved.study.parallel,
                apart=bool(seating.places),
                announce=announce,
                joined=joined,
            )
        finally:
            seating.close()
    return Results(folder, summary)


def _join(executor: ChildExecutor, seating: Seating) -> int:
    return executor.join(seating.joined())


def _executor(
    folder: RunFolder,
    planned: Plan,
    *,
    device: str | None,
    data_dir: Path | None,
    timeout_seconds: float | None,
    debug: bool,
    announce: Announce,
    seating: Seating,
    muster: Muster | None,
) -> Executor:
    own_limit = timeout_seconds if planned.kind.keeps_time else None
    if _trains_here(planned, timeout_seconds, seating):
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
        parallel=seating.count if seating.names else folder.resolved.study.parallel,
        places=seating.places,
        muster=muster,
    )


def _trains_here(planned: Plan, timeout_seconds: float | None, seating: Seating) -> bool:
    """One process trains in this one; several, seats, or a time limit that the trainer does not keep itself, take children."""
    study = planned.resolved.study
    if seating.places or seating.shared > 1:
        return False
    return study.processes == study.parallel == 1 and (timeout_seconds is None or planned.kind.keeps_time)
