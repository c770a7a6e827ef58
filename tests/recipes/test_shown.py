"""Registries, features and plans as notebooks show them."""

import re

import pytest

import ablate
from ablate.recipes.registry import Registry

EVIL = "<img src=x>"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return ablate.load_registry()


def rows(text: str) -> list[str]:
    return re.findall(r"<tr><th>([\w ]+)<", text)


def test_a_registry_lists_its_features_with_groups_and_sources(registry: Registry) -> None:
    text = registry._repr_html_()
    assert '<p class="name">airbench94_muon</p>' in text
    assert rows(text) == ["feature", *registry.names, "feature", *registry.extras]
    for name in (*registry.names, *registry.extras):
        feature = registry.features[name]
        assert f"<small>{feature.source}</small>" in text
    assert "<small>published: 5.17 %</small>" in text
    assert "<small>in place of tuning</small>" in text


def test_a_feature_says_what_it_sets_and_from_what_once_a_registry_has_it(registry: Registry) -> None:
    text = registry.features["silu"]._repr_html_()
    assert "<tr><th>activation</th><td>Gelu()</td><td>Silu()</td></tr>" in text
    given = {"group": "mine", "summary": f"Does {EVIL}.", "source": EVIL}
    own = ablate.Feature(name="own", patch={"head_rate": 0.5}, requires=frozenset({"silu"}), **given)
    digest = own.digest()
    alone = own._repr_html_()
    assert "<tr><th>head_rate</th><td>0.5</td></tr>" in alone
    assert "<tr><th>requires</th><td>silu</td></tr>" in alone
    assert EVIL not in alone
    taken = registry.extended([own], [ablate.Group(slug="mine", title=EVIL, published_percent=None, source=EVIL)])
    assert f"<td>{registry.baseline.head_rate}</td><td>0.5</td>" in taken.features["own"]._repr_html_()
    assert EVIL not in taken._repr_html_()
    same = ablate.Feature(name="own", patch={"head_rate": 0.5}, requires=frozenset({"silu"}), **given)
    assert (own, own.digest()) == (same, digest), "what a registry told it is no part of what it is"


@pytest.mark.parametrize("lineage", ["airbench94_muon", "airbench94"])
def test_a_recipes_plan_is_a_short_table(lineage: str) -> None:
    recipe = ablate.load_registry(recipe=lineage).compose(())
    text = recipe.plan(50_000)._repr_html_()
    assert f"<tr><th>num_steps</th><td>{recipe.plan(50_000).num_steps:,}</td></tr>" in text
    assert len(text) < 6000
