"""The ladder of page from its first rung to the recipes that begin at its last."""

from typing import cast

import pytest

from ablate.lineages.loading import load_registry
from ablate.lineages.lookup import find_lineage
from ablate.recipes.sgd import SgdRecipe
from ablate.study import Study
from tests.sgd_recipes import BASELINES, REGISTRIES, with_all


@pytest.mark.parametrize(("whole", "baseline"), [("page", "germer"), ("germer", "fastcifar10")])
def test_a_lineage_begins_where_the_other_ends(whole: str, baseline: str) -> None:
    assert with_all(whole).to_dict() == BASELINES[baseline].to_dict()
    assert type(with_all(whole)) is type(BASELINES[baseline])


def test_every_rung_has_the_published_rate_length_and_cutout() -> None:
    lineage, registry = find_lineage("page"), load_registry(recipe="page")
    study = Study.published(lineage, "bag_of_tricks")
    found = []
    for arm in study.arms:
        recipe = cast(SgdRecipe, registry.compose(arm.features))
        plan = recipe.scaled(recipe.presets["full"].lengthened(arm.length)).plan(50_000)
        cutout = recipe.cutout.trimmed(recipe.cutout_trim)
        found.append((plan.num_steps / 97, round(plan.rate * 512, 9), getattr(cutout, "size", 0)))
        assert plan.rate_times_decay / plan.rate == pytest.approx(0.256)
    assert found == [
        *((24, 0.4, 8), (25, 0.4, 8), (23, 0.4, 8), (20, 0.4, 8)),
        *((18, 0.6, 8), (17, 0.6, 8), (15, 0.6, 8)),
        *((14, 1.0, 5), (13, 1.0, 5), (13, 1.0, 5), (10, 1.0, 0)),
    ]


@pytest.mark.parametrize("lineage", ["page", "germer", "fastcifar10"])
def test_mini_keeps_ghost_batches_an_average_and_groups(lineage: str) -> None:
    recipe = with_all(lineage)
    small = recipe.scaled(recipe.presets["mini"])
    plan = small.plan(10_000)
    assert (small.splits, plan.batch_size // small.splits) == (4, 32), "ghost batches as large as published"
    assert sum(plan.evaluated_due) == 80
    assert 0.99 ** (5 * 80) < 0.02, "of the average's start nearly nothing is left"
    assert plan.steps_per_epoch == 78
    assert REGISTRIES[lineage].baseline.presets["mini"] == small.scale  # type: ignore[attr-defined]
