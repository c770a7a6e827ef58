"""Run folders that cannot carry a conclusion: a sentence in every format, never a traceback, never a number that lies."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.report import FORMATS, Evidence, report, write_reports
from ablate.report.html import html_report
from ablate.study import Arm, Contrast, Design
from tests.report.build import failed, resolved, trials_of, write_folder
from tests.resealing import write_lines

PAIR = Design(
    arms=(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"}))),
    contrasts=(Contrast(subject="silu", with_arm="all", without_arm="baseline", kind="pair"),),
)
ALONE = Design(arms=(Arm(name="baseline", features=frozenset()),), contrasts=())


def pair_trials(blocks=6, processes=2):
    study = resolved(PAIR, blocks=blocks, processes=processes)
    return study, trials_of(study, savings={"silu": 0.02})


def never_started(path):
    folder = write_folder(path, pair_trials()[0], [])
    (folder / "trials.jsonl").unlink()
    return folder


def no_trials(path):
    return write_folder(path, pair_trials()[0], [])


def only_failed(path):
    study, trials = pair_trials()
    return write_folder(path, study, trials, change=failed)


def one_arm(path):
    return write_folder(path, resolved(ALONE, blocks=6, processes=2))


def two_trials(path):
    return write_folder(path, *pair_trials(blocks=1, processes=1))


def one_process(path):
    return write_folder(path, *pair_trials(processes=1))


def missing_reference(path):
    study, trials = pair_trials()
    return write_folder(path, study, [each for each in trials if each.spec.arm != "baseline"])


def failed_reference(path):
    study, trials = pair_trials()
    return write_folder(path, study, trials, change=lambda each: failed(each) if each.spec.arm == "baseline" else each)


def without_numbers(path):
    """NaN where a trial says it went well: no store of ours writes that, other hands might."""
    study, trials = pair_trials()
    folder = write_folder(path, study, trials)
    file = folder / "trials.jsonl"
    text = re.sub(r'"score":[0-9.]+', '"score":NaN', file.read_text())
    write_lines(folder, [json.loads(line) for line in text.splitlines()])
    return folder


def identical_times(path):
    study, trials = pair_trials()

    def stopped_clock(each):
        return replace(each, measurements=replace(each.measurements, time_seconds=2.5, accuracy=0.93, score=0.94))

    return write_folder(path, study, trials, change=stopped_clock)


def mixed_data(path):
    study, trials = pair_trials()

    def other_set(each):
        return replace(each, data="cifar10-jpeg", data_digest="c" * 64) if each.spec.block % 2 else each

    return write_folder(path, study, trials, change=other_set)


SAID = {
    never_started: ("Nothing can be concluded yet: no trial has finished.", "No trial is recorded here."),
    no_trials: ("Nothing can be concluded yet: no trial has finished.", "No trial is recorded here."),
    only_failed: ("Nothing can be concluded: none of 12 trials gave a result.", "--retry-failed"),
    one_arm: ("One arm alone says nothing about a feature: that takes a second one.",),
    two_trials: ("no verdict on either", "Fewer than 5 blocks: numbers and no verdict.", "no interval"),
    one_process: ("time no verdict", "Times come from one process", "Run the study with --processes 5."),
    missing_reference: (
        "No effect was measured: arm 'baseline' has no trial in this run folder.",
        "6 of 12 trials left",
    ),
    failed_reference: ("No effect was measured: all 6 trials of arm 'baseline' failed", "6 trials gave no result"),
    without_numbers: ("none of 12 trials gave a result", "baseline: 6 without finite numbers"),
    identical_times: ("takes as long", "identical", "check the clock"),
    mixed_data: ("the trials ran on different data sets", "mix data sets", "run each set in a folder of its own"),
}


@pytest.mark.parametrize("make", SAID, ids=lambda make: make.__name__)
def test_every_format_says_what_can_be_concluded(make, tmp_path):
    folder = make(tmp_path / "run")
    texts = {format: report(folder, format) for format in FORMATS if format != "html"}
    texts["html"] = html_report(Evidence.read(folder), ())
    for said in SAID[make]:
        assert said.casefold() in json.dumps(json.loads(texts["json"]), ensure_ascii=False).casefold()
        assert said.casefold() in texts["md"].replace("\\", "").casefold()
        assert said.casefold() in texts["html"].replace("&#39;", "'").casefold()
    for text in texts.values():
        assert not re.search(r"\bnan\b", text, re.IGNORECASE)


@pytest.mark.parametrize(
    "make",
    [make if make is two_trials else pytest.param(make, marks=pytest.mark.slow) for make in SAID],
    ids=lambda make: make.__name__,
)
def test_every_folder_gets_its_files_and_only_figures_that_can_be_drawn(make, tmp_path):
    written = write_reports(make(tmp_path / "run"))
    assert [path.name for path in written[:3]] == ["report.html", "report.md", "effects.csv"]
    nothing_to_draw = make in (never_started, no_trials, only_failed, without_numbers, mixed_data)
    assert (len(written) == 3) == nothing_to_draw


@pytest.mark.parametrize("make", [never_started, only_failed, missing_reference, mixed_data])
def test_where_nothing_can_be_compared_no_number_claims_otherwise(make, tmp_path):
    (effect,) = json.loads(report(make(tmp_path / "run"), "json"))["effects"]
    assert effect["time_percent"] is None
    assert effect["score_change"] is None
    assert (effect["time_verdict"], effect["score_verdict"]) == ("no verdict", "no verdict")


def test_means_are_not_taken_over_different_data(tmp_path):
    folder = mixed_data(tmp_path / "run")
    arms = json.loads(report(folder, "json"))["arms"]
    assert [arm["score_mean"] for arm in arms] == [None, None]
    assert [arm["trials"] for arm in arms] == [6, 6]
    assert not (folder / "figures").exists()
    write_reports(folder)
    assert not (folder / "figures").exists()


def test_an_arm_without_a_trial_stands_in_the_table_with_nothing(tmp_path):
    text = report(missing_reference(tmp_path / "run"), "md")
    assert "| baseline | 0 | 0 | – | – | – |" in text


def test_a_trial_that_was_run_again_counts_once(tmp_path):
    study, trials = pair_trials()
    folder = write_folder(tmp_path / "run", study, [failed(trials[0]), *trials])
    value = json.loads(report(folder, "json"))
    assert value["trials"] == {"usable": 12, "lost": 0, "left": 0}


def test_a_line_that_cannot_be_read_is_named(tmp_path):
    folder = write_folder(tmp_path / "run", *pair_trials())
    file = folder / "trials.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[:4], "{}\n", *lines[4:]]))
    with pytest.raises(AblateError, match="line 5 is not a record"):
        report(folder)


def test_a_study_that_is_still_running_is_reported_as_such(tmp_path: Path):
    study, trials = pair_trials()
    folder = write_folder(tmp_path / "run", study, trials[:-3])
    with (folder / "trials.jsonl").open("ab") as file:
        file.write(b'{"kind":"trial","sche')
    page = html_report(Evidence.read(folder), ())
    assert "The study is not finished: 3 of 12 trials left." in page
