"""Whatever a study asked stands first in every format, as numbers with intervals."""

import csv
import html
import io
import json
import re
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from ablate.lineages.study_files import load_study, study_files
from ablate.report import Evidence, report
from ablate.report.answers import answers, equal_accuracy_table
from ablate.report.figures import draw_figures
from ablate.report.headline import headline
from ablate.study import Design, Study, aa, add_one_in, combine, leave_one_out, lengths, pair, shapley, total, with_twin
from ablate.study import ladder as ladder_design
from ablate.study.ladders import Ladder, Rung
from tests.fakes import HIVE_SLUGS, FakeCatalogue
from tests.report.build import failed, resolved, stored, trials_of, write_folder

SAVINGS = {"optimiser": 0.05, "tuning": 0.07, "tta": 0.02}
GAINS = {"architecture": 0.006}


@pytest.fixture(scope="module")
def shapley_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = resolved(shapley(HIVE_SLUGS), name="shapley", blocks=5, processes=5)
    trials = trials_of(study, savings=SAVINGS, gains=GAINS)
    return write_folder(tmp_path_factory.mktemp("runs") / "shapley", study, trials)


def in_order(text: str, *words: str) -> bool:
    """Whether the words occur, each after the one before it."""
    places = [text.find(word) for word in words]
    return -1 not in places and places == sorted(places)


@pytest.mark.parametrize("format", ["table", "md", "latex", "html"])
def test_a_factorial_study_leads_with_shares_and_interactions(shapley_folder, format):
    text = report(shapley_folder, format)
    text = text[text.index("</nav>") :] if format == "html" else text
    shares, interactions = {
        "table": ("Fair shares\n", "Interactions\n"),
        "md": ("## Fair shares", "## Interactions"),
        "latex": ("Shapley values:", "minus the sum of the two alone"),
        "html": ('id="fair-shares"', 'id="interactions"'),
    }[format]
    assert re.search(r"\bTuning\b.*?\+6\.7", text[text.index(shares) : text.index(interactions)], re.DOTALL)
    assert in_order(text, shares, interactions, "ladder step")
    # The list of 64 arms comes last and short: cut, or folded.
    assert in_order(text, interactions, "All 64 rows" if format == "html" else "more: report.html")
    if format in ("table", "md"):
        assert sum("{optimiser" in line for line in text.splitlines()) < 26


def test_csv_and_json_of_a_factorial_study_hold_shares_and_interactions_first(shapley_folder):
    rows = list(csv.DictReader(io.StringIO(report(shapley_folder, "csv"))))
    assert [row["kind"] for row in rows] == ["shapley"] * 7 + ["interaction"] * 15 + ["ladder"] * 6 + ["total"]
    assert [row["subject"] for row in rows[:7]] == [*HIVE_SLUGS, "total"]
    value = json.loads(report(shapley_folder, "json"))
    shares = value["shapley"]["shares"]
    for row, share in zip(rows, shares, strict=False):
        assert float(row["time_saved_percent"]) == pytest.approx(share["time_saved_percent"])
        assert (
            float(row["time_saved_low_percent"]) < share["time_saved_percent"] < float(row["time_saved_high_percent"])
        )
        assert float(row["score_low"]) < share["score_change"] < float(row["score_high"])
    assert sum(share["time_saved_percent"] for share in shares) == pytest.approx(
        value["shapley"]["total"]["time_saved_percent"]
    )
    assert len(value["interactions"]) == 15
    assert in_order(report(shapley_folder, "json"), '"shapley"', '"interactions"', '"effects"', '"arms"')


def test_the_headline_names_the_shares_that_miss_zero(shapley_folder):
    said = headline(Evidence.read(shapley_folder))
    assert re.search(r"Fair shares whose interval misses zero: of time Tuning \+\d\.\d+ % \[\+", said)
    assert "of accuracy Architecture +0.6" in said
    assert re.search(r"(None|\d+) of 15 interactions (is|are) settled", said)


def test_a_factorial_study_with_an_arm_that_never_ran_says_why_it_has_no_shares(tmp_path):
    study = resolved(shapley(["silu", "tuning"]), blocks=5, processes=5)
    trials = [failed(trial) if trial.spec.arm == "all" else trial for trial in trials_of(study)]
    folder = write_folder(tmp_path / "run", study, trials)
    for format in ("table", "md", "html"):
        assert "There are none: all 5 trials of arm 'all' failed" in html.unescape(report(folder, format))
    # A table without rows is none for a paper; the headline says it there.
    assert "No fair shares: all 5 trials of arm 'all' failed" in report(folder, "latex")
    assert "No fair shares: all 5 trials" in headline(Evidence.read(folder))


def titles(study: Study) -> list[str]:
    folder = resolved(study.design, name=study.name, blocks=5, processes=5)
    return [table.title for table in answers(Evidence.of(folder, stored(folder)))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aa", []),
        ("airbench94_features", []),
        ("beyond", ["Steps"]),
        ("data_order", ["Fair shares", "Interactions"]),
        ("data_selection", []),
        ("fastcifar10", []),
        ("features", []),
        ("germer", []),
        ("past_the_record", []),
        ("past_the_record_equal_accuracy", ["At equal accuracy"]),
        ("past_the_record_screening", ["Average shares"]),
        ("past_the_record_shapley", ["Fair shares", "Interactions"]),
        ("past_the_record_steps", ["Steps"]),
        ("precision", []),
        ("published", ["Steps"]),
        ("screening", ["Average shares"]),
        ("shapley", ["Fair shares", "Interactions"]),
        ("smoke", []),
        ("waterfall", ["Steps"]),
        ("waterfall_equal_accuracy", ["At equal accuracy", "Steps"]),
    ],
)
def test_each_shipped_study_answers_its_own_question(name, expected):
    # Where there is no table of its own, the effects are the answer, and stand first.
    assert titles(load_study(name)) == expected


EVERYTHING = total(["silu"])


def at_lengths(design=EVERYTHING, **settings):
    folder = resolved(lengths(design, **settings), name="lengths", blocks=5, processes=5)
    return Evidence.of(folder, stored(folder))


def test_equal_accuracy_is_that_of_the_reference_at_its_own_length():
    evidence = at_lengths()
    means = evidence.arms.set_index("arm")["score_mean"]
    assert list(evidence.equal_accuracy["target_score"]) == pytest.approx([means["baseline"]] * 2)
    assert means["baseline"] != means["baseline @ 0.85"]


@pytest.mark.parametrize(
    ("read", "cell", "said"),
    [
        ((-16.9, -20.6, -13.0, ""), "+16.9 % [+13.0, +20.6]", " it saves 16.9 % of the time [13.0, 20.6]."),
        ((-16.9, -20.6, nan, "too far"), "+16.9 % [?, +20.6]", " it saves 16.9 % of the time [?, 20.6]; too far."),
        ((4.0, 1.0, 7.0, ""), "−4.0 % [−7.0, −1.0]", " it costs 4.0 % of the time [1.0, 7.0]."),
        ((nan, nan, nan, "out of reach"), "–", ": out of reach."),
    ],
)
def test_what_is_saved_at_equal_accuracy_is_in_its_table_and_in_the_headline(read, cell, said):
    evidence = at_lengths(of=["all"])
    measured = ["time_percent", "time_low_percent", "time_high_percent", "note"]
    table = evidence.equal_accuracy.set_index("arm")
    table.loc["all", measured] = read
    vars(evidence)["equal_accuracy"] = table.reset_index()
    told = equal_accuracy_table(evidence)
    assert told.remark == (
        "Time to the mean TTA accuracy of the baseline; that of other arms is read off three lengths or more."
    )
    assert [row[2].line for row in told.rows] == ["0.00 %", cell]
    assert headline(evidence).endswith(f" accuracy inconclusive. At equal accuracy{said}")


def test_a_factorial_study_at_lengths_has_the_times_of_its_headline_in_a_table():
    evidence = at_lengths(shapley(["silu", "tuning"]))
    assert [table.title for table in answers(evidence)] == ["Fair shares", "Interactions", "At equal accuracy"]
    assert "At equal accuracy" in headline(evidence)
    assert draw_figures(evidence)[0].kind == "shapley"


@pytest.mark.parametrize(
    ("design", "start"),
    [
        (combine(leave_one_out(["silu", "tuning"]), total(["silu", "tuning"])), "baseline"),
        (leave_one_out(["silu"]), "baseline"),
        (leave_one_out(["silu", "tuning"]), "all"),
        (ladder_design(["silu", "tuning"]), "baseline"),
    ],
)
def test_equal_accuracy_is_that_of_the_arm_that_the_study_measures_from(design, start):
    evidence = at_lengths(design)
    assert evidence.starting_arm == start
    assert list(evidence.equal_accuracy.set_index("arm").loc[start, ["time_percent", "note"]]) == [
        0.0,
        "the reference sets the target, so this is its own time",
    ]


def test_arms_left_at_one_length_have_no_row_and_the_reference_alone_is_no_study_of_lengths():
    evidence = at_lengths(ladder_design(["silu", "tuning"]), of=["+ tuning"])
    assert list(evidence.equal_accuracy["arm"]) == ["baseline", "+ tuning"]
    alone = at_lengths(of=["baseline"])
    assert alone.equal_accuracy is None
    assert "equal accuracy" not in headline(alone)
    twins = at_lengths(with_twin(total(["silu"])), of=["baseline (twin)"])
    assert twins.equal_accuracy is None


def test_a_failed_length_of_the_reference_leaves_it_its_own_time():
    folder = resolved(lengths(total(["silu"])), name="lengths", blocks=5, processes=5)
    trials = [failed(trial) if trial.spec.arm == "baseline @ 0.85" else trial for trial in trials_of(folder)]
    evidence = Evidence.of(folder, stored(folder, trials))
    assert evidence.equal_accuracy.set_index("arm").loc["baseline", "time_percent"] == 0.0


def test_no_arm_at_its_own_length_is_no_error():
    arms = tuple(replace(arm, length=0.5 * arm.length) for arm in lengths(total(["silu"])).arms)
    folder = resolved(Design(arms=arms, contrasts=()), name="lengths", blocks=5, processes=5)
    evidence = Evidence.of(folder, stored(folder))
    assert evidence.equal_accuracy is None
    assert answers(evidence) == ()


def test_the_first_picture_of_recipes_at_several_lengths_is_their_frontier():
    assert [figure.kind for figure in draw_figures(at_lengths())][:2] == ["frontier", "effects"]


def test_a_study_without_lengths_says_nothing_of_equal_accuracy():
    study = load_study("past_the_record")
    folder = resolved(study.design, name=study.name, blocks=5, processes=5)
    assert "equal accuracy" not in headline(Evidence.of(folder, stored(folder)))


def test_every_shipped_study_is_in_the_list_above():
    assert set(study_files()) == {
        *("aa", "features", "published", "screening", "shapley", "smoke", "waterfall", "waterfall_equal_accuracy"),
        *("airbench94_features", "beyond", "data_order", "data_selection", "fastcifar10", "germer", "past_the_record"),
        *(
            "past_the_record_equal_accuracy",
            "past_the_record_screening",
            "past_the_record_shapley",
            "past_the_record_steps",
        ),
        "precision",
    }


def test_rungs_with_a_length_each_are_steps_and_no_equal_accuracy():
    rungs = (
        Rung(title="plain", epochs=12.0, source="there"),
        Rung(title="Tuned", adds=("tuning",), epochs=8.0, source="there"),
        Rung(title="Longer", epochs=9.0, source="there"),
    )
    ladder = Ladder(slug="steps", title="Steps", unit="epochs", device="there", rungs=rungs)
    study = Study.published(FakeCatalogue(published=[ladder]))
    assert [arm.length for arm in study.arms] == [1.5, 1.0, 1.125]
    assert titles(study) == ["Steps"]


@pytest.mark.parametrize(
    "design",
    [aa(["silu"]), pair(*ladder_design(["silu"]).arms), ladder_design(HIVE_SLUGS), lengths(ladder_design(["silu"]))],
)
@pytest.mark.parametrize("format", ["table", "md"])
def test_numbers_of_the_answer_stand_before_the_arms(design: Design, format, tmp_path):
    study = resolved(design, blocks=5, processes=5)
    text = report(write_folder(tmp_path / "run", study, trials_of(study)), format)
    arms = text.index("Arms\n")
    assert re.search(r"time saved.*\[[+−]\d", text[:arms], re.DOTALL)


def test_a_combination_that_cannot_be_trained_is_the_reason_for_no_shares(tmp_path):
    whole = shapley(["silu", "tuning"])
    cut = Design(
        arms=tuple(arm for arm in whole.arms if arm.name != "{tuning}"),
        contrasts=tuple(each for each in whole.contrasts if "{tuning}" not in (each.with_arm, each.without_arm)),
        left_out=(("{tuning}", "'tuning' requires 'silu'"),),
    )
    folder = write_folder(tmp_path / "run", resolved(cut, blocks=5, processes=5))
    text = report(folder, "table")
    assert in_order(text, "There are none: Shapley values need all 4 combinations; this study has 3", "Effects\n")
    assert "Arm '{tuning}' was left out: 'tuning' requires 'silu'." in text


def test_without_intervals_nothing_is_said_of_them(tmp_path):
    folder = write_folder(tmp_path / "run", resolved(shapley(["silu", "tuning"]), blocks=1, processes=1))
    said = headline(Evidence.read(folder))
    assert "No share has an interval yet." in said
    assert "zero" not in said


def test_leave_one_out_of_two_features_did_not_ask_for_shares(tmp_path):
    design = combine(leave_one_out(["silu", "tuning"]), add_one_in(["silu", "tuning"]))
    text = report(write_folder(tmp_path / "run", resolved(design, blocks=5, processes=5)), "table")
    assert "Fair shares" not in text


def test_the_terminal_cuts_lists_of_arms_and_no_answer(tmp_path):
    names = [f"feature_{number}" for number in range(19)]
    text = report(write_folder(tmp_path / "run", resolved(leave_one_out(names), blocks=5, processes=5)), "table")
    effects, arms = text.split("Arms\n")
    assert all(f"{name} (with all others on)" in effects for name in names)
    assert "… 5 more: report.html" in arms
