"""A training of one's own as a program in any language: its knobs, the features that set them, and the score that is compared."""

from dataclasses import dataclass

import ablate

# Put a program of your own in place of this one, say ["python3", "train.py"]: a file beside this one is part of the recipe, and an edit
# of it makes another recipe. It runs in the folder of this file.
PROGRAM = """
import json, os, random, sys
rate, steps = float(sys.argv[1]), int(sys.argv[2])
random.seed(int(os.environ["ABLATE_SEED"]))
slope = random.random()
for _ in range(steps):
    x = random.gauss(0, 1)
    slope += rate * x * (3 * x + random.gauss(0, 0.1) - slope * x)
# "seconds" and "curve" may stand beside them; without seconds, the clock is the wall clock around the program.
with open(os.environ["ABLATE_RESULT"], "w") as file:
    json.dump({"score": abs(slope - 3), "extra": {"slope": slope}}, file)
"""


# The decorator is needed: a recipe is frozen, since it is hashed and written down. Fields hold numbers, text, None, enumerations, tuples
# and frozen dataclasses; their defaults are the baseline.
@dataclass(frozen=True, kw_only=True)
class Mine(ablate.CommandRecipe):
    """A line fitted to noisy points by gradient descent."""

    # What reports call the data.
    data = "points on a line"
    # For a program that prints its result instead of writing it: pattern = r"error (?P<score>\S+) after (?P<seconds>\S+) s"

    rate: float = 0.02
    """Step size."""
    steps: int = 200
    """Points seen."""

    def command(self, trial: ablate.TrialContext) -> list[str]:
        """The program and its arguments, each by itself; ABLATE_SEED and others are in its environment."""
        return ["python3", "-c", PROGRAM, str(self.rate), str(self.steps)]


# In the order of a waterfall's steps; each is one bar.
GROUPS = [
    ablate.Group(slug="rates", title="Rates", published_percent=None, source="this file"),
    ablate.Group(slug="lengths", title="Lengths", published_percent=None, source="this file"),
]

# Two features that set one field cannot be on together.
FEATURES = [
    ablate.Feature(
        name="high_rate", group="rates", summary="Five times the step size.", patch={"rate": 0.1}, source="this file"
    ),
    ablate.Feature(
        name="more_steps", group="lengths", summary="Twice the points.", patch={"steps": 400}, source="this file"
    ),
]

# factor and unit say how a difference is printed: an accuracy takes factor=100, unit="pp". Smaller than margin counts as no difference.
SCORE = ablate.Score(title="Error", better="lower", margin=0.01)

REGISTRY = ablate.Registry(Mine(), FEATURES, GROUPS, score=SCORE)
