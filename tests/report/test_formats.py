"""Each format on small studies: what stands in it, pinned where a reader or a program relies on every letter."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.report import FORMATS, Evidence, report, write_reports
from ablate.stats import list_effects
from ablate.study import Arm, Contrast, Design
from tests.report.build import resolved, trials_of, write_folder

ASSETS = Path(__file__).resolve().parents[1] / "assets"
AWKWARD = 'a|b_c $1 50% #x & {y} ~z^ \\n <i> [l](u) *s* `t` "q"'


@pytest.fixture
def awkward_folder(tmp_path: Path) -> Path:
    arms = (Arm(name="baseline", features=frozenset()), Arm(name=AWKWARD, features=frozenset({"silu"})))
    contrast = Contrast(subject=AWKWARD, with_arm=AWKWARD, without_arm="baseline", kind="pair")
    study = resolved(Design(arms=arms, contrasts=(contrast,)), blocks=5, processes=2)
    return write_folder(tmp_path / "awkward", study)


@pytest.mark.parametrize(("format", "asset"), [("md", "report-features.md"), ("csv", "report-features.csv")])
def test_markdown_and_csv_are_letter_for_letter_what_they_were(features_folder, format, asset):
    # To accept a change: write report(features_folder, format) over the asset, and read the difference.
    assert report(features_folder, format) == (ASSETS / asset).read_text(encoding="utf-8")


def test_csv_has_both_the_effect_and_the_raw_difference(features_folder):
    rows = list(csv.DictReader(io.StringIO(report(features_folder, "csv"))))
    removed = next(row for row in rows if row["kind"] == "leave_one_out" and row["subject"] == "silu")
    added = next(row for row in rows if row["kind"] == "add_one_in" and row["subject"] == "silu")
    # The arm without silu is slower than the reference with it, but what silu does is the same either way.
    assert float(removed["time_percent"]) == pytest.approx(-2, abs=0.1)
    assert float(removed["raw_time_percent"]) == pytest.approx(2.04, abs=0.1)
    assert float(added["raw_time_percent"]) == pytest.approx(float(added["time_percent"]))
    assert (removed["arm"], removed["reference"]) == ("all - silu", "all")


def test_json_is_everything_with_null_for_what_was_not_measured(features_folder):
    value = json.loads(report(features_folder, "json"), parse_constant=pytest.fail)
    evidence = Evidence.read(features_folder)
    assert value["trials"] == {"usable": 46, "lost": 2, "left": 0}
    assert [arm["arm"] for arm in value["arms"]] == [arm.name for arm in evidence.resolved.study.arms]
    assert {warning["slug"] for warning in value["warnings"]} == {"other_data", "reduced_preset", "failed_trials"}
    assert value["ladder"] is None
    expected = list_effects(evidence.frame, evidence.resolved.study.contrasts)
    assert [effect["time_percent"] for effect in value["effects"]] == [
        pytest.approx(effect.time_percent, rel=1e-9) for effect in expected
    ]


def test_the_ladder_is_in_json_too(ladder_folder):
    ladder = json.loads(report(ladder_folder, "json"))["ladder"]
    assert [share["subject"] for share in ladder["shares"]][:2] == ["optimiser", "augmentation"]
    total = sum(share["time_saved_percent"] for share in ladder["shares"])
    assert total == pytest.approx(ladder["total"]["time_saved_percent"])


def test_latex_has_one_cell_for_each_column_whatever_the_names(awkward_folder):
    text = report(awkward_folder, "latex")
    layouts = re.findall(r"\\begin{tabular}{([lr]+)}", text)
    bodies = re.findall(r"\\midrule\n(.*?)\\bottomrule", text, re.DOTALL)
    assert [len(layout) for layout in layouts] == [6, 7]
    for layout, body in zip(layouts, bodies, strict=True):
        for line in body.strip().splitlines():
            assert line.endswith(r" \\")
            assert len(re.findall(r"(?<!\\)&", line)) == len(layout) - 1
    unescaped = re.sub(r"\\[%&_#${}]", "", text.partition("\n")[2])
    assert unescaped.count("{") == unescaped.count("}")
    assert "%" not in unescaped
    assert r"a\textbar{}b\_c \$1 50\% \#x \& \{y\} \textasciitilde{}z\textasciicircum{} \textbackslash{}n" in text


def test_markdown_shows_names_as_they_are(awkward_folder):
    text = report(awkward_folder, "md")
    assert r"a\|b_c $1 50% #x & {y} \~z^ \\n &lt;i&gt; [l\](u) \*s\* \`t\`" in text
    rows = [line for line in text.splitlines() if line.startswith(r"| a\|b")]
    assert [len(re.findall(r"(?<!\\)\|", row)) - 1 for row in rows] == [7, 7]


def test_markdown_lines_cannot_turn_into_lists_or_headings(tmp_path):
    arms = (Arm(name="baseline", features=frozenset()), Arm(name="+ silu", features=frozenset({"silu"})))
    contrast = Contrast(subject="1. + # x", with_arm="+ silu", without_arm="baseline", kind="pair")
    folder = write_folder(tmp_path / "run", resolved(Design(arms=arms, contrasts=(contrast,)), blocks=5, processes=1))
    assert r"- **1\. + # x, pair of arms.** " in report(folder, "md")


def test_the_table_names_every_arm_and_effect(ladder_folder):
    text = report(ladder_folder)
    for arm in Evidence.read(ladder_folder).resolved.study.arms:
        assert arm.name in text
    assert "Vectorised Optimiser" in text
    assert re.search(r"Vectorised Optimiser.* \+5\.\d+ % \[\+5\.", text)
    assert "\x1b" not in text


def test_an_unknown_format_is_refused_with_the_near_match(ladder_folder):
    with pytest.raises(UsageError, match=r"no report format 'jsn'\. Did you mean 'json'\?"):
        report(ladder_folder, "jsn")


def test_no_folder_and_no_study(tmp_path):
    with pytest.raises(UsageError, match="There is no run folder"):
        report(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"is not a run folder: it has no study\.json"):
        report(tmp_path)


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "html"])
def test_the_same_folder_gives_the_same_text_wherever_it_lies(features_folder, tmp_path, format):
    moved = tmp_path / "elsewhere" / "moved"
    shutil.copytree(features_folder, moved)
    assert report(moved, format) == report(features_folder, format)


def test_reports_are_written_into_the_folder_and_stay_the_same(ladder_folder, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(ladder_folder, folder)
    (folder / "figures").mkdir()
    (folder / "figures" / "interactions.svg").write_text("of an earlier version")
    written = write_reports(folder)
    first = {path: path.read_bytes() for path in written}
    assert [path.name for path in written[:3]] == ["report.html", "report.md", "effects.csv"]
    assert folder / "figures" / "waterfall.svg" in written
    assert not (folder / "figures" / "interactions.svg").exists()
    moved = folder.rename(tmp_path / "moved")
    for path in write_reports(moved):
        assert path.read_bytes() == first[folder / path.relative_to(moved)]
    folder = moved
    assert not [path for path in folder.rglob(".*")]


def test_a_report_that_cannot_be_written_says_so_and_leaves_nothing_behind(features_folder, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(features_folder, folder)
    (folder / "report.html").mkdir()
    with pytest.raises(UsageError, match=r"Cannot write .*report\.html"):
        write_reports(folder)
    assert not [path for path in folder.rglob(".*")]


def test_every_trial_above_94_percent_is_claimed_only_for_the_record_conditions(ladder_folder, features_folder):
    assert "mean > 94 %" in report(ladder_folder)
    assert "mean > 94 %" not in report(features_folder)
    assert report(ladder_folder, "md").count("p = ") + report(ladder_folder, "md").count("p < ") >= 8


def test_trials_alone_make_the_folder(tmp_path, ladder_folder):
    # Nothing but study.json and trials.jsonl is read: stale files beside them change nothing.
    folder = tmp_path / "run"
    shutil.copytree(ladder_folder, folder)
    (folder / "effects.csv").write_text("rubbish")
    assert report(folder, "csv") == report(ladder_folder, "csv")
    assert len(trials_of(Evidence.read(folder).resolved)) == 80
