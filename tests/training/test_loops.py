"""What holds for the training loop of every family: no flags, no feature by name, every field of the recipe used."""

import ast
import inspect
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

import pytest

from ablate.lineages.loading import load_registry
from ablate.parts import Scale, feeding
from ablate.parts.convnet import TrainedNetwork
from ablate.recipes import muon, sgd
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.registry import Registry
from ablate.recipes.sgd import SgdRecipe
from ablate.training import batches, muon_loop, sgd_loop
from ablate.training.outcome import loop_of
from tests.sgd_recipes import BASELINES, REGISTRIES


@dataclass(frozen=True)
class Family:
    recipe: type[Any]
    modules: tuple[ModuleType, ...]
    """Those that the loop is made of."""
    plan: ModuleType
    registries: tuple[Registry, ...]


# How much is dealt, which decides nothing about what is trained.
COUNTS = {"pending == plan.batch_size", "length > batch_size - pending"}

FAMILIES = {
    "muon": Family(MuonRecipe, (muon_loop,), muon, (load_registry(),)),
    "sgd": Family(SgdRecipe, (sgd_loop, batches), sgd, tuple(REGISTRIES.values())),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


def parsed(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def test_a_loop_reads_no_flags(family: Family) -> None:
    for module in family.modules:
        tree = parsed(module)
        tests = [node.test for node in ast.walk(tree) if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Assert))]
        tests += [condition for node in ast.walk(tree) if isinstance(node, ast.comprehension) for condition in node.ifs]
        tests += [node.subject for node in ast.walk(tree) if isinstance(node, ast.Match)]
        for test in tests:
            names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
            names |= {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
            flags = {"recipe", "plan", *(field.name for field in fields(family.recipe))}
            assert ast.unparse(test) in COUNTS or not names & flags, ast.unparse(test)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert not {call.func.id for call in calls if isinstance(call.func, ast.Name)} & {
            "isinstance",
            "hasattr",
            "getattr",
            "type",
        }


def test_a_loop_knows_no_feature_by_name(family: Family) -> None:
    words = {word for module in family.modules for node in ast.walk(parsed(module)) for word in words_of(node)}
    slots = {field.name for field in fields(family.recipe)}
    for registry in family.registries:
        parts = {type(value).__name__ for feature in registry.features.values() for value in feature.patch.values()}
        # What every network is asked for may have a feature's name.
        assert not words & (set(registry.features) - slots - set(vars(TrainedNetwork)))
        # A network that scores images is trained with alternating flip whatever the recipe does; a proxy is no flag.
        assert not words & (parts - {"float", "int", "tuple", "AlternatingFlip", "ProxySelection"})


def words_of(node: ast.AST) -> list[str]:
    values = [getattr(node, name, None) for name in ("id", "attr", "name", "arg", "value")]
    return [value for value in values if isinstance(value, str)]


def test_every_field_of_a_recipe_is_used(family: Family) -> None:
    # A part that puts others to work reads their slots.
    trees = [parsed(module) for module in (*family.modules, family.plan, feeding)]
    read = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert read >= {field.name for field in fields(family.recipe)}


def test_a_recipe_finds_its_familys_loop() -> None:
    assert loop_of(load_registry().baseline) is muon_loop  # type: ignore[arg-type]
    for recipe in BASELINES.values():
        assert loop_of(recipe) is sgd_loop
        assert loop_of(recipe.scaled(Scale(width=0.5))) is sgd_loop
