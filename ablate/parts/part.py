"""What every swappable component of the trainer has in common."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from ablate.formats.values import jsonable


@dataclass(frozen=True, kw_only=True)
class Part:
    """A component that fills one slot of a recipe: parameters at construction, pure functions of tensors as methods.

    `version` enters the recipe's fingerprint; raise it when the same parameters come to mean something else.
    """

    version: ClassVar[int] = 1

    def to_dict(self) -> dict[str, Any]:
        """The part's class name, version and parameters as JSON; nested tuples become lists."""
        parameters = {field.name: jsonable(getattr(self, field.name)) for field in fields(self)}
        return {"part": type(self).__name__, "version": self.version, **parameters}

    def __str__(self) -> str:
        parameters = ", ".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))
        return f"{type(self).__name__}({parameters})"
