"""A tracker that keeps what it is told in memory, by project, and fails or hangs where a test says so."""

from collections import defaultdict
from collections.abc import Callable

from ablate.export.destinations import Destination
from ablate.export.exported import ExportedStudy, ExportedTrial
from ablate.report.machine import csv_report
from ablate.store.run_folder import RunFolder

KIND = "fake"


def nothing() -> None:
    """What happens before a call, where nothing does."""


class Kept:
    """What the tracker keeps under a uri, across openings, and what it was asked."""

    def __init__(self) -> None:
        self.trials: dict[str, ExportedTrial] = {}
        self.states: dict[str, str] = {}
        self.effects: list[str] = []
        self.opened = self.closed = 0
        self.before_opening: Callable[[], None] = nothing
        self.before_trial: Callable[[], None] = nothing
        self.before_summary: Callable[[], None] = nothing


KEPT: dict[str, Kept] = defaultdict(Kept)


class FakeTracker:
    def __init__(self, kept: Kept, place: str) -> None:
        self.kept, self.place = kept, place

    def known(self) -> frozenset[str]:
        return frozenset({*self.kept.trials, *self.kept.states.values()})

    def trial(self, trial: ExportedTrial) -> None:
        self.kept.before_trial()
        assert trial.id not in self.kept.trials, "it was told of this trial before"
        self.kept.trials[trial.id] = trial

    def summary(self, study: ExportedStudy) -> None:
        self.kept.before_summary()
        self.kept.states[study.run] = study.id
        self.kept.effects.append(csv_report(study.evidence))

    def close(self) -> None:
        self.kept.closed += 1


def open_tracker(destination: Destination, folder: RunFolder, identifier: str, seconds: float | None) -> FakeTracker:
    kept = KEPT[destination.uri or ""]
    kept.before_opening()
    kept.opened += 1
    return FakeTracker(kept, destination.uri or "in memory")
