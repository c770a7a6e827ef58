"""`ablate features --slots`: every field, from the code."""

import json
from pathlib import Path

import pytest

from ablate.parts import LinearDecay
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.slots import recipe_fields
from tests.tiny_study import CommandLine, untouched


def test_every_field_is_listed_with_what_to_write(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("features", "--slots").out
    for name, field in recipe_fields(MuonRecipe).items():
        assert name in said
        for part in field.parts:
            assert part.__name__ in said
    assert "def factor(self, step: int, num_steps: int) -> float" in said
    assert "`ablate init feature FILE`" in said


def test_json_has_every_field_with_its_methods_parts_and_setters(here: Path, ablate: CommandLine) -> None:
    answer = {field["field"]: field for field in json.loads(ablate.ok("features", "--slots", "--json").out)}
    assert answer.keys() == recipe_fields(MuonRecipe).keys()
    assert answer["epochs"]["baseline"] == 8
    assert answer["epochs"]["set_by"] == ["tuning"]
    assert answer["schedule"]["copy"] == "LinearDecay"
    assert answer["schedule"]["methods"] == [
        {
            "name": "factor",
            "signature": "def factor(self, step: int, num_steps: int) -> float",
            "summary": "The factor at a step (from 0) of a group that is trained for `num_steps` steps.",
            "required": True,
        }
    ]
    assert [part["part"] for part in answer["jitter"]["parts"]] == ["BrightnessContrast", "NoJitter"]
    assert answer["jitter"]["parts"][0]["parameters"] == ["brightness: float", "contrast: float"]


@pytest.mark.parametrize("name", ["schedule", "RateSchedule"])
def test_one_slot_shows_a_part_to_copy(here: Path, ablate: CommandLine, name: str) -> None:
    said = ablate.ok("features", name, "--slots").out
    assert "schedule  RateSchedule, from ablate.parts" in said
    assert f'"""{LinearDecay.__doc__}"""' in said
    assert "epochs" not in said


def test_one_number(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("features", "epochs", "--slots").out
    assert "Passes over the training set" in said
    assert "8.0" in said


def test_a_registry_of_ones_own_has_its_baseline_and_features(here: Path, ablate: CommandLine) -> None:
    ablate.ok("init", "registry", "own.py")
    (flip,) = json.loads(ablate.ok("features", "flip", "--slots", "--registry", "own.py", "--json").out)
    assert flip["baseline"]["part"] == "NoFlip"
    assert flip["set_by"] == ["alternating_flip"]


@pytest.mark.parametrize(
    ("name", "near"), [("activatoin", "activation"), ("RateSchedul", "RateSchedule"), ("scale", "")]
)
def test_an_unknown_field_has_its_near_match(here: Path, ablate: CommandLine, name: str, near: str) -> None:
    with untouched(here):
        ablate("features", name, "--slots").refused(
            2, f"The recipe has no field '{name}' that a feature can set.", f"Did you mean '{near}'?" if near else ""
        )
