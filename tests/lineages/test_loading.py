from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.lineages import loading
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.lineages.loading import load_registry

OWN = """
from dataclasses import dataclass

from torch import nn

import ablate
from ablate.lineages.airbench94_muon.silu import FEATURE as SILU
from ablate.parts import Activation


@dataclass(frozen=True, kw_only=True)
class LeakyRelu(Activation):
    slope: float = 0.1

    def build(self) -> nn.Module:
        return nn.LeakyReLU(self.slope)


FEATURE = ablate.Feature(
    name="leaky", group="architecture", summary="Leaky.", patch={"activation": LeakyRelu()}, source="here"
)
"""

OWN_REGISTRY = """
from dataclasses import replace

from ablate import Feature, Group, Registry
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON

GROUP = Group(slug="mine", title="Mine", published_percent=None, source="here")
FEATURES = [
    Feature(name=name, group="mine", summary="Faster.", patch={field: 0.5}, source="here")
    for name, field in (("hot_filters", "filter_rate"), ("hot_head", "head_rate"))
]
REGISTRY = Registry(replace(AIRBENCH94_MUON, epochs=2.0), FEATURES, [GROUP])
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_packages_own_registry_is_the_default() -> None:
    registry = load_registry()
    assert registry.baseline is AIRBENCH94_MUON
    assert len(registry.names) == 10
    assert registry.lineage == "airbench94_muon"
    assert list(registry.ladders) == ["waterfall", "history", "newer"]


def test_a_file_adds_a_feature_with_a_part_of_its_own(tmp_path: Path) -> None:
    registry = load_registry(features_from=write(tmp_path / "own.py", OWN))
    assert registry.names.count("leaky") == 1
    assert len(registry.names) == 11
    recipe = registry.compose(["leaky", "tuning"])
    assert recipe.to_dict()["activation"] == {"part": "LeakyRelu", "version": 1, "slope": 0.1}
    assert type(recipe.activation.build()).__name__ == "LeakyReLU"
    with pytest.raises(UsageError, match="'leaky' and 'silu' both set 'activation'"):
        registry.compose(["leaky", "silu"])


def test_a_features_digest_changes_with_its_parts_source(tmp_path: Path) -> None:
    path = write(tmp_path / "own.py", OWN)
    before = load_registry(features_from=path).features["leaky"].digest()
    assert load_registry(features_from=path).features["leaky"].digest() == before
    write(path, OWN.replace("nn.LeakyReLU(self.slope)", "nn.LeakyReLU(2 * self.slope)"))
    edited = load_registry(features_from=path).features["leaky"]
    assert edited.digest() != before
    assert edited.patch["activation"].build().negative_slope == 0.2


BAD_FILES = {
    "a syntax error": ("x = 1\nfeature = (\n", "line 2: SyntaxError: '(' was never closed"),
    "an exception": ("x = 1\n\nraise ValueError('no luck')\n", "line 3: ValueError: no luck"),
    "an exception in a function": ("def f():\n    return 1 / 0\n\nf()\n", "line 2: ZeroDivisionError"),
    "a missing import": ("import no_such_module_here\n", "line 1: ModuleNotFoundError"),
    "nothing": ("x = 1\n", "defines no Feature. Write `FEATURE = ablate.Feature("),
    "only what it imported": ("from ablate.lineages.airbench94_muon.silu import FEATURE\n", "defines no Feature."),
    "an unknown field": (OWN.replace('"activation":', '"activatoin":'), "Did you mean 'activation'?"),
    "a taken name": (OWN.replace('name="leaky"', 'name="tuning"'), "Two features are named 'tuning'"),
}


@pytest.mark.parametrize("case", BAD_FILES)
@pytest.mark.parametrize("relative", [False, True])
def test_a_bad_file_is_named_with_its_line(
    case: str, relative: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, words = BAD_FILES[case]
    path = write(tmp_path / "own.py", text)
    if relative:
        monkeypatch.chdir(tmp_path)
        path = Path("own.py")
    with pytest.raises(UsageError) as caught:
        load_registry(features_from=path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


def test_the_line_is_not_that_of_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "torn_neighbour.py", "\n\n\n\nx = (\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"own\.py, line 2: SyntaxError: .*\(torn_neighbour\.py, line 5\)"):
        load_registry(features_from=write(tmp_path / "own.py", "\nimport torn_neighbour\n"))


@pytest.mark.parametrize("form", ["FEATURES = [{}]", "FEATURES = ({},)", "FEATURES = {{'leaky': {}}}", "mine = {}"])
def test_a_feature_is_found_in_a_list_or_under_any_name(form: str, tmp_path: Path) -> None:
    head, _, made = OWN.partition("FEATURE = ")
    path = write(tmp_path / "own.py", head + form.format(made.strip()))
    assert "leaky" in load_registry(features_from=path).features


def test_files_without_what_is_looked_for_say_how_to_begin(tmp_path: Path) -> None:
    nothing = write(tmp_path / "own.py", "x = 1\n")
    with pytest.raises(UsageError, match="or begin with what `ablate init feature FILE` writes"):
        load_registry(features_from=nothing)
    with pytest.raises(UsageError, match="`ablate init registry FILE` writes one to begin with"):
        load_registry(registry=nothing)


def test_a_feature_cannot_join_a_group_that_has_a_features_name(tmp_path: Path) -> None:
    path = write(tmp_path / "own.py", OWN.replace('group="architecture"', 'group="tuning"'))
    with pytest.raises(UsageError) as caught:
        load_registry(features_from=path)
    line = 'GROUP = ablate.Group(slug="mine", title="Mine", published_percent=None, source="this file")'
    assert f"Put 'leaky' into a Group of your own: `{line}` and group='mine' in the Feature." in str(caught.value)
    # What it says works.
    write(path, OWN.replace('group="architecture"', 'group="mine"') + line + "\n")
    assert load_registry(features_from=path).members("mine") == ("leaky",)


@pytest.mark.parametrize("option", ["features_from", "registry"])
def test_a_missing_file_is_named(option: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read .*nowhere\.py: No such file"):
        load_registry(**{option: tmp_path / "nowhere.py"})


def test_a_file_brings_a_whole_registry(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", OWN_REGISTRY)
    registry = load_registry(registry=path)
    assert registry.names == ("hot_filters", "hot_head")
    assert registry.baseline.epochs == 2
    assert registry.compose(["mine"]).head_rate == 0.5
    more = OWN.replace('group="architecture"', 'group="mine"').replace(
        "from ablate.lineages.airbench94_muon.silu import FEATURE as SILU\n", ""
    )
    both = load_registry(registry=path, features_from=write(tmp_path / "own.py", more))
    assert both.names == ("hot_filters", "hot_head", "leaky")


@pytest.mark.parametrize(
    ("extra", "count"), [("", "no"), ("\nSECOND = Registry(AIRBENCH94_MUON, FEATURES, [GROUP])", "2")]
)
def test_a_registry_file_defines_one_registry(extra: str, count: str, tmp_path: Path) -> None:
    text = OWN_REGISTRY + extra if extra else "x = 1\n"
    with pytest.raises(UsageError, match=f"defines {count} Registry constants, where one is needed"):
        load_registry(registry=write(tmp_path / "mine.py", text))


@pytest.mark.parametrize("value", ["plugin_module", "plugin_module:FEATURE", "plugin_module:FEATURES"])
def test_installed_packages_add_features(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "plugin_module.py", OWN + "\nFEATURES = [FEATURE]\n")
    monkeypatch.syspath_prepend(tmp_path)
    install(monkeypatch, value)
    assert "leaky" in load_registry().features


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_plugin", "Entry point 'own' (no_such_plugin) cannot be loaded: No module named 'no_such_plugin'."),
        ("ablate.errors:__name__", "entry point 'own' defines no Feature."),
    ],
)
def test_a_broken_entry_point_is_named(value: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, value)
    with pytest.raises(UsageError) as caught:
        load_registry()
    assert words in str(caught.value)


def install(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint(name="own", value=value, group="ablate.features")
    monkeypatch.setattr(loading, "entry_points", lambda group: [point] if group == point.group else [])
