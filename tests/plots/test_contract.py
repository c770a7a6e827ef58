"""What every public plot promises: it draws on the axes it is given, and leaves no trace of itself elsewhere."""

import inspect
import sys

import matplotlib
import pytest
from matplotlib.figure import Figure

from ablate import plots
from ablate.errors import UsageError
from tests.plots.cases import KINDS, Case
from tests.plots.looking import figure_of

PLOTS = [
    plots.waterfall,
    plots.effects,
    plots.frontier,
    plots.distribution,
    plots.curves,
    plots.interactions,
    plots.shapley,
    plots.history,
]

every_plot = pytest.mark.parametrize("case", KINDS, ids=str)


def test_the_cases_are_all_public_plots() -> None:
    assert {case.plot for case in KINDS} == set(PLOTS)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_options_are_keywords_and_the_shared_ones_are_there(plot: object) -> None:
    data, *options = inspect.signature(plot).parameters.values()
    assert data.name == "data"
    assert all(option.kind is inspect.Parameter.KEYWORD_ONLY for option in options)
    shared = {"ax", "theme", "width_inches", "title", "setting", "score"}
    # Published records have one score, the accuracy that they reach.
    expected = shared - {"score"} if plot is plots.history else shared
    assert expected <= {option.name for option in options}


@every_plot
def test_draws_on_the_axes_it_is_given_and_returns_them(case: Case) -> None:
    figure = Figure(figsize=(9, 6))
    other, ax = figure.subplots(1, 2)
    before = set(figure.get_children()), figure.get_size_inches().tolist(), figure.get_facecolor()
    untouched = len(other.get_children()), other.get_facecolor(), other.get_xlim()
    assert case.draw(ax=ax) is ax
    assert (set(figure.get_children()), figure.get_size_inches().tolist(), figure.get_facecolor()) == before
    assert (len(other.get_children()), other.get_facecolor(), other.get_xlim()) == untouched
    assert len(ax.findobj()) > 40
    assert ax.get_label() == "", "words for screen readers are for figures of our own"


@every_plot
def test_same_data_same_bytes_and_settings_left_alone(case: Case) -> None:
    case.data()
    first = plots.to_svg(figure_of(case.draw()))
    with matplotlib.rc_context({"font.size": 17, "font.family": "serif", "svg.hashsalt": "mine", "axes.grid": True}):
        before = dict(matplotlib.rcParams)
        second = plots.to_svg(figure_of(case.draw()))
        assert dict(matplotlib.rcParams) == before
    assert first == second
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
    spoken = first.partition("</desc>")[0]
    assert '<title id="title">' in spoken
    assert '<desc id="desc">' in spoken
    assert "NaN" not in spoken
    assert "<text" in first


@every_plot
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "drak"}, "There is no theme 'drak'. Did you mean 'dark'?"),
        ({"width_inches": 0.1}, "A figure cannot be 0.1 inches wide"),
        ({"width_inches": float("nan")}, "A figure cannot be nan inches wide"),
    ],
)
def test_impossible_looks_are_refused(case: Case, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", "\\?")):
        case.draw(**options)
