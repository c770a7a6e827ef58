"""What was published about a recipe's changes, as data: ladders of rungs."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal, TypeAlias

from ablate.errors import UsageError
from ablate.formats.printable import check_printable

LadderUnit: TypeAlias = Literal["seconds", "epochs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a published ladder: what it adds to the rungs below it, and what was measured with it.

    `adds` holds features' or groups' names, none for the baseline. `epochs` is the rung's own length, `seconds` its time,
    `score_percent` its score over `trials` runs; None: not published. `source` says where it stands.

    Raises:
        UsageError: a text that does not print on one line, a number that is not positive.
    """

    title: str
    adds: tuple[str, ...] = field(default=())
    epochs: float | None = None
    seconds: float | None = None
    score_percent: float | None = None
    trials: int | None = None
    source: str

    def __post_init__(self) -> None:
        for what, text in (("title", self.title), ("source", self.source)):
            check_printable(f"The {what} of a rung", text)
        for what in ("epochs", "seconds", "score_percent", "trials"):
            number = getattr(self, what)
            if number is not None and not (isfinite(number) and number > 0):
                raise UsageError(f"Rung '{self.title}' has {what}={number!r}; a positive number or None belongs there.")

    @property
    def subject(self) -> str:
        """What a step is called where names are wanted: what it adds, or its title where nobody knows what that was."""
        return " + ".join(self.adds) or self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A published ladder: `rungs[0]` is the baseline, each other adds to the one below it.

    `unit` says whether it was published in seconds or in epochs to `target_percent` of the score (None: no target), `device` what
    the seconds were measured on.

    Raises:
        UsageError: fewer than two rungs, a baseline that adds something, a rung without a number in the ladder's unit.
    """

    slug: str
    title: str
    unit: LadderUnit
    target_percent: float | None = None
    device: str
    rungs: tuple[Rung, ...]

    def __post_init__(self) -> None:
        for what, text in (("slug", self.slug), ("title", self.title), ("device", self.device)):
            check_printable(f"The {what} of a ladder", text)
        who = f"Ladder '{self.slug}'"
        if self.unit not in ("seconds", "epochs"):
            raise UsageError(f"{who} has unit={self.unit!r}; it takes 'seconds' or 'epochs'.")
        if len(self.rungs) < 2 or self.rungs[0].adds:
            raise UsageError(f"{who} needs two rungs or more, and its first, the baseline, adds nothing.")
        for rung in self.rungs:
            if getattr(rung, self.unit) is None:
                raise UsageError(f"{who}: rung '{rung.title}' has no {self.unit}.")

    def to_json(self) -> dict[str, Any]:
        """The ladder as JSON has it, with lists for its rungs and for what they add."""
        rungs = [{**asdict(rung), "adds": list(rung.adds)} for rung in self.rungs]
        return {**asdict(self), "rungs": rungs}
