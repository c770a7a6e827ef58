"""`--target` in reports: how many trials of each arm reach it, and after which epoch their mean does."""

import json
from dataclasses import replace

import pytest

from ablate.errors import UsageError
from ablate.report import Evidence, report, write_reports
from ablate.report.reaching import reaching, reaching_table
from ablate.stats import shares_above
from ablate.study import ladder
from tests.losses import NAMES, loss_folder
from tests.report.build import failed, resolved, trials_of, write_folder
from tests.report.curves import curved, curves_folder

LADDER = ladder(("silu",))


def _lines(table):
    return [[cell.line for cell in row] for row in table.rows]


def _scored(*scores):
    """Each arm's trials score these, in the order of their blocks; silu a percent point more."""

    def change(trial):
        score = scores[trial.spec.block] + (0.01 if trial.spec.arm == "+ silu" else 0.0)
        return replace(trial, measurements=replace(trial.measurements, score=round(score, 4)))

    return change


def test_each_arm_has_its_count_and_its_share_with_a_wilson_interval(tmp_path):
    scored = _scored(0.9399, 0.94, 0.9412, 0.93)
    folder = write_folder(tmp_path / "run", resolved(LADDER, blocks=4, processes=2), change=scored)
    table = reaching_table(Evidence.read(folder), 94)
    assert table.title == "Trials at 94 % or more"
    assert [column.heading for column in table.columns] == ["arm", "n", "94 % or more", "share"]
    # 2 and 4 of 4: the ends of Wilson's interval with z = 1.959964, in percent.
    assert _lines(table) == [
        ["baseline", "4", "2", "50 % [15.0, 85.0]"],
        ["+ silu", "4", "4", "100 % [51.0, 100.0]"],
    ]
    assert table.remark == "Trials whose TTA accuracy is 94 % or more; the share has its 95 % interval (Wilson)."


def test_with_curves_it_says_after_which_epoch_the_mean_is_there(tmp_path):
    curves = {"baseline": (0.5, 0.93, 0.9399), "+ silu": (0.6, 0.94, 0.95), "+ compile": ()}
    study = resolved(ladder(("silu", "compile")), blocks=4, processes=2)
    folder = write_folder(tmp_path / "run", study, change=curved(lambda trial: curves[trial.spec.arm]))
    table = reaching_table(Evidence.read(folder), 94)
    assert table.columns[-1].heading == "mean there after epoch"
    assert [row[-1] for row in _lines(table)] == ["never", "2", "–"]
    assert table.remark.endswith(
        "The last column has the first epoch after which the mean validation accuracy without test-time augmentation is 94 % or more."
    )
    rows = json.loads(report(folder, "json", target=0.94))["target"]
    assert rows["score"] == 0.94
    assert [(row["arm"], row["curves"], row["first_epoch"]) for row in rows["arms"]] == [
        ("baseline", 4, None),
        ("+ silu", 4, 2),
        ("+ compile", 0, None),
    ]
    expected = shares_above(Evidence.read(folder).frame, 0.94).set_index("arm")
    for row in rows["arms"]:
        for name in ("n", "above", "share", "share_low", "share_high"):
            assert row[name] == pytest.approx(expected.loc[row["arm"], name])


def test_a_loss_is_reached_from_above(tmp_path):
    folder = loss_folder(tmp_path / "run", ladder(NAMES[:2]), curves=True)
    table = reaching_table(Evidence.read(folder), 3.265)
    assert table.title == "Trials at 3.265 nats or less"
    # The warm-up lowers a loss of 3.28 by 0.03, more than seven standard deviations of a trial.
    assert [row[0:3] + row[4:] for row in _lines(table)][-1] == ["+ warm_up", "8", "8", "3"]
    assert _lines(table)[0][2:] == ["0", "0 % [0.0, 32.4]", "never"]


def test_arms_without_trials_or_results_and_mixed_data_claim_nothing(tmp_path):
    study = resolved(LADDER, blocks=4, processes=2)
    trials = trials_of(study)
    lost = [failed(trial) if trial.spec.arm == "+ silu" else trial for trial in trials]
    folder = write_folder(tmp_path / "lost", study, lost)
    assert _lines(reaching_table(Evidence.read(folder), 94))[1] == ["+ silu", "0", "0", "–"]
    started = write_folder(tmp_path / "started", study, [trial for trial in trials if trial.spec.arm == "baseline"])
    assert [row["arm"] for row in reaching(Evidence.read(started), 94)] == ["baseline"]
    trials[0] = replace(trials[0], data="synthetic", data_digest="5" * 64)
    mixed = write_folder(tmp_path / "mixed", study, trials)
    assert reaching_table(Evidence.read(mixed), 94) is None
    assert "Trials at" not in report(mixed, target=94)
    assert json.loads(report(mixed, "json", target=94))["target"] == {"score": 0.94, "arms": []}


def test_every_format_has_it_where_it_is_asked_for_and_no_other_does(tmp_path):
    folder = curves_folder(tmp_path / "run", LADDER, 4)
    share = _lines(reaching_table(Evidence.read(folder), 94))[1][3]
    for format in ("table", "md"):
        assert share in report(folder, format, target=94)
        assert report(folder, format, target=0.94) == report(folder, format, target=94)
        assert "Trials at" not in report(folder, format)
    assert r"\label{tab:made_up-trials-at-94-or-more}" in report(folder, "latex", target=94)
    assert "target" not in json.loads(report(folder, "json"))
    page, markdown, *rest = write_reports(folder, target=93.75)
    assert '<h2 id="trials-at-93-75-or-more">Trials at 93.75 % or more</h2>' in page.read_text()
    assert "## Trials at 93.75 % or more\n" in markdown.read_text()
    assert {path.stem for path in rest if path.suffix == ".svg" and "93.75" in path.read_text()} == {
        "distribution",
        "curves",
    }


def test_effects_have_no_target_and_an_impossible_one_is_refused_in_every_format(tmp_path):
    folder = write_folder(tmp_path / "run", resolved(LADDER, blocks=4, processes=2))
    with pytest.raises(UsageError) as refused:
        report(folder, "csv", target=94)
    assert str(refused.value) == (
        "The csv format holds effects, which have no target; leave out --target, or take --format json, which has the shares."
    )
    for format in ("table", "md", "json", "latex", "html"):
        with pytest.raises(
            UsageError, match=r"^--target 194 is 194 % of TTA accuracy; give a percentage, such as 94\.$"
        ):
            report(folder, format, target=194)
    with pytest.raises(UsageError, match="--target 194"):
        write_reports(folder, target=194)
    assert not (folder / "report.html").exists()
