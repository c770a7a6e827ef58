"""Running a study: what is pending is executed and appended, trial by trial. Free of torch."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ablate.engine.admission import Admission
from ablate.engine.events import Event
from ablate.engine.interruption import StopSignals
from ablate.engine.pace import Pace
from ablate.engine.places import SeatLostError
from ablate.engine.sitting import MOVED_MARK, Executor, Sitting, Stop
from ablate.errors import InterruptedStudyError, TrialsFailedError
from ablate.store.records import Status
from ablate.store.trials import TrialStore
from ablate.study.schedule import TrialSpec

__all__ = [
    "MOVED_MARK",
    "Executor",
    "LookNow",
    "Stop",
    "Summary",
    "no_look",
    "pending_trials",
    "run_study",
    "summarise",
]

LookNow: TypeAlias = Callable[[TrialStore, TrialSpec | None, Callable[[], int | None]], Stop | None]
"""Asked after each trial whether the study stops: the store, the trial (None: before any), and how many blocks the minutes left take.

Nothing is asked of it but at the study's looks, so that it answers at once elsewhere.
"""


def no_look(store: TrialStore, finished: TrialSpec | None, blocks_left: Callable[[], int | None]) -> None:
    """Go on to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a study stands: the schedule's trials by the status of their last record, and those without one.

    `stopped` says what ended it before its schedule did.
    """

    ok: int
    failed: int
    timeout: int
    left: int
    stopped: Stop | None = None

    def raise_for_failures(self, how_to_resume: str = "ablate study resume DIR") -> None:
        """Raise TrialsFailedError if a trial failed or timed out; `how_to_resume` is the command that goes on with the study."""
        bad = self.failed + self.timeout
        if bad:
            raise TrialsFailedError(
                f"{bad} of {bad + self.ok} trials failed; `{how_to_resume} --retry-failed` runs them again."
            )


def pending_trials(
    schedule: Sequence[TrialSpec], store: TrialStore, *, retry_failed: bool = False
) -> tuple[TrialSpec, ...]:
    """The schedule without what is finished; with `retry_failed`, failed and timed-out trials are pending too."""
    statuses = store.statuses
    done = {key for key, status in statuses.items() if status == "ok" or not retry_failed}
    return tuple(spec for spec in schedule if spec.key not in done)


def summarise(schedule: Sequence[TrialSpec], store: TrialStore, *, stopped: Stop | None = None) -> Summary:
    """How the schedule stands in the store."""
    statuses = store.statuses
    counts: Counter[Status | None] = Counter(statuses.get(spec.key) for spec in schedule)
    return Summary(
        ok=counts["ok"], failed=counts["failed"], timeout=counts["timeout"], left=counts[None], stopped=stopped
    )


def run_study(
    schedule: Sequence[TrialSpec],
    store: TrialStore,
    executor: Executor,
    *,
    on_event: Callable[[Event], None] = lambda event: None,
    minutes: float | None = None,
    fail_fast: bool = False,
    retry_failed: bool = False,
    marks: tuple[str, ...] = (),
    how_to_resume: str = "",
    look: LookNow = no_look,
    parallel: int = 1,
    apart: bool = False,
    announce: Callable[[str], None] = lambda line: None,
    joined: Callable[[], int] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """Run what is pending, each trial appended before the next one starts.

    `minutes`: stop after the whole blocks that fit, judged by the arms' own speeds; one block is always run. `marks` are put on
    every trial (a resume on another machine). `how_to_resume` ends the message of an interruption. Failed trials do not stop the
    others, except with `fail_fast`. `look` says after each trial whether the study stops there. A study that a look has stopped has
    nothing pending but failed trials to be run again. `parallel` lots run at a time, each in a thread of its own, where none of them
    holds times alone, or where seats are `apart`: on hardware of their own. This thread alone stores trials and tells of events. What a
    lost seat leaves goes to another, and of a block that had begun it is marked; `announce` is handed what must be said of that. `joined`
    says how many more seats the executor has than when it was asked last.

    Raises:
        InterruptedStudyError: SIGINT or SIGTERM; what was finished is kept.
        SeatLostError: no seat is left; what was finished is kept.
        UsageError: `minutes` is not a positive number.
        AblateError: the store cannot be written, or the executor cannot start.
    """
    pace = Pace(clock, parallel=parallel, apart=apart)
    admission = Admission(minutes, pace, clock)
    stopped: Stop | None = None

    def blocks_left() -> int | None:
        return admission.blocks_left([spec for spec in schedule if spec.block == 0])

    try:
        with StopSignals() as signals:
            pending = pending_trials(schedule, store, retry_failed=retry_failed)
            settled = look(store, None, blocks_left) if pending else None
            if settled:
                statuses = store.statuses
                pending = tuple(spec for spec in pending if spec.key in statuses)
            run = Sitting(
                store,
                executor,
                on_event,
                marks,
                pace,
                admission,
                signals,
                fail_fast,
                parallel,
                apart,
                announce,
                joined,
                None if look is no_look else lambda spec: look(store, spec, blocks_left),
            )
            run.begin(schedule, pending)
            while run.pending and stopped is None:
                stopped = run.alone() if run.has_to_be_alone() else run.side_by_side()
            if settled and not stopped:
                # What ran again may have changed what was settled.
                stopped = look(store, None, blocks_left) if pending else settled
    except KeyboardInterrupt:
        raise InterruptedStudyError(f"Interrupted; {_what_is_kept(schedule, store, how_to_resume)}") from None
    except SeatLostError as lost:
        kept = _what_is_kept(schedule, store, how_to_resume)
        raise SeatLostError(f"No seat is left; {kept} The last: {lost}", exit_code=lost.exit_code) from lost
    return summarise(schedule, store, stopped=stopped)


def _what_is_kept(schedule: Sequence[TrialSpec], store: TrialStore, how_to_resume: str) -> str:
    done = len(schedule) - summarise(schedule, store).left
    advice = f" Resume with: {how_to_resume}" if how_to_resume else ""
    return f"{done} of {len(schedule)} trials are done and kept.{advice}"
