"""Parts that would fail, or mislead, only after minutes of training are refused when the file is read."""

from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.parts import Part
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.slots import recipe_fields

HEAD = """import torch
from dataclasses import dataclass, field
from torch import nn
import ablate
from ablate.parts import *

GROUP = ablate.Group(slug="mine", title="Mine", published_percent=None, source="here")
"""
DATACLASS = "@dataclass(frozen=True, kw_only=True)\n"
FACTOR = "    def factor(self, step: int, num_steps: int) -> float:\n        return 1.0\n"
NEEDS_FACTOR = "`def factor(self, step: int, num_steps: int) -> float`"
COPY = "schedule.py; `ablate features --slots schedule` explains the slot."


def own_file(folder: Path, part: str, patch: str = "{'schedule': Own()}", *, registry: bool = False) -> Path:
    path = folder / "own.py"
    feature = f"ablate.Feature(name='own', group='mine', summary='Mine.', patch={patch}, source='here')"
    if registry:
        feature = f"ablate.Registry(ablate.load_registry().baseline, [{feature}], [GROUP])"
    path.write_text(f"{HEAD}{part}\nOWN = {feature}\n")
    return path


REFUSED = {
    "a part without its slot's method": (
        f"{DATACLASS}class Own(RateSchedule):\n    low: float = 0.1\n",
        f"an Own (line 8), which lacks {NEEDS_FACTOR}. Copy LinearDecay from ",
    ),
    "… and what to copy": (f"{DATACLASS}class Own(RateSchedule):\n    pass\n", COPY),
    "a method under another name": (
        f"{DATACLASS}class Own(RateSchedule):\n{FACTOR.replace('factor', 'factors')}",
        f"which lacks {NEEDS_FACTOR}. Rename its `factors`, if that is meant. Copy",
    ),
    "too few parameters": (
        f"{DATACLASS}class Own(RateSchedule):\n    def factor(self, step):\n        return 1.0\n",
        f"an Own (line 8), whose `factor(self, step)` cannot be called as the slot's: write {NEEDS_FACTOR}.",
    ),
    "too many parameters": (
        f"{DATACLASS}class Own(RateSchedule):\n    def factor(self, step, num_steps, low):\n        return low\n",
        "whose `factor(self, step, num_steps, low)` cannot be called as the slot's",
    ),
    "a method without self": (
        f"{DATACLASS}class Own(RateSchedule):\n    def factor(step, num_steps):\n        return 1.0\n",
        "whose `factor(step, num_steps)` cannot be called as the slot's",
    ),
    "a field where a method should be": (
        f"{DATACLASS}class Own(RateSchedule):\n    factor: float = 1.0\n",
        f"whose `factor` is a float where the slot has a method: rename it, and write {NEEDS_FACTOR}.",
    ),
    "fields without the decorator": (
        f"class Own(RateSchedule):\n    low: float = 0.1\n{FACTOR}",
        "whose fields (low) do not count without a decorator: write `@dataclass(frozen=True, kw_only=True)` above it.",
    ),
    "an __init__ of its own": (
        f"class Own(RateSchedule):\n    def __init__(self):\n        object.__setattr__(self, 'low', 0.1)\n{FACTOR}",
        "whose own __init__ hides what it is made with",
    ),
    "a parameter that can change": (
        f"{DATACLASS}class Own(RateSchedule):\n    lows: list = field(default_factory=list)\n{FACTOR}",
        "whose parameter 'lows' is a list, which can change: give a tuple.",
    ),
    "a parameter that cannot be written down": (
        f"{DATACLASS}class Own(RateSchedule):\n    low: object = torch.float16\n{FACTOR}",
        "whose parameter 'low' is torch.float16 (dtype): parameters are finite numbers, text, tuples and parts.",
    ),
    "a parameter that is no number": (
        f"{DATACLASS}class Own(RateSchedule):\n    low: float = float('nan')\n{FACTOR}",
        "whose parameter 'low' is nan (float)",
    ),
    "the name of another part": (
        f"{DATACLASS}class LinearDecay(RateSchedule):\n{FACTOR}\nOwn = LinearDecay\n",
        "a LinearDecay (line 8), which has the name of a part of the package: rename the class",
    ),
}


@pytest.mark.parametrize("registry", [False, True], ids=["features", "registry"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_part_that_cannot_work_is_refused_when_its_file_is_read(case: str, registry: bool, tmp_path: Path) -> None:
    part, words = REFUSED[case]
    path = own_file(tmp_path, part, registry=registry)
    with pytest.raises(UsageError) as caught:
        load_registry(**{"registry" if registry else "features_from": path})
    assert str(caught.value).startswith(f"{path}")
    assert "Feature 'own' sets 'schedule' to " in str(caught.value)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


SLOTS = [name for name, field in recipe_fields(MuonRecipe).items() if any(method.abstract for method in field.methods)]


@pytest.mark.parametrize("name", SLOTS)
def test_every_slot_refuses_itself_and_a_part_that_does_nothing(name: str, tmp_path: Path) -> None:
    slot = recipe_fields(MuonRecipe)[name]
    assert slot.slot is not None
    given = "widths=(8, 8, 8)" if name == "network" else ""
    first = next(method for method in slot.methods if method.abstract)
    with pytest.raises(UsageError, match=f"{slot.type_name}, which is the slot itself: write a class of your own with"):
        load_registry(features_from=own_file(tmp_path, "", f"{{'{name}': {slot.type_name}({given})}}"))
    idle = f"{DATACLASS}class Own({slot.type_name}):\n    pass\n"
    with pytest.raises(UsageError) as caught:
        load_registry(features_from=own_file(tmp_path, idle, f"{{'{name}': Own({given})}}"))
    assert f"an Own (line 8), which lacks `{first.signature}`" in str(caught.value)
    assert f"`ablate features --slots {name}` explains the slot." in str(caught.value)


ACCEPTED = {
    "other names of parameters": f"{DATACLASS}class Own(RateSchedule):\n    def factor(self, k, n):\n        return 1.0\n",
    "an optional parameter more": f"{DATACLASS}class Own(RateSchedule):\n    def factor(self, step, n, x=1):\n        return x\n",
    "any arguments": f"{DATACLASS}class Own(RateSchedule):\n    def factor(self, *given):\n        return 1.0\n",
    "a static method": f"{DATACLASS}class Own(RateSchedule):\n    @staticmethod\n    def factor(step, n):\n        return 1.0\n",
    "no field and no decorator": f"class Own(RateSchedule):\n{FACTOR}",
    "a part of a part": f"{DATACLASS}class Own(LinearDecay):\n    inner: Part = NoFlip()\n",
    "numbers, text and tuples": f"{DATACLASS}class Own(RateSchedule):\n    a: tuple = (1, ('b', None))\n    c: float = 2.5\n{FACTOR}",
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_works_is_not_refused(case: str, tmp_path: Path) -> None:
    registry = load_registry(features_from=own_file(tmp_path, ACCEPTED[case]))
    recipe = registry.compose(["own"])
    assert isinstance(recipe, MuonRecipe)
    assert isinstance(recipe.schedule, Part)
    assert type(recipe.schedule).__name__ == "Own"
    assert recipe.fingerprint() != registry.baseline.fingerprint()


def test_keyword_arguments_are_checked_by_name(tmp_path: Path) -> None:
    part = f"{DATACLASS}class Own(Network):\n    def build(self, *, scale, activations, **rest):\n        return None\n"
    assert load_registry(features_from=own_file(tmp_path, part.replace("ns,", "n,"), "{'network': Own(widths=(8,))}"))
    with pytest.raises(UsageError, match=r"whose `build\(self, \*, scale, activations, \*\*rest\)` cannot be called"):
        load_registry(features_from=own_file(tmp_path, part, "{'network': Own(widths=(8,))}"))
