"""Progress of a study on stderr: a bar for each arm and one overall on a terminal, plain lines elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from ablate.engine.events import (
    ArmRetired,
    Event,
    LookTaken,
    ProcessDied,
    RoundsRetired,
    RoundStarted,
    SeatLost,
    StudyOpened,
    StudyStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.engine.pace import Pace
from ablate.formats.console import line
from ablate.formats.durations import rough_duration
from ablate.store.records import Trial
from ablate.study.schedule import TrialSpec
from ablate.study.score import TTA_ACCURACY, Score
from ablate.watch.first_look import FirstLook

MOST_BARS = 24
"""Arms that get a bar of their own; more would fill the screen."""


class StudyProgress:
    """Shows events as they come; use as a context manager and hand `show` to `ablate.run`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace()
        self._pending: dict[tuple[str, int], TrialSpec] = {}
        self._processes_to_come: set[int] = set()
        self._rounds: tuple[int, ...] = ()
        self._doings: dict[int, tuple[str, str]] = {}
        self._bars = Progress(
            # No markup: an arm may be called "[x]".
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            # On a narrow terminal the remark gives way, not the count.
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=7)),
            TextColumn("{task.fields[remark]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._overall: TaskID | None = None
        self._of_arm: dict[str, TaskID] = {}
        self._first_look = FirstLook()
        self._score = TTA_ACCURACY

    def __enter__(self) -> "StudyProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        """Take one event."""
        self._pace.observe(event)
        match event:
            case StudyOpened():
                self._first_look.open(event)
                self._score = event.score
            case StudyStarted():
                self._begin(event)
            case WarmUpStarted():
                self._doing(event.process, "compiling and warming up", event.arm)
            case TrialStarted():
                self._processes_to_come.discard(event.spec.process)
                self._doing(event.process, "training", event.spec.arm)
            case RoundStarted():
                self._processes_to_come.discard(event.specs[0].process)
                self._doing(event.process, "measuring the times of", self._round(event.specs))
            case TrialFinished() | TrialFailed():
                self._done(event.trial)
            case ProcessDied():
                self._doings.pop(event.process, None)
                self._say(f"Process {event.process} died: {event.reason}", "yellow")
            case ArmRetired():
                self._say(f"{event.arm}: {event.reason}", "bold red")
            case LookTaken():
                found = (
                    f"{event.open} verdicts open" if event.open > 1 else "1 verdict open" if event.open else "settled"
                )
                self._say(f"Look {event.number} of {event.planned}, after {event.blocks} blocks: {found}.", "bold")
            case RoundsRetired():
                self._say(f"Times: {event.reason}", "bold red")
            case WarmUpFinished() | SeatLost():
                pass

    def _begin(self, event: StudyStarted) -> None:
        self._first_look.begin(event)
        self._rounds = event.rounds
        self._pending = {spec.key: spec for spec in event.pending}
        self._processes_to_come = {spec.process for spec in event.pending}
        trials_of = Counter(spec.arm for spec in event.pending)
        width = max((len(arm) for arm in trials_of), default=0)
        if len(trials_of) <= MOST_BARS:
            for arm, count in trials_of.items():
                self._of_arm[arm] = self._bars.add_task(arm.ljust(width), total=count, remark="")
        done = event.total - len(event.pending)
        self._overall = self._bars.add_task("overall".ljust(width), total=event.total, completed=done, remark="")

    def _round(self, specs: Sequence[TrialSpec]) -> str:
        arms = "1 arm" if len(specs) == 1 else f"{len(specs)} arms"
        return f"{arms}, round {self._rounds.index(specs[0].block) + 1} of {len(self._rounds)}"

    def _doing(self, process: int, what: str, whom: str) -> None:
        self._doings[process] = (what, whom)
        self._remark_overall()

    def _remark_overall(self, *, advance: int = 0) -> None:
        """Say how long it takes yet, and what is being done, in every process that is at work."""
        if self._overall is not None:
            whom: dict[str, list[str]] = {}
            for what, arm in self._doings.values():
                whom.setdefault(what, []).append(arm)
            doing = "; ".join(f"{what} {' and '.join(arms)}" for what, arms in whom.items())
            self._bars.update(self._overall, advance=advance, remark=f"{self._time_left()}{doing}")

    def _done(self, trial: Trial) -> None:
        self._pending.pop(trial.spec.key, None)
        remark = _result(trial, self._score)
        if trial.spec.arm in self._of_arm:
            self._bars.update(self._of_arm[trial.spec.arm], advance=1, remark=remark)
        self._doings.pop(trial.process, None)
        self._remark_overall(advance=1)
        if trial.status != "ok":
            self._say(f"{trial.spec.arm}, block {trial.spec.block}: {trial.status}: {trial.error}", "red")
        else:
            self._tell_trial(trial, remark)
        self._take_first_look(trial)

    def _tell_trial(self, trial: Trial, result: str) -> None:
        if not self._console.is_terminal:
            clock = time.strftime("%H:%M:%S")
            self._say(
                f"{clock}  {trial.spec.arm}, block {trial.spec.block}: {result}  {self._time_left()}".rstrip(), ""
            )

    def _take_first_look(self, trial: Trial) -> None:
        if self._first_look.take(trial):
            for part in self._first_look.shown(self._duration_left()):
                self._bars.console.print(part, soft_wrap=isinstance(part, Text))

    def _time_left(self) -> str:
        duration = self._duration_left()
        return f"{duration} left  " if duration else ""

    def _duration_left(self) -> str:
        """What the rest of the study will take; empty where nothing is known of it, or left."""
        seconds = self._pace.seconds(self._pending.values(), fresh_processes=self._processes_to_come)
        return "" if seconds is None or not self._pending else rough_duration(seconds)

    def _say(self, text: str, style: str) -> None:
        line(self._bars.console, text, style)


def _result(trial: Trial, score: Score) -> str:
    # Loaded here: the statistics take longer to load than a command line may take to start.
    from ablate.stats.score_words import result_words

    measured = trial.measurements
    if measured is None:
        return trial.status
    return " in ".join(filter(None, result_words(measured.score, measured.time_seconds, score)))
