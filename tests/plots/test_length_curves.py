"""The frontier of a study whose arms have several lengths: lines through a recipe's arms, and the times at equal accuracy."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ablate.plots import frontier
from ablate.plots.length_curves import LengthCurves
from ablate.report import Evidence
from ablate.stats import arm_summary
from ablate.store.records import Trial
from ablate.study import Design, ladder, lengths, total
from tests.plots.looking import all_words
from tests.report.build import resolved, write_folder

GAIN_BY_LENGTH = 0.02
SAVED = 0.10


def evidence_of(folder: Path, design: Design) -> Evidence:
    """Trials whose times are proportional to their lengths, and whose scores rise with them."""
    arms = {arm.name: arm for arm in design.arms}

    def changed(trial: Trial) -> Trial:
        arm, measured = arms[trial.spec.arm], trial.measurements
        assert measured is not None
        assert measured.score is not None
        seconds = 2.0 * arm.length * (1 - SAVED * bool(arm.features)) * (1 + 0.001 * trial.spec.block)
        score = measured.score + GAIN_BY_LENGTH * (arm.length - 1)
        return replace(trial, measurements=replace(measured, time_seconds=seconds, score=score))

    return Evidence.read(write_folder(folder, resolved(design, blocks=8, processes=4), change=changed))


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return evidence_of(
        tmp_path_factory.mktemp("runs") / "run", lengths(total(["silu"]), (0.85, 1.0, 1.15, 1.3), of=["all"])
    )


def drawn(evidence: Evidence, curves: LengthCurves | None) -> Axes:
    return frontier(arm_summary(evidence.frame), lengths=curves)


def with_marker(axes: Axes, marker: str) -> list[Line2D]:
    return [line for line in axes.lines if line.get_marker() == marker]


def test_a_recipes_lengths_are_joined_and_its_time_is_read_off_at_the_references_score(evidence: Evidence) -> None:
    curves = LengthCurves.of(evidence)
    assert curves is not None
    assert curves.recipes == (("all @ 0.85", "all", "all @ 1.15", "all @ 1.3"),)
    axes = drawn(evidence, curves)
    arms = arm_summary(evidence.frame).set_index("arm")
    means = arms.loc[list(curves.recipes[0])]
    joined = [line for line in axes.lines if len(np.asarray(line.get_xdata())) == 4 and line.get_linestyle() == "-"]
    assert [list(line.get_xdata()) for line in joined] == [list(means["time_seconds_mean"])]
    (diamond,) = with_marker(axes, "D")
    row = curves.times.set_index("arm").loc["all"]
    assert list(diamond.get_xdata()) == [row["seconds"]]
    assert list(diamond.get_ydata()) == pytest.approx([100 * arms.loc["baseline", "score_mean"]])
    bar = [row["low_seconds"], row["high_seconds"]]
    assert any(list(line.get_xdata()) == bar for line in axes.lines)
    said = words_of(axes)
    assert "time to the accuracy of the baseline" in said
    assert "Diamond: read off a straight line in logarithms; bar: its 95 % interval" in said
    assert "goes on beyond" not in said
    assert "bar: its 99 % interval" in words_of(drawn(evidence, replace(curves, level=0.01)))


def test_an_end_beyond_the_measured_lengths_is_left_open_and_said(evidence: Evidence) -> None:
    curves = LengthCurves.of(evidence)
    assert curves is not None
    axes = drawn(evidence, replace(curves, times=curves.times.assign(high_seconds=np.nan)))
    row = curves.times.set_index("arm").loc["all"]
    assert any(list(line.get_xdata()) == [row["low_seconds"], row["seconds"]] for line in axes.lines)
    assert "where the bar ends at the diamond it goes on beyond the measured lengths" in words_of(axes)


def test_a_time_that_could_not_be_read_leaves_the_lines(evidence: Evidence) -> None:
    curves = LengthCurves.of(evidence)
    assert curves is not None
    axes = drawn(evidence, replace(curves, times=curves.times.assign(seconds=np.nan)))
    assert not with_marker(axes, "D")
    said = words_of(axes)
    assert "one recipe at several lengths" in said
    assert "Diamond" not in said


@pytest.mark.parametrize(
    "design", [total(["silu"]), lengths(ladder(["silu", "tuning"]))], ids=["no lengths", "too many recipes"]
)
def test_other_frontiers_stay_as_they_are(tmp_path: Path, design: Design) -> None:
    found = evidence_of(tmp_path / "run", design)
    assert LengthCurves.of(found) is None
    assert not with_marker(drawn(found, None), "D")


def words_of(axes: Axes) -> str:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return " ".join(all_words(figure).split())
