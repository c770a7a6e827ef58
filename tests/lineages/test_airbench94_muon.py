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
    patches = {name: dict(REGISTRY.features[name].patch) for name in REGISTRY.names if name != "tuning"}
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
    bars = {slug: group for slug, group in REGISTRY.groups.items() if not group.optional}
    assert {slug: set(REGISTRY.members(slug)) for slug in bars} == MEMBERS
    percents = [group.published_percent for group in bars.values()]
    assert percents == [5.17, 1.78, 0.97, 4.90, 7.10, 2.28]
    assert sum(percents) == pytest.approx(22.20)


def test_patches_are_disjoint_so_every_set_of_features_composes() -> None:
    patched = [field for name in REGISTRY.names for field in REGISTRY.features[name].patch]
    assert len(patched) == len(set(patched))
    for one, other in itertools.combinations(REGISTRY.names, 2):
        assert REGISTRY.compose([one, other]) == REGISTRY.compose([other, one])
        assert REGISTRY.reason_impossible([one, other]) is None


def test_the_newer_tuning_is_the_newer_scripts() -> None:
    newer, tuning = REGISTRY.features["newer_tuning"], REGISTRY.features["tuning"]
    changed = {name: value for name, value in newer.patch.items() if value != tuning.patch[name]}
    assert changed == {"epochs": 7.65, "whitening_bias_epochs": 0.20}
    assert newer.patch.keys() == tuning.patch.keys()
    plan = REGISTRY.compose([*(set(REGISTRY.names) - {"tuning"}), "newer_tuning"]).plan(50_000)
    assert (plan.num_steps, plan.whitening_bias_steps) == (245, 7)
    assert (ALL.plan(50_000).num_steps, ALL.plan(50_000).whitening_bias_steps) == (243, 7)


def test_the_newer_tuning_stands_in_for_tuning_and_is_no_part_of_all() -> None:
    optional = {name for name, feature in REGISTRY.features.items() if feature.optional}
    assert set(REGISTRY.extras) - optional == {"newer_tuning"}
    assert "newer_tuning" not in REGISTRY.names
    assert REGISTRY.expand(["tuning"]) == {"tuning"}
    assert REGISTRY.reason_impossible(["tuning", "newer_tuning"]) == "'newer_tuning' takes the place of 'tuning'"
    for name in set(REGISTRY.names) - {"tuning"}:
        assert REGISTRY.reason_impossible([name, "newer_tuning"]) is None


LADDERS = {
    # Title, what it adds, epochs, seconds, score in percent, trials.
    "waterfall": [
        ("airbench94_muon", (), 8.0, 2.59, 94.01, 200),
        ("Vectorised Optimiser", ("optimiser",), None, 2.456097, None, None),
        ("Data Augmentation", ("augmentation",), None, 2.409995, None, None),
        ("Compilation", ("compilation",), None, 2.384872, None, None),
        ("Architecture", ("architecture",), None, 2.257962, None, None),
        ("Tuning", ("tuning",), None, 2.074072, None, None),
        ("Test-Time Augmentation", ("tta",), 7.59, 2.015, 94.008, 2000),
    ],
    "history": [
        ("airbench94_muon", (), 8.0, 2.59, 94.01, 200),
        ("2025-09-10", (), None, 2.0932, 94.0207, 2000),
        ("2025-09-11", (), None, 2.0886, 94.0265, 2000),
        ("2025-09-12", (), None, 2.0732, 94.0148, 2000),
        ("2025-09-13", (), None, 2.0511, 94.0138, 2000),
        ("2025-09-15", (), None, 2.0301, 94.0139, 2000),
        ("2025-09-22", (), None, 2.0197, 94.0079, 2000),
        ("2025-09-25", (), None, 2.0160, 94.0084, 2000),
        ("2025-09-26", (), None, 2.0150, 94.0080, 2000),
    ],
    "newer": [
        ("airbench94_muon", (), 8.0, 2.59, 94.01, 200),
        (
            "cifar10_speedrun.py of 2025-10-17",
            ("optimiser", "augmentation", "compilation", "architecture", "newer_tuning", "tta"),
            *(7.65, 1.980, 94.02, 2000),
        ),
    ],
}


def test_the_ladders_are_the_published_ones() -> None:
    told = {
        ladder.slug: [
            (rung.title, rung.adds, rung.epochs, rung.seconds, rung.score_percent, rung.trials) for rung in ladder.rungs
        ]
        for ladder in REGISTRY.ladders.values()
    }
    assert told == LADDERS
    assert next(iter(told)) == "waterfall"
    assert {(ladder.unit, ladder.device[:4]) for ladder in REGISTRY.ladders.values()} == {("seconds", "A100")}


def test_the_seconds_between_are_the_published_shares_of_the_baselines() -> None:
    seconds = [rung.seconds for rung in REGISTRY.ladders["waterfall"].rungs]
    shares = [100 * (below - above) / 2.59 for below, above in itertools.pairwise(seconds)]
    assert shares == pytest.approx([5.17, 1.78, 0.97, 4.90, 7.10, 2.28], abs=1e-3)
    assert 100 * (1 - seconds[-1] / 2.59) == pytest.approx(22.20, abs=1e-3)


def test_sources_say_which_version() -> None:
    sources = {rung.title: rung.source for ladder in REGISTRY.ladders.values() for rung in ladder.rungs}
    assert sources["airbench94_muon"] == "KellerJordan/cifar10-airbench, airbench94_muon.py (2025-03-02)"
    assert sources["Tuning"] == "hiverge/cifar10-speedrun, img/improvements.svg (2025-09-30)"
    assert sources["2025-09-15"] == "hiverge/cifar10-speedrun, git history (2025-09-15)"
    assert sources["cifar10_speedrun.py of 2025-10-17"] == "hiverge/cifar10-speedrun, git history (2025-10-17)"


@pytest.mark.parametrize("name", REGISTRY.names)
def test_a_feature_composes_alone_and_may_be_left_out_alone(name: str) -> None:
    alone, without = REGISTRY.compose([name]), REGISTRY.compose(set(REGISTRY.names) - {name})
    patch = REGISTRY.features[name].patch
    for field in fields(MuonRecipe):
        baseline, everything = getattr(AIRBENCH94_MUON, field.name), getattr(ALL, field.name)
        assert getattr(alone, field.name) == (everything if field.name in patch else baseline)
        assert getattr(without, field.name) == (baseline if field.name in patch else everything)
    assert len({each.fingerprint() for each in (AIRBENCH94_MUON, alone, without, ALL)}) == 4


@pytest.mark.parametrize("name", REGISTRY.features)
def test_a_feature_says_in_one_sentence_what_it_does_and_where_it_comes_from(name: str) -> None:
    feature = REGISTRY.features[name]
    assert feature.summary.endswith(".")
    assert len(feature.summary) <= 140
    assert feature.source.startswith("hiverge/cifar10-speedrun" if not feature.optional else "this package")
    assert len(feature.digest()) == 64
