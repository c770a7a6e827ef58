"""The numbers of a new study's first block, shown while it goes on: most of a study's time is repetition."""

import shlex
from collections.abc import Sequence

from rich.text import Text

from ablate.engine.events import StudyOpened, StudyStarted
from ablate.formats.fitted_table import FittedTable
from ablate.store.records import Trial
from ablate.study.score import TTA_ACCURACY

MOST_ROWS = 12
"""Arms that a first look shows; it is a look, not the report."""


class FirstLook:
    """Collects the trials of the first block; ready once, when all its arms have been tried and other blocks follow.

    A study that goes on with earlier trials has none: `ablate report` shows those.
    """

    def __init__(self) -> None:
        self._opened: StudyOpened | None = None
        self._block: int | None = None
        self._blocks = 0
        self._is_round = False
        self._trials: dict[str, Trial | None] = {}

    def open(self, event: StudyOpened) -> None:
        """Learn where the study is kept, and its arms in order."""
        self._opened = event

    def begin(self, event: StudyStarted) -> None:
        """Learn which trials make the first block."""
        # Rounds of times are no blocks of trainings; of a study that begins with them, they make the first look.
        trained = {spec.block for spec in event.pending if spec.measures != "time"}
        blocks = list(dict.fromkeys(spec.block for spec in event.pending))
        self._is_round = bool(blocks) and blocks[0] not in trained
        blocks = [block for block in blocks if (block not in trained) is self._is_round]
        if len(event.pending) == event.total and len(blocks) > 1:
            self._block, self._blocks = blocks[0], len(blocks)
            first = {spec.arm for spec in event.pending if spec.block == blocks[0]}
            in_order = self._opened.arms if self._opened else ()
            self._trials = dict.fromkeys(sorted(first, key=in_order.index if first <= set(in_order) else None))

    def take(self, trial: Trial) -> bool:
        """Take a trial; whether it completed the first block."""
        if trial.spec.block != self._block:
            return False
        self._trials[trial.spec.arm] = trial
        if None in self._trials.values():
            return False
        self._block = None
        return True

    def shown(self, time_left: str) -> Sequence[Text | FittedTable]:
        """The look itself; `time_left` is what the rest will take, "" where nobody knows."""
        # Loaded here: the statistics take longer to load than a command line may take to start.
        from ablate.stats.score_words import result_words

        trials = [trial for trial in self._trials.values() if trial is not None]
        table = FittedTable()
        score = TTA_ACCURACY if self._opened is None else self._opened.score
        table.add_column("arm", words=True)
        for heading in (score.title, "time"):
            table.add_column(heading, numeric=True)
        for trial in trials[:MOST_ROWS]:
            measured = trial.measurements
            if measured is None:
                table.add_row(Text(trial.spec.arm), trial.status, "")
            else:
                table.add_row(Text(trial.spec.arm), *result_words(measured.score, measured.time_seconds, score))
        more = len(trials) - MOST_ROWS
        what = "rounds of times" if self._is_round else "blocks"
        return [
            Text(f"1 of {self._blocks} {what} is done; one trial of each arm settles nothing yet:"),
            table,
            *([Text(f"… and {more} more arms")] if more > 0 else []),
            Text(self._how_it_goes_on(time_left)),
        ]

    def _how_it_goes_on(self, time_left: str) -> str:
        opened = self._opened
        minutes = None if opened is None else opened.minutes
        if minutes is not None:
            goes_on = f"It goes on as far as the {minutes:g} min given allow"
        else:
            goes_on = f"It goes on, for about {time_left} more" if time_left else "It goes on"
        if opened is None:
            return f"{goes_on}."
        report = f"ablate report {shlex.quote(str(opened.folder))}"
        return f"{goes_on}; Ctrl-C keeps what there is, and `{report}` shows it at any time."
