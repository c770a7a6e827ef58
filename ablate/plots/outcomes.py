"""Which outcomes a figure of two panels shows."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar

from ablate.errors import UsageError, near_match_and_all

Outcome: TypeAlias = Literal["both", "time", "score"]

Panel = TypeVar("Panel")


def chosen_panels(panels: Mapping[str, Panel], outcome: str) -> list[Panel]:
    """The panel of one outcome, or all of them for "both".

    Raises:
        UsageError: there is no such outcome.
    """
    if outcome not in ("both", *panels):
        raise UsageError(f"There is no outcome '{outcome}'.{near_match_and_all(outcome, ['both', *panels])}")
    return list(panels.values()) if outcome == "both" else [panels[outcome]]
