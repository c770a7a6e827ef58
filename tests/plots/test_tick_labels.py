"""Numbers below the two narrow panels of a distribution."""

from unittest.mock import patch

import numpy as np
import pytest
from matplotlib.axes import Axes

from ablate import plots
from ablate.study import ladder
from tests.losses import LOSS
from tests.plots.looking import figure_of, overlaps
from tests.plots.material import SLUGS, trials_of
from tests.stats.build import frame_of


def _ends_facing(*, reverse: bool) -> Axes:
    """Scores whose last tick lies at the right end of their panel, times whose first lies at the left end of theirs."""
    scores = np.linspace(3.2901, 3.2522, 70) if reverse else np.linspace(0.9363, 0.9447, 70)
    times = np.linspace(2.5877, 2.5922, 70)
    frame = frame_of({"baseline": scores, "+ x": scores}, {"baseline": times, "+ x": times})
    options = {"score": LOSS, "target_score": 3.26} if reverse else {"target_score": 0.94}
    return plots.distribution(frame, width_inches=3.5, **options)


def _crowded() -> Axes:
    return plots.distribution(trials_of(ladder(SLUGS[:2]), blocks=100), width_inches=3.5, target_score=0.94)


@pytest.mark.parametrize(
    "draw",
    [lambda: _ends_facing(reverse=False), lambda: _ends_facing(reverse=True), _crowded],
    ids=["ends", "ends, reversed", "crowded"],
)
def test_no_number_touches_another_in_its_panel_or_the_next(draw) -> None:
    with patch("ablate.plots.distribution.keep_apart"):
        assert overlaps(figure_of(draw()))
    axes = draw()
    assert overlaps(figure_of(axes)) == []
    for panel in axes.child_axes[:2]:
        low, high = sorted(panel.get_xlim())
        assert any(low <= tick <= high for tick in panel.get_xticks())
