"""What a study asks for, trial by trial."""

from dataclasses import dataclass
from typing import TypeAlias

TrialKey: TypeAlias = tuple[str, int]
"""Arm and block: what makes a trial unique within its run folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSpec:
    """One training that a study asks for.

    `position` is the place in its block's order (from 0), `process` the planned process (from 0), `seed` a 63-bit number.
    """

    arm: str
    block: int
    position: int
    process: int
    seed: int

    @property
    def key(self) -> TrialKey:
        """What makes the trial unique within its run folder."""
        return (self.arm, self.block)
