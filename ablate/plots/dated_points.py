"""Dated records as points: when each was published, whether it was the best of its day, and which deserve a name."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

FILLED_DEVICE = "A100"
"""What the marks of are filled."""

_FAR_APART = 1.06
"""How many times as fast a name must have become for its first record to be named too."""


class DatedRecord(Protocol):
    """What is read of a record: `seconds` on `device` to `target` percent, published on the ISO day `date`."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def date(self) -> str:
        """When it was published."""

    @property
    def target(self) -> int:
        """The accuracy reached, in percent."""

    @property
    def seconds(self) -> float:
        """How long that took."""

    @property
    def device(self) -> str:
        """On what."""


class DatedPoint(NamedTuple):
    """A record, its day in years, and the best time to its target before it: infinite for the first."""

    record: DatedRecord
    year: float
    before: float

    @property
    def best(self) -> bool:
        """Whether it was faster than all before it."""
        return self.record.seconds < self.before

    @property
    def filled(self) -> bool:
        """Whether it was measured on the hardware of most records."""
        return self.record.device.startswith(FILLED_DEVICE)

    @property
    def name(self) -> str:
        """What it is called, with its hardware where that is another."""
        return self.record.name if self.filled else f"{self.record.name} ({self.record.device})"


def dated_points(records: Sequence[DatedRecord]) -> list[DatedPoint]:
    """The points of records, by day, and those of a day from slow to fast."""
    best: dict[int, float] = {}
    points = []
    for record in sorted(records, key=lambda record: (record.date, -record.seconds)):
        before = best.get(record.target, float("inf"))
        points.append(DatedPoint(record, in_years(record.date), before))
        best[record.target] = min(before, record.seconds)
    return points


def in_years(day: str) -> float:
    """An ISO day in years: the middle of 2024 is 2024.5."""
    when = date.fromisoformat(day)
    first, following = date(when.year, 1, 1), date(when.year + 1, 1, 1)
    return when.year + (when - first).days / (following - first).days


def worth_a_name(points: Sequence[DatedPoint]) -> list[DatedPoint]:
    """Of one name and target the fastest, and the first where that was clearly slower.

    Each target's best come first, then the names that took the most off what was there before them.
    """
    gains: dict[DatedPoint, float] = {}
    for point in points:
        same = [other for other in points if _who(other) == _who(point)]
        first, fastest = same[0], min(same, key=lambda other: other.record.seconds)
        if first.record.seconds >= _FAR_APART * fastest.record.seconds:
            gains[first] = first.before / first.record.seconds
        gains[fastest] = first.before / fastest.record.seconds
    now = {point.record.target: point for point in points if point.best}
    return sorted(gains, key=lambda point: (now[point.record.target] is not point, -gains[point]))


def _who(point: DatedPoint) -> tuple[str, int]:
    return point.name, point.record.target
