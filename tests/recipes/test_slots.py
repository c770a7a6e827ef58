"""What is said of the recipe's fields is what the code says."""

import inspect
from dataclasses import fields

import pytest

from ablate import parts
from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.parts import Crop, NewtonSchulz, Part, RateSchedule
from ablate.recipes.fields import RecipeField, lacking, methods_of, parameters_of, place_of, signature_of, type_name
from ablate.recipes.images import ImageRecipe
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.sgd import SgdRecipe
from ablate.recipes.slots import recipe_fields

FIELDS = recipe_fields(MuonRecipe)
FAMILIES = {"muon": AIRBENCH94_MUON, "sgd": AIRBENCH94_PLAIN}
OF_FAMILIES = [(family, name) for family, recipe in FAMILIES.items() for name in recipe_fields(type(recipe))]
SLOTS = [(family, name) for family, name in OF_FAMILIES if recipe_fields(type(FAMILIES[family]))[name].slot is not None]


def field_of(family: str, name: str) -> RecipeField:
    return recipe_fields(type(FAMILIES[family]))[name]


@pytest.mark.parametrize("recipe", [MuonRecipe, SgdRecipe])
def test_every_field_but_the_scale_is_there_in_the_recipes_order(recipe: type[ImageRecipe]) -> None:
    assert list(recipe_fields(recipe)) == [field.name for field in fields(recipe) if field.name != "scale"]


def test_every_slot_of_the_parts_is_a_field() -> None:
    """A class with abstract methods is a slot; a new one that no field takes would be a part nobody calls."""
    abstract = {getattr(parts, name) for name in parts.__all__ if inspect.isclass(getattr(parts, name))}
    slots = {part for part in abstract if lacking(part)}
    assert slots <= {field.slot for family in (MuonRecipe, SgdRecipe) for field in recipe_fields(family).values()}


@pytest.mark.parametrize(("family", "name"), OF_FAMILIES)
def test_every_field_says_what_it_is_for(family: str, name: str) -> None:
    field = field_of(family, name)
    assert len(field.purpose) > 10
    assert "Slot:" not in field.purpose
    assert "\n" not in field.purpose


@pytest.mark.parametrize(("family", "name"), SLOTS)
class TestEverySlot:
    def test_the_baselines_part_is_among_those_that_fill_it(self, family: str, name: str) -> None:
        assert type(getattr(FAMILIES[family], name)) in field_of(family, name).parts

    def test_its_parts_are_complete(self, family: str, name: str) -> None:
        assert [part for part in field_of(family, name).parts if lacking(part)] == []

    def test_its_methods_are_explained(self, family: str, name: str) -> None:
        field = field_of(family, name)
        assert [method.name for method in field.methods if not method.summary] == []
        assert {method.name for method in field.methods if method.abstract} == set(lacking(field.slot))  # type: ignore[arg-type]

    def test_the_example_stands_by_itself(self, family: str, name: str) -> None:
        example = field_of(family, name).example
        assert example in field_of(family, name).parts
        assert place_of(example).endswith(".py")  # type: ignore[arg-type]


def test_signatures_are_those_of_the_file() -> None:
    assert signature_of(RateSchedule.factor) == "def factor(self, step: int, num_steps: int) -> float"
    assert {method.name: method.abstract for method in methods_of(Crop)} == {
        "pad": False,
        "draw": False,
        "draw_dealt": False,
        "windows": False,
        "crop": True,
    }


def test_parameters_are_those_of_the_class() -> None:
    assert parameters_of(NewtonSchulz) == ("a: float", "b: float", "c: float", "steps: int = 3")
    assert FIELDS["crop"].example is parts.LoopedCrop
    assert parameters_of(parts.AirbenchNet) == ("widths: tuple[int, ...] = (64, 256, 256)",)


def test_types_are_named_without_their_modules() -> None:
    assert [type_name(kind) for kind in (int, tuple[float, ...], Part, "int")] == [
        "int",
        "tuple[float, ...]",
        "Part",
        "int",
    ]
