"""The shipped features against the published recipe's own numbers."""

import itertools
from dataclasses import fields

import pytest

from ablate import parts
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.lineages.loading import load_registry
from ablate.recipes.muon import MuonRecipe

REGISTRY = load_registry()
ALL = REGISTRY.compose(REGISTRY.names)

PUBLISHED = {
    "batch_size": (2000, 1536),
    "epochs": (8.0, 7.59),
    "label_smoothing": (0.2, 0.09),
    "bias_rate": (0.053, 0.0573),
    "head_rate": (0.67, 0.5415),
    "momentum": (0.85, 0.825),
    "decay": (2e-6, 1.0418e-6),
    "filter_rate": (0.24, 0.205),
    "filter_momentum": (0.6, 0.655),
    "filter_decay": (0.0, 1.0418e-6),
    "norm_momentum": (0.4, 1 - 0.5566),
    "whitening_images": (5000, 960),
    "whitening_bias_epochs": (3.0, 0.19),
}

MEMBERS = {
    "optimiser": {"vectorised_optimiser", "periodic_normalisation"},
    "augmentation": {"vectorised_crop", "brightness_contrast"},
    "compilation": {"compile"},
    "architecture": {"silu", "svd_whitening", "half_precision"},
    "tuning": {"tuning"},
    "tta": {"selective_tta"},
}


@pytest.mark.parametrize(("name", "values"), PUBLISHED.items())
def test_numbers_are_the_published_ones(name: str, values: tuple[float, float]) -> None:
    before, after = values
    assert getattr(AIRBENCH94_MUON, name) == pytest.approx(before, rel=1e-12)
    assert getattr(ALL, name) == pytest.approx(after, rel=1e-12)
    assert REGISTRY.features["tuning"].patch[name] == getattr(ALL, name)


def test_iteration_coefficients_are_the_published_ones() -> None:
    assert parts.NewtonSchulz(a=3.4445, b=-4.7750, c=2.0315, steps=3) == AIRBENCH94_MUON.newton_schulz
    assert parts.NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843, steps=3) == ALL.newton_schulz


def test_the_baselines_parts() -> None:
    kinds = {field.name: type(getattr(AIRBENCH94_MUON, field.name)) for field in fields(MuonRecipe)}
    assert kinds["network"] is parts.AirbenchNet
    assert kinds["activation"] is parts.Gelu
    assert kinds["precision"] is parts.Float32Norms
    assert kinds["whitening"] is parts.EigenWhitening
    assert AIRBENCH94_MUON.flip == parts.AlternatingFlip(compile_mode=None)
    assert parts.LoopedCrop(reach=2) == AIRBENCH94_MUON.crop
    assert kinds["jitter"] is parts.NoJitter
    assert kinds["orthogonaliser"] is parts.LoopedNewtonSchulz
    assert kinds["filter_updates"] is parts.LoopedUpdates
    assert kinds["normalisation"] is parts.EveryStep
    assert kinds["tta"] is parts.FullTta
    assert kinds["compiler"] is parts.CompileModel
    assert AIRBENCH94_MUON.whitening.eps == ALL.whitening.eps == 5e-4


def test_each_feature_puts_on_its_own_part_and_nothing_else() -> None:
    patches = {name: dict(feature.patch) for name, feature in REGISTRY.features.items() if name != "tuning"}
    assert patches == {
        "vectorised_optimiser": {
            "orthogonaliser": parts.BatchedNewtonSchulz(),
            "filter_updates": parts.ListwiseUpdates(),
        },
        "periodic_normalisation": {"normalisation": parts.GrowingInterval(first=2, growth=15)},
        "vectorised_crop": {"crop": parts.GatheredCrop(reach=2), "flip": parts.AlternatingFlip(compile_mode="default")},
        "brightness_contrast": {"jitter": parts.BrightnessContrast(brightness=0.1399, contrast=0.1308)},
        "compile": {"compiler": parts.CompileStep()},
        "silu": {"activation": parts.Silu()},
        "svd_whitening": {"whitening": parts.SvdWhitening(eps=5e-4)},
        "half_precision": {"precision": parts.ComputeDtypeNorms()},
        "selective_tta": {"tta": parts.SelectiveTta(fraction=0.25)},
    }
    assert REGISTRY.features["tuning"].patch.keys() == PUBLISHED.keys() | {"newton_schulz"}


def test_groups_hold_the_features_of_the_published_bars() -> None:
    assert {slug: set(REGISTRY.members(slug)) for slug in REGISTRY.groups} == MEMBERS
    percents = [group.published_percent for group in REGISTRY.groups.values()]
    assert percents == [5.17, 1.78, 0.97, 4.90, 7.10, 2.28]
    assert sum(percents) == pytest.approx(22.20)


def test_patches_are_disjoint_so_every_set_of_features_composes() -> None:
    patched = [name for feature in REGISTRY.features.values() for name in feature.patch]
    assert len(patched) == len(set(patched))
    for one, other in itertools.combinations(REGISTRY.names, 2):
        assert REGISTRY.compose([one, other]) == REGISTRY.compose([other, one])
        assert REGISTRY.reason_impossible([one, other]) is None


@pytest.mark.parametrize("name", REGISTRY.names)
def test_a_feature_composes_alone_and_may_be_left_out_alone(name: str) -> None:
    alone, without = REGISTRY.compose([name]), REGISTRY.compose(set(REGISTRY.names) - {name})
    patch = REGISTRY.features[name].patch
    for field in fields(MuonRecipe):
        baseline, everything = getattr(AIRBENCH94_MUON, field.name), getattr(ALL, field.name)
        assert getattr(alone, field.name) == (everything if field.name in patch else baseline)
        assert getattr(without, field.name) == (baseline if field.name in patch else everything)
    assert len({each.fingerprint() for each in (AIRBENCH94_MUON, alone, without, ALL)}) == 4


@pytest.mark.parametrize("name", REGISTRY.names)
def test_a_feature_says_in_one_sentence_what_it_does_and_where_it_comes_from(name: str) -> None:
    feature = REGISTRY.features[name]
    assert feature.summary.endswith(".")
    assert len(feature.summary) <= 140
    assert feature.source.startswith("hiverge/cifar10-speedrun")
    assert len(feature.digest()) == 64
