"""Which launches there are, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Recipe = Literal["baseline", "hive", "past"]
Side = Literal["ours", "theirs"]

RECIPES: tuple[Recipe, ...] = ("baseline", "hive")
"""Those that are trained on both sides."""

PAST: Recipe = "past"
"""The package's own features on top of hive's, against the script of hive."""

SIDES: tuple[Side, ...] = ("ours", "theirs")


@dataclass(frozen=True, slots=True)
class Launch:
    """One fresh process that trains one recipe; `round` counts from 0."""

    recipe: Recipe
    side: Side
    round: int

    @property
    def name(self) -> str:
        """What its log is called."""
        return f"{self.recipe}-{self.side}-{self.round}"


def schedule(rounds: int, recipes: Sequence[Recipe] = RECIPES) -> list[Launch]:
    """Every round has one launch of each recipe and side, ours and theirs by turns; each round runs backwards to the last one."""
    launches = []
    for number in range(rounds):
        once = [Launch(recipe, side, number) for recipe in recipes for side in SIDES]
        launches += once if number % 2 == 0 else once[::-1]
    return launches


MARK = "parity "
"""What the lines of our side's process begin with: compilers print to the same stream."""

DATA_FOLDER = "cifar10"
"""Where the scripts look for `train.pt` and `test.pt`, below the folder they run in."""
