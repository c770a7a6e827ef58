"""The table that the airbench family's scripts print, read while it is being printed."""

import re
from dataclasses import dataclass

from ablate.errors import AblateError

WARM_UP = "warmup"

# Six cells up to the end of the line: whatever progress text stands before them, pipes of its own included, is not part of the row.
_ROW = re.compile(r"\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|\s*$")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class PrintedTrial:
    """An `eval` row: accuracies as fractions, the script's own clock in seconds."""

    run: str
    accuracy: float | None
    score: float
    time_seconds: float


class TableReader:
    """Turns printed text, in pieces of any size, into trials.

    A row is run | epoch | train_acc | val_acc | tta_val_acc | time_seconds; a run's name may stand on its first row only. The run
    called "warmup" is no trial; where no run has a name, the first `eval` row is the warm-up.

    Raises:
        AblateError: an `eval` row whose accuracy or time is not a number.
    """

    def __init__(self) -> None:
        self._unfinished = ""
        self._run = ""
        self._any_name = False
        self._eval_rows = 0

    def feed(self, text: str) -> list[PrintedTrial]:
        """The trials that this text completes; a line without its end waits for the rest."""
        # A carriage return at the very end may be half of a line end: both readings give the same rows.
        *lines, self._unfinished = _LINE_END.split(self._unfinished + text)
        trials = (self._read(line) for line in lines)
        return [trial for trial in trials if trial is not None]

    def _read(self, line: str) -> PrintedTrial | None:
        match = _ROW.search(line)
        if match is None:
            return None
        run, epoch, _, accuracy, score, time_seconds = (cell.strip() for cell in match.groups())
        if epoch == "epoch":
            return None
        if run:
            self._run, self._any_name = run, True
        if epoch != "eval":
            return None
        name, self._run = self._run, ""
        self._eval_rows += 1
        if name == WARM_UP or (not self._any_name and self._eval_rows == 1):
            return None
        try:
            return PrintedTrial(
                run=name,
                accuracy=float(accuracy) if accuracy else None,
                score=float(score),
                time_seconds=float(time_seconds),
            )
        except ValueError as error:
            raise AblateError(f"Cannot read the row {match[0].strip()!r}: {error}.") from None
