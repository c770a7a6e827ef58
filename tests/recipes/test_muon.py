from dataclasses import fields, replace

import pytest

from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.lineages.loading import load_registry
from ablate.parts import PRESETS, NoJitter, Scale
from ablate.recipes.fields import field_types
from ablate.recipes.muon import MuonRecipe

REGISTRY = load_registry()
ALL = REGISTRY.compose(REGISTRY.names)
CIFAR = 50_000

# A changed fingerprint orphans every recorded trial: change these lines only together with a part's version.
BASELINE_FINGERPRINT = "7313ed302d123aeafec9ccac24ca4be9f08c8bf46d61e7bd26082e53f52ec787"
ALL_FINGERPRINT = "0a8fa7dad86e7319559ab01d2147c25f901ebf75ba923cd3dc895e9e43674680"


def test_fingerprints_stay_what_they_are() -> None:
    assert AIRBENCH94_MUON.fingerprint() == BASELINE_FINGERPRINT
    assert ALL.fingerprint() == ALL_FINGERPRINT


def test_fields_at_their_neutral_value_are_left_out() -> None:
    neutral = {"scale", "jitter", "schedule", "filter_decay"}
    neutral |= {"pooled_conv", "image_sizes", "update_batches", "freezing", "feeding", "known_view"}
    neutral |= {"filter_step", "iterates", "inference", "polynomials"}
    assert {field.name for field in fields(MuonRecipe)} - AIRBENCH94_MUON.to_dict().keys() == neutral
    assert replace(AIRBENCH94_MUON, jitter=NoJitter(), filter_decay=0).fingerprint() == BASELINE_FINGERPRINT
    assert AIRBENCH94_MUON.scaled(Scale(width=0.5)).to_dict().keys() - AIRBENCH94_MUON.to_dict().keys() == {"scale"}


def test_equal_recipes_have_equal_fingerprints() -> None:
    whole = replace(AIRBENCH94_MUON, epochs=8)
    assert whole == AIRBENCH94_MUON
    assert whole.fingerprint() == BASELINE_FINGERPRINT


def test_every_field_enters_the_fingerprint() -> None:
    for name, kind in field_types(MuonRecipe).items():
        if kind in (int, float):
            changed = replace(AIRBENCH94_MUON, **{name: getattr(AIRBENCH94_MUON, name) + 1})
            assert changed.fingerprint() != BASELINE_FINGERPRINT, name


def test_the_baselines_plan_is_the_sheets() -> None:
    plan = AIRBENCH94_MUON.plan(CIFAR)
    assert (plan.batch_size, plan.steps_per_epoch, plan.num_epochs) == (2000, 25, 8)
    assert (plan.num_steps, plan.whitening_bias_steps) == (200, 75)
    assert plan.whitening_images == 5000
    assert plan.loss_weight == 1
    assert plan.decay == pytest.approx(0.004)
    assert plan.filter_decay == 0
    assert plan.normalisation_due == (True,) * 200


def test_the_plan_with_all_features_is_the_sheets() -> None:
    plan = ALL.plan(CIFAR)
    assert (plan.batch_size, plan.steps_per_epoch, plan.num_epochs) == (1536, 32, 8)
    assert (plan.num_steps, plan.whitening_bias_steps) == (243, 7)
    assert CIFAR - plan.batch_size * plan.steps_per_epoch == 848
    assert plan.num_steps * plan.batch_size == 373_248
    assert plan.num_steps - 7 * plan.steps_per_epoch == 19
    assert plan.whitening_images == 960
    assert plan.decay == pytest.approx(0.0016002, abs=5e-8)
    assert plan.filter_decay == pytest.approx(0.0016002, abs=5e-8)
    assert sum(plan.normalisation_due) == 37


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [(AIRBENCH94_MUON, (500, 20, 80, 30, 1000, 4.0)), (ALL, (384, 26, 99, 3, 192, 4.0))],
    ids=["baseline", "all"],
)
def test_mini_is_the_same_code_on_less(recipe: MuonRecipe, expected: tuple[float, ...]) -> None:
    plan = recipe.scaled(PRESETS["mini"]).plan(10_000)
    whole = (plan.batch_size, plan.steps_per_epoch, plan.num_steps, plan.whitening_bias_steps, plan.whitening_images)
    assert (*whole, plan.loss_weight) == expected
    assert 0 < plan.whitening_bias_steps < plan.num_steps
    assert plan.decay == recipe.plan(CIFAR).decay


def test_every_feature_still_does_what_it_does_in_mini() -> None:
    plan = ALL.scaled(PRESETS["mini"]).plan(10_000)
    assert 0 < sum(plan.normalisation_due) < plan.num_steps / 2
    assert not plan.normalisation_due[0]
    assert 10_000 % plan.batch_size > 0
    assert int(ALL.tta.fraction * 2000) == 500


@pytest.mark.parametrize("length", [0.1, 0.2, 0.85, 1.05, 1.15, 1.6, 2.7])
def test_lengths_do_not_gain_a_step_by_rounding(length: float) -> None:
    plan = AIRBENCH94_MUON.scaled(Scale().lengthened(length)).plan(40_000)
    hundredths = round(100 * length)
    assert plan.steps_per_epoch == 20
    assert plan.num_steps == -(-8 * 20 * hundredths // 100)
    assert plan.whitening_bias_steps == -(-3 * 20 * hundredths // 100)


def test_a_set_smaller_than_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="1999 training images do not fill one batch of 2000"):
        AIRBENCH94_MUON.plan(1999)


PAST = REGISTRY.compose([*REGISTRY.names, "exact", "beyond"])


def test_steps_of_other_sizes_and_with_frozen_groups_are_kinds_of_their_own() -> None:
    plan = PAST.plan(CIFAR)
    kinds = [plan.kind_of_step(step) for step in range(plan.num_steps)]
    assert kinds[0] == "step and whitening bias and 24 pixels"
    assert kinds[242] == "step and frozen groups"
    assert (sum("24 pixels" in kind for kind in kinds), sum("28 pixels" in kind for kind in kinds)) == (81, 81)
    assert [step for step, kind in enumerate(kinds) if "frozen" in kind] == list(range(219, 243))
    timed = {plan.kind_of_step(step) for window in plan.sampled().windows for step in window}
    assert timed == set(kinds)


def test_a_warm_up_has_every_size_and_every_frozen_group_with_the_bias_trained_and_without() -> None:
    short = PAST.plan(CIFAR).shortened()
    forms = list(zip(short.image_sides, short.frozen_groups, strict=True))
    assert forms == [(24, 0), (28, 0), (32, 0), (32, 1)] * 2
    assert (short.num_steps, short.steps_per_epoch, short.whitening_bias_steps) == (8, 4, 4)
    # Where an epoch has fewer steps than there are forms.
    few = PAST.plan(2 * 1536).shortened()
    assert few.steps_per_epoch == 2
    assert {*zip(few.image_sides, few.frozen_groups, strict=True)} == {*forms}
    assert len(few.normalisation_due) == few.num_steps


@pytest.mark.parametrize("num_images", [1536, 2 * 1536, 3 * 1536, CIFAR])
@pytest.mark.parametrize("length", [0.02, 0.1, 1.0])
def test_a_warm_up_trains_every_form_of_a_step_with_the_bias_and_without(num_images: int, length: float) -> None:
    plan = PAST.scaled(Scale().lengthened(length)).plan(num_images)
    short = plan.shortened()
    forms = {*zip(plan.image_sides, plan.frozen_groups, strict=True)}
    steps = [step for epoch in range(short.num_epochs) for step in short.steps(epoch)]
    assert steps == list(range(short.num_steps))
    trained = [short.kind_of_step(step).startswith("step and whitening bias") for step in steps]
    warmed = {*zip(short.image_sides, short.frozen_groups, trained, strict=True)}
    # A run of one form may be a single step.
    if len(forms) > 1:
        assert warmed == {(*form, is_trained) for form in forms for is_trained in (True, False)}
        # As many mirrored epochs as others, with the bias and without.
        assert short.num_epochs % 2 == 0
    assert max(len(short.steps(epoch)) for epoch in range(short.num_epochs)) <= plan.steps_per_epoch


@pytest.mark.parametrize("recipe", [AIRBENCH94_MUON, ALL], ids=["baseline", "all"])
@pytest.mark.parametrize("num_images", [2000, 4000, CIFAR])
def test_a_warm_up_without_sizes_and_frozen_groups_is_two_epochs_of_two_steps(
    recipe: MuonRecipe, num_images: int
) -> None:
    plan = recipe.plan(num_images)
    steps_per_epoch = min(2, plan.steps_per_epoch)
    num_steps = min(2 * steps_per_epoch, plan.num_steps)
    assert plan.shortened() == replace(
        plan,
        steps_per_epoch=steps_per_epoch,
        num_steps=num_steps,
        num_epochs=2,
        whitening_bias_steps=num_steps // 2,
        normalisation_due=plan.normalisation_due[:num_steps],
        image_sides=(32,) * num_steps,
        frozen_groups=(0,) * num_steps,
    )


def test_a_warm_up_sees_both_sides_of_everything() -> None:
    plan = ALL.plan(CIFAR).shortened()
    assert (plan.num_steps, plan.steps_per_epoch, plan.num_epochs, plan.whitening_bias_steps) == (4, 2, 2, 2)
    assert (plan.batch_size, plan.whitening_images, plan.loss_weight) == (1536, 960, 1)
    single = AIRBENCH94_MUON.plan(2000).shortened()
    assert (single.num_steps, single.num_epochs, single.whitening_bias_steps) == (2, 2, 1)


def test_compile_keys_are_shared_by_what_compiles_alike() -> None:
    key = AIRBENCH94_MUON.compile_key()
    for name in ("selective_tta", "svd_whitening", "vectorised_crop", "vectorised_optimiser", "brightness_contrast"):
        assert REGISTRY.compose([name]).compile_key() == key, name
    assert REGISTRY.compose(["periodic_normalisation"]).compile_key() == key
    # One network takes images of every size, and freezes what a step says; what it computes of its maps is built into it.
    assert REGISTRY.compose(["growing_images", "frozen_first_group"]).compile_key() == key
    assert REGISTRY.compose(["surviving_maps"]).compile_key() != key
    others = [REGISTRY.compose([name]).compile_key() for name in ("silu", "half_precision", "compile", "tuning")]
    assert len({key, *others}) == 5
    # The smoothing is a constant of a compiled step, and of nothing else that is compiled.
    smoother = replace(AIRBENCH94_MUON, label_smoothing=0.1)
    assert smoother.compile_key() == key
    compiled = REGISTRY.compose(["compile"])
    assert replace(compiled, label_smoothing=0.1).compile_key() != compiled.compile_key()


def test_the_ladder_needs_four_networks_and_all_sets_of_groups_eight() -> None:
    slugs = [slug for slug, group in REGISTRY.groups.items() if not group.optional]
    ladder = {REGISTRY.compose(slugs[:count]).compile_key() for count in range(len(slugs) + 1)}
    assert len(ladder) == 4
    subsets = [[slug for place, slug in enumerate(slugs) if number >> place & 1] for number in range(64)]
    assert len({REGISTRY.compose(subset).compile_key() for subset in subsets}) == 8


def test_a_record_names_fingerprint_features_and_fields() -> None:
    record = ALL.record(("silu",))
    assert record.fingerprint == ALL_FINGERPRINT
    assert record.features == ("silu",)
    assert record.fields["tta"] == {"part": "SelectiveTta", "version": 1, "fraction": 0.25}
