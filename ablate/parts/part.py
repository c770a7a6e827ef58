"""What every swappable component of the trainer has in common."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from ablate.formats.values import jsonable


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which numbers a parameter may be; an end is among them unless it says `above` or `below`."""

    least: float = 0.0
    most: float = math.inf
    above: bool = False
    below: bool = False

    def hold(self, number: float) -> bool:
        """Whether a number lies within."""
        from_least = self.least < number if self.above else self.least <= number
        return from_least and (number < self.most if self.below else number <= self.most)

    def __str__(self) -> str:
        if self.most == math.inf:
            return f"more than {self.least:g}" if self.above else f"{self.least:g} or more"
        least = "more than" if self.above else "at least"
        return f"{least} {self.least:g} and {'less than' if self.below else 'at most'} {self.most:g}"


POSITIVE = Bounds(above=True)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A component that fills one slot of a recipe: parameters at construction, pure functions of tensors as methods.

    `version` enters the recipe's fingerprint; raise it when the same parameters come to mean something else.
    """

    version: ClassVar[int] = 1
    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {}
    """What parameters may be, besides their type; of a tuple, every number in it. Checked when a registry is made."""

    def to_dict(self) -> dict[str, Any]:
        """The part's class name, version and parameters as JSON; nested tuples become lists."""
        parameters = {field.name: jsonable(getattr(self, field.name)) for field in fields(self)}
        return {"part": type(self).__name__, "version": self.version, **parameters}

    def __str__(self) -> str:
        parameters = ", ".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))
        return f"{type(self).__name__}({parameters})"
