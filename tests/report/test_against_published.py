"""Whether what was published holds, in every format of a report."""

import json
from dataclasses import replace

import pytest

from ablate.report import Evidence, report
from ablate.report.against_published import against_published_table, verdict_against_published
from ablate.report.answers import answers
from ablate.report.headline import headline
from ablate.study import Design, add_one_in, ladder, screening, shapley
from ablate.study.ladders import Ladder, Rung
from tests.fakes import FakeCatalogue
from tests.report.build import resolved, stored, trials_of, write_folder

TITLE = "Against what was published"


def rung(title: str, *adds: str, score: float | None = 94.0, trials: int | None = 200) -> Rung:
    return Rung(title=title, adds=adds, seconds=2.6, score_percent=score, trials=trials, source="there, a table")


def published(*rungs: Rung) -> tuple[Ladder, ...]:
    return (Ladder(slug="steps", title="Steps", unit="seconds", device="A100", rungs=rungs),)


LOSS = published(rung("plain"), rung("Smooth", "silu", score=93.0))


def evidence(design: Design, ladders: tuple[Ladder, ...] = LOSS, **settings: object) -> Evidence:
    study = replace(resolved(design, blocks=8, processes=4, **settings), ladders=ladders)
    return Evidence.of(study, stored(study))


@pytest.mark.parametrize("format", ["table", "md", "latex", "html"])
def test_it_stands_before_the_effects_in_every_format(tmp_path, format):
    study = replace(resolved(add_one_in(["silu"]), blocks=8, processes=4), ladders=LOSS)
    text = report(write_folder(tmp_path / "run", study), format)
    text = text[text.index("</nav>") :] if format == "html" else text
    assert "better than published" in text
    assert text.index("better than published") < text.rindex("on its own")
    assert "Published by there, a table, measured on A100" in text


def test_each_step_has_both_changes_their_difference_and_what_it_means():
    steps = published(rung("plain"), rung("Smooth", "silu", score=93.0), rung("Tuned", "tuning", trials=2000))
    table = against_published_table(evidence(ladder(["silu", "tuning"]), steps))
    assert table.title == TITLE
    assert [row[0].text for row in table.rows] == ["silu", "tuning", "Total"]
    assert [row[1].line for row in table.rows] == [
        "−1.00 pp (n = 200)",
        "+1.00 pp (n = 200 and 2,000)",
        "0.00 pp (n = 200 and 2,000)",
    ]
    assert [row[4].text for row in table.rows] == ["better than published", "worse than published", "open"]
    assert [row[5].text for row in table.rows] == ["0.00 %"] * 3
    assert "Here:" not in table.remark
    assert "no number was published" not in table.remark


def test_conditions_and_numbers_that_were_not_published_are_said():
    steps = published(rung("plain", trials=None), rung("Smooth", "silu", score=93.0, trials=None))
    table = against_published_table(evidence(add_one_in(["silu"]), steps, preset="mini"))
    assert table.rows[0][1].line == "−1.00 pp"
    assert "Here: mini preset." in table.remark
    assert "of which there was one where no number was published" in table.remark


def said_of(found: Evidence) -> str:
    return verdict_against_published(found, found.effects[-1])


def test_the_effect_in_the_headline_is_followed_by_its_comparison():
    assert " Published: TTA accuracy −1.00 pp; here better than published (p (Holm) < 0.0001)." in headline(
        evidence(add_one_in(["silu"]))
    )
    as_told = evidence(add_one_in(["silu"]), published(rung("plain"), rung("Smooth", "silu")))
    assert as_told.against_published[0].verdict == "open"
    assert not said_of(as_told)
    same = replace(as_told.against_published[0], verdict="as published")
    vars(as_told)["against_published"] = (same,)
    assert said_of(as_told) == " Published: TTA accuracy 0.00 pp; here as published."
    assert against_published_table(as_told).rows[0][4].line == "as published"
    steps = published(rung("plain"), rung("Smooth", "silu", score=93.0), rung("Tuned", "tuning", score=93.0))
    whole = evidence(ladder(["silu", "tuning"]), steps)
    assert headline(whole).startswith("All together: ")
    assert headline(whole).count("Published: ") == 1
    # Of a ladder whose last rung was not published there is nothing to say about the whole.
    assert "Published" not in headline(evidence(ladder(["silu", "tuning"])))
    assert not said_of(evidence(add_one_in(["silu"]), ()))


def test_too_few_blocks_are_said_in_the_verdicts_place():
    study = replace(resolved(add_one_in(["silu"]), blocks=4, processes=2), ladders=LOSS)
    few = Evidence.of(study, stored(study))
    cell = against_published_table(few).rows[0][4]
    assert (cell.text, cell.detail) == ("no verdict", "4 blocks: too few for a verdict")
    assert not said_of(few)


def test_a_factorial_study_has_it_behind_its_shares():
    titles = [table.title for table in answers(evidence(shapley(["silu", "tuning"])))]
    assert titles == ["Fair shares", "Interactions", TITLE]


def test_nothing_published_is_no_table_and_json_says_the_same(tmp_path):
    assert against_published_table(evidence(add_one_in(["tuning"]))) is None
    study = replace(resolved(add_one_in(["silu"]), blocks=8, processes=4), ladders=LOSS)
    told = json.loads(report(write_folder(tmp_path / "run", study), "json"))["against_published"]
    assert [(each["subject"], each["verdict"], each["ladder"]) for each in told] == [
        ("silu", "better than published", "steps")
    ]
    assert told[0]["published_change"] == pytest.approx(-1.0)
    assert (
        json.loads(report(write_folder(tmp_path / "none", replace(study, ladders=())), "json"))["against_published"]
        == []
    )


def test_what_is_seen_on_its_own_and_not_settled_is_said():
    found = evidence(add_one_in(["silu"]))
    seen = replace(found.against_published[0], verdict="open", difference_low=0.1, p_holm=0.06, family=4)
    vars(found)["against_published"] = (seen,)
    assert (
        against_published_table(found).rows[0][4].line == "open, p (Holm) = 0.06; seen on its own; not settled among 4"
    )


def test_a_screenings_whole_is_compared_in_its_headline_too():
    whole = published(rung("plain"), rung("All", "silu", "tuning", score=93.0))
    said = headline(evidence(screening(["silu", "tuning"], FakeCatalogue()), whole))
    assert " Published: TTA accuracy −1.00 pp; here better than published (p (Holm) < 0.0001). Of 2 effects" in said


def test_other_images_are_compared_with_nothing_and_a_smaller_size_is_said():
    for data in ("synthetic", "imagenette"):
        assert evidence(add_one_in(["silu"]), data=data).against_published == ()
    assert evidence(add_one_in(["silu"]), data="cifar10-jpeg").against_published
    assert " Published at full size: TTA accuracy −1.00 pp; here" in headline(
        evidence(add_one_in(["silu"]), preset="mini")
    )


def test_many_sources_are_told_by_who_published_and_no_device_by_nothing():
    rungs = [
        replace(rung(str(place), *names), source=f"them, cell {place}")
        for place, names in enumerate([(), ("silu",), ("a",), ("b",)])
    ]
    table = against_published_table(evidence(add_one_in(["silu"]), (replace(published(*rungs)[0], device=""),)))
    assert table.remark.startswith("Published by them. The difference")


def test_data_that_is_mixed_is_not_compared(tmp_path):
    study = replace(resolved(add_one_in(["silu"]), blocks=8, processes=4), ladders=LOSS)
    trials = trials_of(study)
    mixed = [replace(each, data="other", data_digest="e" * 64) if each.spec.block else each for each in trials]
    assert Evidence.read(write_folder(tmp_path / "run", study, mixed)).against_published == ()
