"""What reports say of a study that may stop when settled."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path

import pytest
from matplotlib.text import Text

from ablate import plots
from ablate.engine.results import open_results
from ablate.plots.drawing import draw
from ablate.report import Evidence, list_caveats, report
from ablate.report.looks import looks_sentence
from ablate.report.terminal import plain_report
from ablate.stats import list_effects
from ablate.stats.looks import levels_of_looks
from ablate.stats.trial_facts import minutes_of
from ablate.store.records import Trial
from ablate.store.resolved import ResolvedStudy
from ablate.study import leave_one_out
from tests.report.build import resolved, trials_of, write_folder
from tests.stats.build import trial

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def study() -> ResolvedStudy:
    plain = resolved(leave_one_out(["silu", "tuning"]), blocks=20, processes=5)
    looked = plain.study.until_settled()
    return replace(plain, study=looked)


def a_minute_a_block(trials: list[Trial]) -> list[Trial]:
    """Three trials a minute, so that reports can say how long it took."""
    return [
        replace(each, started_at=(BEGUN + timedelta(seconds=20 * place)).isoformat())
        for place, each in enumerate(trials)
    ]


def evidence_of(
    study: ResolvedStudy, blocks: int, path: Path, *, gains: float = 0.01, savings: float = 0.05
) -> Evidence:
    names = ("silu", "tuning")
    trials = trials_of(study, savings=dict.fromkeys(names, savings), gains=dict.fromkeys(names, gains))
    return Evidence.read(
        write_folder(path, study, a_minute_a_block([each for each in trials if each.spec.block < blocks]))
    )


SETTLED = "Settled after 12 of about 20 minutes, 12 of 20 blocks (look 2 of 4): 99.05 % intervals, valid for 4 looks."


def test_a_settled_study_says_so_in_every_report(study: ResolvedStudy, tmp_path: Path) -> None:
    evidence = evidence_of(study, 12, tmp_path / "run")
    assert looks_sentence(evidence) == SETTLED
    shown = plain_report(evidence)
    assert f"\n{SETTLED}\n" in shown
    assert "Intervals are 99.05 %, valid for 4 looks, each for itself" in shown
    text = report(tmp_path / "run", "md")
    assert f"\n{SETTLED}\n" in text
    assert "looks after 8, 12, 16 blocks, to stop when settled" in text
    assert "| Minutes of trials | 12, from the first start to the last end of trials" in text
    assert f'<p class="looks">{SETTLED}</p>' in report(tmp_path / "run", "html")
    said = json.loads(report(tmp_path / "run", "json"))["looks"]
    assert said["sentence"] == SETTLED
    assert (said["at_blocks"], said["taken"], said["planned"], said["blocks"]) == ([8, 12, 16], 2, 4, 12)
    assert (said["stage"], said["open"]) == ("settled", 0)
    assert said["level"] == pytest.approx(levels_of_looks(study.study)[1], rel=1e-9)


def test_what_is_left_of_a_settled_study_is_nothing_to_warn_of(study: ResolvedStudy, tmp_path: Path) -> None:
    settled, stopped = evidence_of(study, 12, tmp_path / "settled"), evidence_of(study, 13, tmp_path / "stopped")
    assert "unfinished" not in {caveat.slug for caveat in list_caveats(settled)}
    assert "unfinished" in {caveat.slug for caveat in list_caveats(stopped)}


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (
            3,
            "After 2.7 of about 18 minutes, 3 of 20 blocks (before the first look): 95 % intervals, valid for 4 looks if ",
        ),
        (
            13,
            "After 13 of about 20 minutes, 13 of 20 blocks (2 looks of 4 taken): 96.1 % intervals, valid for 4 looks if ",
        ),
        (20, "Ran to its end, 20 minutes, 20 of 20 blocks (look 4 of 4): 97.8 % intervals, valid for 4 looks."),
    ],
)
def test_elsewhere_a_report_says_where_it_stands_and_what_its_intervals_take_for_granted(
    study: ResolvedStudy, tmp_path: Path, blocks: int, said: str
) -> None:
    sentence = looks_sentence(evidence_of(study, blocks, tmp_path / "run"))
    assert sentence.startswith(said)
    ends_here = (
        "if the study ends here for another reason than its results, such as its minutes; "
        "if it goes on, the next look says what it shows."
    )
    assert sentence.endswith(ends_here) == (blocks != 20)


def test_a_look_without_every_verdict_counts_what_is_open_or_calls_it_hopeless(
    study: ResolvedStudy, tmp_path: Path
) -> None:
    open_still = evidence_of(study, 8, tmp_path / "early", gains=0.0)
    assert looks_sentence(open_still).startswith(
        "After 7.7 of about 19 minutes, 8 of 20 blocks (look 1 of 4), 4 verdicts open: 95.2 % intervals, "
    )
    hopeless = evidence_of(study, 12, tmp_path / "late", gains=0.0)
    assert hopeless.look is not None
    assert hopeless.look.stage == "open"
    assert "(look 2 of 4), what is open cannot be settled in the blocks left: 99.05 % intervals" in looks_sentence(
        hopeless
    )


def test_in_one_process_it_says_what_was_not_waited_for(study: ResolvedStudy, tmp_path: Path) -> None:
    one = resolved(leave_one_out(["silu", "tuning"]), blocks=20, processes=1)
    one = replace(one, study=one.study.until_settled())
    sentence = looks_sentence(evidence_of(one, 10, tmp_path / "run"))
    assert sentence.startswith("Settled after")
    assert sentence.endswith("Only verdicts on accuracy were waited for: time takes two processes or more for one.")


def test_effects_are_at_the_level_of_the_look(study: ResolvedStudy, tmp_path: Path) -> None:
    evidence = evidence_of(study, 12, tmp_path / "run")
    level = levels_of_looks(study.study)[1]
    assert evidence.level == level
    expected = list_effects(evidence.frame, study.study.contrasts, score=evidence.score, level=level)
    assert repr(evidence.effects) == repr(expected)


def test_tables_of_effects_and_their_figure_say_the_level_too(study: ResolvedStudy, tmp_path: Path) -> None:
    evidence_of(study, 12, tmp_path / "run")
    table = open_results(tmp_path / "run").effects
    assert table.attrs["level"] == levels_of_looks(study.study)[1]
    assert list(table["score_low"]) == [effect.score_low for effect in Evidence.read(tmp_path / "run").effects]
    for figure in (plots.effects(table).figure, draw("effects", tmp_path / "run")):
        assert "Thick: 99.05 % intervals, each for itself" in " ".join(text_of(figure).split())


def text_of(figure: object) -> str:
    return " ".join(text.get_text() for text in figure.findobj(Text))  # type: ignore[attr-defined]


def test_a_study_without_looks_says_nothing_of_them(study: ResolvedStudy, tmp_path: Path) -> None:
    plain = replace(study, study=replace(study.study, looks=()))
    path = write_folder(tmp_path / "run", plain)
    evidence = Evidence.read(path)
    assert (evidence.look, evidence.level, looks_sentence(evidence)) == (None, 0.05, "")
    assert "looks" not in json.loads(report(path, "json"))
    assert "Intervals are 95 %, each for itself" in report(path, "md")
    assert "look" not in (path / "study.json").read_text()
    assert 'class="looks"' not in report(path, "html")


class TestMinutes:
    def at(self, minutes: float, seconds: float = 60.0, **fields: object) -> Trial:
        started = (BEGUN + timedelta(minutes=minutes)).isoformat()
        return replace(trial("a", int(minutes), time_seconds=seconds, **fields), started_at=started)  # type: ignore[arg-type]

    def test_go_from_the_first_start_to_the_last_end(self) -> None:
        assert minutes_of([self.at(3), self.at(0), self.at(7, 90)]) == pytest.approx(8.5)

    def test_leave_interruptions_out(self) -> None:
        assert minutes_of([self.at(0), self.at(600), self.at(609)]) == pytest.approx(1 + 10)

    def test_count_trials_side_by_side_once(self) -> None:
        assert minutes_of([self.at(0, 600), self.at(1), self.at(2, 30)]) == pytest.approx(10)

    def test_are_unknown_where_no_trial_says_when_it_began(self) -> None:
        assert isnan(minutes_of([replace(self.at(0), started_at="")]))
        assert isnan(minutes_of([]))
