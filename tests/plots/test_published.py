"""Published bars from ladders and from groups, alone and beside measured ones."""

from dataclasses import replace

import pytest

from ablate import plots
from ablate.errors import UsageError
from ablate.lineages.airbench94_muon.lineage import GROUPS, LADDERS
from ablate.plots.published import bars_beside, published_bars
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, Rung
from tests.plots.looking import all_words, figure_of
from tests.plots.material import SLUGS, ladder_of

EPOCHS = Ladder(
    slug="steps",
    title="Steps to 94 %",
    unit="epochs",
    target_percent=94.0,
    device="a bench",
    rungs=(
        Rung(title="plain", epochs=45.0, trials=50, source="one"),
        Rung(title="Whitened", adds=("a",), epochs=21.0, source="one"),
        Rung(title="Worse", adds=("b", "c"), epochs=22.5, source="two"),
        Rung(title="Best", epochs=9.0, trials=1000, source="three"),
    ),
)


def heights(axes) -> list[float]:
    return [bar.get_height() for bar in axes.containers[0].patches]


def test_epochs_are_drawn_in_percent_of_the_baselines_epochs() -> None:
    axes = plots.waterfall(published=EPOCHS, width_inches=10.0)
    assert heights(axes) == [53.33, -3.33, 30.0, 80.0]
    assert axes.get_ylabel() == "Epochs to 94 % saved (% of the baseline's)"
    words = all_words(figure_of(axes))
    for part in (
        "Steps to 94 %",
        "baseline 45 epochs → final 9 epochs to 94 %",
        "Published: one and 2 other sources; a bench, 50 trials of the baseline and 1,000 of the record",
        "slows training down",
    ):
        assert part in words
    assert [" ".join(label.get_text().split()) for label in axes.get_xticklabels()] == [
        *("Whitened", "Worse", "Best", "Subtotal"),
    ]


def test_without_a_target_epochs_are_epochs() -> None:
    bars = published_bars(replace(EPOCHS, target_percent=None))
    assert (bars.axis_label, bars.ends) == (
        "Epochs saved (% of the baseline's)",
        "baseline 45 epochs → final 9 epochs",
    )


@pytest.mark.parametrize("changes", [{"drawn_only": "other recipes"}, {}])
def test_what_does_not_start_at_the_baseline_is_not_called_so(changes: dict[str, str]) -> None:
    first = replace(EPOCHS.rungs[0], trials=1, adds=() if changes else ("x",))
    bars = published_bars(replace(EPOCHS, rungs=(first, *EPOCHS.rungs[1:]), **changes))
    assert bars.ends == "plain 45 epochs → Best 9 epochs to 94 %"
    assert bars.caption.endswith("a bench, 1 trial of 'plain' and 1,000 of 'Best'")


def test_an_attribution_of_epochs_has_no_seconds() -> None:
    ladder = plots.published_ladder(EPOCHS)
    assert [share.subject for share in ladder.shares] == ["a", "b + c", "Best"]
    assert ladder.baseline_seconds != ladder.baseline_seconds
    assert plots.published_ladder(LADDERS[0]).baseline_seconds == 2.59


def test_a_ladder_without_numbers_of_trials_says_where_it_was_measured() -> None:
    bare = replace(EPOCHS, rungs=tuple(replace(rung, trials=None, source="one") for rung in EPOCHS.rungs))
    assert published_bars(bare).caption == "Published: one; a bench"


def test_epochs_cannot_stand_beside_measured_times_unless_seconds_are_known_too() -> None:
    rungs = (
        Rung(title="plain", epochs=45.0, source="x"),
        *(Rung(title=slug, adds=(slug,), epochs=9.0, source="x") for slug in SLUGS),
    )
    epochs = replace(EPOCHS, rungs=rungs)
    with pytest.raises(
        UsageError, match="Ladder 'steps' was published in epochs, and measured bars are shares of time"
    ):
        plots.waterfall(ladder_of(SLUGS), published=epochs)
    seconds = tuple(replace(rung, seconds=10.0 - place) for place, rung in enumerate(rungs))
    axes = plots.waterfall(ladder_of(SLUGS), published=replace(epochs, rungs=seconds), width_inches=10.0)
    assert heights(axes) == [10.0] * 6 + [60.0]
    assert axes.get_ylabel() == "Time saved, % of the baseline"


def test_groups_alone_give_the_bars_that_their_ladder_gives() -> None:
    assert heights(plots.waterfall(published=GROUPS)) == heights(plots.waterfall(published=LADDERS[0]))
    words = all_words(figure_of(plots.waterfall(published=GROUPS)))
    assert GROUPS[0].source in words
    assert " s → " not in words
    mine = Group(slug="mine", title="Mine", published_percent=None, source="here")
    with pytest.raises(UsageError, match="Nothing was published about group 'mine'"):
        plots.waterfall(published=[mine])


def test_the_ladder_with_the_same_steps_stands_beside_them() -> None:
    assert bars_beside(SLUGS, LADDERS[::-1], ()) is LADDERS[0]
    assert bars_beside(SLUGS[:2], (), GROUPS) == GROUPS[:2]
    assert bars_beside(SLUGS[:2], [EPOCHS], GROUPS) == GROUPS[:2]
    assert bars_beside(["other"], [EPOCHS], GROUPS) is EPOCHS
    with pytest.raises(UsageError, match=r"Nothing was published about these steps: other\. Leave --published out\."):
        bars_beside(["other"], (), GROUPS)


def test_the_history_of_a_record_is_drawn_though_nobody_says_what_each_date_changed() -> None:
    history = next(ladder for ladder in LADDERS if ladder.slug == "history")
    words = all_words(figure_of(plots.waterfall(published=history, width_inches=10.0)))
    assert "2025-09-10" in words
    assert "The record by date" in words
    assert "19.18 %" in words


def test_whose_published_bars_has_to_be_said() -> None:
    with pytest.raises(UsageError, match="published takes a Ladder or Groups, as a registry has them"):
        plots.waterfall(published=True)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Which published bars\\? Give ladders"):
        plots.draw("waterfall", published=True)
