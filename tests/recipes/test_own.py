"""Recipes of one's own are refused when their file is read where they could not be trained, hashed or written down."""

from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.recipes.command import CommandRecipe
from ablate.recipes.own import PythonRecipe, RunScale
from tests.own_kinds import DATACLASS, FIELDS, HEAD, TAIL, command_file, python_file, script_files

TRAIN = "return ablate.Measured(score=1)"
LISTS = "from dataclasses import field\n"


def refused(file: Path, *parts: str) -> None:
    with pytest.raises(UsageError) as error:
        load_registry(registry=file)
    for part in parts:
        assert part in str(error.value), error.value


def written(folder: Path, text: str) -> Path:
    path = folder / "own.py"
    path.write_text(HEAD + text)
    return path


class TestTheClass:
    def test_not_frozen(self, tmp_path: Path) -> None:
        file = written(tmp_path, f"@dataclass\nclass Own(ablate.PythonRecipe):\n{FIELDS}{TAIL}")
        refused(
            file,
            "own.py, line 5: TypeError: cannot inherit non-frozen dataclass",
            "Write `@dataclass(frozen=True, kw_only=True)`",
        )

    def test_without_a_decorator(self, tmp_path: Path) -> None:
        file = written(tmp_path, f"class Own(ablate.PythonRecipe):\n{FIELDS}{TAIL}")
        refused(
            file,
            "Recipe Own has fields (rate, layers, width) that do not count without a decorator: write `@dataclass(frozen=True",
        )

    def test_without_its_method(self, tmp_path: Path) -> None:
        file = written(tmp_path, f"{DATACLASS}class Own(ablate.PythonRecipe):\n{FIELDS}{TAIL}")
        refused(file, "Recipe Own lacks its method: write `def train(self, trial):`")

    def test_with_a_method_that_cannot_be_called(self, tmp_path: Path) -> None:
        file = written(
            tmp_path, f"{DATACLASS}class Own(ablate.PythonRecipe):\n{FIELDS}    def train(self): ...\n{TAIL}"
        )
        refused(file, "its train cannot be called with a trial: write `def train(self, trial):`")

    def test_in_place_of_an_instance(self, tmp_path: Path) -> None:
        text = python_file(tmp_path, TRAIN).read_text().replace("Registry(Own()", "Registry(Own")
        refused(written(tmp_path, text), "A registry's baseline is a recipe, made by calling its class: Own(...)")

    def test_something_else(self, tmp_path: Path) -> None:
        text = python_file(tmp_path, TRAIN).read_text().replace("Registry(Own()", "Registry(3")
        refused(written(tmp_path, text), "A registry's baseline is a recipe, not 3.")


@pytest.mark.parametrize(
    ("score", "reason"), [("None", "names no score"), ("'accuracy'", "has 'accuracy' for a score")]
)
def test_a_registry_without_a_score(tmp_path: Path, score: str, reason: str) -> None:
    text = python_file(tmp_path, TRAIN).read_text().replace("score=SCORE", f"score={score}")
    refused(
        written(tmp_path, text.removeprefix(HEAD)),
        f"A registry of Own {reason}, which studies compare: score=ablate.Score(",
    )


FIELD_PROBLEMS = {
    "a list": (
        "rate: list = field(default_factory=list)",
        "The baseline sets 'rate' to [], which is a list and can change: give a tuple",
    ),
    "a list in a tuple": ("rate: tuple = ([],)", "sets 'rate' to ([],), which is a list and can change"),
    "an object": (
        "rate: object = object()",
        "which is an object: fields hold numbers, text, None, enumerations, tuples and frozen",
    ),
    "another type": ("rate: int = 0.5", "The baseline sets 'rate' to 0.5, which is a float, not an int."),
    "a truth for a number": ("rate: int = True", "The baseline sets 'rate' to True, which is a bool, not an int."),
    "one of several types": ("rate: int | None = 'a'", "sets 'rate' to 'a', which is a str, not int | None."),
    "NaN": ("rate: float = float('nan')", "The baseline sets 'rate' to nan, and a number of a recipe is finite."),
    "a class": ("rate: type = int", "The baseline sets 'rate' to the class int; give a value of it."),
    "an unknown type": (
        "rate: 'Nonsense' = 1",
        "Own: the types of its fields cannot be read: name 'Nonsense' is not defined",
    ),
    "a name that has a meaning": (
        "data: str = 'x'",
        "has a field 'data', a name with a meaning of its own: rename the field",
    ),
    "a field that cannot be set": ("rate: int = field(default=1, init=False)", "field 'rate' has init=False"),
    "a tuple of another length": (
        "rate: tuple[int, int] = (1, 2, 3)",
        "sets 'rate' to (1, 2, 3), which is a tuple, not tuple[int, int].",
    ),
}


@pytest.mark.parametrize("name", FIELD_PROBLEMS)
def test_a_field_that_holds_what_it_cannot(tmp_path: Path, name: str) -> None:
    field, reason = FIELD_PROBLEMS[name]
    fields = FIELDS.replace("rate: float = 0.3", field)
    text = python_file(tmp_path, TRAIN, fields=fields).read_text()
    refused(written(tmp_path, LISTS + text.removeprefix(HEAD)), reason)


def test_a_mutable_default_is_pythons_own_error_with_our_remedy(tmp_path: Path) -> None:
    refused(python_file(tmp_path, TRAIN, fields="    rate: list = []\n"), "mutable default", "Give a tuple.")


NESTED = f"""{LISTS}from enum import Enum
from typing import Literal

class Norm(Enum):
    BATCH = 1
    LAYER = 2

{DATACLASS}class Head:
    width: int = 3
    norm: Norm = Norm.BATCH

@dataclass
class Loose:
    width: int = 3

{DATACLASS}class Own(ablate.PythonRecipe):
    rate: float | None = None
    layers: tuple[int, ...] = (1, 2)
    width: Literal[4, 8] = 4
    head: Head = Head()

    def train(self, trial):
        {TRAIN}

GROUP = ablate.Group(slug="all_of_it", title="All", published_percent=None, source="here")
def registry(**patch):
    feature = ablate.Feature(name="x", group="all_of_it", summary="X.", patch=patch, source="here")
    return ablate.Registry(Own(), [feature], [GROUP], score=ablate.Score(title="Accuracy", margin=1))
"""


class TestPatches:
    @pytest.mark.parametrize(
        "patch", ["rate=1", "rate=0.1", "layers=(1,)", "width=8", "head=Head(width=4)", "head=Head(norm=Norm.LAYER)"]
    )
    def test_what_fits(self, tmp_path: Path, patch: str) -> None:
        registry = load_registry(registry=written(tmp_path, f"{NESTED}\nREGISTRY = registry({patch})\n"))
        with_it, baseline = registry.compose(["x"]), registry.baseline
        assert with_it.fingerprint() != baseline.fingerprint()
        assert len({with_it, baseline}) == 2

    @pytest.mark.parametrize(
        ("patch", "reason"),
        [
            ("rate='fast'", "Feature 'x' sets 'rate' to 'fast', which is a str, not float | None."),
            ("layers=[1]", "Feature 'x' sets 'layers' to [1], which is a list and can change: give a tuple"),
            ("layers=('a',)", "Feature 'x' sets 'layers' to ('a',), which is a tuple, not tuple[int, ...]."),
            ("width=5", "Feature 'x' sets 'width' to 5, which is an int, not Literal[4, 8]."),
            ("head=Head(width='a')", "whose 'width' is 'a' (str), not an int."),
            ("head=Loose()", "whose class Loose is not frozen and can change: write `@dataclass(frozen=True"),
            ("heads=Head()", "Feature 'x' sets an unknown field 'heads' of the recipe. Did you mean 'head'?"),
            ("width=4", "Feature 'x' sets 'width' to 4, which is the baseline's value already."),
            ("run_scale=1", "Feature 'x' sets 'run_scale', which belongs to presets and lengths."),
        ],
    )
    def test_what_does_not(self, tmp_path: Path, patch: str, reason: str) -> None:
        refused(written(tmp_path, f"{NESTED}\nREGISTRY = registry({patch})\n"), reason)


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ("presets = {'mini': 0.1}", "presets is a dict of names and sizes with 'full' among them"),
        ("presets = {'full': 1, 'mini': '0.1'}", "preset 'mini' has size '0.1'; a positive number belongs there."),
        ("data = 'auto'", "data is a line of text that reports show, not 'auto'."),
        (
            "data_files = 'train.npz'",
            "data_files is a tuple of paths as text, not 'train.npz': data_files = ('train.npz',).",
        ),
    ],
)
def test_what_the_class_says_beside_its_fields(tmp_path: Path, extra: str, reason: str) -> None:
    refused(python_file(tmp_path, TRAIN, extra=extra), reason)


@pytest.mark.parametrize(
    ("command", "extra", "reason"),
    [
        (
            "'python train.py'",
            "",
            "its command does not work: ValueError: command gives 'python train.py', where a list belongs",
        ),
        ("['python', None]", "", "command gives None (NoneType) among its arguments, where text belongs."),
        ("[]", "", "command gives [], where a list belongs"),
        (
            "['python', self.rates]",
            "",
            "its command does not work: AttributeError: 'Own' object has no attribute 'rates'",
        ),
        ("['python']", "pattern = 'score ('", "pattern 'score (' is no regular expression: missing )"),
        ("['python']", "pattern = 'loss (.*)'", "pattern 'loss (.*)' has no group named score: write (?P<score>"),
        ("['python']", "files = ('a.py',)", "files names 'a.py', which is not in "),
    ],
)
def test_what_is_wrong_with_a_command(tmp_path: Path, command: str, extra: str, reason: str) -> None:
    refused(command_file(tmp_path, command, extra=extra), reason)


def test_annotations_may_be_texts(tmp_path: Path) -> None:
    file = python_file(tmp_path, TRAIN)
    file.write_text("from __future__ import annotations\n" + file.read_text())
    assert load_registry(registry=file).names == ("low_rate", "deep", "wide")
    file.write_text(file.read_text().replace("rate: float = 0.3", "rate: float = 'a'"))
    refused(file, "The baseline sets 'rate' to 'a', which is a str, not a float.")


class TestFingerprints:
    def test_features_and_groups_of_the_file_are_no_part_of_it(self, tmp_path: Path) -> None:
        file = python_file(tmp_path, TRAIN)
        before = load_registry(registry=file).baseline.fingerprint()
        file.write_text(file.read_text().replace("'here'", "'there'").replace('"wide"', '"broad"'))
        assert load_registry(registry=file).baseline.fingerprint() == before

    def test_the_code_of_the_class_and_what_it_needs_are(self, tmp_path: Path) -> None:
        helper = "SHIFT = 1\n\ndef helped():\n    return SHIFT\n\n"
        file = written(
            tmp_path,
            helper + python_file(tmp_path, "return ablate.Measured(score=helped())").read_text().removeprefix(HEAD),
        )
        seen = {load_registry(registry=file).baseline.fingerprint()}
        for old, new in (
            ("SHIFT = 1", "SHIFT = 2"),
            ("return SHIFT", "return 2 * SHIFT"),
            ("score=helped()", "score=-helped()"),
        ):
            file.write_text(file.read_text().replace(old, new))
            seen.add(load_registry(registry=file).baseline.fingerprint())
        assert len(seen) == 4

    def test_every_knob_and_the_scale_are(self, tmp_path: Path) -> None:
        registry = load_registry(registry=python_file(tmp_path, TRAIN))
        baseline = registry.baseline
        recipes = [
            baseline,
            *(registry.compose([name]) for name in registry.names),
            baseline.scaled(RunScale(length=2.0)),
        ]
        assert len({recipe.fingerprint() for recipe in recipes}) == 5
        assert isinstance(baseline, PythonRecipe)
        assert {name: value for name, value in baseline.to_dict().items() if name != "class"} == {
            "rate": 0.3,
            "layers": 2,
            "width": 4,
        }

    def test_so_are_the_files_that_a_command_names(self, tmp_path: Path) -> None:
        file = script_files(tmp_path)
        baseline = load_registry(registry=file).baseline
        assert isinstance(baseline, CommandRecipe)
        assert list(baseline.identity()["files"]) == ["train.py"]
        before = baseline.fingerprint()
        with (tmp_path / "train.py").open("a") as script:
            script.write("# edited\n")
        assert baseline.fingerprint() != before

    def test_and_those_behind_an_option_or_listed(self, tmp_path: Path) -> None:
        for name in ("settings.json", "library.py"):
            (tmp_path / name).write_text("{}")
        file = command_file(
            tmp_path, "['python3', '--settings=settings.json', '/etc/passwd']", extra="files = ('library.py',)"
        )
        baseline = load_registry(registry=file).baseline
        assert isinstance(baseline, CommandRecipe)
        assert list(baseline.identity()["files"]) == ["library.py", "settings.json"]
