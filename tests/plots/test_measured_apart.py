"""Figures of trials that measure one thing alone, and of times that do not count."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from ablate.errors import UsageError
from ablate.plots import distribution, frontier
from ablate.plots.distribution import View
from ablate.stats import arm_summary, list_effects, trials_frame
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
    axes = distribution(apart())
    assert [dots(panel) for panel in axes.child_axes] == [6, 9, 9]
    assert "n = 2 trainings and 3 times an arm in " in caption_of(axes)


def test_arms_with_other_numbers_than_their_neighbours_say_both() -> None:
    frame = apart()
    last = frame.index[(frame["arm"] == "all - red") & (frame["measures"] == "time")][-1]
    labels = [label.get_text() for label in distribution(frame.drop(index=last)).child_axes[0].get_yticklabels()]
    assert sorted(labels) == ["all (n = 2 and 3)", "all - green (n = 2 and 3)", "all - red (n = 2 and 2)"]


def test_the_frontier_counts_trainings_and_times_each_for_itself() -> None:
    assert "n = 2 trainings and 3 times an arm" in caption_of(frontier(arm_summary(apart())))


def test_times_that_do_not_count_are_left_out_and_said() -> None:
    axes = distribution(apart().assign(beside=1))
    assert (dots(axes), axes.child_axes) == (6, [])
    assert "No time of these trials counts" in caption_of(axes)


def test_times_alone_are_drawn_alone() -> None:
    axes = distribution(apart().query("measures == 'time'"))
    assert (dots(axes), axes.child_axes) == (9, [])
    assert "No score of these trials counts" in caption_of(axes)
    assert "n = 3 times an arm in 3 processes" in caption_of(axes)


@pytest.mark.parametrize("view", ["time", "drift"])
def test_a_view_of_what_was_not_measured_is_refused(view: View) -> None:
    with pytest.raises(UsageError, match=r"There is no time that counts among these trials to draw\."):
        distribution(apart().assign(beside=1), view=view)


def caption_of(axes: Axes) -> str:
    texts = [text.get_text() for text in axes.findobj(Text) if isinstance(text, Text)]
    return " ".join(" ".join(texts).split())


def test_no_block_is_called_torn_where_times_have_blocks_of_their_own() -> None:
    study = Study.of(leave_one_out(NAMES), name="s", question="q", blocks=2, processes=3, clock="interleaved", rounds=1)
    for effect in list_effects(apart(), study.contrasts):
        assert (effect.blocks, effect.time_blocks, effect.processes) == (2, 3, 3)
        assert "torn" not in effect.note
