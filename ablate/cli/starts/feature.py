"""A feature of one's own: what it sets, and the part that it sets it to.

A feature is data: a name and the fields of the recipe that it sets. `ablate features --slots` lists the fields. Where a number or
one of the package's parts will do, delete the class below and write, say, patch={"filter_rate": 0.3} or patch={"flip": NoFlip()}.
"""

from dataclasses import dataclass

import ablate
from ablate.parts import RateSchedule


# A part inherits from its slot's class and has that class's methods: `ablate features --slots schedule` says which, and shows a
# part to copy. The decorator is needed: it makes the fields what the part is made with, and what a run folder records of it.
@dataclass(frozen=True, kw_only=True)
class WarmUp(RateSchedule):
    """Up from almost nothing over the first `share` of the steps, then down to nothing in a straight line."""

    share: float = 0.1

    def factor(self, step: int, num_steps: int) -> float:
        """The factor on a learning rate at a step (from 0) of a group that is trained for `num_steps` steps."""
        # The whitening layer's bias is trained for fewer steps than there are.
        if step >= num_steps:
            return 0.0
        rising = round(self.share * num_steps)
        if step < rising:
            return (step + 1) / (rising + 1)
        return (num_steps - step) / (num_steps - rising)


# Features that a figure shows as one bar share a group. A feature may also join a group that there is, by its slug: group="tta".
# The exception are groups that have a feature's name; those hold that feature alone.
GROUP = ablate.Group(
    slug="schedules",
    title="Schedules",
    # What a publication says the whole group saves, in percent of the baseline's time; None where it says nothing.
    published_percent=None,
    source="this file",
)

FEATURE = ablate.Feature(
    # A Python identifier that no other feature has.
    name="warm_up",
    group="schedules",
    summary="Learning rates rise over the first tenth of the steps before they fall.",
    # Field of the recipe to its value with the feature on. Two features that set one field cannot be on together.
    patch={"schedule": WarmUp(share=0.1)},
    source="this file",
)

# More than one: FEATURES = [ablate.Feature(...), ablate.Feature(...)], and GROUPS in the same way.
