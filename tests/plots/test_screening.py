"""A screening's figures: average effects in panels of their own, and as bars that end with what is left for interactions."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ablate import plots
from ablate.errors import UsageError
from ablate.plots.saving import to_svg
from ablate.study import screening, with_twin
from tests.fakes import HIVE_FEATURES, FakeCatalogue
from tests.plots.looking import all_words
from tests.report.build import failed, resolved, trials_of, write_folder

NAMES = tuple(HIVE_FEATURES)
DESIGN = with_twin(screening(NAMES, FakeCatalogue()))
SAVINGS = {"tuning": 0.07, "selective_tta": 0.02, "compile": -0.01}
AVERAGED = "on average over the others being on or off"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = resolved(DESIGN, name="screening", blocks=5, processes=5)
    return write_folder(tmp_path_factory.mktemp("runs") / "run", study, trials_of(study, savings=SAVINGS))


def test_a_waterfall_of_averages_is_in_the_registrys_order_and_ends_with_interactions(folder: Path) -> None:
    figure = plots.draw("waterfall", folder)
    words = all_words(figure)
    (axes,) = (each for each in figure.axes if each.get_yticklabels())
    labels = [label.get_text() for label in axes.get_yticklabels()] or [
        each.get_text() for each in axes.get_xticklabels()
    ]
    assert [label.replace("\n", "") for label in labels] == [*NAMES, "interactions", "Total"]
    assert f"Each bar is an effect {AVERAGED}; 'interactions' is what they leave of all together, as measured" in words
    assert "5 blocks of 24 arms in 5 processes" in words
    assert "not settled" in words


@pytest.mark.parametrize("option", ["published", "equal_accuracy"])
def test_averages_have_no_order_for_published_steps_or_times_along_the_way(folder: Path, option: str) -> None:
    with pytest.raises(
        UsageError, match=f"are averages, not steps one after the other: leave --{option.replace('_', '-')} out"
    ):
        plots.draw("waterfall", folder, **{option: True})


def test_a_waterfall_needs_every_arm(tmp_path: Path) -> None:
    study = resolved(DESIGN, name="screening", blocks=5, processes=5)
    trials = [failed(each) if each.spec.arm == "all" else each for each in trials_of(study)]
    with pytest.raises(
        UsageError, match="No waterfall can be drawn: all 5 trials of arm 'all' failed or ran out of time"
    ):
        plots.draw("waterfall", write_folder(tmp_path / "run", study, trials))


def test_effects_of_a_screening_stand_under_a_heading_of_their_own(folder: Path) -> None:
    figure = plots.draw("effects", folder)
    assert AVERAGED in " ".join(all_words(figure).split())
    description = next(
        element.text for element in ET.fromstring(to_svg(figure)).iter() if element.tag.endswith("}desc")
    )
    assert description.count(AVERAGED) == 1
    assert "with all the others on" not in description


def test_both_ends_are_named_on_a_frontier_and_twins_are_not(folder: Path) -> None:
    words = all_words(plots.draw("frontier", folder))
    assert "all" in words.split()
    assert "baseline" in words
    assert "(twin)" not in words
    assert "Arms of a block share its process, so two times are known better beside each other" in words
