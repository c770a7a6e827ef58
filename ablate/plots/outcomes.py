"""Which outcomes a figure of two panels shows."""

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Literal, TypeAlias, TypeVar

from ablate.errors import UsageError, near_match_and_all

Outcome: TypeAlias = Literal["both", "time", "score"]

Panel = TypeVar("Panel")


def chosen_panels(
    panels: Mapping[str, Panel], outcome: str, numbers: Callable[[Panel], Iterable[float]]
) -> list[Panel]:
    """The panel of one outcome, or all of them for "both", as far as the `numbers` that it would show are not all unknown.

    Raises:
        UsageError: there is no such outcome.
    """
    if outcome not in ("both", *panels):
        raise UsageError(f"There is no outcome '{outcome}'.{near_match_and_all(outcome, ['both', *panels])}")
    asked = panels.values() if outcome == "both" else [panels[outcome]]
    return [panel for panel in asked if any(map(isfinite, numbers(panel)))]
