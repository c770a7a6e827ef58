"""The README's list of public names is what their docstrings say."""

from pathlib import Path

import pytest

import ablate
from ablate import stats
from tests.public_names import MODULES, first_sentence, public_names, with_names

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_readme_lists_every_public_name_as_its_docstring_says() -> None:
    assert with_names(README) == README, "write it anew: python tests/public_names.py"
    for name in (
        "ablate.run",
        "ablate.stats.Effect",
        "ablate.plots.waterfall",
        "ablate.parts.Part",
        "ablate.study.pair",
    ):
        assert README.count(f"- `{name}`: ") == 1


def test_a_name_has_one_line_of_one_sentence() -> None:
    lines = [line for line in public_names().splitlines() if line.startswith("- ")]
    assert len(lines) > 100
    for line in lines:
        assert line.endswith((".", "?", "…")), line
        assert len(line) < 220, line


def test_constants_and_choices_are_described_too() -> None:
    assert first_sentence(stats, "BEYOND_REACH").startswith("In place of a number of further blocks")
    assert first_sentence(stats, "Verdict").startswith("One of 'equivalent', 'better'")
    assert first_sentence(ablate.study, "BASELINE") == "Name of the arm without features."


def test_a_name_without_a_docstring_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "NEW", 3, raising=False)
    with pytest.raises(LookupError, match=r"ablate\.stats\.NEW has no docstring"):
        first_sentence(stats, "NEW")


def test_the_lists_cover_what_the_package_hands_out() -> None:
    assert {
        f"ablate.{name}"
        for name in ablate.__all__
        if name in ("airbench", "export", "parts", "plots", "report", "stats", "study")
    } <= set(MODULES)
