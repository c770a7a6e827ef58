"""A plan as a notebook shows it: what a dry run says first."""

from contextlib import suppress
from typing import TYPE_CHECKING

from ablate.engine.estimate_words import how_long, what_runs
from ablate.errors import AblateError
from ablate.formats.notebook import items, name, paragraph, shown, table

if TYPE_CHECKING:
    from ablate.training.planning import Plan


def plan_html(planned: "Plan") -> str:
    """The arms, how many trials that makes, how long they take here and what they could show."""
    from ablate.training.planning import foresee

    resolved = planned.resolved
    rows = [
        (arm.name, str(len(resolved.arm_features[arm.name])), f"{arm.length:g}", resolved.fingerprints[arm.name][:12])
        for arm in resolved.study.arms
    ]
    told = []
    # A device that is not there after all: what would run can be told, how long it takes cannot.
    with suppress(AblateError):
        estimate = foresee(planned, announce=lambda line: None)
        told = [what_runs(resolved, estimate), how_long(resolved, estimate), f"{estimate.visible.sentence}."]
    return shown(
        name(resolved.study.name),
        paragraph(resolved.study.question),
        *map(paragraph, told),
        table(("arm", "features on", "length", "recipe"), rows, kinds={1: "numeric", 2: "numeric"}),
        items(f"Left out: {arm}: {reason}" for arm, reason in resolved.study.left_out),
    )
