"""Reports of a study whose score is a loss: every word and sign the right way round, nothing of accuracy."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from ablate.cli.compare import compare as compare_command
from ablate.cli.study import app as study_app
from ablate.report import Evidence, list_caveats, report
from ablate.report.answers import answers
from ablate.report.compare import compare
from ablate.report.export import export_trials, trials_table
from ablate.report.figures import captions, draw_figures
from ablate.report.headline import headline
from ablate.report.tables import MOST_EXTRAS, arms_table, effects_table
from ablate.store.run_folder import RunFolder
from ablate.study import Arm, Design, add_one_in, combine, ladder, leave_one_out, lengths, shapley, with_twin
from ablate.study.score import TTA_ACCURACY, Score
from tests.losses import LOSS, NAMES, loss_folder, loss_study, loss_trials
from tests.report.build import resolved, trials_of, write_folder

MINUS = "\N{MINUS SIGN}"
FORMATS = ("table", "md", "csv", "json", "latex", "html")
BOTH_WAYS = combine(leave_one_out(NAMES), add_one_in(NAMES))


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loss_folder(tmp_path_factory.mktemp("runs") / "features", with_twin(BOTH_WAYS), name="features")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loss_folder(tmp_path_factory.mktemp("runs") / "steps", ladder(NAMES), name="steps", curves=True)


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loss_folder(tmp_path_factory.mktemp("runs") / "shares", shapley(NAMES), name="shares")


@pytest.fixture(scope="module")
def at_lengths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    design = lengths(ladder(NAMES), (0.85, 1.0, 1.15))
    return loss_folder(tmp_path_factory.mktemp("runs") / "lengths", design, name="lengths")


def column(table, heading):
    place = [each.heading for each in table.columns].index(heading)
    return {row[0].text + row[0].detail: row[place] for row in table.rows}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("folder", ["features", "steps", "shares", "at_lengths"])
def test_no_format_speaks_of_accuracy_percentage_points_or_cifar(folder, format, request):
    text = report(request.getfixturevalue(folder), format)
    # The one key that keeps its name: times at an equal score.
    text = text.replace('"equal_accuracy"', "")
    if format == "html":
        # The trials inside the page have every column there is.
        text = re.sub(r'href="data:[^"]*"', "", text)
        text = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"accurac|TTA|\bpp\b|CIFAR|test-time", text, re.IGNORECASE)
    assert "validation loss" in text or format == "csv"


def test_a_feature_that_lowers_the_loss_is_better_in_the_table_of_effects(features):
    table = effects_table(Evidence.read(features))
    assert [each.heading for each in table.columns][3:5] == ["validation loss lowered", "verdict on validation loss"]
    gains, verdicts = column(table, "validation loss lowered"), column(table, "verdict on validation loss")
    for kind in ("with all others on", "on its own"):
        assert re.fullmatch(r"\+0\.0\d+ nats", gains[f"warm_up{kind}"].text)
        assert verdicts[f"warm_up{kind}"].text == "better"
        assert re.fullmatch(rf"{MINUS}0\.0\d+ nats", gains[f"dropout{kind}"].text)
        assert verdicts[f"dropout{kind}"].text == "worse"
        assert verdicts[f"fused{kind}"].text == "equivalent"
        assert gains[f"warm_up{kind}"].order > 0 > gains[f"dropout{kind}"].order
        assert re.fullmatch(r"\[\+0\.0\d+, \+0\.0\d+\]", gains[f"warm_up{kind}"].detail)
    assert "validation loss lowered in nats: plus is better" in table.remark


def test_the_headline_counts_what_lowers_the_loss_as_better(features, steps):
    said = headline(Evidence.read(features))
    assert "validation loss is better in 2, worse in 2, equivalent in 2." in said
    assert "Largest on time: fused, saves 5.0" in said
    assert re.search(r"(lowers|raises) validation loss by 0\.00\d* nats \[", said)
    said = headline(Evidence.read(steps))
    assert re.search(r"; lowers validation loss by 0\.0\d+ nats \[.*\]: time better, validation loss \w+\.", said)


def test_the_same_recipe_twice_is_said_in_the_unit(features):
    opened = RunFolder.open(features)
    study = opened.resolved.study
    only = replace(study, contrasts=tuple(each for each in study.contrasts if each.kind == "aa"))
    said = headline(Evidence.of(replace(opened.resolved, study=only), opened.read_trials()))
    assert re.search(r"'baseline \(twin\)': .* validation loss by 0\.\d+ nats \[", said)


def test_one_arm_alone_is_said_in_the_unit(tmp_path):
    alone = Design(arms=(Arm(name="baseline", features=frozenset()),), contrasts=())
    said = headline(Evidence.read(loss_folder(tmp_path / "alone", alone)))
    assert re.match(r"Arm 'baseline' reached 3\.2\d+ nats in 2 s \(8 trials\)\.", said)


def test_arms_have_the_loss_in_nats_no_accuracy_and_a_column_for_what_else_was_measured(features):
    evidence = Evidence.read(features)
    table = arms_table(evidence)
    headings = [each.heading for each in table.columns]
    assert headings == ["arm", "n", "failed", "validation loss nats", "time s", "gradient norm", "perplexity"]
    assert re.fullmatch(r"3\.2\d{3} ± 0\.00\d\d", column(table, "validation loss nats")["baseline"].text)
    assert re.fullmatch(r"2\d\.\d+ ± 0\.\d+", column(table, "perplexity")["baseline"].text)
    assert "Less validation loss is better." in table.remark
    (baseline,) = [row for row in evidence.arm_rows if row["arm"] == "baseline"]
    exact = evidence.frame[evidence.frame["arm"] == "baseline"]["extra.perplexity"]
    assert baseline["extra.perplexity_mean"] == pytest.approx(exact.mean())
    assert baseline["extra.perplexity_sd"] == pytest.approx(exact.std())


def test_more_measurements_than_a_table_has_room_for_are_named_and_stand_in_json(tmp_path):
    study = loss_study(add_one_in(NAMES[:1]), name="many")
    many = {f"m{number}": float(number) for number in range(MOST_EXTRAS + 3)}

    def change(trial):
        return replace(trial, measurements=replace(trial.measurements, extra=many))

    folder = write_folder(tmp_path / "many", study, loss_trials(study), change=change)
    table = arms_table(Evidence.read(folder))
    assert [each.heading for each in table.columns][-MOST_EXTRAS:] == ["m0", "m1", "m2", "m3"]
    assert "Also measured, in `--format json` and `--trials`: m4, m5, m6." in table.remark
    arms = json.loads(report(folder, "json"))["arms"]
    assert arms[0]["extra.m6_mean"] == 6.0


def test_names_from_outside_do_nothing_but_stand_there(tmp_path):
    score = replace(LOSS, title="loss | <i>x</i> & *y*")
    study = loss_study(add_one_in(NAMES[:1]), score=score, name="hostile")

    def change(trial):
        return replace(trial, measurements=replace(trial.measurements, extra={"a|b <u>\n\x1b[31m": 1.0}))

    folder = write_folder(tmp_path / "hostile", study, loss_trials(study), change=change)
    markdown, page, table = (report(folder, format) for format in ("md", "html", "table"))
    heads = next(line for line in markdown.splitlines() if line.startswith("| arm |"))
    assert r"loss \| &lt;i&gt;x&lt;/i&gt; & \*y\* nats" in heads
    assert len(re.findall(r"(?<!\\)\|", heads)) == 7
    assert "<i>x" not in page
    assert "<u>" not in page
    assert "\x1b" not in table + markdown + page


def test_an_arm_without_a_trial_has_nothing_measured(tmp_path):
    study = loss_study(add_one_in(NAMES[:1]), name="half")
    trials = [each for each in loss_trials(study) if each.spec.arm == "baseline"]
    table = arms_table(Evidence.read(write_folder(tmp_path / "half", study, trials)))
    assert column(table, "perplexity")["baseline + fused"].text == "–"
    assert column(table, "validation loss nats")["baseline + fused"].text == "–"
    nothing = arms_table(Evidence.read(write_folder(tmp_path / "nothing", study, [])))
    assert [each.heading for each in nothing.columns] == ["arm", "n", "failed", "validation loss nats", "time s"]


def test_trials_are_exported_with_every_named_measurement(features):
    frame = trials_table(RunFolder.open(features).resolved, RunFolder.open(features).read_trials())
    assert {"extra.perplexity", "extra.gradient norm"} <= set(frame.columns)
    assert frame["extra.perplexity"].notna().all()
    rows = list(csv.DictReader(io.StringIO(export_trials(features, "csv").decode())))
    assert float(rows[0]["extra.perplexity"]) == frame["extra.perplexity"].iloc[0]
    assert json.loads(export_trials(features, "json"))[0]["extra.perplexity"] == frame["extra.perplexity"].iloc[0]


def test_a_measurement_that_some_trials_lack_is_empty_there(tmp_path):
    study = loss_study(add_one_in(NAMES[:1]), name="some")
    trials = loss_trials(study)
    trials[0] = replace(trials[0], measurements=replace(trials[0].measurements, extra={}))
    frame = Evidence.read(write_folder(tmp_path / "some", study, trials)).frame
    assert frame["extra.perplexity"].isna().sum() == 1


def test_shares_and_steps_of_a_loss_have_plus_where_it_falls(shares, steps):
    fair, pairs = answers(Evidence.read(shares))
    gains = column(fair, "validation loss lowered")
    assert gains["warm_up"].text.startswith("+0.02")
    assert gains["dropout"].text.startswith(f"{MINUS}0.02")
    assert {"validation loss lowered", "p (Holm), validation loss"} <= {each.heading for each in pairs.columns}
    said = headline(Evidence.read(shares))
    assert re.search(r"of validation loss warm_up \+0\.02\d* nats \[.*\], dropout −0\.02", said)
    (rungs,) = answers(Evidence.read(steps))
    assert column(rungs, "validation loss lowered")["warm_up"].text.startswith("+0.0")


def test_times_are_read_off_at_an_equal_loss(at_lengths):
    table, _ = answers(Evidence.read(at_lengths))
    assert table.title == "At equal validation loss"
    assert table.remark.startswith("Time to the mean validation loss of the baseline")
    saved = column(table, "time saved")
    # A lower loss at the same length reaches the baseline's earlier.
    assert saved["+ warm_up"].order > saved["+ fused"].order + 4
    assert saved["+ dropout"].order < saved["+ warm_up"].order - 4


def test_programs_read_the_score_and_its_direction(features):
    value = json.loads(report(features, "json"))
    assert value["score"] == {
        "title": "validation loss",
        "unit": "nats",
        "value_unit": "",
        "factor": 1.0,
        "better": "lower",
        "margin": 0.01,
    }
    by_subject = {(each["subject"], each["kind"]): each for each in value["effects"]}
    lowers = by_subject["warm_up", "leave_one_out"]
    assert lowers["score_change"] == pytest.approx(0.03, abs=0.006)
    assert lowers["with_score"] < lowers["without_score"]
    # The arm is the one without, and its loss is higher.
    assert lowers["raw_score_change"] == pytest.approx(lowers["score_change"])
    assert by_subject["warm_up", "add_one_in"]["raw_score_change"] == pytest.approx(-0.03, abs=0.006)
    (header,) = list(csv.reader(io.StringIO(report(features, "csv"))))[:1]
    assert "score_change" in header
    assert not [name for name in header if "accuracy" in name]


def test_accuracy_beside_the_score_is_there_where_a_recipe_measured_it(tmp_path):
    study = loss_study(add_one_in(NAMES[:1]), name="both")

    def change(trial):
        return replace(trial, measurements=replace(trial.measurements, accuracy=0.5))

    folder = write_folder(tmp_path / "both", study, loss_trials(study), change=change)
    assert "accuracy %" in [each.heading for each in arms_table(Evidence.read(folder)).columns]
    assert "accuracy_pp" in report(folder, "csv").splitlines()[0]


def test_a_figure_is_captioned_with_its_score(steps):
    drawn = {figure.kind: figure.caption for figure in draw_figures(Evidence.read(steps))}
    assert drawn["frontier"] == "Validation loss against time"
    assert drawn["curves"] == "Validation loss by epoch"
    assert drawn["effects"] == "Each feature's effect on time and validation loss"
    assert captions(TTA_ACCURACY)["frontier"] == "Accuracy against time"


def test_warnings_are_those_of_any_recipe(tmp_path):
    mini = loss_folder(tmp_path / "mini", with_twin(BOTH_WAYS), preset="mini", blocks=3, processes=1)
    texts = {caveat.slug: caveat.text for caveat in list_caveats(Evidence.read(mini))}
    assert {"other_data", "synthetic_data"}.isdisjoint(texts)
    assert "its times and scores are not those at full size" in texts["reduced_preset"]


def test_a_twin_that_differs_is_warned_of_in_the_scores_unit(tmp_path):
    study = loss_study(with_twin(add_one_in(NAMES[:1])), name="twin")

    def change(trial):
        lower = trial.spec.arm.endswith("(twin)")
        measured = replace(trial.measurements, score=trial.measurements.score - 0.05 * lower)
        return replace(trial, measurements=measured)

    folder = write_folder(tmp_path / "twin", study, loss_trials(study), change=change)
    (text,) = [each.text for each in list_caveats(Evidence.read(folder)) if each.slug == "aa_missed_zero"]
    assert re.search(r"validation loss lowered \[\+0\.0\d+, \+0\.0\d+\] nats", text)


def test_the_records_claim_belongs_to_its_score(tmp_path):
    official = {"data": "cifar10", "preset": "full"}
    design = add_one_in(NAMES[:1])
    loss = Evidence.read(loss_folder(tmp_path / "loss", design, **official))
    assert not [each for each in arms_table(loss).columns if each.heading.startswith("mean >")]
    study = resolved(design, **official)
    judged = replace(study, score=replace(TTA_ACCURACY, margin=0.2))
    other_margin = Evidence.read(write_folder(tmp_path / "margin", judged, trials_of(judged)))
    assert [each.heading for each in arms_table(other_margin).columns][-1] == "mean > 94 %"


# Two folders side by side


def run_command(*arguments):
    app = Typer()
    app.command()(compare_command)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_two_losses_are_compared_with_plus_where_the_second_is_lower(tmp_path):
    design = add_one_in(NAMES[1:2])
    one, two = loss_folder(tmp_path / "one", design), tmp_path / "two"
    study = loss_study(design)

    def lower(trial):
        gain = 0.1 if trial.spec.arm == "baseline" else 0.15
        return replace(trial, measurements=replace(trial.measurements, score=trial.measurements.score - gain))

    write_folder(two, study, loss_trials(study, seed=1), change=lower)
    found = compare(one, two)
    arm = next(change for change in found.arms if change.name == "baseline")
    assert arm.score_change == pytest.approx(-0.1, abs=0.01), "raw: second minus first"
    (contrast,) = found.contrasts
    assert contrast.first_score == pytest.approx(-0.03, abs=0.01), "raw: with minus without"
    assert contrast.score_change == pytest.approx(-0.05, abs=0.01)
    text = run_command(one, two)
    assert re.search(r"arm +time +time saved +validation loss +lowered by +n", text)
    assert re.search(r"^baseline .* 3\.2\d+ → 3\.1\d+ nats +\+0\.\d+ nats \[\+0\.\d+, \+0\.\d+\]", text, re.MULTILINE)
    assert re.search(r"^warm_up .* \+0\.0\d+ → \+0\.0\d+ nats +\+0\.0\d+ nats \[", text, re.MULTILINE)
    assert "validation loss lowered" in text
    assert "accuracy" not in text
    assert json.loads(run_command(one, two, "--json"))["score"]["better"] == "lower"


def test_two_scores_are_not_compared_and_times_still_are(tmp_path):
    design = add_one_in(NAMES[1:2])
    one = loss_folder(tmp_path / "one", design)
    perplexity = Score(title="perplexity", better="lower", margin=0.1)
    two = loss_folder(tmp_path / "two", design, seed=1, score=perplexity)
    found = compare(one, two)
    (text,) = [caveat.text for caveat in found.caveats if caveat.slug == "different_score"]
    assert text == (
        "The scores differ, so only times are compared: validation loss (nats, lower is better) in one, "
        "perplexity (lower is better) in two."
    )
    for change in (*found.arms, *found.contrasts):
        assert change.score_change != change.score_change
        assert change.first_score != change.first_score
        assert change.time_percent == pytest.approx(0.0, abs=0.5)
    text = run_command(one, two)
    assert "validation loss  " not in text
    assert re.search(r"arm +time +time saved +n +processes", text)
    as_json = json.loads(run_command(one, two, "--json"))
    assert as_json["score"] is None
    assert as_json["arms"][0]["score_change"] is None


def test_another_margin_is_no_other_score(tmp_path):
    design = add_one_in(NAMES[1:2])
    one = loss_folder(tmp_path / "one", design)
    two = loss_folder(tmp_path / "two", design, seed=1, score=replace(LOSS, margin=0.5))
    assert "different_score" not in {caveat.slug for caveat in compare(one, two).caveats}


def test_status_shows_the_score_in_its_unit(features, monkeypatch):
    console = Console(width=200)
    monkeypatch.setattr("ablate.cli.study.stdout", lambda: console)
    with console.capture() as captured:
        CliRunner().invoke(study_app, ["status", str(features)], catch_exceptions=False)
    text = captured.get()
    assert re.search(r"failed +validation loss nats +seconds", text)
    assert re.search(r"baseline +8 +0 +3\.2\d+ \[3\.2\d+, 3\.2\d+\]", text)
