"""Numbers that no training can use are refused when a registry is made of them, in one line that says what would do."""

from typing import Any

import pytest

from ablate.errors import UsageError
from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.lineages.loading import load_registry
from ablate.parts import (
    BatchCrop,
    Celu,
    ChunkWhitenedConv,
    ConvStem,
    FrozenBias,
    FrozenScaleNorms,
    GatheredCrop,
    GroupedCutout,
    LeastConfident,
    Lookahead,
    LoopedCrop,
    MaskedCrop,
    MostConfident,
    OneCycle,
    ProxySelection,
    Ramps,
    RandomSubset,
    RateTable,
    SquareCutmix,
    SquareCutout,
    TrainedNorms,
    Triangle,
    TwoStageCrop,
    WeightAverage,
    WhitenedConv,
    WhitenedPrep,
    WrittenBackEma,
)
from ablate.parts.part import Bounds
from ablate.recipes.feature import Feature
from ablate.recipes.registry import Registry
from ablate.study.groups import Group

GROUP = Group(slug="mine", title="Mine", published_percent=None, source="here")


def registry_with(patch: dict[str, Any]) -> Registry:
    return Registry(
        AIRBENCH94_PLAIN, [Feature(name="own", group="mine", summary="Own.", patch=patch, source="here")], [GROUP]
    )


SHARE = "it takes more than 0 and at most 1."
REFUSED_PARTS: list[tuple[str, Any, str]] = [
    ("cutout", SquareCutout(size=33), "'size' is 33: it takes at least 1 and at most 32."),
    ("cutout", SquareCutout(size=0), "'size' is 0: it takes at least 1 and at most 32."),
    ("cutout", SquareCutout(size="12"), "'size' is '12' (str), not an int."),  # type: ignore[arg-type]
    ("crop", TwoStageCrop(reach=-1), "'reach' is -1: it takes at least 0 and at most 31."),
    ("crop", LoopedCrop(reach=32), "'reach' is 32: it takes at least 0 and at most 31."),
    ("selection", ProxySelection(keep=0.0), f"'keep' is 0.0: {SHARE}"),
    ("selection", ProxySelection(keep=1.01), f"'keep' is 1.01: {SHARE}"),
    ("selection", ProxySelection(every=0), "'every' is 0: it takes 1 or more."),
    (
        "selection",
        ProxySelection(widths=()),
        "'widths' is (): it takes 1 or more for each of its numbers, one at least.",
    ),
    ("selection", ProxySelection(widths=(8, 0)), "'widths' is (8, 0): it takes 1 or more for each of its numbers"),
    ("subset", RandomSubset(fraction=0.0), f"'fraction' is 0.0: {SHARE}"),
    ("subset", MostConfident(fraction=2), f"'fraction' is 2: {SHARE}"),
    ("subset", LeastConfident(fraction=0.5, epochs=0), "'epochs' is 0: it takes more than 0."),
    ("first_bias", FrozenBias(epochs=-1.0), "'epochs' is -1.0: it takes 0 or more."),
    ("first_layer", WhitenedConv(images=0), "'images' is 0: it takes 1 or more."),
    ("first_layer", WhitenedConv(eps=-1e-9), "'eps' is -1e-09: it takes 0 or more."),
    ("first_layer", ConvStem(width=0), "'width' is 0: it takes 1 or more."),
    ("norms", FrozenScaleNorms(eps=-1.0), "'eps' is -1.0: it takes 0 or more."),
    ("schedule", Triangle(peak=1.5, end=0.0), "'peak' is 1.5: it takes at least 0 and at most 1."),
    ("schedule", Triangle(peak=0.2, end=-0.1), "'end' is -0.1: it takes 0 or more."),
    ("schedule", Triangle(start=-0.2, peak=0.2, end=0.0), "'start' is -0.2: it takes 0 or more."),
    ("activation", Celu(alpha=0.0), "'alpha' is 0.0: it takes more than 0."),
    ("cutout", GroupedCutout(size=0), "'size' is 0: it takes at least 1 and at most 32."),
    ("crop", BatchCrop(reach=0), "'reach' is 0: it takes at least 1 and at most 31."),
    ("first_layer", WhitenedPrep(width=0), "'width' is 0: it takes 1 or more."),
    ("first_layer", WhitenedPrep(images=0), "'images' is 0: it takes 1 or more."),
    ("schedule", Ramps(peak=0.0), "'peak' is 0.0: it takes more than 0 and less than 1."),
    ("schedule", RateTable(rise=0.0, fall=0.6, end=0.1, top=1.0), "'rise' is 0.0: it takes more than 0 and at most 1."),
    ("schedule", RateTable(rise=0.2, fall=0.6, end=0.1, top=0.0), "'top' is 0.0: it takes more than 0."),
    ("evaluated", WeightAverage(decay=1.1), "'decay' is 1.1: it takes at least 0 and at most 1."),
    ("evaluated", WeightAverage(every=0), "'every' is 0: it takes 1 or more."),
    ("averaging", WrittenBackEma(idle=1.0), "'idle' is 1.0: it takes at least 0 and less than 1."),
    ("cutmix", SquareCutmix(size=33, epochs=6.0), "'size' is 33: it takes at least 1 and at most 32."),
    ("cutmix", SquareCutmix(size=3, epochs=-1.0), "'epochs' is -1.0: it takes 0 or more."),
    ("first_layer", ChunkWhitenedConv(chunks=0), "'chunks' is 0: it takes 1 or more."),
    ("first_layer", ChunkWhitenedConv(eps=-1.0), "'eps' is -1.0: it takes 0 or more."),
    ("schedule", OneCycle(peak=0.0, end=0.07), "'peak' is 0.0: it takes more than 0 and at most 1."),
    ("crop", MaskedCrop(reach=0), "'reach' is 0: it takes at least 1 and at most 31."),
    ("averaging", Lookahead(every=0), "'every' is 0: it takes 1 or more."),
    ("averaging", Lookahead(decay=1.1), "'decay' is 1.1: it takes at least 0 and at most 1."),
    ("averaging", Lookahead(power=-1.0), "'power' is -1.0: it takes 0 or more."),
]


@pytest.mark.parametrize(("slot", "part", "words"), REFUSED_PARTS, ids=[str(part) for _, part, _ in REFUSED_PARTS])
def test_a_part_with_an_impossible_number_is_refused(slot: str, part: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry_with({slot: part})
    assert str(caught.value).startswith(f"Feature 'own' sets '{slot}' to a")
    assert f"{type(part).__name__}, whose parameter {words}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


ACCEPTED_PARTS: list[tuple[str, Any]] = [
    ("cutout", SquareCutout(size=32)),
    ("crop", GatheredCrop(reach=0)),
    ("crop", TwoStageCrop(reach=31)),
    ("selection", ProxySelection(keep=1.0, every=1)),
    ("subset", RandomSubset(fraction=1.0)),
    ("first_bias", FrozenBias(epochs=0)),
    ("norms", TrainedNorms(eps=0)),
    ("schedule", Triangle(start=0, peak=0, end=1)),
    ("averaging", Lookahead(decay=0, every=1, power=0)),
]


@pytest.mark.parametrize(("slot", "part"), ACCEPTED_PARTS, ids=[str(part) for _, part in ACCEPTED_PARTS])
def test_the_ends_are_possible(slot: str, part: Any) -> None:
    assert getattr(registry_with({slot: part}).compose(["own"]), slot) == part


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("momentum", 1.0, "to 1.0; training takes more than 0 and less than 1."),
        ("momentum", 0.0, "to 0.0; training takes more than 0 and less than 1."),
        ("rate", -9.0, "to -9.0; training takes more than 0."),
        ("bias_scale", 0, "to 0; training takes more than 0."),
        ("decay", -0.01, "to -0.01; training takes 0 or more."),
        ("label_smoothing", 1.2, "to 1.2; training takes at least 0 and at most 1."),
        ("norm_splits", 0, "to 0; training takes 1 or more."),
        ("activation_scale", 0.0, "to 0.0; training takes more than 0."),
        ("rate_factor", -1.0, "to -1.0; training takes more than 0."),
        ("loss_factor", 0.0, "to 0.0; training takes more than 0."),
        ("cutout_trim", -1, "to -1; training takes 0 or more."),
        ("norm_momentum", -0.1, "to -0.1; training takes at least 0 and at most 1."),
        ("widths", (), "to (); training takes more than 0 for each of its numbers, one at least."),
        ("widths", (64, -1, 64), "to (64, -1, 64); training takes more than 0 for each of its numbers, one at least."),
    ],
)
def test_an_impossible_number_of_the_recipe_is_refused(field: str, value: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry_with({field: value})
    assert str(caught.value) == f"Feature 'own' sets '{field}' {words}"


def test_a_part_of_the_users_own_inherits_its_parents_bounds(tmp_path: Any) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "from dataclasses import dataclass\nimport ablate\nfrom ablate.parts import *\n"
        "@dataclass(frozen=True, kw_only=True)\nclass Farther(LoopedCrop):\n    times: int = 2\n"
        "FEATURE = ablate.Feature(name='own', group='augmentation', summary='Own.', "
        "patch={'crop': Farther(reach=40)}, source='here')\n"
    )
    with pytest.raises(UsageError, match=r"Farther \(line 4\), whose parameter 'reach' is 40: it takes at least 0"):
        load_registry(features_from=path)


def test_nothing_that_is_no_number_is_within() -> None:
    for bounds in (Bounds(), Bounds(above=True), Bounds(most=1), Bounds(least=-1, most=1, below=True)):
        assert not bounds.hold(float("nan"))
