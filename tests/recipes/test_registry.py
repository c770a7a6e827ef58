import math
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pytest

from ablate.errors import UsageError
from ablate.lineages import airbench94_muon as shipped
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.lineages.airbench94_muon.lineage import LINEAGE
from ablate.parts import BrightnessContrast, Gelu, LoopedCrop, RateSchedule, Scale, Silu
from ablate.recipes.registry import Change, Feature, Registry
from ablate.study import groups_together
from ablate.study.groups import Group

GROUPS = [Group(slug=slug, title=slug.title(), published_percent=None, source="") for slug in ("rates", "shape")]


def feature(name: str = "faster", group: str = "rates", **settings: Any) -> Feature:
    defaults: dict[str, Any] = {"summary": "Does it.", "patch": {"filter_rate": 0.3}, "source": "a notebook"}
    return Feature(name=name, group=group, **{**defaults, **settings})


def registry(*features: Feature) -> Registry:
    return Registry(AIRBENCH94_MUON, features, GROUPS)


REFUSED: list[tuple[list[Feature], str]] = [
    (
        [feature(patch={"filter_rat": 0.3})],
        "Feature 'faster' sets an unknown field 'filter_rat' of the recipe. Did you mean 'filter_rate'?",
    ),
    ([feature(), feature()], "Two features are named 'faster'. Rename one of them."),
    (
        [feature(patch={"filter_rate": 0.24})],
        "Feature 'faster' sets 'filter_rate' to 0.24, which is the baseline's value already.",
    ),
    ([feature(patch={"epochs": 8})], "which is the baseline's value already"),
    ([feature(patch={"crop": LoopedCrop()})], "which is the baseline's value already"),
    ([feature(patch={})], "Feature 'faster' changes nothing: its patch is empty."),
    (
        [feature(patch={"filter_rate": "0.3"})],
        "Feature 'faster' sets 'filter_rate' to '0.3', which is a str, not a float.",
    ),
    ([feature(patch={"batch_size": 512.0})], "which is a float, not an int"),
    ([feature(patch={"batch_size": True})], "which is a bool, not an int"),
    (
        [feature(patch={"activation": LoopedCrop()})],
        "which is a LoopedCrop, not an Activation. `ablate features --slots activation` lists what fills it.",
    ),
    (
        [feature(patch={"activation": Silu})],
        "Feature 'faster' sets 'activation' to the class Silu, not an Activation. A part is made by calling its class: Silu(...).",
    ),
    (
        [feature(patch={"crop": LoopedCrop(reach=2.5)})],  # type: ignore[arg-type]
        "sets 'crop' to a LoopedCrop, whose parameter 'reach' is 2.5 (float), not an int.",
    ),
    (
        [feature(patch={"jitter": BrightnessContrast(brightness=1, contrast="0.1")})],  # type: ignore[arg-type]
        "whose parameter 'contrast' is '0.1' (str), not a float.",
    ),
    ([feature(patch={"batch_size": 0})], "sets 'batch_size' to 0; training takes more than 0."),
    ([feature(patch={"momentum": 0.0})], "sets 'momentum' to 0.0; training takes more than 0."),
    ([feature(patch={"filter_rate": math.nan})], "sets 'filter_rate' to nan; a number of a recipe is finite."),
    ([feature(patch={"filter_rate": math.inf})], "a number of a recipe is finite"),
    (
        [feature(patch={"scale": Scale(width=0.5)})],
        "Feature 'faster' sets 'scale', which belongs to presets and lengths. Patch 'epochs' or 'batch_size' instead.",
    ),
    (
        [feature(requires=frozenset({"fastre"})), feature("faster_head", patch={"head_rate": 0.7})],
        "Feature 'faster' requires or excludes an unknown feature 'fastre'. Did you mean 'faster'?",
    ),
    ([feature(excludes=frozenset({"nobody"}))], "requires or excludes an unknown feature 'nobody'"),
    (
        [feature(group="shapes")],
        "Feature 'faster' belongs to an unknown group 'shapes'. Did you mean 'shape'? For a new one: "
        '`GROUP = ablate.Group(slug="shapes", title="Shapes", published_percent=None, source="this file")`',
    ),
    ([feature("all")], "Feature 'all': a name is a Python identifier, and not one of 'all', 'baseline'."),
    ([feature("two words")], "a name is a Python identifier"),
    ([feature(summary=" ")], "Feature 'faster' lacks a summary or a source."),
    ([feature(source="")], "Feature 'faster' lacks a summary or a source."),
    (
        [feature("rates"), feature("other", patch={"head_rate": 1.0})],
        "'rates' names a feature and a group, but the group holds 'other', 'rates'. "
        "Put 'other' into a Group of your own: "
        '`GROUP = ablate.Group(slug="mine", title="Mine", published_percent=None, source="this file")` '
        "and group='mine' in the Feature.",
    ),
]


def test_without_groups_each_that_a_feature_names_is_one() -> None:
    made = Registry(
        AIRBENCH94_MUON,
        [
            feature("late", "the_end", patch={"head_rate": 0.7}, source="a paper"),
            feature("faster", "rates"),
            feature("later", "the_end", patch={"batch_size": 500}),
        ],
    )
    assert list(made.groups.values()) == [
        Group(slug="the_end", title="The end", published_percent=None, source="a paper"),
        Group(slug="rates", title="Rates", published_percent=None, source="a notebook"),
    ]
    assert made.members("the_end") == ("late", "later")
    with pytest.raises(UsageError, match="belongs to an unknown group 'rates'"):
        Registry(AIRBENCH94_MUON, [feature()], [])


@pytest.mark.parametrize(("features", "message"), REFUSED)
def test_what_cannot_be_meant_is_refused_at_construction(features: list[Feature], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry(*features)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group": GROUPS[0]}, "Feature 'faster': group takes the slug of a Group: group='rates'."),
        ({"source": None}, "The source of feature 'faster' is None, not a text."),
        ({"name": 3}, "The name of feature '3' is 3, not a text."),
        ({"patch": {"filter_rate"}}, "Feature 'faster': patch is a dict of fields and values, not {'filter_rate'}."),
        (
            {"requires": "silu"},
            "Feature 'faster': requires is a set of features' names, not 'silu': requires={'silu'}.",
        ),
        (
            {"excludes": [Silu()]},
            "Feature 'faster': excludes is a set of features' names, not [Silu()]: excludes={'silu'}.",
        ),
    ],
)
def test_a_feature_of_the_wrong_types_is_refused_where_it_is_made(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        feature(**settings)
    assert str(caught.value) == message


@pytest.mark.parametrize("slug", ["two words", "a,b", "", "all", "baseline"])
def test_a_group_that_no_option_could_name_is_refused(slug: str) -> None:
    with pytest.raises(UsageError, match="a slug is letters, digits, '_' and '-', and not one of 'all', 'baseline'"):
        Registry(AIRBENCH94_MUON, [], [Group(slug=slug, title="x", published_percent=None, source="")])


def test_a_baseline_is_checked_like_a_features_values() -> None:
    with pytest.raises(UsageError, match="The baseline sets 'schedule' to a RateSchedule, which is the slot itself"):
        Registry(replace(AIRBENCH94_MUON, schedule=RateSchedule()), [], [])  # type: ignore[abstract]
    with pytest.raises(UsageError, match="The baseline sets 'epochs' to '8', which is a str, not a float"):
        Registry(replace(AIRBENCH94_MUON, epochs="8"), [], [])  # type: ignore[arg-type]


def test_features_come_in_the_order_that_discovery_is_given() -> None:
    found = Registry.discover(AIRBENCH94_MUON, shipped, LINEAGE.groups.values(), order=["tuning", "silu"])
    assert list(found.features)[:3] == ["tuning", "silu", "batchwise_augmentation"]


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="Two groups are named 'rates'"):
        Registry(AIRBENCH94_MUON, [feature()], [*GROUPS, GROUPS[0]])


def test_a_group_may_share_the_name_of_its_only_feature() -> None:
    assert registry(feature("rates")).expand(["rates"]) == {"rates"}


def test_two_features_on_one_field_are_named_with_the_field() -> None:
    both = registry(feature(), feature("fastest", patch={"filter_rate": 0.4, "head_rate": 1.0}))
    with pytest.raises(UsageError) as caught:
        both.compose(["faster", "fastest"])
    assert str(caught.value) == "These features cannot be combined: 'faster' and 'fastest' both set 'filter_rate'."
    assert both.compose(["faster"]).filter_rate == 0.3
    assert both.compose(["fastest"]).filter_rate == 0.4


def test_requirements_and_exclusions_are_reasons() -> None:
    tied = registry(
        feature(requires=frozenset({"round"})),
        feature("round", group="shape", patch={"activation": Silu()}),
        feature("flat", group="shape", patch={"head_rate": 1.0}, excludes=frozenset({"round"})),
    )
    assert tied.reason_impossible(["faster"]) == "'faster' requires 'round'"
    assert tied.reason_impossible(["flat", "round"]) == "'flat' excludes 'round'"
    assert tied.reason_impossible(["faster", "round"]) is None
    assert tied.reason_impossible([]) is None
    with pytest.raises(UsageError, match="These features cannot be combined: 'faster' requires 'round'"):
        tied.compose(["faster"])


def test_composition_commutes_and_patch_order_does_not_matter() -> None:
    one = feature(patch={"filter_rate": 0.3, "momentum": 0.9})
    turned = feature(patch={"momentum": 0.9, "filter_rate": 0.3})
    other = feature("round", group="shape", patch={"activation": Silu()})
    recipes = [registry(one, other).compose(names) for names in (["faster", "round"], ["round", "faster"])]
    recipes += [registry(other, turned).compose(["faster", "round"])]
    expected = replace(AIRBENCH94_MUON, filter_rate=0.3, momentum=0.9, activation=Silu())
    assert recipes == [expected] * 3
    assert len({recipe.fingerprint() for recipe in recipes}) == 1
    assert one.digest() == turned.digest()
    assert registry(one).compose([]) == AIRBENCH94_MUON


def test_groups_stand_for_their_features() -> None:
    two = registry(feature(), feature("round", group="shape", patch={"activation": Silu()}))
    assert two.expand(["rates", "round"]) == {"faster", "round"}
    assert two.members("shape") == ("round",)
    assert two.compose(["rates", "shape"]) == two.compose(["faster", "round"])
    assert two.names == ("faster", "round")
    with pytest.raises(UsageError) as caught:
        two.expand(["fastr"])
    assert str(caught.value) == "Unknown feature or group 'fastr'. Did you mean 'faster'? `ablate features` lists them."


def test_a_diff_names_feature_field_before_and_after() -> None:
    two = registry(feature(), feature("round", group="shape", patch={"activation": Silu()}))
    assert two.diff(["round", "faster"]) == (
        Change("faster", "filter_rate", 0.24, 0.3),
        Change("round", "activation", Gelu(), Silu()),
    )
    assert two.diff([]) == ()


def test_features_are_data() -> None:
    patch = {"filter_rate": 0.3}
    frozen = feature(patch=patch)
    patch["filter_rate"] = 9.0
    assert frozen.patch["filter_rate"] == 0.3
    with pytest.raises(TypeError):
        frozen.patch["filter_rate"] = 9.0


def test_a_digest_follows_the_values_and_a_parts_version() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Bent(Silu):
        pass

    before = feature("bent", patch={"activation": Bent()})
    digests = {before.digest(), feature("bent").digest(), feature("bent", patch={"filter_rate": 0.31}).digest()}
    Bent.version = 2
    assert len(digests | {before.digest()}) == 4


def test_discovery_takes_every_module_with_a_feature() -> None:
    found = Registry.discover(AIRBENCH94_MUON, shipped, LINEAGE.groups.values())
    assert {"silu", "newer_tuning", "surviving_maps"} < found.features.keys()
    assert "baseline" not in found.features
    assert isinstance(shipped, ModuleType)
    longer = found.extended([feature("faster", group="rates", patch={"filter_rate": 0.3})], GROUPS)
    assert longer.features.keys() - found.features.keys() == {"faster"}
    assert longer.names[-1] == "faster"
    assert "faster" not in found.features


class TestOptionalFeatures:
    def known(self, **changes: Any) -> Registry:
        odd = feature("odd", **{"patch": {"filter_rate": 0.27}, "group": "rates", "optional": True, **changes})
        return registry(feature("faster", group="rates", patch={"head_rate": 0.5}), odd)

    def test_are_on_only_where_they_are_named(self) -> None:
        known = self.known()
        assert (known.names, known.extras, known.members("rates")) == (("faster",), ("odd",), ("faster",))
        assert known.expand(["rates"]) == {"faster"}
        assert known.compose(["rates", "odd"]).filter_rate == 0.27

    def test_do_not_change_a_digest(self) -> None:
        assert self.known().features["odd"].digest() == self.known(optional=False).features["odd"].digest()

    def test_are_no_alternatives(self) -> None:
        with pytest.raises(
            UsageError, match="'odd' is optional and an alternative; an alternative is no part of 'all'"
        ):
            self.known(alternative_to="faster")

    def test_are_so_or_not(self) -> None:
        with pytest.raises(UsageError, match="Feature 'odd': optional is True or False, not 'yes'"):
            self.known(optional="yes")


class TestOptionalGroups:
    EXTRA = Group(slug="extra", title="Extra", published_percent=None, source="a test", optional=True)

    def known(self) -> Registry:
        features = (
            feature("faster", group="rates", patch={"head_rate": 0.5}),
            feature("odd", group="extra", patch={"filter_rate": 0.27}, optional=True),
            feature("odder", group="extra", patch={"filter_momentum": 0.5}, optional=True),
            feature("milder", group="rates", patch={"head_rate": 0.6}, alternative_to="faster"),
        )
        rates = Group(slug="rates", title="Rates", published_percent=None, source="a test")
        return Registry(AIRBENCH94_MUON, features, [rates, self.EXTRA])

    def test_their_name_stands_for_their_features_and_all_is_without_them(self) -> None:
        known = self.known()
        assert (known.names, known.members("extra")) == (("faster",), ("odd", "odder"))
        assert known.expand(["extra", "rates"]) == {"odd", "odder", "faster"}
        assert groups_together(known).names == ("rates",)

    def test_all_is_widened_by_groups_features_and_alternatives(self) -> None:
        known = self.known()
        wider = known.with_all(["extra"])
        assert (wider.names, groups_together(wider).names) == (("faster", "odd", "odder"), ("rates", "extra"))
        one = known.with_all(["odder"])
        assert (one.names, one.extras) == (("faster", "odder"), ("milder", "odd"))
        assert groups_together(one).names == ("rates", "odder")
        other = known.with_all(["milder"])
        assert (other.names, groups_together(other).names) == (("milder",), ("milder",))
        assert known.names == ("faster",)

    def test_what_is_part_of_all_already_is_no_news(self) -> None:
        with pytest.raises(UsageError, match=r"--enable faster changes nothing: it is part of 'all' already\."):
            self.known().with_all(["faster"])

    def test_hold_no_feature_of_all(self) -> None:
        with pytest.raises(
            UsageError, match=r"'odd' belongs to group 'extra', which is no part of 'all'; write optional=True\."
        ):
            Registry(AIRBENCH94_MUON, [feature("odd", group="extra", patch={"filter_rate": 0.27})], [self.EXTRA])

    def test_are_recorded_as_such_and_others_as_before(self) -> None:
        assert self.EXTRA.to_json()["optional"] is True
        assert "optional" not in Group(slug="a", title="A", published_percent=None, source="a test").to_json()


def alternative(**changes: Any) -> Feature:
    return feature(
        "milder", **{"patch": {"filter_rate": 0.27}, "group": "rates", "alternative_to": "faster", **changes}
    )


def test_an_alternative_joins_its_group_and_not_all() -> None:
    known = registry(feature("faster", patch={"filter_rate": 0.3}), alternative())
    assert (known.names, known.extras) == (("faster",), ("milder",))
    assert set(known.members("rates")) == known.expand(["rates"]) == {"faster"}
    assert known.compose(["milder"]).filter_rate == 0.27
    with pytest.raises(UsageError, match="cannot be combined: 'milder' takes the place of 'faster'"):
        known.compose(["faster", "milder"])


def test_an_alternative_does_not_take_its_groups_name_from_the_only_feature() -> None:
    known = registry(feature("rates", patch={"filter_rate": 0.3}), alternative(alternative_to="rates"))
    assert known.expand(["rates"]) == {"rates"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"alternative_to": "fastr"},
            "Feature 'milder' is an alternative to an unknown feature 'fastr'. Did you mean 'faster'?",
        ),
        ({"alternative_to": "milder"}, "Feature 'milder' is an alternative to 'milder', which is one itself"),
        ({"group": "shape"}, "is an alternative to 'faster' of group 'rates'; write group='rates'."),
        ({"alternative_to": 3}, "Feature 'milder': alternative_to is the name of a feature, not 3."),
    ],
)
def test_an_alternative_to_nothing_of_the_kind_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry(feature("faster", patch={"filter_rate": 0.3}), alternative(**changes))
    assert words in str(caught.value)


def test_an_optional_feature_may_bear_the_name_of_its_group_and_of_no_other() -> None:
    odd = feature("shape", group="shape", patch={"filter_rate": 0.27}, optional=True)
    known = registry(odd)
    assert (known.members("shape"), known.expand(["shape"])) == ((), {"shape"})
    with pytest.raises(
        UsageError, match=r"'shape' names a group and a feature of group 'rates'\. Rename one of them\."
    ):
        registry(replace(odd, group="rates"))


def test_epochs_are_those_of_the_composed_recipe() -> None:
    known = registry(feature("longer", patch={"epochs": 9.5}), feature("faster", patch={"filter_rate": 0.3}))
    assert [known.epochs(names) for names in ((), ["faster"], ["longer"], ["rates"])] == [8.0, 8.0, 9.5, 9.5]
