"""Words never lie on each other and never reach over the edge, in a column and on a slide."""

import pytest

from ablate import plots
from ablate.lineages.airbench94_muon.lineage import LADDERS
from tests.plots.cases import GROUPS, LARGE, SETTING, SMALL, Case
from tests.plots.looking import all_words, cut, figure_of, overlaps


def _cases() -> list[object]:
    """The hardest by default, twenty long names in a column, or many trials; the others are marked slow."""
    return [
        pytest.param(case, width, id=f"{case}, {width} in", marks=[] if hard else pytest.mark.slow)
        for cases, width, hard in (
            ([*LARGE, *GROUPS[-2:]], 3.5, True),
            ([*GROUPS[:2], *GROUPS[7:10]], 7.0, True),
            (LARGE, 10.0, False),
            ([*GROUPS[:-2], *SMALL], 3.5, False),
            ([*GROUPS, *SMALL], 10.0, False),
        )
        for case in cases
    ]


@pytest.mark.parametrize(("case", "width"), _cases())
def test_no_word_is_covered_or_cut(case: Case, width: float) -> None:
    options = {"title": "What does each of these features do, and is it worth having?", "setting": SETTING}
    figure = figure_of(case.draw(width_inches=width, **options))
    assert figure.get_figwidth() == pytest.approx(width)
    assert overlaps(figure) == []
    assert cut(figure) == []
    if case.name not in ("waterfall published", "history"):
        assert "data cifar10" in all_words(figure)


def test_the_looking_itself_sees_covered_and_cut_words() -> None:
    axes = plots.waterfall(published=LADDERS[0])
    figure = figure_of(axes)
    axes.text(0.5, 0.5, "one", transform=axes.transAxes)
    axes.text(0.5, 0.5, "other", transform=axes.transAxes)
    axes.text(2.0, 0.5, "outside", transform=axes.transAxes)
    assert ("one", "other") in overlaps(figure)
    assert cut(figure) == ["outside"]
