"""What happens while a study runs, for whoever shows progress. Free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ablate.store.records import Trial
from ablate.study.schedule import TrialSpec
from ablate.study.score import TTA_ACCURACY, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOpened:
    """A study's run folder is there: where, its arms in order, the limit it will be run with, if any, and its score."""

    folder: Path
    arms: tuple[str, ...]
    minutes: float | None = None
    score: Score = TTA_ACCURACY


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStarted:
    """The study begins or goes on: `pending` is what is left to run, in order; `total` counts the schedule.

    `rounds` are the schedule's blocks of times taken together, in order; `parallel` trainings run at a time where times do not matter, and
    everywhere if their seats are `apart`, on hardware of their own.
    """

    pending: tuple[TrialSpec, ...]
    total: int
    rounds: tuple[int, ...] = ()
    parallel: int = 1
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLost:
    """A seat (numbered from 0) is given up, and why; what is left of its lot goes to one of those that are `left`."""

    seat: int
    reason: str
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted:
    """A process begins to run trials; `restart` if it takes over from one that died. `process_id` is the system's."""

    process: int
    process_id: int
    restart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDied:
    """A process ended before its trials did."""

    process: int
    process_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUpStarted:
    """An arm's compile key is compiled and warmed in a process, outside every clock."""

    arm: str
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUpFinished:
    """The warm-up of an arm's compile key is over."""

    arm: str
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """A trial begins."""

    spec: TrialSpec
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted:
    """The times of several arms of a block begin to be taken together; all of them are warm."""

    specs: tuple[TrialSpec, ...]
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFinished:
    """A trial went well and is on disk."""

    trial: Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFailed:
    """A trial failed or timed out; its record, with the reason, is on disk."""

    trial: Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRetired:
    """An arm killed its process so often that the rest of its trials are recorded as failed without running."""

    arm: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTaken:
    """A study was looked at: look `number` of `planned`, after `blocks` blocks; so many verdicts are still `open`, 0 if all is settled."""

    number: int
    planned: int
    blocks: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsRetired:
    """Rounds of times killed their process so often that those to come are recorded as failed without running."""

    reason: str


Event: TypeAlias = (
    StudyOpened
    | StudyStarted
    | ProcessStarted
    | ProcessDied
    | WarmUpStarted
    | WarmUpFinished
    | TrialStarted
    | RoundStarted
    | TrialFinished
    | TrialFailed
    | ArmRetired
    | LookTaken
    | RoundsRetired
    | SeatLost
)


def ignore_event(event: Event) -> None:
    """Show no progress."""
