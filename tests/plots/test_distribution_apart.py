"""The distribution figure of trials that measure one thing alone, and of times that do not count."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ablate.plots import distribution
from ablate.stats import list_effects, trials_frame
from ablate.study import Study, leave_one_out
from tests.fakes import finished_trial

NAMES = ("red", "green")


def apart() -> pd.DataFrame:
    """Three rounds of times and two blocks of scores, each in a process of its own."""
    study = Study.of(leave_one_out(NAMES), name="s", question="q", blocks=2, processes=3, clock="interleaved", rounds=1)
    trials = [
        finished_trial(spec, process=spec.process, accuracy=0.9 + 0.001 * number, seconds=2.0 + 0.01 * number).trial
        for number, spec in enumerate(study.schedule())
    ]
    frame = trials_frame(trials)
    frame.loc[frame["measures"] == "time", ["score", "accuracy"]] = np.nan
    frame.loc[frame["measures"] == "score", "time_seconds"] = np.nan
    return frame


def dots(panel: Axes) -> int:
    """How many trials a panel shows."""
    return sum(len(line.get_xdata()) for line in panel.lines if not str(line.get_label()).startswith("_"))  # type: ignore[arg-type]


def test_each_panel_shows_what_was_measured_and_the_drift_times_alone() -> None:
    assert [dots(panel) for panel in distribution(apart()).child_axes] == [6, 9, 9]


def test_times_that_do_not_count_leave_their_panels_empty() -> None:
    assert [dots(panel) for panel in distribution(apart().assign(beside=1)).child_axes] == [6, 0, 0]


def test_no_block_is_called_torn_where_times_have_blocks_of_their_own() -> None:
    study = Study.of(leave_one_out(NAMES), name="s", question="q", blocks=2, processes=3, clock="interleaved", rounds=1)
    for effect in list_effects(apart(), study.contrasts):
        assert (effect.blocks, effect.time_blocks, effect.processes) == (2, 3, 3)
        assert "torn" not in effect.note
