"""What the other plots draw is what the statistics said."""

from math import isfinite

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from ablate import plots
from ablate.errors import UsageError
from ablate.plots.style import LIGHT, THEMES, VERDICT_MARKS, Theme
from ablate.stats import Attribution, arm_summary, effects, list_effects, pareto_front, trials_frame
from ablate.study import ladder
from tests.plots.looking import all_words, figure_of
from tests.plots.material import factorial_study, features_study, names_of, pairs_of, trials_of
from tests.stats.build import trial

NAMES = names_of(3)


def test_effects_are_sorted_by_time_and_show_value_interval_and_verdict() -> None:
    frame, contrasts = features_study(NAMES)
    chosen = [contrast for contrast in contrasts if contrast.kind == "leave_one_out"]
    table = effects(frame, chosen).sort_values("time_saved_percent", ascending=False, ignore_index=True)
    time, accuracy = plots.effects(list_effects(frame, chosen)).child_axes
    assert [label.get_text() for label in time.get_yticklabels()] == list(table["subject"])
    for axes, value, low, high, verdict in (
        (time, "time_saved_percent", "time_saved_low_percent", "time_saved_high_percent", "time_verdict"),
        (accuracy, "score_change", "score_low", "score_high", "score_verdict"),
    ):
        points = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        bars = [line for line in axes.lines if line.get_marker() in ("None", None, "") and len(line.get_ydata()) == 2]
        bars = [line for line in bars if line.get_ydata()[0] == line.get_ydata()[1]]
        assert [line.get_xdata()[0] for line in points] == list(table[value])
        thick = [line for line in bars if line.get_linewidth() > 1]
        thin = [line for line in bars if line.get_linewidth() < 1]
        assert [list(line.get_xdata()) for line in thick] == table[[low, high]].to_numpy().tolist()
        ends = [column.replace("_low", "_family_low").replace("_high", "_family_high") for column in (low, high)]
        assert [list(line.get_xdata()) for line in thin] == table[ends].to_numpy().tolist()
        assert all(
            all_of[0] < one[0] and one[1] < all_of[1]
            for one, all_of in zip(table[[low, high]].to_numpy(), table[ends].to_numpy(), strict=True)
        )
        for line, said in zip(points, table[verdict], strict=True):
            mark = VERDICT_MARKS[said]
            assert line.get_marker() == mark.marker
            assert to_hex(line.get_markeredgecolor()) == getattr(LIGHT, mark.colour)
    margins = [patch for patch in time.patches if to_hex(patch.get_facecolor()) == LIGHT.shade]
    assert (margins[0].get_x(), margins[0].get_width()) == (-0.5, 1.0)


def test_effects_of_several_kinds_make_sections() -> None:
    frame, contrasts = features_study(NAMES)
    words = all_words(figure_of(plots.effects(effects(frame, contrasts))))
    for heading in (
        "with all the others on",
        "on its own, over the baseline",
        "all together, over the baseline",
        "everything",
    ):
        assert heading in words


def test_effects_without_any_number_say_why() -> None:
    frame = trials_frame([trial("baseline", block) for block in range(5)])
    _, contrasts = features_study(NAMES)
    with pytest.raises(UsageError, match="No effect has a number yet: arm 'all' has no trial in this run folder"):
        plots.effects(effects(frame, contrasts))
    with pytest.raises(UsageError, match="no contrast between two arms"):
        plots.effects(effects(frame, []))


def test_frontier_crosses_front_and_target() -> None:
    summary = arm_summary(trials_of(ladder(NAMES)))
    axes = plots.frontier(summary, target_score=0.94)
    front = pareto_front(summary["time_seconds_mean"], summary["score_mean"])
    (steps,) = [line for line in axes.lines if line.get_label() == "Pareto front"]
    best = summary[front].sort_values("time_seconds_mean")
    assert list(steps.get_xdata()) == list(best["time_seconds_mean"])
    assert list(steps.get_ydata()) == pytest.approx(list(100 * best["score_mean"]))
    crosses = {tuple(np.ravel(line.get_xydata()).round(9)) for line in axes.lines if len(line.get_xdata()) == 2}
    for row in summary.itertuples():
        level = 100 * row.score_mean
        assert tuple(np.round([row.time_seconds_low, level, row.time_seconds_high, level], 9)) in crosses
    assert any(list(line.get_ydata()) == [94.0, 94.0] for line in axes.lines)
    words = all_words(figure_of(axes))
    assert all(arm in words for arm in summary["arm"])
    assert "target 94 %" in words


def test_frontier_of_many_arms_names_the_front_the_landmarks_and_whom_it_is_asked_for() -> None:
    frame, arms, _, _ = factorial_study()
    summary = arm_summary(frame)
    kinds = {arm.name: f"{len(arm.features)} of 6 on" for arm in arms if 0 < len(arm.features) < 6}
    front = pareto_front(summary["time_seconds_mean"], summary["score_mean"])
    asked = next(arm for arm in summary["arm"][~front] if arm not in ("baseline", "all"))
    named = {*summary["arm"][front], "baseline", "all", asked}
    axes = plots.frontier(summary, kinds=kinds, named=["baseline", "all", asked])
    words = all_words(figure_of(axes))
    for arm in summary["arm"]:
        assert (f" {arm} " in f" {words} ") == (arm in named), arm
    assert f"{len(named)} of 64 arms are named" in words
    dots = {line.get_label(): len(line.get_xdata()) for line in axes.lines if " of 6 on" in str(line.get_label())}
    assert sum(dots.values()) == 64 - len(named)
    assert list(dots) == [f"{count} of 6 on" for count in range(1, 6)]
    crosses = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_label().startswith("_")]
    assert len(crosses) == 2 * len(named)
    with pytest.raises(UsageError, match=r"no arm '\{tta, x\}' with a usable trial"):
        plots.frontier(summary, named=["{tta, x}"])


def clouds_of(axes: Axes) -> list[Line2D]:
    """The clouds of dots: markers without an edge."""
    return [line for line in axes.get_children() if isinstance(line, Line2D) and line.get_markeredgewidth() == 0]


def test_more_processes_than_colours_are_told_apart_by_shape() -> None:
    frame = trials_of(ladder(NAMES), blocks=20, processes=20)
    drift = plots.distribution(frame).child_axes[2]
    looks = [(to_hex(cloud.get_markerfacecolor()), cloud.get_marker()) for cloud in clouds_of(drift)]
    assert len(set(looks)) == len(looks) == 20


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_no_arm_has_the_colour_of_what_is_worse(theme: Theme) -> None:
    assert len(set(theme.series)) == len(theme.series)
    assert theme.loss not in theme.series
    frame = trials_of(ladder(NAMES), epochs=8)
    lines = [line for line in plots.curves(frame, theme=theme.name).lines if line.get_label() in set(frame["arm"])]
    assert lines
    assert theme.loss not in {to_hex(line.get_color()) for line in lines}


def test_distribution_draws_every_trial_and_every_process() -> None:
    frame = trials_of(ladder(NAMES), blocks=10, processes=5)
    accuracy, time, drift = plots.distribution(frame).child_axes
    for axes, column, unit in ((accuracy, "score", 100), (time, "time_seconds", 1)):
        clouds = {cloud.get_label(): cloud.get_xdata() for cloud in clouds_of(axes)}
        for arm, group in frame.groupby("arm"):
            assert sorted(clouds[arm]) == pytest.approx(sorted(unit * group[column]))
    by_process = {cloud.get_label(): len(cloud.get_xdata()) for cloud in clouds_of(drift)}
    assert by_process == {f"process {process}": 8 for process in range(5)}
    percent = np.concatenate([cloud.get_ydata() for cloud in clouds_of(drift)])
    means = frame["arm"].map(frame.groupby("arm")["time_seconds"].mean())
    assert sorted(percent) == pytest.approx(sorted(100 * (frame["time_seconds"] / means - 1)), abs=1e-6)


def test_distribution_counts_what_it_leaves_out() -> None:
    good = [trial("baseline", block) for block in range(4)]
    frame = trials_frame([*good, trial("baseline", 4, status="failed")])
    assert "1 trial without usable numbers left out" in all_words(figure_of(plots.distribution(frame)))
    only_failed = trials_frame([trial("baseline", block, status="failed") for block in range(3)])
    with pytest.raises(UsageError, match="no usable trial to draw \\(3 failed\\)"):
        plots.distribution(only_failed)
    with pytest.raises(UsageError, match="none has been run yet"):
        plots.distribution(trials_frame([]))


@pytest.mark.parametrize("trials", [1, 2, 80])
def test_one_arm_and_identical_times_can_be_drawn(trials: int) -> None:
    frame = trials_frame([trial("baseline", block) for block in range(trials)])
    figure_of(plots.distribution(frame)).canvas.draw()
    assert "baseline" in all_words(figure_of(plots.frontier(arm_summary(frame))))


def test_curves_are_the_means_by_epoch_and_need_curves() -> None:
    frame = trials_of(ladder(NAMES), epochs=8)
    axes = plots.curves(frame)
    for arm, group in frame.groupby("arm"):
        (line,) = [line for line in axes.lines if line.get_label() == arm]
        assert list(line.get_xdata()) == list(range(1, 9))
        assert list(line.get_ydata()) == pytest.approx(list(100 * np.mean(np.stack(group["curve"].tolist()), axis=0)))
    with pytest.raises(UsageError, match="None of the 32 usable trials has a curve; run the study with --curves"):
        plots.curves(trials_of(ladder(NAMES)))


def test_a_curve_ends_where_its_arm_does() -> None:
    frame = trials_of(ladder(NAMES), epochs=4)
    axes = plots.curves(frame, epochs={"baseline": 4.0, f"+ {NAMES[0]}": 3.795})
    ends = {line.get_label(): list(line.get_xdata()) for line in axes.lines if line.get_label() in set(frame["arm"])}
    assert ends["baseline"] == [1, 2, 3, 4]
    assert ends[f"+ {NAMES[0]}"] == [1, 2, 3, 3.795]
    assert ends[f"+ {NAMES[1]}"] == [1, 2, 3, 4]
    assert "log-error scale" in axes.get_ylabel()


def _bands(axes: Axes) -> list[tuple[np.ndarray, np.ndarray]]:
    """The lower and the upper ends of each band by epoch, from its outline: there and back, with a corner more at each end."""
    bands = []
    for collection in axes.collections:
        corners = collection.get_paths()[0].vertices
        epochs = (len(corners) - 3) // 2
        bands.append((corners[1 : epochs + 1, 1], corners[epochs + 2 : 2 * epochs + 2, 1][::-1]))
    return bands


@pytest.mark.parametrize(("blocks", "shown"), [(19, (0, 100)), (100, (5, 95))])
def test_the_band_of_many_curves_is_their_middle_90_percent_and_of_few_their_range(
    blocks: int, shown: tuple[float, float]
) -> None:
    frame = trials_of(ladder(NAMES[:2]), blocks=blocks, processes=5, epochs=10)
    axes = plots.curves(frame)
    words = "bands: the middle 90 % of trials" if blocks == 100 else "bands: lowest to highest trial"
    assert words in all_words(figure_of(axes))
    for (low, high), (_, group) in zip(_bands(axes), frame.groupby("arm", sort=False), strict=True):
        ends = np.percentile(100 * np.stack(group["curve"].tolist()), shown, axis=0)
        assert (list(low), list(high)) == (pytest.approx(list(ends[0])), pytest.approx(list(ends[1])))
    # Nothing but the means, however many trials there are.
    assert len(axes.lines) == frame["arm"].nunique()


def test_a_target_is_a_dashed_line_and_the_caption_says_when_each_mean_is_there() -> None:
    frame = trials_of(ladder(NAMES[:1]), epochs=4)
    curves = {"baseline": (0.5, 0.9, 0.939, 0.9399), f"+ {NAMES[0]}": (0.6, 0.92, 0.94, 0.95)}
    frame["curve"] = [curves[arm] for arm in frame["arm"]]
    axes = plots.curves(frame, target_score=0.94)
    (line,) = [line for line in axes.lines if line.get_label() not in curves]
    assert list(line.get_ydata()) == pytest.approx([94, 94])
    words = all_words(figure_of(axes))
    assert "target 94 %" in words
    assert f"The mean first reaches 94 %: + {NAMES[0]} after epoch 3; not reached: baseline" in words
    easy = all_words(figure_of(plots.curves(frame, target_score=0.9)))
    assert "The mean of every arm first reaches 90 % after epoch 2" in easy
    hard = all_words(figure_of(plots.curves(frame, target_score=0.96)))
    assert "No mean reaches 96 %" in hard
    with pytest.raises(UsageError, match=r"^target accuracy 94: give a number from 0 to 1, as trials hold it\.$"):
        plots.curves(frame, target_score=94)


def test_the_distribution_writes_each_arms_share_beside_its_row() -> None:
    frame = trials_of(ladder(NAMES[:1]), blocks=10)
    frame["score"] = [
        0.94 if arm == "baseline" or block < 3 else 0.93
        for arm, block in zip(frame["arm"], frame["block"], strict=True)
    ]
    axes = plots.distribution(frame, target_score=0.94)
    scores, times, _ = axes.child_axes
    dashed = [line for line in scores.lines if line.get_linestyle() == "--" and len(set(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in dashed] == [pytest.approx(94)]
    # 10 and 3 of 10, with the ends of Wilson's interval.
    assert [(note.get_text(), note.xy[1]) for note in times.texts][:2] == [
        ("100 %\n[72.2, 100.0]", 0),
        ("30 %\n[10.8, 60.3]", 1),
    ]
    assert times.texts[2].get_text().split() == ["94", "%", "or", "more"]
    with pytest.raises(UsageError, match="of which there is nothing to draw here"):
        plots.distribution(frame, view="time", target_score=0.94)


def test_curves_of_one_point_are_drawn_from_left_to_right() -> None:
    frame = trials_of(ladder(NAMES), epochs=1)
    axes = plots.curves(frame, epochs=dict.fromkeys(frame["arm"].unique(), 0.5))
    (left, right) = axes.get_xlim()
    assert left < 0.5 < right


def test_shapley_bars_stand_beside_the_ladders() -> None:
    _, _, values, rungs = factorial_study()
    time, accuracy = plots.shapley(values, ladder=rungs).child_axes
    by_subject = {share.subject: share for share in values.shares}
    order = [share.subject for share in rungs.shares]
    for axes, column in ((time, "time_saved_percent"), (accuracy, "score_change")):
        widths = [patch.get_width() for patch in axes.patches]
        ours = [getattr(by_subject[subject], column) for subject in order] + [getattr(values.total, column)]
        theirs = [getattr(share, column) for share in (*rungs.shares, rungs.total)]
        assert widths == [*ours, *theirs]
    with pytest.raises(UsageError, match="cannot be drawn: Shapley values need all 64 combinations; this study has 1"):
        plots.shapley(Attribution(note="Shapley values need all 64 combinations; this study has 1"))


def test_interactions_mark_the_intervals_that_miss_zero() -> None:
    table = pairs_of(names_of(6))
    time, accuracy = plots.interactions(table).child_axes
    for axes, outcome, unit in ((time, "time_saved", "_percent"), (accuracy, "score", "")):
        low, high = table[f"{outcome}_low{unit}"], table[f"{outcome}_high{unit}"]
        misses = (low > 0) | (high < 0)
        rings = [line for line in axes.lines if line.get_marker() == "o"]
        filled = [line for line in rings if line.get_markerfacecolor() != "none"]
        assert len(rings) == misses.sum() > 0
        assert len(filled) == (misses & table[f"{outcome.removesuffix('_saved')}_stands_out"]).sum()
    unmeasured = table.assign(
        score_change=np.nan, time_saved_percent=np.nan, note="this study has no arm with silu alone"
    )
    with pytest.raises(UsageError, match="this study has no arm with silu alone"):
        plots.interactions(unmeasured)


def test_cells_whose_interval_covers_zero_are_pale_however_large_their_value() -> None:
    table = pairs_of(names_of(4)).assign(time_stands_out=False, score_stands_out=False)
    table["time_saved_percent"] = [9.0, -8.0, 0.6, -0.6, 0.1, 0.2]
    table["time_saved_low_percent"] = table["time_saved_percent"] - [10, 10, 0.5, 0.5, 10, 10]
    table["time_saved_high_percent"] = table["time_saved_percent"] + [10, 10, 0.5, 0.5, 10, 10]
    (axes,) = [plots.interactions(table, outcome="time", width_inches=7.0)]
    cells = [patch for patch in axes.patches if patch.get_alpha() is not None]
    clear = [index in (2, 3) for index in range(6)]
    strengths = [cell.get_alpha() for cell in cells]
    assert max(s for s, settled in zip(strengths, clear, strict=True) if not settled) < 0.1
    assert min(s for s, settled in zip(strengths, clear, strict=True) if settled) >= 0.3
    colours = [to_hex(cells[index].get_facecolor()) for index in (2, 3)]
    assert colours == [LIGHT.gain, LIGHT.loss]
    words = all_words(figure_of(axes))
    assert "±10.0" in words
    assert "±0.5" in words
    assert "Time saved (%)" in words
    assert "and p (Holm)" not in words
    assert "interval misses zero" in words
    none = table.assign(time_saved_low_percent=-20.0, time_saved_high_percent=20.0)
    words = all_words(figure_of(plots.interactions(none, outcome="time")))
    assert "interval covers zero" in words
    for absent in ("better together", "in each other's way", "interval misses zero"):
        assert absent not in words


def test_every_colour_of_the_shapley_figure_is_in_its_legend() -> None:
    _, _, values, rungs = factorial_study()
    words = all_words(figure_of(plots.shapley(values, ladder=rungs)))
    for entry in ("better", "the total", "paler: the ladder's step", "Time saved, % of the baseline"):
        assert entry in words
    worse = any(share.score_change < 0 or share.time_saved_percent < 0 for share in values.shares)
    assert (" worse " in words) == worse
    assert "paler" not in all_words(figure_of(plots.shapley(values)))


@pytest.mark.parametrize(("plot", "option"), [(plots.effects, "outcome"), (plots.distribution, "view")])
def test_unknown_outcomes_name_the_near_match(plot, option) -> None:
    frame, contrasts = features_study(NAMES)
    data = frame if plot is plots.distribution else effects(frame, contrasts)
    with pytest.raises(UsageError, match=r"'tmie'. Did you mean 'time'"):
        plot(data, **{option: "tmie"})


def test_intervals_shown_are_finite_in_the_material() -> None:
    _, _, values, _ = factorial_study()
    assert all(isfinite(share.time_saved_low_percent) for share in values.shares)
