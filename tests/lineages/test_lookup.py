"""Lineages of the package and of installed ones, by name."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import ablate
from ablate.errors import UsageError
from ablate.lineages import loading, lookup
from ablate.lineages.loading import load_registry
from ablate.lineages.lookup import find_lineage, installed_features, lineage_names, lineages
from tests.little_lineage import NAMES, REGISTRY, install_little


def test_the_default_comes_first_and_is_found_without_a_name() -> None:
    assert lineage_names()[0] == "airbench94_muon"
    assert find_lineage() is find_lineage("airbench94_muon")
    assert find_lineage().name == "airbench94_muon"
    assert list(ablate.lineages.lineages()) == list(lineage_names())


def test_every_package_of_lineages_is_found() -> None:
    folder = Path(lookup.__file__).parent
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert packages == set(lineage_names())


def test_nothing_of_it_imports_torch() -> None:
    program = "import sys, ablate; [lineage.names for lineage in ablate.lineages.lineages().values()]; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


def test_an_unknown_recipe_has_its_near_match() -> None:
    for find in (find_lineage, lambda name: load_registry(recipe=name)):
        with pytest.raises(UsageError, match=r"Unknown recipe 'airbench94_muun'\. Did you mean 'airbench94_muon'\?"):
            find("airbench94_muun")


def test_an_installed_lineage_is_found_by_its_name(site: Path) -> None:
    install_little(site)
    assert lineage_names()[-1] == "little"
    found = lineages()["little"]
    assert found.names == ("mirrored", "soft", "brisk")
    registry = load_registry(recipe="little")
    assert registry.lineage == "little"
    assert registry.names == found.names
    # The default is what it was.
    assert load_registry().lineage == "airbench94_muon"


DISAGREEMENTS = {
    "'little': its lineage says features ['mirrored', 'soft', 'brisk', 'brisker']": (NAMES, "FEATURES[1:]"),
    "its lineage says name 'small', its registry 'little'": (NAMES.replace('name="little"', 'name="small"'), None),
    "its lineage says epochs 5.0, its registry 4.0": (
        NAMES.replace("epochs=4.0,\n    groups", "epochs=5.0,\n    groups"),
        None,
    ),
    "its lineage says epochs of 'soft' 3.0, its registry None": (
        NAMES.replace('name="soft", group="rest"', 'name="soft", group="rest", epochs=3.0'),
        None,
    ),
    "its lineage says alternative_to of 'brisker' '', its registry 'brisk'": (
        NAMES.replace(', alternative_to="brisk"', ""),
        None,
    ),
    "its lineage says ladders": (NAMES.replace("ladders=[LADDER]", "ladders=[]"), None),
    "cannot be loaded from little_registry:OTHER: module 'little_registry' has no attribute 'OTHER'": (
        NAMES.replace("little_registry:REGISTRY", "little_registry:OTHER"),
        None,
    ),
    "little_registry:PATCHES is a dict, not a Registry": (
        NAMES.replace("little_registry:REGISTRY", "little_registry:PATCHES"),
        None,
    ),
}


@pytest.mark.parametrize("words", DISAGREEMENTS)
def test_a_registry_of_which_its_lineage_says_something_else_is_refused(site: Path, words: str) -> None:
    names, features = DISAGREEMENTS[words]
    registry = (
        REGISTRY
        if features is None
        else REGISTRY.replace("Registry(BASELINE, FEATURES", f"Registry(BASELINE, {features}")
    )
    entry = "small" if "small" in names else "little"
    install_little(site, names=names, registry=registry, entry=entry)
    with pytest.raises(UsageError) as caught:
        load_registry(recipe=entry)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("names", "entry", "words"),
    [
        ("1 / 0", "little", "Entry point 'little' (little_names:LITTLE) cannot be loaded: division by zero."),
        (
            "LITTLE = 3",
            "little",
            "Entry point 'little' (little_names:LITTLE) is a int; an installed recipe is an `ablate.Lineage`.",
        ),
        (NAMES, "tiny", "Entry point 'tiny' (little_names:LITTLE) is lineage 'little'; name the entry point after it."),
    ],
)
def test_a_broken_installed_lineage_is_named_and_leaves_the_others(
    site: Path, names: str, entry: str, words: str
) -> None:
    install_little(site, names=names, entry=entry)
    with pytest.raises(UsageError) as caught:
        find_lineage(entry)
    assert words in str(caught.value)
    assert find_lineage().name == "airbench94_muon"
    assert "tuning" in load_registry().features


def test_an_installed_lineage_cannot_stand_in_for_one_of_the_packages(site: Path) -> None:
    install_little(site, entry="airbench94_muon")
    assert lineage_names().count("airbench94_muon") == 1
    assert find_lineage("airbench94_muon").names[0] == "vectorised_optimiser"


def test_a_recipe_and_a_file_with_a_registry_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--recipe airbench94_muon and --registry .*own\.py name two registries"):
        load_registry(recipe="airbench94_muon", registry=tmp_path / "own.py")


@pytest.mark.parametrize(
    ("group", "default", "little"),
    [
        ("ablate.features", True, False),
        ("ablate.features.airbench94_muon", True, False),
        ("ablate.features.little", False, True),
    ],
)
def test_installed_features_join_the_lineage_that_their_group_names(
    site: Path, monkeypatch: pytest.MonkeyPatch, group: str, default: bool, little: bool
) -> None:
    install_little(site)
    (site / "extra_feature.py").write_text(
        "import ablate\n"
        "GROUP = ablate.Group(slug='extra', title='Extra', published_percent=None, source='here')\n"
        "FEATURE = ablate.Feature(name='hotter', group='extra', summary='Hot.', patch={'head_rate': 0.9}, source='here')\n"
    )
    found = lookup.entry_points
    extra = EntryPoint(name="extra", value="extra_feature", group=group)
    for module in (loading, lookup):
        monkeypatch.setattr(
            module, "entry_points", lambda group: [extra] if group == extra.group else list(found(group=group))
        )
    assert ("hotter" in load_registry().features, "hotter" in load_registry(recipe="little").features) == (
        default,
        little,
    )
    assert (installed_features(), installed_features("little")) == (default, little)
