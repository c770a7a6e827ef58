"""A training of one's own as a Python function: its knobs, the features that set them, and the score that is compared."""

import random
from dataclasses import dataclass

import ablate


# The decorator is needed: a recipe is frozen, since it is hashed and written down. Fields hold numbers, text, None, enumerations, tuples
# and frozen dataclasses; their defaults are the baseline.
@dataclass(frozen=True, kw_only=True)
class Mine(ablate.PythonRecipe):
    """A line fitted to noisy points by gradient descent: put your own training in place of it."""

    # What reports call the data. Files of data_files, named from here, are digested, so that a report never mixes two contents.
    data = "points on a line"
    # Sizes for --preset; trial.size hands the number on. Delete the line, and --preset is refused.
    presets = {"full": 1.0, "mini": 0.1}
    # The training minds trial.length, so that studies at several lengths mean something.
    honours_lengths = True

    rate: float = 0.02
    """Step size."""
    steps: int = 200
    """Points seen."""

    def train(self, trial: ablate.TrialContext) -> ablate.Measured:
        """What comes out of one trial; trial has seed, device, scratch (a folder) and more."""
        rng = random.Random(trial.seed)
        slope, curve = rng.random(), []
        for step in range(round(self.steps * trial.size * trial.length)):
            x = rng.gauss(0, 1)
            slope += self.rate * x * (3 * x + rng.gauss(0, 0.1) - slope * x)
            if step % 20 == 0:
                curve.append(abs(slope - 3))
        # Without seconds=, the clock is the wall clock around this function.
        return ablate.Measured(score=abs(slope - 3), curve=curve, extra={"slope": slope})


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
