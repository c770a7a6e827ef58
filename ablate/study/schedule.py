"""What a study asks for, trial by trial."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

TrialKey: TypeAlias = tuple[str, int]
"""Arm and block: what makes a trial unique within its run folder."""

Clock: TypeAlias = Literal["trial", "interleaved"]
"""What a study's times are of: whole trials, or short pieces of every arm, interleaved in one process and composed."""

Measures: TypeAlias = Literal["both", "score", "time"]
"""What a trial is for: its score and its time, or one of them where the study's clock is apart from its trainings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSpec:
    """One training that a study asks for.

    `position` is the place in its block's order (from 0), `process` the planned process (from 0), `seed` a 63-bit number.
    Trials that measure the time alone are taken block by block: all arms of the block together.
    """

    arm: str
    block: int
    position: int
    process: int
    seed: int
    measures: Measures = "both"

    @property
    def key(self) -> TrialKey:
        """What makes the trial unique within its run folder."""
        return (self.arm, self.block)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; what most trials measure goes without saying."""
        line = asdict(self)
        if self.measures == "both":
            del line["measures"]
        return line
