"""Studies of times alone: the interleaved clock and no trainings."""

from collections.abc import Callable
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest

from ablate.report import Evidence, report
from ablate.report.caveats import list_caveats
from ablate.report.compare import compare_evidence
from ablate.report.headline import headline
from ablate.report.writing import write_reports
from ablate.stats import Effect
from ablate.stats.score_words import change_words
from ablate.store.records import Measurements, Trial
from ablate.study import Design, ladder, leave_one_out, screening, shapley
from ablate.study.score import Score
from tests.fakes import HIVE_FEATURES, FakeCatalogue
from tests.report.build import resolved, trials_of, write_folder

NAMES = tuple(HIVE_FEATURES)
SAVED = {name: 0.01 * (number + 1) for number, name in enumerate(NAMES)}
LADDER = ladder(NAMES[:4])


def without_score(trial: Trial) -> Trial:
    timed = trial.measurements
    assert timed is not None
    kept = {name: getattr(timed, name) for name in ("time_seconds", "train_seconds", "tta_seconds")}
    return replace(trial, measurements=Measurements(**kept))


def timed_folder(path: Path, design: Design, **settings: object) -> Path:
    asked = {"clock": "interleaved", "blocks": 0, "rounds": 2, "processes": 4, **settings}
    study = resolved(design, **asked)
    return write_folder(path, study, trials_of(study, savings=SAVED), change=without_score)


def effects_of(path: Path, design: Design, **settings: object) -> tuple[Effect, ...]:
    return Evidence.read(timed_folder(path, design, **settings)).effects


DESIGNS: dict[str, Callable[[], Design]] = {
    "ladder": lambda: LADDER,
    "leave_one_out": lambda: leave_one_out(NAMES),
    "screening": lambda: screening(NAMES[:6], FakeCatalogue()),
    "shapley": lambda: shapley(NAMES[:3]),
}


@pytest.mark.parametrize("kind", DESIGNS)
def test_an_effect_is_its_time_with_a_verdict_and_no_word_of_a_score_that_was_measured(
    tmp_path: Path, kind: str
) -> None:
    for effect in effects_of(tmp_path / "run", DESIGNS[kind]()):
        assert effect.time_verdict == "better"
        if effect.kind != "total":
            assert effect.time_saved_percent == pytest.approx(100 * SAVED[effect.subject], abs=0.15)
        assert (effect.blocks, effect.time_blocks, effect.processes) == (0, 8, 4)
        assert isnan(effect.score_change)
        assert effect.score_verdict == "no verdict"
        assert effect.note.startswith("times alone, no accuracy measured")
        assert effect.headline.endswith(", accuracy not measured")
        assert effect.sentence.endswith("better; TTA accuracy not measured (8 rounds of times, 4 processes)")


def test_too_few_rounds_give_numbers_and_no_verdict(tmp_path: Path) -> None:
    for effect in effects_of(tmp_path / "run", LADDER, rounds=1):
        assert (effect.time_blocks, effect.time_verdict) == (4, "no verdict")
        assert "4 blocks with both times: no verdict on time" in effect.note


def test_a_score_of_which_less_is_better_is_not_measured_either() -> None:
    loss = Score(title="validation loss", unit="nats", better="lower", factor=1.0, margin=0.01)
    assert change_words(float("nan"), loss) == "validation loss not measured"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("ladder", "; TTA accuracy not measured: time better."),
        ("leave_one_out", "Of 10 effects, time is better in 10; accuracy was not measured. Largest on time: "),
    ],
)
def test_the_headline_speaks_of_time(tmp_path: Path, kind: str, said: str) -> None:
    assert said in headline(Evidence.read(timed_folder(tmp_path / "run", DESIGNS[kind]())))


@pytest.mark.parametrize("kind", DESIGNS)
def test_reports_and_pictures_are_made_and_say_how_many_rounds(tmp_path: Path, kind: str) -> None:
    folder = timed_folder(tmp_path / "run", DESIGNS[kind]())
    assert list_caveats(Evidence.read(folder)) == ()
    written = {path.name for path in write_reports(folder)}
    assert {"report.html", "report.md", "effects.svg", "distribution.svg"} <= written
    assert ("waterfall.svg" in written) == (kind != "leave_one_out")
    assert ({"shapley.svg", "interactions.svg"} <= written) == (kind == "shapley")
    for name in written:
        if name.endswith(".svg"):
            drawing = (folder / "figures" / name).read_text()
            assert "0 block" not in drawing, name
    said = report(folder)
    assert "8 rounds of times, 4 processes" in said
    assert "? pp" not in said
    assert "not measured" in said


def test_shares_add_up_and_interactions_are_of_time(tmp_path: Path) -> None:
    evidence = Evidence.read(timed_folder(tmp_path / "run", DESIGNS["shapley"]()))
    shares = evidence.shapley
    assert shares is not None
    assert shares.total is not None
    assert sum(share.time_saved_percent for share in shares.shares) == pytest.approx(shares.total.time_saved_percent)
    assert (shares.blocks, shares.time_blocks) == (0, 8)
    assert isnan(shares.baseline_score)
    pairs = evidence.interactions
    assert pairs is not None
    assert pairs["time_percent"].notna().all()
    assert pairs["time_p_holm"].notna().all()
    assert pairs["score_p_holm"].isna().all()
    assert set(zip(pairs["blocks"], pairs["time_blocks"], strict=True)) == {(0, 8)}


def test_two_of_them_are_compared_by_their_times(tmp_path: Path) -> None:
    first, second = (Evidence.read(timed_folder(tmp_path / name, LADDER)) for name in ("one", "other"))
    comparison = compare_evidence(first, second, names=("one", "other"))
    assert comparison.contrasts
    for change in comparison.contrasts:
        assert change.time_low_percent <= 0 <= change.time_high_percent
        assert isnan(change.score_change)


def test_before_the_first_score_of_a_study_its_times_are_told(tmp_path: Path) -> None:
    study = resolved(LADDER, clock="interleaved", blocks=5, rounds=3, processes=2, parallel=2)
    times = [trial for trial in trials_of(study, savings=SAVED) if trial.spec.measures == "time"]
    folder = write_folder(tmp_path / "run", study, times, change=without_score)
    assert {effect.time_verdict for effect in Evidence.read(folder).effects} == {"better"}
    assert {caveat.slug for caveat in list_caveats(Evidence.read(folder))} == {"unfinished"}
