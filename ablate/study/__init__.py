"""What is compared, how often and in which order: arms, designs, studies, and the files that hold them; never how it is trained."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ablate.study.arms import (
    ALL,
    BASELINE,
    Arm,
    Contrast,
    ContrastKind,
    Design,
    Together,
    are_published,
    combine,
    groups_together,
    together,
)
from ablate.study.catalogue import Catalogue
from ablate.study.designs import (
    aa,
    add_one_in,
    full_factorial,
    ladder,
    leave_one_out,
    lengths,
    pair,
    shapley,
    total,
    with_others,
    with_twin,
)
from ablate.study.published import published
from ablate.study.schedule import TrialSpec
from ablate.study.study import Study
from ablate.study.toggles import toggled

if TYPE_CHECKING:
    from ablate.study.levels import aliases, resolution_of
    from ablate.study.screening_design import screened, screening

# They take numpy, which whoever only asks for the version, or completes a command line, does without.
_WITH_NUMPY = {
    "aliases": "ablate.study.levels",
    "resolution_of": "ablate.study.levels",
    "screened": "ablate.study.screening_design",
    "screening": "ablate.study.screening_design",
}

__all__ = [
    "ALL",
    "BASELINE",
    "Arm",
    "Catalogue",
    "Contrast",
    "ContrastKind",
    "Design",
    "Study",
    "Together",
    "TrialSpec",
    "aa",
    "add_one_in",
    "aliases",
    "are_published",
    "combine",
    "full_factorial",
    "groups_together",
    "ladder",
    "leave_one_out",
    "lengths",
    "pair",
    "published",
    "resolution_of",
    "screened",
    "screening",
    "shapley",
    "together",
    "toggled",
    "total",
    "with_others",
    "with_twin",
]


def __getattr__(name: str) -> Any:
    if name in _WITH_NUMPY:
        return getattr(import_module(_WITH_NUMPY[name]), name)
    raise AttributeError(f"module 'ablate.study' has no attribute '{name}'")
