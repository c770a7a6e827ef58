"""Published records by date: what is drawn, where, and what is said of it."""

from dataclasses import replace
from itertools import pairwise
from math import nan
from pathlib import Path

import pytest
from matplotlib.colors import to_hex

from ablate import plots
from ablate.errors import UsageError
from ablate.lineages import RECORDS, Record
from ablate.plots.style import DARK, LIGHT, MARKERS
from ablate.stats import arm_summary
from ablate.study import Study, ladder
from tests.plots.looking import all_words, cut, figure_of, overlaps, visible_texts
from tests.plots.material import SLUGS, trials_of
from tests.plots.test_drawing import LADDER, folder_of, run

MEASURED = arm_summary(trials_of(ladder(SLUGS)))
BENCH = replace(RECORDS[0], name="bench", date="2024-07-01", seconds=10.0, device="A100")


def marks_of(axes) -> dict[str, object]:
    """The records' marks by what they are labelled."""
    return {line.get_label(): line for line in axes.lines if " % on " in str(line.get_label())}


def best_of(axes) -> dict[str, object]:
    return {line.get_label(): line for line in axes.lines if str(line.get_label()).startswith("best so far")}


def ticks_of(axes) -> list[object]:
    return [line for line in axes.lines if line.get_label() == "measured here"]


def test_every_record_has_one_mark_at_its_day_and_time() -> None:
    axes = plots.history(RECORDS)
    marks = marks_of(axes)
    drawn = sorted(
        (float(year), float(seconds))
        for line in marks.values()
        for year, seconds in zip(line.get_xdata(), line.get_ydata(), strict=True)
    )
    assert len(drawn) == len(RECORDS) == 44
    assert sorted(seconds for _, seconds in drawn) == sorted(record.seconds for record in RECORDS)
    assert drawn[0] == (pytest.approx(2018 + 298 / 365), 79)
    assert drawn[-1] == (pytest.approx(2025 + 289 / 365), 1.98)
    assert {label: len(line.get_xdata()) for label, line in marks.items()} == {
        "94 % on an A100": 27,
        "94 % on other hardware": 6,
        "95 % on an A100": 1,
        "96 % on an A100": 10,
    }


def test_the_axis_of_seconds_is_logarithmic_and_that_of_dates_in_whole_years() -> None:
    axes = plots.history(RECORDS)
    figure_of(axes).canvas.draw()
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "Time (s)"
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(year) for year in range(2019, 2027)]
    seconds = [label.get_text() for label in axes.get_yticklabels()]
    assert {"3", "10", "30", "100", "300"} <= set(seconds)
    few = plots.history([BENCH], width_inches=3.5)
    figure_of(few).canvas.draw()
    assert [label.get_text() for label in few.get_xticklabels()] == ["2024", "2025"]
    assert few.get_ylim()[0] < 10 < few.get_ylim()[1]


def test_a_line_falls_to_each_record_of_its_day_and_passes_the_others() -> None:
    axes = plots.history(RECORDS)
    lines = best_of(axes)
    assert list(lines) == ["best so far to 94 %", "best so far to 95 %", "best so far to 96 %"]
    levels = list(lines["best so far to 96 %"].get_ydata())
    assert levels == [462, 156, 97, 46.3, 37.0, 35.8, 34.7, 28.0, 27.3, 27.3]
    levels = list(lines["best so far to 94 %"].get_ydata())
    assert levels[:4] == [79, 74.04, 26, 18.1]
    assert 14.3 in levels
    assert not {29.9, 89.74, 83.8, 52.1, 14.9} & set(levels)
    assert levels[-2:] == [1.98, 1.98]
    assert {line.get_drawstyle() for line in lines.values()} == {"steps-post"}


def test_marks_of_an_a100_are_filled_and_others_hollow() -> None:
    for theme in (LIGHT, DARK):
        marks = marks_of(plots.history(RECORDS, theme=theme.name))
        filled, hollow = marks["94 % on an A100"], marks["94 % on other hardware"]
        assert to_hex(filled.get_markerfacecolor()) == to_hex(filled.get_markeredgecolor()) == theme.series[0]
        assert to_hex(hollow.get_markerfacecolor()) == theme.background
        assert to_hex(hollow.get_markeredgecolor()) == theme.series[0]
    words = all_words(figure_of(plots.history(RECORDS)))
    assert (
        "Published seconds on the hardware of each record: A100 (filled) and P100, RTX 3060 and V100 (hollow)." in words
    )
    assert "other hardware" in words
    alone = all_words(figure_of(plots.history(RECORDS, target=96)))
    assert "hardware of each record: A100 (filled)." in alone
    assert "other hardware" not in alone


def test_a_target_looks_alike_alone_and_among_others() -> None:
    together, alone = (marks_of(plots.history(RECORDS, target=target)) for target in (None, 96))
    assert list(alone) == ["96 % on an A100"]
    mark, same = together["96 % on an A100"], alone["96 % on an A100"]
    assert mark.get_marker() == same.get_marker() == MARKERS[2]
    assert mark.get_markerfacecolor() == same.get_markerfacecolor() == LIGHT.series[2]


@pytest.mark.parametrize("width", [3.5, 7.0, 10.0])
@pytest.mark.parametrize("target", [None, 94, 95, 96])
@pytest.mark.parametrize("measured", [None, MEASURED], ids=["alone", "beside arms"])
def test_labels_lie_inside_the_axes_and_on_nothing(width: float, target: int | None, measured: object) -> None:
    axes = plots.history(RECORDS, target=target, measured=measured, width_inches=width)
    figure = figure_of(axes)
    assert overlaps(figure) == []
    assert cut(figure) == []
    inside = axes.get_window_extent()
    names = [(words, box) for words, box in visible_texts(figure) if words.endswith(" s")]
    assert names
    for words, box in names:
        assert inside.x0 <= box.x0, words
        assert box.x1 <= inside.x1, words
        assert inside.y0 <= box.y0, words
        assert box.y1 <= inside.y1, words
        for line in marks_of(axes).values():
            for x, y in axes.transData.transform(line.get_xydata()):
                assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), words


@pytest.mark.parametrize("width", [3.5, 7.0, 10.0])
def test_no_label_lies_on_a_step_line_and_the_best_are_named_first(width: float) -> None:
    axes = plots.history(RECORDS, width_inches=width)
    names = [(words, box) for words, box in visible_texts(figure_of(axes)) if words.endswith(" s")]
    for line in best_of(axes).values():
        corners = axes.transData.transform(line.get_xydata())
        for (x, y), (right, below) in pairwise(corners):
            for words, box in names:
                assert not (box.y0 < y < box.y1 and box.x0 < right and x < box.x1), words
                assert not (box.x0 < right < box.x1 and box.y0 < y and below < box.y1), words
    said = {" ".join(words.replace(":", "").split()) for words, _ in names}
    assert {"Hive 1.98 s", "airbench95 10.4 s"} <= said
    assert f"{len(names)} of 44 records are named" in all_words(figure_of(axes))


def test_of_one_name_the_first_and_the_fastest_are_named() -> None:
    series = [
        replace(BENCH, date=f"2024-0{month}-01", seconds=seconds)
        for month, seconds in ((1, 90.0), (3, 50.0), (5, 10.0))
    ]
    words = all_words(figure_of(plots.history(series)))
    assert "bench: 90 s" in words
    assert "bench: 10 s" in words
    assert "bench: 50 s" not in words
    assert "2 of 3 records are named" in words
    close = all_words(figure_of(plots.history([series[2], replace(series[2], date="2024-09-01", seconds=9.9)])))
    assert "bench: 9.9 s" in close
    assert "bench: 10 s" not in close


def test_measured_arms_stand_in_a_column_of_their_own() -> None:
    axes = plots.history(RECORDS, measured=MEASURED, setting="a bench; data synthetic; mini preset")
    ticks = ticks_of(axes)
    means = sorted(MEASURED["time_seconds_mean"])
    assert [line.get_ydata()[0] for line in ticks] == means
    ends = {line.get_xdata()[-1] for line in best_of(axes).values()}
    starts = {line.get_xdata()[0] for line in ticks}
    assert ends == starts
    assert max(max(line.get_xdata()) for line in marks_of(axes).values()) < min(starts) < axes.get_xlim()[1]
    words = all_words(figure_of(axes))
    assert "measured here" in words
    for arm, seconds in zip(MEASURED["arm"], MEASURED["time_seconds_mean"], strict=True):
        assert f"{arm}: {seconds:.3g} s" in words
    assert (
        "mean seconds of each arm measured here on a bench; data synthetic; mini preset, whatever accuracy it reaches"
        in words
    )
    assert ticks_of(plots.history(RECORDS)) == []


def test_of_many_arms_the_fastest_and_the_slowest_stand_there() -> None:
    many = arm_summary(trials_of(ladder(tuple(f"f{number}" for number in range(9)))))
    axes = plots.history(RECORDS, measured=many)
    times = many["time_seconds_mean"]
    assert [line.get_ydata()[0] for line in ticks_of(axes)] == [times.min(), times.max()]
    assert "mean seconds of the fastest and the slowest of 10 arms" in all_words(figure_of(axes))
    eight = many.iloc[:8]
    assert len(ticks_of(plots.history(RECORDS, measured=eight))) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": RECORDS, "target": 97}, "There is no record of a time to 97 %; the targets are 94, 95 and 96."),
        ({"data": ()}, "Which records? Give some, such as `ablate.lineages.RECORDS`."),
        ({"data": RECORDS, "measured": MEASURED.drop(columns="arm")}, "This table of arms lacks arm"),
        ({"data": RECORDS, "measured": MEASURED.assign(time_seconds_mean=nan)}, "No arm has a usable trial yet"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: dict[str, object], message: str) -> None:
    data = arguments.pop("data")
    with pytest.raises(UsageError) as caught:
        plots.history(data, **arguments)
    assert message in str(caught.value)


def test_any_records_of_ones_own_are_drawn() -> None:
    own = Record("mine", "2026-02-01", 94, 1.5, 94.02, 100, "H100", "a bench")
    axes = plots.history([*RECORDS, own], target=94)
    assert best_of(axes)["best so far to 94 %"].get_ydata()[-1] == 1.5
    assert "mine (H100): 1.5 s" in all_words(figure_of(axes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return folder_of(tmp_path_factory.mktemp("runs") / "one", LADDER)


def test_the_command_needs_no_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("history")
    assert (outcome.exit_code, outcome.stdout) == (0, "history.svg\n")
    assert (tmp_path / "history.svg").read_text() == plots.to_svg(figure_of(plots.history(RECORDS)))
    for written in ("96", "0.96"):
        assert run("history", "--target", written, "-o", f"{written}.svg").exit_code == 0
    assert (tmp_path / "0.96.svg").read_text() == (tmp_path / "96.svg").read_text()
    assert (tmp_path / "96.svg").read_text() == plots.to_svg(figure_of(plots.history(RECORDS, target=96)))


def test_a_folders_arms_stand_beside_with_what_they_ran_on(folder: Path) -> None:
    outcome = run("history", str(folder))
    assert outcome.stdout == f"{folder}/figures/history.svg\n"
    words = all_words(plots.draw("history", folder, records=RECORDS))
    assert "measured here on Stand-in 9000; data synthetic; mini preset" in words
    assert "baseline: 2" in words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("history", "--target", "97"), "There is no record of a time to 97 %; the targets are 94, 95 and 96."),
        (
            ("effects", "x", "--target", "94"),
            "--target belongs to distribution, curves and history; effects takes none.",
        ),
        (("history", "--published"), "--published belongs to the waterfall"),
        (("history", "--arm", "all"), "--arm belongs to the frontier"),
        (("history", "no_such_folder"), "There is no run folder 'no_such_folder'."),
    ],
)
def test_wrong_usage_leaves_nothing_behind(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*arguments)
    assert isinstance(outcome.exception, UsageError)
    assert outcome.exception.exit_code == 2
    assert message in str(outcome.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_usable_trial_is_refused(tmp_path: Path) -> None:
    study = Study.of(ladder(SLUGS[:1]), name="none", question="?", blocks=1, processes=1)
    failed = folder_of(tmp_path / "failed", study, status="failed")
    with pytest.raises(UsageError, match="Study 'none' has no usable trial yet"):
        plots.draw("history", failed, records=RECORDS)
