"""Published rungs as arms, each at its own length."""

from dataclasses import replace
from typing import Any

import pytest

from ablate.errors import UsageError
from ablate.formats.json_objects import parse
from ablate.study import Study, ladder, published
from ablate.study.ladders import Ladder, Rung
from tests.fakes import FakeCatalogue

FEATURES = {"soft": "shape", "hot": "rates", "cold": "rates", "sharp": "shape"}


def rung(title: str, *adds: str, **fields: Any) -> Rung:
    return Rung(title=title, adds=adds, source="there", **fields)


RUNGS = (
    rung("plain", epochs=12.0),
    rung("Rates", "rates", epochs=8.0),
    rung("Longer", epochs=10.0),
    rung("Shape", "soft", "sharp", epochs=6.0),
)
LADDER = Ladder(slug="steps", title="Steps", unit="epochs", target_percent=94.0, device="there", rungs=RUNGS)


def catalogue(*ladders: Ladder, **fields: Any) -> FakeCatalogue:
    return FakeCatalogue(FEATURES, published=ladders or (LADDER,), **{"lengths": {"soft": 5.0}, **fields})


def test_each_rung_has_the_features_so_far_and_its_own_length() -> None:
    design = published(catalogue(), LADDER)
    assert [(arm.name, arm.features, arm.length) for arm in design.arms] == [
        ("baseline", frozenset(), 12 / 8),
        ("+ rates", {"rates"}, 8 / 8),
        ("+ Longer", {"rates"}, 10 / 8),
        ("+ soft + sharp", {"rates", "soft", "sharp"}, 6 / 5),
    ]


def test_neighbours_are_asked_about_and_the_whole() -> None:
    design = published(catalogue(), LADDER)
    assert [(each.kind, each.subject, each.with_arm, each.without_arm) for each in design.contrasts] == [
        ("ladder", "rates", "+ rates", "baseline"),
        ("ladder", "Longer", "+ Longer", "+ rates"),
        ("ladder", "soft + sharp", "+ soft + sharp", "+ Longer"),
        ("total", "all", "+ soft + sharp", "baseline"),
    ]


def test_rungs_at_their_recipes_length_are_the_ladder_design() -> None:
    bars = replace(
        LADDER,
        unit="seconds",
        rungs=(rung("plain", seconds=2.0), rung("a", "rates", seconds=1.5), rung("b", "shape", seconds=1.0)),
    )
    assert published(catalogue(), bars) == ladder(["rates", "shape"])


def test_a_study_takes_the_first_ladder_or_the_one_named() -> None:
    other = replace(LADDER, slug="other", rungs=RUNGS[:2])
    both = catalogue(LADDER, other)
    assert Study.published(both).arms == published(both, LADDER).arms
    study = Study.published(both, "other", blocks=3, processes=1)
    assert (study.name, len(study.arms), study.blocks) == ("published", 2, 3)
    with pytest.raises(UsageError, match=r"There is no published ladder 'othr'\. Did you mean 'other'\?"):
        Study.published(both, "othr")


def test_an_impossible_rung_is_left_out_with_its_reason() -> None:
    study = Study.published(catalogue(excludes={"sharp": "hot"}))
    assert [arm.name for arm in study.arms] == ["baseline", "+ rates", "+ Longer"]
    assert study.left_out == (("+ soft + sharp", "'sharp' excludes 'hot'"),)


@pytest.mark.parametrize(
    ("rungs", "fields", "words"),
    [
        (
            (RUNGS[0], rung("Then", epochs=12.0)),
            {},
            "Ladder 'steps' does not say what its rung 'Then' changes, so it can be drawn",
        ),
        (
            (*RUNGS[:2], rung("Again", "rates", epochs=1.0)),
            {},
            "Ladder 'steps' adds 'rates' twice, the second time on rung 'Again'.",
        ),
        ((RUNGS[0], rung("Odd", "rate", epochs=1.0)), {}, "Unknown feature or group 'rate'."),
        (RUNGS, {"lengths": None}, "Ladder 'steps' gives its rungs epochs, and these recipes are not told in epochs"),
    ],
)
def test_what_cannot_be_trained_says_why(rungs: tuple[Rung, ...], fields: dict[str, Any], words: str) -> None:
    one = replace(LADDER, rungs=rungs)
    with pytest.raises(UsageError) as caught:
        Study.published(catalogue(one, **fields))
    assert words in str(caught.value)


def test_a_ladder_of_other_recipes_is_drawn_and_never_trained() -> None:
    one = replace(LADDER, drawn_only="its rungs are other recipes")
    with pytest.raises(UsageError) as caught:
        Study.published(catalogue(one))
    assert str(caught.value) == (
        "Ladder 'steps' can be drawn and not trained: its rungs are other recipes. `ablate figure waterfall --published --ladder "
        "steps` draws it, with the same --recipe."
    )


def test_a_ladder_that_can_be_trained_is_kept_as_ever() -> None:
    assert "drawn_only" not in LADDER.to_json()
    one = replace(LADDER, drawn_only="other recipes")
    assert one.to_json() == {**LADDER.to_json(), "drawn_only": "other recipes"}
    assert [parse(Ladder, each.to_json(), "a ladder") for each in (LADDER, one)] == [LADDER, one]


def test_without_a_ladder_there_is_nothing_to_run() -> None:
    with pytest.raises(UsageError, match=r"Nothing was published about this registry.*`ablate recipes` lists them"):
        Study.published(FakeCatalogue(FEATURES))


def test_a_ladder_may_start_with_features_on() -> None:
    rungs = (rung("warm", "rates", epochs=8.0), rung("Shape", "soft", "sharp", epochs=6.0))
    design = published(catalogue(), replace(LADDER, rungs=rungs))
    assert [(arm.name, arm.features) for arm in design.arms] == [
        ("warm", {"rates"}),
        ("+ soft + sharp", {"rates", "soft", "sharp"}),
    ]
    assert [(each.kind, each.with_arm, each.without_arm) for each in design.contrasts] == [
        ("ladder", "+ soft + sharp", "warm"),
        ("total", "+ soft + sharp", "warm"),
    ]
