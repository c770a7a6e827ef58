"""Deaths of child processes: whom they are counted against, and who is given up for them. Free of torch."""

import threading
from collections import Counter
from collections.abc import Iterable

from ablate.engine.events import ArmRetired, RoundsRetired
from ablate.study.schedule import TrialSpec

DEATHS_TO_RETIRE = 3


class Deaths:
    """Three deaths in a row retire an arm; three rounds of times in a row that died retire the rounds, and no arm.

    May be used from several threads: an arm's deaths in all seats count together.
    """

    def __init__(self) -> None:
        self._of_arm: Counter[str] = Counter()
        self._of_rounds = 0
        self._retired: dict[str, str] = {}
        self._rounds_retired: str | None = None
        self._lock = threading.Lock()

    def why_retired(self, spec: TrialSpec) -> str | None:
        """Why the trial is not to be run; None: it is."""
        return self._retired.get(spec.arm) or (self._rounds_retired if spec.measures == "time" else None)

    def survived(self, specs: Iterable[TrialSpec]) -> None:
        """A process has done these trials, one or a round, and lives."""
        with self._lock:
            for spec in specs:
                self._of_arm[spec.arm] = 0
                if spec.measures == "time":
                    self._of_rounds = 0

    def killed_by(self, arm: str, error: str) -> ArmRetired | None:
        """A process died of an arm's warm-up or trial; the event, if that retires the arm."""
        with self._lock:
            self._of_arm[arm] += 1
            if self._of_arm[arm] != DEATHS_TO_RETIRE:
                return None
        reason = f"the arm was retired after {DEATHS_TO_RETIRE} deaths in a row; the last: {error}"
        self._retired[arm] = reason
        return ArmRetired(arm=arm, reason=reason)

    def killed_by_a_round(self, error: str) -> RoundsRetired | None:
        """A process died in a round, nobody knows of which arm; the event, if that retires the rounds to come."""
        with self._lock:
            self._of_rounds += 1
            if self._of_rounds != DEATHS_TO_RETIRE:
                return None
        reason = f"the rounds of times were given up after {DEATHS_TO_RETIRE} deaths in a row; the last: {error}"
        self._rounds_retired = reason
        return RoundsRetired(reason=reason)
