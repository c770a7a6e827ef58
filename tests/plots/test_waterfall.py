import re
import subprocess
from dataclasses import replace
from itertools import pairwise
from math import nan

import pandas as pd
import pytest

from ablate import plots
from ablate.errors import UsageError
from ablate.lineages.airbench94_muon.lineage import GROUPS, LADDERS
from ablate.plots.style import LIGHT
from ablate.stats import Attribution, effects, ladder
from ablate.stats.multiplicity import widening
from ablate.study import ladder as ladder_design
from ablate.study import with_others
from tests.plots.looking import all_words, figure_of
from tests.plots.material import SLUGS, TITLES, equal_accuracy_of, factorial_study, ladder_of, names_of, trials_of

LADDER = LADDERS[0]

PUBLISHED = [
    ("Vectorised Optimiser", 5.17),
    ("Data Augmentation", 1.78),
    ("Compilation", 0.97),
    ("Architecture", 4.90),
    ("Tuning", 7.10),
    ("Test-Time Augmentation", 2.28),
    ("Subtotal", 22.20),
]


def bars_of(axes, index: int = 0):
    return axes.containers[index].patches


def bar_containers(axes):
    from matplotlib.container import BarContainer

    return [container for container in axes.containers if isinstance(container, BarContainer)]


def test_the_published_bars_to_the_last_digit() -> None:
    axes = plots.waterfall(published=LADDER)
    bars = bars_of(axes)
    assert [bar.get_height() for bar in bars] == [value for _, value in PUBLISHED]
    assert [" ".join(label.get_text().split()) for label in axes.get_xticklabels()] == [name for name, _ in PUBLISHED]
    assert axes.get_ylabel() == "Relative Improvement (%)"
    starts = [bar.get_y() for bar in bars]
    assert starts[0] == 0
    for (below, start), next_start in zip(zip(bars, starts, strict=True), starts[1:-1], strict=False):
        assert next_start == pytest.approx(start + below.get_height(), abs=1e-9)
    assert starts[-1] == 0
    assert starts[-2] + bars[-2].get_height() == pytest.approx(22.20, abs=1e-9)
    words = [text.get_text() for text in axes.texts]
    assert words[:7] == ["5.17 %", "1.78 %", "0.97 %", "4.90 %", "7.10 %", "2.28 %", "22.20 %"]


def test_the_published_figure_names_seconds_source_hardware_and_n() -> None:
    words = all_words(figure_of(plots.waterfall(published=LADDER)))
    assert "baseline 2.59 s → final 2.015 s" in words
    assert GROUPS[0].source in words
    assert "A100, 200 trials of the baseline and 2,000 of the record" in words


def test_dashed_connectors_join_each_end_to_the_next_start() -> None:
    axes = plots.waterfall(published=LADDER)
    bars = bars_of(axes)
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == len(bars) - 1
    for line, (bar, following) in zip(dashed, pairwise(bars), strict=True):
        level = bar.get_y() + bar.get_height()
        assert line.get_ydata() == pytest.approx([level, level])
        assert line.get_xdata() == pytest.approx([bar.get_x() + bar.get_width(), following.get_x()])


def test_bars_values_and_whiskers_are_those_of_the_ladder() -> None:
    measured = ladder_of(SLUGS)
    axes = plots.waterfall(measured, titles=TITLES, width_inches=10.0)
    shares = [*measured.shares, measured.total]
    assert [bar.get_height() for bar in bars_of(axes)] == [share.time_saved_percent for share in shares]
    whiskers = [collection.get_segments()[0] for collection in axes.collections]
    for whisker, bar, share in zip(whiskers, bars_of(axes), shares, strict=True):
        assert whisker[0][1] == pytest.approx(bar.get_y() + share.time_saved_low_percent)
        assert whisker[1][1] == pytest.approx(bar.get_y() + share.time_saved_high_percent)
    words = all_words(figure_of(axes))
    assert f"baseline {measured.baseline_seconds:.4g} s → final {measured.final_seconds:.4g} s" in words
    assert "n = 8 blocks of 7 arms in 4 processes" in words
    half_width = (shares[0].score_high - shares[0].score_low) / 2
    assert f"{shares[0].score_change:+.2f} ± {half_width:.2f} pp" in words.replace("−", "-")


def test_a_slowing_step_goes_down_in_the_warning_colour_and_the_sum_stays_right() -> None:
    names = names_of(3)
    measured = ladder_of(names, slower=names[1:2])
    assert measured.shares[1].time_saved_percent < -1
    for width in (10.0, 3.5):
        axes = plots.waterfall(measured, width_inches=width, orientation="standing" if width > 5 else "lying")
        first, slowing, last, total = bars_of(axes)
        size = (lambda bar: bar.get_height()) if width > 5 else (lambda bar: bar.get_width())
        start = (lambda bar: bar.get_y()) if width > 5 else (lambda bar: bar.get_x())
        assert size(slowing) == measured.shares[1].time_saved_percent
        assert start(slowing) == pytest.approx(size(first))
        assert start(last) + size(last) == pytest.approx(size(total))
        hexes = [_hex(bar) for bar in (first, slowing, last, total)]
        assert hexes == [LIGHT.gain, LIGHT.loss, LIGHT.gain, LIGHT.total]
        assert slowing.get_hatch()
        assert "slows training down" in all_words(figure_of(axes))
        assert f"−{-measured.shares[1].time_saved_percent:.2f} %" in all_words(figure_of(axes))


def _hex(bar) -> str:
    from matplotlib.colors import to_hex

    return to_hex(bar.get_facecolor())


def test_published_and_measured_stand_side_by_side() -> None:
    measured = ladder_of(SLUGS)
    axes = plots.waterfall(measured, published=LADDER, width_inches=10.0)
    theirs, ours = bar_containers(axes)
    assert [bar.get_height() for bar in theirs] == [value for _, value in PUBLISHED]
    assert [bar.get_height() for bar in ours] == [
        share.time_saved_percent for share in [*measured.shares, measured.total]
    ]
    for left, right in zip(theirs, ours, strict=True):
        assert left.get_x() + left.get_width() < right.get_x() + 1e-9
        assert _hex(left) == LIGHT.published != _hex(right)
    words = all_words(figure_of(axes))
    assert "published: baseline 2.59 s → final 2.015 s" in words


def test_steps_that_are_not_settled_are_lighter_and_the_legend_says_so() -> None:
    design = ladder_design(SLUGS)
    table = effects(trials_of(design), design.contrasts)
    table.loc[table["subject"] == "tta", "time_verdict"] = "inconclusive"
    table.loc[table["subject"] != "tta", "time_verdict"] = "better"
    axes = plots.waterfall(ladder_of(SLUGS), effects=table, width_inches=10.0)
    opacity = [bar.get_facecolor()[3] for bar in bars_of(axes)]
    assert opacity[SLUGS.index("tta")] < 0.5
    assert sorted(opacity)[1:] == [1.0] * len(SLUGS)
    assert "not settled" in all_words(figure_of(axes))
    assert f"thin: for all {len(design.contrasts)} contrasts at once" in all_words(figure_of(axes))
    assert "saves time" in all_words(figure_of(axes))
    settled = plots.waterfall(table.assign(time_verdict="better"), width_inches=10.0)
    assert "saves time" not in all_words(figure_of(settled))
    assert {bar.get_facecolor()[3] for bar in bars_of(settled)} == {1.0}
    assert "not settled" not in all_words(figure_of(settled))


def test_a_thin_line_goes_on_to_the_interval_that_holds_for_all_contrasts_at_once() -> None:
    design = ladder_design(SLUGS)
    table = effects(trials_of(design), design.contrasts)
    measured = ladder_of(SLUGS)
    axes = plots.waterfall(measured, effects=table, width_inches=3.5, orientation="lying")
    thin = [line.get_xdata() for line in axes.lines if line.get_label() == "_at_once"]
    assert len(thin) == len(SLUGS) + 1
    wider = widening(measured.processes, int(table["time_family"].max()))
    start = 0.0
    for share, (low, high) in zip(measured.shares, thin[:-1], strict=True):
        end = start + share.time_saved_percent
        assert low == pytest.approx(end - wider * (share.time_saved_percent - share.time_saved_low_percent))
        assert high == pytest.approx(end + wider * (share.time_saved_high_percent - share.time_saved_percent))
        start = end
    alone = plots.waterfall(measured, width_inches=3.5, orientation="lying")
    assert not [line for line in alone.lines if line.get_label() == "_at_once"]


def test_an_open_step_that_slows_keeps_its_hatch_in_svg(tmp_path) -> None:
    names = names_of(3)
    measured = ladder_of(names, slower=names[1:2])
    table = pd.DataFrame({"kind": "ladder", "subject": names, "time_verdict": ["better", "inconclusive", "better"]})
    axes = plots.waterfall(measured, effects=table, width_inches=10.0)
    svg = plots.save(figure_of(axes), tmp_path / "waterfall.svg").read_text()
    patterns = re.findall(r'<pattern.*?fill="([^"]+)".*?stroke: (#\w+)', svg, re.DOTALL)
    # One in the bar, on its own pale face, and one in the legend.
    assert ("none", LIGHT.loss) in patterns
    assert all(fill != stroke for fill, stroke in patterns)


def test_each_whisker_has_its_own_start_to_be_read_against() -> None:
    measured = ladder_of(SLUGS)
    axes = plots.waterfall(measured, width_inches=10.0)
    starts = [line for line in axes.lines if line.get_label() == "_start"]
    assert [line.get_ydata()[0] for line in starts] == pytest.approx([bar.get_y() for bar in bars_of(axes)])
    for line, bar in zip(starts, bars_of(axes), strict=True):
        first, last = line.get_xdata()
        assert first < bar.get_x() < bar.get_x() + bar.get_width() < last


@pytest.mark.parametrize("width", [3.5, 7.0, 10.0])
def test_the_figure_stands_or_lies_alike_with_and_without_the_published_bars(width) -> None:
    lying = [
        plots.waterfall(
            ladder_of(SLUGS), titles=TITLES, published=LADDER if published else None, width_inches=width
        ).yaxis_inverted()
        for published in (False, True)
    ]
    assert lying[0] == lying[1]


@pytest.mark.parametrize("width", [3.5, 10.0])
def test_a_value_stands_by_its_bar_and_not_at_the_whiskers_cap(width) -> None:
    axes = plots.waterfall(ladder_of(SLUGS), width_inches=width)
    figure_of(axes).canvas.draw()
    for bar, share in zip(bars_of(axes), ladder_of(SLUGS).shares, strict=False):
        words = f"{share.time_saved_percent:.2f} %"
        (label,) = [text for text in axes.texts if text.get_text().startswith(words)]
        box, of_bar = label.get_window_extent(), bar.get_window_extent()
        if width > 5:
            assert abs(box.y0 - of_bar.y1) < label.get_fontsize() * figure_of(axes).dpi / 72
        else:
            assert abs(box.y1 - of_bar.y0) < label.get_fontsize() * figure_of(axes).dpi / 72


def test_the_published_figure_has_a_title_percent_ticks_and_a_calm_total() -> None:
    axes = plots.waterfall(published=LADDER)
    figure_of(axes).canvas.draw()
    words = all_words(figure_of(axes))
    assert "Published improvements, step by step" in words
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert all(tick.endswith(" %") for tick in ticks)
    caption = next(text.get_text() for text in axes.texts if text.get_text().startswith("Published: "))
    assert len(caption.split("\n")[-1].split()) > 1
    red, green, blue = bars_of(axes)[-1].get_facecolor()[:3]
    assert max(red, green, blue) - min(red, green, blue) < 0.25


def test_other_steps_or_another_order_cannot_stand_beside_the_published_ones() -> None:
    with pytest.raises(UsageError, match="same steps in the same order") as caught:
        plots.waterfall(ladder_of(SLUGS[::-1]), published=LADDER)
    assert "tta, tuning" in str(caught.value)


def test_equal_accuracy_marks_lie_at_what_is_saved_so_far() -> None:
    table = equal_accuracy_of(SLUGS)
    read = table[table["time_percent"].notna()]
    assert len(read) >= 3
    axes = plots.waterfall(ladder_of(SLUGS), equal_accuracy=table, width_inches=10.0)
    (marks,) = [line for line in axes.lines if line.get_label() == "at equal accuracy"]
    by_slot = dict(zip((round(x) for x in marks.get_xdata()), marks.get_ydata(), strict=True))
    assert by_slot == {SLUGS.index(row.subject): -row.time_percent for row in read.itertuples()}
    unread = table[table["time_percent"].isna()]["subject"].tolist()
    words = all_words(figure_of(axes))
    assert all(subject in words for subject in unread)


def test_no_equal_accuracy_time_at_all_is_said_with_its_reason() -> None:
    table = pd.DataFrame(
        {
            "subject": ["tta"],
            "time_percent": [nan],
            "time_low_percent": [nan],
            "time_high_percent": [nan],
            "note": ["arm '+ tta' ran at one length; equal accuracy needs 3: a 'lengths' design"],
        }
    )
    with pytest.raises(UsageError, match="There is no equal-accuracy time to draw: arm '\\+ tta' ran at one length"):
        plots.waterfall(ladder_of(SLUGS), equal_accuracy=table)


def test_a_table_of_effects_with_a_ladder_gives_the_same_steps() -> None:
    design = ladder_design(SLUGS)
    frame = trials_of(design)
    measured = ladder_of(SLUGS)
    axes = plots.waterfall(effects(frame, design.contrasts), width_inches=10.0)
    drawn = [bar.get_height() for bar in bars_of(axes)]
    expected = [share.time_saved_percent for share in [*measured.shares, measured.total]]
    # Ratios against differences of process means: the same up to the noise of 8 blocks.
    assert drawn == pytest.approx(expected, abs=0.02)
    assert sum(drawn[:-1]) == pytest.approx(drawn[-1])


def test_what_is_no_ladder_says_which_studies_have_one() -> None:
    frame = factorial_study()[0]
    table = effects(frame, ladder_design(SLUGS[:1]).contrasts).assign(kind="leave_one_out")
    for data in (table, Attribution(note="this study is not a ladder: none of its contrasts is of kind 'ladder'")):
        with pytest.raises(UsageError, match="waterfall, waterfall_equal_accuracy and shapley have one") as caught:
            plots.waterfall(data)
        assert "`ablate study run waterfall`" in str(caught.value)


def test_the_studies_named_are_those_with_a_ladder() -> None:
    from ablate.plots.steps import LADDER_STUDIES

    listed = subprocess.run(
        ["grep", "-lE", "^from ablate.study import .*(ladder|shapley)", *_study_files()],
        capture_output=True,
        text=True,
    )
    assert {line.rpartition("/")[2].removesuffix(".py") for line in listed.stdout.split()} == set(LADDER_STUDIES)


def _study_files() -> list[str]:
    """Those that run for any recipe."""
    from ablate.lineages.study_files import recipe_of, study_files

    return [str(path) for name, path in study_files().items() if recipe_of(name) is None]


def test_neither_numbers_nor_published_is_refused() -> None:
    with pytest.raises(UsageError, match="published=…"):
        plots.waterfall()


def test_unmeasured_times_are_refused_with_the_reason() -> None:
    measured = ladder_of(SLUGS)
    broken = tuple(replace(share, time_saved_percent=nan) for share in measured.shares)
    note = "no block ran all arms in one process, so their times cannot be compared"
    with pytest.raises(UsageError, match=f"the time of step 'optimiser' was not measured: {note}"):
        plots.waterfall(replace(measured, shares=broken, note=note))


def test_one_process_draws_no_whisker_and_says_why() -> None:
    measured = ladder_of(SLUGS, processes=1)
    axes = plots.waterfall(measured)
    assert len(axes.collections) == 0
    assert "no interval of time; run the study with --processes 5" in all_words(figure_of(axes))


def test_identical_times_are_bars_of_no_height() -> None:
    measured = ladder_of(SLUGS)
    level = {"time_saved_percent": 0.0, "time_saved_low_percent": 0.0, "time_saved_high_percent": 0.0}
    flat = tuple(replace(share, **level) for share in measured.shares)
    axes = plots.waterfall(replace(measured, shares=flat, total=replace(measured.total, **level)))
    assert {bar.get_height() for bar in bars_of(axes)} | {bar.get_width() for bar in bars_of(axes)} >= {0.0}
    assert "0.00 %" in all_words(figure_of(axes))


@pytest.mark.parametrize("as_table", [False, True])
def test_a_ladder_on_top_of_others_names_what_it_starts_from(as_table):
    design = with_others(ladder_design(SLUGS[1:4]), [SLUGS[0]])
    frame = trials_of(design)
    table = effects(frame, design.contrasts)
    drawn = figure_of(plots.waterfall(table if as_table else ladder(frame, design.contrasts), orientation="standing"))
    words = all_words(drawn)
    assert "Time saved, % of 'others'" in words
    assert "others 2." in words
    assert "baseline" not in words
    whole = all_words(figure_of(plots.effects(table)))
    assert "all together, over 'others'" in whole
    assert "baseline" not in whole
