from dataclasses import fields, replace

import pytest

from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.lineages.airbench96_faster.baseline import AIRBENCH96
from ablate.parts import (
    CompileModel,
    CompileStep,
    EveryImage,
    FrozenBias,
    NoAveraging,
    NoCompile,
    NoFlip,
    ProxySelection,
    RandomSubset,
    Scale,
    SquareCutmix,
    SquareCutout,
    TrainedBias,
)
from ablate.recipes.fields import field_types
from ablate.recipes.sgd import SgdRecipe
from tests.sgd_recipes import BASELINES, PUBLISHED, REGISTRIES, with_all

CIFAR = 50_000

# A changed fingerprint orphans every recorded trial: change these lines only together with a part's version.
BASELINE_FINGERPRINTS = {
    "airbench94": "cf0cd757c6d75e3c9123b6bce86544df5b717325eefde842408869bdcb683bdd",
    "airbench95": "44a1b197db7b06d774b3f5a29ddc79d4f7340e56c6982cddf223dfe57c01076a",
    "airbench96": "96bc5b749844634833893b3e509bcf995d8046f03f6ba344888a3bab0ad0efa6",
    "airbench96_faster": "38ceb57ffa2d632e9a5b05332d2ca5fdb90aa736cbc512b38565daf1a4675f34",
    "resnet18": "3987ec9f031cc8a7d63585ebe773d71008c6a2cc1e5952a4d8bb384ce759c703",
    "page": "619d2a962ccb3c76cf194c85c6fd279df4f45c2dc72bb28b65d82613bce7b112",
    "germer": "3a17a7b52c973ca405c6954e23cced1893a450125d58f757013b27697f07436d",
    "fastcifar10": "5e4a93343e86c41da80b7aa250c5a3a5825be1ab9359c19eb112395379f6f935",
    "hlb": "c556253b9c473fb8b9b8a446982fe79344454b15adcd266fefeeaf48088d4b63",
}
PUBLISHED_FINGERPRINTS = {
    "airbench94": "186c9a45d045b5d40467a3038103f5e4ecd645aecf8fadc17f8322460ead62e3",
    "airbench94_compiled": "fa0c4c8b6b6be34633908416724a46558d910b8c6a989aed937f4f92e69370ee",
    "airbench95": "972c2b705c8fb3c8895244c868610ea6aee70bbd958cadd2a6ad0d3ebe3b2be7",
    "airbench96": "38ceb57ffa2d632e9a5b05332d2ca5fdb90aa736cbc512b38565daf1a4675f34",
    "airbench96_faster": "5dfbde98a8709a8e9e54fd145f2074564f0caaa283c48d74471f6615317999db",
    "resnet18": "6e3765c6a25dac0ab8c97b9bf866e767b918fb964f092c0bbaaae4fb84b50526",
    "page": "3a17a7b52c973ca405c6954e23cced1893a450125d58f757013b27697f07436d",
    "germer": "5e4a93343e86c41da80b7aa250c5a3a5825be1ab9359c19eb112395379f6f935",
    "fastcifar10": "e1fd85fd8f35ecb1d98c64bb1f6551b4c2d1cf4d5f8872213f4a9a1d9b33a140",
    "hlb": "8f1c29cf1b92690c8748c5608309e5bebdc6da191ac056293504e27615a7d08a",
}


def test_fingerprints_stay_what_they_are() -> None:
    assert {name: recipe.fingerprint() for name, recipe in BASELINES.items()} == BASELINE_FINGERPRINTS
    assert {name: recipe.fingerprint() for name, recipe in PUBLISHED.items()} == PUBLISHED_FINGERPRINTS


def test_the_baseline_of_the_filtering_lineage_is_airbench96_with_all_its_features() -> None:
    assert with_all("airbench96").to_dict() == AIRBENCH96.to_dict()


def test_fields_at_their_neutral_value_are_left_out() -> None:
    neutral = {"scale", "first_bias", "activation", "norms", "head", "initial", "subset", "order", "selection"}
    neutral |= {"cutout", "bias_scale", "averaging", "activation_scale", "norm_splits", "cutout_trim", "rate_factor"}
    neutral |= {"optimiser", "evaluated", "cutmix", "loss_factor", "standardisation"}
    assert {field.name for field in fields(SgdRecipe)} - AIRBENCH94_PLAIN.to_dict().keys() == neutral
    spelled_out = replace(AIRBENCH94_PLAIN, averaging=NoAveraging(), selection=EveryImage(), bias_scale=1)
    assert spelled_out.fingerprint() == BASELINE_FINGERPRINTS["airbench94"]


def test_every_number_enters_the_fingerprint() -> None:
    for name, kind in field_types(SgdRecipe).items():
        if kind in (int, float):
            changed = replace(AIRBENCH94_PLAIN, **{name: getattr(AIRBENCH94_PLAIN, name) + 1})
            assert changed.fingerprint() != BASELINE_FINGERPRINTS["airbench94"], name


# Steps, steps of the first layer's bias, PyTorch's rates, their weight decays, all from the published scripts' numbers.
PLANS = {
    "airbench94": (476, 144, 0.001464844, 0.09375, 1.362365, 0.0212870),
    "airbench94_compiled": (476, 144, 0.001464844, 0.09375, 1.362365, 0.0212870),
    "airbench95": (720, 144, 0.001273777, 0.08152174, 1.56672, 0.02448),
    "airbench96": (1776, 144, 0.001146399, 0.07336957, 1.365333, 0.0213333),
    "airbench96_faster": (2160, 2160, 0.001146399, 0.07336957, 1.365333, 0.0213333),
    # Rate 0.1 and decay 5e-4 on the mean over 128 images.
    "resnet18": (78_000, 78_000, 0.1 / 128, 0.1 / 128, 5e-4 * 128, 5e-4 * 128),
    "page": (970, 970, 1 / 512, 64 / 512, 5e-4 * 512, 5e-4 * 512 / 64),
    "germer": (970, 970, 2e-3, 64 * 2e-3, 0.256, 0.004),
    "fastcifar10": (970, 970, 2e-3, 64 * 2e-3, 0.256, 0.004),
    # For half the summed loss.
    "hlb": (581, 581, 1.525 / 512, 1.525 * 64 / 512, 6.687e-4 * 1024, 6.687e-4 * 1024 / 64),
}
BATCHES = {"resnet18": (128, 390), **dict.fromkeys(("page", "germer", "fastcifar10"), (512, 97))}
"""Images a step and steps an epoch, where they are not 1,024 and 48."""


@pytest.mark.parametrize("name", PLANS)
def test_the_plan_of_every_published_recipe_is_the_scripts(name: str) -> None:
    plan = PUBLISHED[name].plan(CIFAR)
    num_steps, bias_steps, rate, bias_rate, decay, bias_decay = PLANS[name]
    batch_size, steps_per_epoch = BATCHES.get(name, (1024, 48))
    assert (plan.batch_size, plan.steps_per_epoch, plan.loss_weight) == (
        batch_size,
        steps_per_epoch,
        0.5 if name == "hlb" else 1,
    )
    assert (plan.num_steps, plan.first_bias_steps) == (num_steps, bias_steps)
    assert (plan.rate, plan.bias_rate) == pytest.approx((rate, bias_rate), rel=1e-6)
    assert plan.rate_times_decay / plan.rate == pytest.approx(decay, rel=1e-6)
    assert plan.rate_times_decay / plan.bias_rate == pytest.approx(bias_decay, rel=1e-5)


def test_the_last_epoch_of_airbench94_is_cut_off_after_44_steps() -> None:
    plan = PUBLISHED["airbench94"].plan(CIFAR)
    assert plan.num_epochs == 10
    assert [len(plan.steps(epoch)) for epoch in range(10)] == [48] * 9 + [44]
    assert [step for epoch in range(10) for step in plan.steps(epoch)] == list(range(476))


@pytest.mark.parametrize("lineage", BASELINES)
def test_mini_is_the_same_code_on_less(lineage: str) -> None:
    recipe = with_all(lineage)
    small = recipe.scaled(recipe.presets["mini"])
    plan, published = small.plan(round(CIFAR * small.scale.images)), recipe.plan(CIFAR)
    assert plan.loss_weight * plan.batch_size == recipe.loss_factor * recipe.batch_size
    assert (plan.mixed_from is None) == (published.mixed_from is None)
    assert (plan.rate, plan.bias_rate, plan.rate_times_decay) == (
        published.rate,
        published.bias_rate,
        published.rate_times_decay,
    )
    assert plan.num_epochs >= 2
    assert (plan.first_bias_steps < plan.num_steps) == (published.first_bias_steps < published.num_steps)


def test_a_subset_has_shorter_epochs() -> None:
    half = replace(PUBLISHED["airbench94"], subset=RandomSubset(fraction=0.5)).plan(CIFAR)
    assert (half.steps_per_epoch, half.num_steps, half.first_bias_steps) == (24, 238, 72)


def test_a_set_smaller_than_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="1023 training images do not fill one batch of 1024"):
        AIRBENCH94_PLAIN.plan(1023)
    with pytest.raises(ValueError, match="1000 training images do not fill one batch of 1024"):
        replace(AIRBENCH94_PLAIN, subset=RandomSubset(fraction=0.02)).plan(CIFAR)


def test_a_warm_up_sees_both_sides_of_everything() -> None:
    plan = PUBLISHED["airbench94"].plan(CIFAR).shortened()
    assert (plan.num_steps, plan.steps_per_epoch, plan.num_epochs, plan.first_bias_steps) == (4, 2, 2, 2)
    assert (plan.batch_size, plan.loss_weight, plan.is_short) == (1024, 1, True)
    never_frozen = PUBLISHED["airbench96_faster"].plan(CIFAR).shortened()
    assert (never_frozen.num_steps, never_frozen.first_bias_steps) == (4, 4)
    single = replace(AIRBENCH94_PLAIN, first_bias=FrozenBias()).plan(1024).shortened()
    assert (single.num_steps, single.num_epochs, single.first_bias_steps) == (2, 2, 1)


def test_a_plan_is_short_where_another_is() -> None:
    plan, other = PUBLISHED["airbench94"].plan(CIFAR), AIRBENCH94_PLAIN.plan(CIFAR)
    assert plan.like(other) == plan
    assert plan.like(other.shortened()) == plan.shortened()


def test_a_recipe_of_another_class_has_the_same_fields() -> None:
    same = SgdRecipe.like(BASELINES["airbench96"])
    assert type(same) is SgdRecipe
    assert same.to_dict() == BASELINES["airbench96"].to_dict()
    assert SgdRecipe.like(same, epochs=3.0) == replace(same, epochs=3.0)
    with pytest.raises(TypeError, match="wave"):
        SgdRecipe.like(same, wave=1)


class TestCompileKey:
    def test_is_shared_by_what_compiles_alike(self) -> None:
        key = AIRBENCH96.compile_key()
        same = {"rate": 1.0, "decay": 0.0, "epochs": 3.0, "label_smoothing": 0.0, "momentum": 0.5, "bias_scale": 2.0}
        same |= {"flip": NoFlip(), "subset": RandomSubset(fraction=0.5), "first_bias": TrainedBias()}
        same |= {"averaging": NoAveraging(), "cutout": SquareCutout(size=3)}
        for name, value in same.items():
            changed = replace(AIRBENCH96, **{name: value})
            assert changed != AIRBENCH96, name
            assert changed.compile_key() == key, name
        assert AIRBENCH96.scaled(Scale(images=0.5, epochs=0.5)).compile_key() == key

    def test_differs_where_network_or_shapes_differ(self) -> None:
        plain = with_all("resnet18")
        others = ("widths", "stage", "first_layer", "head", "activation", "norms")
        changes: list[dict[str, object]] = [{name: getattr(plain, name)} for name in others]
        changes += [{"norm_momentum": 0.3}, {"batch_size": 512}, {"compiler": CompileModel()}]
        changes += [{"scale": Scale(width=0.5)}, {"scale": Scale(batch=0.5)}]
        changes += [{"selection": ProxySelection()}, {"selection": ProxySelection(keep=0.25)}]
        keys = {replace(AIRBENCH96, **change).compile_key() for change in changes}
        assert len(keys | {AIRBENCH96.compile_key()}) == len(changes) + 1

    def test_has_the_label_smoothing_of_a_compiled_step_only(self) -> None:
        for compiler, differs in ((NoCompile(), False), (CompileModel(), False), (CompileStep(), True)):
            recipe = replace(AIRBENCH96, compiler=compiler)
            assert (replace(recipe, label_smoothing=0.1).compile_key() != recipe.compile_key()) is differs
            mixed = replace(recipe, cutmix=SquareCutmix(size=3, epochs=6.0))
            assert (mixed.compile_key() != recipe.compile_key()) is differs, "labels are weights there"


def test_a_lineage_shares_networks_where_it_can() -> None:
    def keys(lineage: str) -> dict[str, str]:
        registry = REGISTRIES[lineage]
        return {name: registry.compose([name]).compile_key() for name in registry.names}

    differing = {
        "airbench94": {"whitening", "lookahead", "compile"},
        "airbench95": {"wider", "lookahead"},
        "airbench96": {"wider", "third_conv", "slow_norms"},
        "airbench96_faster": {"compile", "data_filtering"},
        "resnet18": set(),
        "page": {"pool_before_norm", "celu", "ghost_norm", "frozen_scales", "whitening"},
        "germer": {"logit_scale"},
        "fastcifar10": set(),
        "hlb": {"negated_whitening", "fast_norms", "half_precision_norms"},
    }
    for lineage, baseline in BASELINES.items():
        own = baseline.compile_key()
        assert {name for name, key in keys(lineage).items() if key != own} == differing[lineage], lineage
