"""The names that need no torch are those of the registry that does."""

import ast
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import ablate
from ablate.errors import UsageError
from ablate.lineages.lineage import Lineage, Outline
from ablate.lineages.loading import load_registry
from ablate.lineages.lookup import lineages
from ablate.study import groups_together, toggled
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, Rung

GROUP = Group(slug="rates", title="Rates", published_percent=None, source="here")


def lineage(**changes: Any) -> Lineage:
    settings: dict[str, Any] = {
        "name": "little",
        "title": "Little",
        "summary": "Two features.",
        "source": "here",
        "epochs": 4.0,
        "groups": [GROUP],
        "features": [
            Outline(name="hot", group="rates", epochs=3.0),
            Outline(name="cold", group="rates", requires=frozenset({"hot"})),
            Outline(name="mild", group="rates", excludes=frozenset({"cold"}), alternative_to="hot"),
        ],
        "registry": "nowhere:REGISTRY",
    }
    return Lineage(**{**settings, **changes})


@pytest.mark.parametrize("name", lineages())
class TestEveryLineage:
    def test_is_its_registry_by_name(self, name: str) -> None:
        told, registry = lineages()[name], load_registry(recipe=name)
        assert told.names == registry.names
        assert told.extras == registry.extras
        assert list(told.features) == list(registry.features)
        assert list(told.groups.items()) == list(registry.groups.items())
        assert list(told.ladders.items()) == list(registry.ladders.items())
        for each in (*registry.features, *registry.groups):
            assert told.expand((each,)) == registry.expand((each,))

    def test_says_of_every_pair_what_the_registry_says(self, name: str) -> None:
        told, registry = lineages()[name], load_registry(recipe=name)
        for chosen in (*combinations(registry.features, 2), registry.names):
            assert told.reason_impossible(chosen) == registry.reason_impossible(chosen)
            if told.reason_impossible(chosen) is None:
                assert told.epochs(chosen) == registry.epochs(chosen)

    def test_its_ladders_name_a_source_for_every_rung(self, name: str) -> None:
        for ladder in lineages()[name].ladders.values():
            assert all(rung.source.strip() for rung in ladder.rungs)
            assert ladder.device.strip()


def test_an_alternative_is_no_part_of_all_and_no_member_of_its_group() -> None:
    told = lineage()
    assert told.names == ("hot", "cold")
    assert told.extras == ("mild",)
    assert told.expand(["rates"]) == {"hot", "cold"}
    assert told.expand(["mild"]) == {"mild"}


def test_a_group_of_extras_alone_switches_nothing() -> None:
    groups = [GROUP, replace(GROUP, slug="rest")]
    hot, late = Outline(name="hot", group="rates"), Outline(name="late", group="rest", optional=True)
    told = lineage(groups=groups, features=[hot, late])
    assert list(groups_together(told).names) == ["rates"]
    for how in ("enable", "disable", "only"):
        with pytest.raises(UsageError) as caught:
            toggled(told, **{how: ["rest"]})
        assert str(caught.value) == (
            "Group 'rest' holds nothing of 'all', so it switches nothing; name the feature that you want: `ablate features rest`."
        )


def test_a_ladder_over_a_group_and_a_feature_of_none_is_refused_by_the_feature() -> None:
    rungs = (LADDER.rungs[0], replace(LADDER.rungs[1], adds=("rates",)))
    with pytest.raises(UsageError, match=r"feature 'hot' belongs to an unknown group 'rate'\. Did you mean 'rates'"):
        lineage(features=[Outline(name="hot", group="rate")], ladders=[replace(LADDER, rungs=rungs)])


def test_what_cannot_be_on_together_says_why() -> None:
    told = lineage()
    assert told.reason_impossible(["cold"]) == "'cold' requires 'hot'"
    assert told.reason_impossible(["hot", "mild"]) == "'mild' takes the place of 'hot'"
    assert told.reason_impossible(["hot", "cold", "mild"]) == "'mild' excludes 'cold'"
    assert told.reason_impossible(["rates"]) is None


def test_epochs_are_the_baselines_unless_a_feature_sets_them() -> None:
    told = lineage()
    assert [told.epochs(names) for names in ((), ("cold",), ("rates",))] == [4.0, 4.0, 3.0]
    assert lineage(epochs=None).epochs(()) is None


def test_an_unknown_name_has_its_near_match() -> None:
    with pytest.raises(UsageError, match=r"Unknown feature or group 'hott'\. Did you mean 'hot'\?"):
        lineage().reason_impossible(["hott"])


LADDER = Ladder(
    slug="steps",
    title="Steps",
    unit="seconds",
    device="here",
    rungs=(Rung(title="a", seconds=2.0, source="x"), Rung(title="b", seconds=1.0, adds=("hott",), source="x")),
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "two words"}, "Lineage 'two words': a name is a Python identifier."),
        ({"summary": "a\nb"}, "The summary of lineage 'little'"),
        ({"registry": "nowhere"}, "Lineage 'little' has registry='nowhere'; it takes 'module:name'."),
        ({"groups": [GROUP, GROUP]}, "Lineage 'little' has two groups named 'rates'."),
        ({"features": 2 * [Outline(name="hot", group="rates")]}, "Lineage 'little' has two features named 'hot'."),
        (
            {"features": [Outline(name="hot", group="rate")]},
            "Lineage 'little': feature 'hot' belongs to an unknown group 'rate'. Did you mean 'rates'?",
        ),
        (
            {"features": [Outline(name="mild", group="rates", alternative_to="hot")]},
            "Unknown feature or group 'hot'.",
        ),
        ({"ladders": [LADDER]}, "Unknown feature or group 'hott'. Did you mean 'hot'?"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        lineage(**changes)
    assert words in str(caught.value)


def test_nothing_outside_a_lineages_package_knows_its_groups_or_its_published_seconds() -> None:
    package = Path(ablate.__file__).parent
    constants = {
        path: [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
        ]
        for path in package.rglob("*.py")
        # Another lineage may have a group of the same name, and so may a file that a user begins with; records are of all.
        if path.parent.parent != package / "lineages" and path.parent.name != "starts" and path.stem != "records"
    }
    for told in lineages().values():
        groups = told.groups.values()
        # Words of one's own: "order" and "length" are everybody's, and so are 8 and 3.5.
        slugs = {slug for slug in told.groups if "_" in slug}
        words = slugs.union(*({group.title, group.source} for group in groups if " " in group.title))
        seconds = (rung.seconds for ladder in told.ladders.values() for rung in ladder.rungs)
        figures = {number for number in seconds if number is not None and len(f"{number:g}") > 3}
        found = {
            (str(path.relative_to(package)), value)
            for path, values in constants.items()
            for value in values
            if value in words or value in figures
        }
        assert not found
