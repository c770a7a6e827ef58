"""A screening's report: averages called so in every format, their shares, resolution and aliases, and comparisons of two."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.report import Evidence, report
from ablate.report.compare import compare
from ablate.report.headline import headline
from ablate.study import Design, Study, combine, leave_one_out, screening, with_twin
from tests.fakes import HIVE_FEATURES, HIVE_SLUGS, FakeCatalogue
from tests.report.build import failed, resolved, stored, trials_of, write_folder

NAMES = tuple(HIVE_FEATURES)
DESIGN = screening(NAMES, FakeCatalogue())
SAVINGS = {"tuning": 0.07, "selective_tta": 0.02}
AVERAGED = "on average over the others being on or off"


def written(path: Path, design: Design = DESIGN, *, lost: tuple[str, ...] = (), seed: int = 0, **settings: int) -> Path:
    study = resolved(design, name="screening", **({"blocks": 5, "processes": 5} | settings))
    trials = trials_of(study, savings=SAVINGS, gains={"silu": 0.003}, seed=seed)
    return write_folder(path, study, [failed(each) if each.spec.arm in lost else each for each in trials])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("runs") / "run")


def test_the_headline_has_the_whole_and_the_averages(folder: Path) -> None:
    said = headline(Evidence.read(folder))
    assert said.startswith("All together: saves ")
    assert f"Of 10 effects, each {AVERAGED}, time is better in 2" in said
    assert "Largest on time: tuning, saves 7.0" in said
    assert all(sentence.count("on average") <= 1 for sentence in said.split(". "))
    assert "with all others on" not in said


@pytest.mark.parametrize("format", ["table", "md", "latex", "html"])
def test_every_format_has_shares_resolution_and_what_averages_are(folder: Path, format: str) -> None:
    text = report(folder, format)
    assert "interactions" in text
    assert "from 24 arms at resolution 4: no average is aliased with another or with a pair." in " ".join(text.split())
    assert "on average over the others" in text
    assert "with all others on" not in text


def test_csv_and_json(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(report(folder, "csv"))))
    assert [row["kind"] for row in rows] == ["screening"] * 10 + ["total"]
    tuning = next(row for row in rows if row["subject"] == "tuning")
    assert tuning["sentence"].startswith(f"tuning, {AVERAGED}: saves 7.0")
    assert (tuning["with_arm"], tuning["without_arm"], tuning["note"]) == ("with tuning", "without tuning", "")
    value = json.loads(report(folder, "json"))
    assert value["screening"] == {"resolution": 4, "aliases": {name: [] for name in NAMES}}
    shares = value["average_shares"]
    assert [share["subject"] for share in shares["shares"]] == [*NAMES, "interactions"]
    total = sum(share["time_saved_percent"] for share in shares["shares"])
    assert total == pytest.approx(shares["total"]["time_saved_percent"])


def test_without_an_arm_aliases_are_listed_and_shares_are_not(tmp_path: Path) -> None:
    lost = DESIGN.arms[3].name
    text = " ".join(report(written(tmp_path / "run", lost=(lost,)), "md").split())
    assert "from 23 arms at resolution 3. Aliased in part: vectorised_optimiser with " in text
    assert "the other 9 likewise" in text
    assert "There are none: all 5 trials of arm" in text
    assert "liased in part with 54 other names and pairs" in text
    aliases = json.loads(report(tmp_path / "run", "json"))["screening"]["aliases"]
    assert all(len(names) == 54 for names in aliases.values())


def test_groups_at_resolution_5_are_called_by_their_titles(tmp_path: Path) -> None:
    design = screening(HIVE_SLUGS, FakeCatalogue(), resolution=5)
    text = " ".join(report(written(tmp_path / "run", design), "table").split())
    assert (
        "from 32 arms at resolution 5: no average is aliased with another or with a pair, nor pairs with one another."
        in text
    )
    assert "Test-Time Augmentation" in text


def test_verdicts_take_trials_enough_on_each_side_and_not_blocks(tmp_path: Path) -> None:
    said = Evidence.read(written(tmp_path / "run", blocks=4, processes=4))
    averages = [effect for effect in said.effects if effect.is_averaged]
    assert {effect.blocks for effect in averages} == {4}
    assert {effect.subject: effect.score_verdict for effect in averages}["silu"] == "better"
    assert "no verdict" not in {effect.time_verdict for effect in averages}
    text = report(tmp_path / "run", "table")
    assert "Fewer than 5 blocks behind everything: numbers and no verdict" in text


def test_one_table_says_of_each_effect_how_it_was_measured(tmp_path: Path) -> None:
    whole = leave_one_out(NAMES)
    renamed = {arm.name: f"{arm.name} of the rest" for arm in whole.arms}
    others = Design(
        arms=tuple(replace(arm, name=renamed[arm.name]) for arm in whole.arms),
        contrasts=tuple(
            replace(each, with_arm=renamed[each.with_arm], without_arm=renamed[each.without_arm])
            for each in whole.contrasts
        ),
    )
    text = report(written(tmp_path / "run", combine(DESIGN, others)), "table")
    lines = [line for line in text.splitlines() if line.startswith("silu (")]
    assert len(lines) == 2
    assert "(on average over the others)" in lines[0]
    assert "(with all others on)" in lines[1]


class TestComparisons:
    def test_two_screenings_of_the_same_names(self, folder: Path, tmp_path: Path) -> None:
        found = compare(folder, written(tmp_path / "again", with_twin(DESIGN), seed=1))
        averages = [change for change in found.contrasts if change.kind == "screening"]
        assert [change.name for change in averages] == list(NAMES)
        assert {change.second_kind for change in averages} == {"screening"}
        assert {change.blocks for change in averages} == {(5, 5)}
        assert all(change.score_low < change.score_change < change.score_high for change in averages)
        # Two studies of 120 trials: the difference of two averages is known to less than a tenth of a point.
        assert all(change.score_high - change.score_low < 0.2 for change in averages)
        assert len(found.arms) == 24
        assert found.only_in_second == ("baseline (twin)",)

    def test_averages_over_other_names_are_another_question(self, folder: Path, tmp_path: Path) -> None:
        fewer = screening(NAMES[:9], FakeCatalogue())
        found = compare(folder, written(tmp_path / "fewer", fewer))
        assert not [change for change in found.contrasts if change.kind == "screening"]

    def test_everything_is_compared_with_everything_of_a_study_of_common_seeds(
        self, folder: Path, tmp_path: Path
    ) -> None:
        found = compare(folder, written(tmp_path / "other", leave_one_out(NAMES)))
        assert ("all", "all") in [(change.name, change.second_name) for change in found.arms]


def test_a_screening_that_has_not_begun(tmp_path: Path) -> None:
    study = resolved(DESIGN, name="screening", blocks=5, processes=5)
    text = report(write_folder(tmp_path / "run", study, []), "table")
    assert "Nothing can be concluded yet" in text


def test_a_screening_in_its_first_block(tmp_path: Path) -> None:
    study = resolved(DESIGN, name="screening", blocks=5, processes=5)
    for count in (1, 7, 15, 30):
        for format in ("table", "md", "html", "json", "csv"):
            assert report(write_folder(tmp_path / f"{count}{format}", study, trials_of(study)[:count]), format)


def test_evidence_in_memory_is_the_same(folder: Path) -> None:
    study = resolved(DESIGN, name="screening", blocks=5, processes=5)
    evidence = Evidence.of(study, stored(study))
    assert evidence.is_screening
    assert evidence.twins == frozenset()
    assert evidence.screening.arms == 24


def test_intervals_of_shares_are_named_by_the_level_of_a_study_that_may_stop_early(tmp_path: Path) -> None:
    study = Study.of(DESIGN, name="screening", question="q", blocks=20, processes=5).until_settled()
    folder = resolved(DESIGN, name="screening", blocks=20, processes=5, looks=study.looks)
    text = " ".join(report(write_folder(tmp_path / "run", folder, trials_of(folder)[: 24 * 8]), "table").split())
    shares = text[text.index("Average shares") : text.index("Effects")]
    assert "95 %" not in shares
    assert "Intervals are 9" in shares
