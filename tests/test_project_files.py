"""The files that speak of the project as a whole agree with each other."""

import re
import tomllib
from pathlib import Path

from ablate.export.destinations import _KINDS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def cited(field: str) -> str:
    """The value of a field of the citation itself, not of its references."""
    (value,) = re.findall(rf"^{field}: (.*)$", CITATION, re.MULTILINE)
    return str(value).strip('"')


def test_the_citation_is_of_this_version_under_this_licence() -> None:
    assert cited("cff-version") == "1.2.0"
    assert cited("version") == PROJECT["project"]["version"]
    assert cited("license") == PROJECT["project"]["license"]
    assert cited("type") == "software"
    assert cited("message")
    assert cited("title").startswith("ablate")
    assert '\nauthors:\n  - name: "The ablate authors"\n' in CITATION
    listed = re.search(r"^keywords:\n((?:  - .*\n)+)", CITATION, re.MULTILINE)
    assert listed is not None
    assert re.findall(r"- (.*)", listed.group(1)) == PROJECT["project"]["keywords"]


def test_what_the_citation_refers_to_is_what_the_features_name_as_their_source() -> None:
    from ablate.lineages.loading import load_registry

    sources = " ".join(feature.source for feature in load_registry().features.values())
    sources += " ".join(group.source for group in load_registry().groups.values())
    assert "hiverge/cifar10-speedrun" in sources
    for reference in (
        "https://github.com/hiverge/cifar10-speedrun",
        "arXiv:2404.00498",
        "KellerJordan/cifar10-airbench",
    ):
        assert reference in CITATION


def test_the_changelog_has_the_version_and_known_kinds_of_change() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    version = PROJECT["project"]["version"]
    assert any(heading.startswith(f"[{version}] - ") for heading in headings) or f"this becomes {version}." in CHANGELOG
    kinds = set(re.findall(r"^### (\w+)", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_source_distribution_holds_them() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for path in included:
        assert (ROOT / path.lstrip("/")).exists(), path
    assert {"/CHANGELOG.md", "/CITATION.cff", "/README.md", "/LICENSE"} <= set(included)
    assert PROJECT["project"]["optional-dependencies"]["parquet"] == ["pyarrow>=17"]


def test_every_tracker_has_an_extra_with_its_packages() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    for kind in _KINDS.values():
        names = {re.split(r"[<>=]", each)[0].replace("-skinny", "") for each in extras[kind.extra]}
        assert names == set(kind.packages), kind.title
