"""What was published about a recipe's changes, as data: ladders of rungs, and tables of arms."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal, TypeAlias

from ablate.errors import UsageError
from ablate.formats.printable import check_printable

LadderUnit: TypeAlias = Literal["seconds", "epochs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a published ladder: what it adds to the rungs below it, and what was measured with it.

    `adds` holds features' or groups' names, none for a registry's baseline. `epochs` is the rung's own length, `seconds` its time,
    `score_percent` its score over `trials` runs; None: not published. `score_decimals` is how many decimals of the score were published
    where that is fewer than two. `source` says where it stands.

    Raises:
        UsageError: a text that does not print on one line, a number that is not positive, decimals that are neither 0 nor 1.
    """

    title: str
    adds: tuple[str, ...] = field(default=())
    epochs: float | None = None
    seconds: float | None = None
    score_percent: float | None = None
    trials: int | None = None
    score_decimals: int | None = None
    source: str

    def __post_init__(self) -> None:
        _check("rung", self)
        if self.score_decimals not in (None, 0, 1):
            raise UsageError(
                f"Rung '{self.title}' has score_decimals={self.score_decimals!r}; 0, 1 or None (two or more) belongs there."
            )

    def to_json(self) -> dict[str, Any]:
        """The rung as JSON has it, with a list for what it adds; `score_decimals` is left out where there are two or more."""
        told = {**asdict(self), "adds": list(self.adds)}
        return {name: value for name, value in told.items() if name != "score_decimals" or value is not None}

    @property
    def subject(self) -> str:
        """What a step is called where names are wanted: what it adds, or its title where nobody knows what that was."""
        return " + ".join(self.adds) or self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A published ladder: `rungs[0]` is where it starts, with features of its own if not at the registry's baseline; each other
    rung adds to the one below it.

    `unit` says whether it was published in seconds or in epochs to `target_percent` of the score (None: no target), `device` what
    the seconds were measured on. `drawn_only` says why its rungs are no arms of the registry, "" where they are.

    Raises:
        UsageError: fewer than two rungs, a rung without a number in the ladder's unit.
    """

    slug: str
    title: str
    unit: LadderUnit
    target_percent: float | None = None
    device: str
    rungs: tuple[Rung, ...]
    drawn_only: str = ""

    def __post_init__(self) -> None:
        for what in ("slug", "title", "device", "drawn_only"):
            check_printable(f"The {what} of a ladder", getattr(self, what))
        who = f"Ladder '{self.slug}'"
        if self.unit not in ("seconds", "epochs"):
            raise UsageError(f"{who} has unit={self.unit!r}; it takes 'seconds' or 'epochs'.")
        if len(self.rungs) < 2:
            raise UsageError(f"{who} needs two rungs or more, the first of which is where it starts.")
        for rung in self.rungs:
            if getattr(rung, self.unit) is None:
                raise UsageError(f"{who}: rung '{rung.title}' has no {self.unit}.")

    def to_json(self) -> dict[str, Any]:
        """The ladder as JSON has it, with lists for its rungs and for what they add; an empty `drawn_only` is left out."""
        told = {**asdict(self), "rungs": [rung.to_json() for rung in self.rungs]}
        return told if self.drawn_only else {name: value for name, value in told.items() if name != "drawn_only"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArm:
    """What was published of a recipe with some features on, in no order with others: a cell of a table.

    `on` holds features' or groups' names, None where no registry of the package has all that was on. `epochs`, `seconds`,
    `score_percent`, `trials` and `source` are as a `Rung` has them.

    Raises:
        UsageError: a text that does not print on one line, a number that is not positive.
    """

    title: str
    on: tuple[str, ...] | None
    epochs: float | None = None
    seconds: float | None = None
    score_percent: float | None = None
    trials: int | None = None
    source: str

    def __post_init__(self) -> None:
        _check("published arm", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """Published arms that answer one question: what a feature takes away, adds alone, or does with another.

    `arms[0]` is what the others can be compared with.

    Raises:
        UsageError: a text that does not print on one line, or no arm.
    """

    slug: str
    title: str
    device: str
    arms: tuple[PublishedArm, ...]

    def __post_init__(self) -> None:
        for what, text in (("slug", self.slug), ("title", self.title), ("device", self.device)):
            check_printable(f"The {what} of a table", text)
        if not self.arms:
            raise UsageError(f"Published table '{self.slug}' has no arm.")


def _check(kind: str, told: Rung | PublishedArm) -> None:
    for what, text in (("title", told.title), ("source", told.source)):
        check_printable(f"The {what} of a {kind}", text)
    for what in ("epochs", "seconds", "score_percent", "trials"):
        number = getattr(told, what)
        if number is not None and not (isfinite(number) and number > 0):
            raise UsageError(
                f"{kind.capitalize()} '{told.title}' has {what}={number!r}; a positive number or None belongs there."
            )
