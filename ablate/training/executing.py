"""Who runs the trials of a run folder: this process, or workers of it."""

from pathlib import Path

from ablate.engine.executors import ChildExecutor, InProcessExecutor
from ablate.engine.hello import Muster
from ablate.engine.runner import Executor
from ablate.engine.seating import Seating
from ablate.store.run_folder import RunFolder
from ablate.training.kinds import Announce
from ablate.training.opening import child_arguments, trainer_for, untried_by
from ablate.training.planning import Plan

CHILD_TRAINER = "ablate.training.opening:child_trainer"

_OWN_LIMIT_MARGIN_SECONDS = 60.0
"""What a trainer that keeps time itself may take beyond a trial's limit before its process is stopped."""


def executor_for(
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
    """What runs a folder's trials: this process, children here, or what its seats start elsewhere."""
    own_limit = timeout_seconds if planned.kind.keeps_time else None
    if trains_here(planned, timeout_seconds, seating):
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
        parallel=seating.at_a_time(folder.resolved.study.parallel),
        places=seating.places,
        muster=muster,
    )


def trains_here(planned: Plan, timeout_seconds: float | None, seating: Seating) -> bool:
    """One process trains in this one; several, seats, or a time limit that the trainer does not keep itself, take children."""
    study = planned.resolved.study
    if seating.places or seating.shared > 1:
        return False
    return study.processes == study.parallel == 1 and (timeout_seconds is None or planned.kind.keeps_time)
