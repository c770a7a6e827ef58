"""Every public plot with data of several sizes: what the contract and layout tests go through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ablate import plots
from ablate.lineages.airbench94_muon.lineage import LADDERS
from ablate.lineages.records import RECORDS
from ablate.plots.length_curves import LengthCurves
from ablate.stats import arm_summary, effects, equal_accuracy
from tests.plots.material import (
    SLUGS,
    TITLES,
    equal_accuracy_of,
    factorial_study,
    features_study,
    ladder_of,
    names_of,
    pairs_of,
    screening_study,
    trials_of,
)
from tests.stats.worlds import LENGTH_ARMS, STEADY_LENGTHS

SETTING = "NVIDIA A100-SXM4-40GB; data cifar10; full preset"


@dataclass(frozen=True)
class Case:
    """A plot with data: `draw(**options)` calls it."""

    name: str
    plot: Callable[..., Axes]
    data: Callable[[], tuple[Any, dict[str, Any]]]

    def draw(self, **options: Any) -> Axes:
        data, own = self.data()
        return self.plot(data, **{**own, **options})

    def __str__(self) -> str:
        return self.name


def _case(name: str, plot: Callable[..., Axes], data: Callable[[], Any], **own: Callable[[], Any]) -> Case:
    return Case(name, plot, lambda: (data(), {key: value() for key, value in own.items()}))


def _frame(names: tuple[str, ...], **options: Any) -> Any:
    from ablate.study import ladder

    return trials_of(ladder(names), **options)


def _at_lengths() -> Any:
    return STEADY_LENGTHS.studies(np.random.default_rng(1), studies=1, blocks=100, processes=5).frame(0)


def _length_curves() -> LengthCurves:
    recipes = tuple(tuple(arm.name for arm in LENGTH_ARMS[start : start + 3]) for start in (0, 3))
    times = equal_accuracy(_at_lengths(), LENGTH_ARMS)
    return LengthCurves(recipes=recipes, reference="baseline", times=times)


def _features(names: tuple[str, ...], kind: str | None = None) -> Any:
    frame, contrasts = features_study(names)
    return effects(frame, [contrast for contrast in contrasts if kind in (None, contrast.kind)])


def _averages(names: tuple[str, ...]) -> Any:
    frame, design, _ = screening_study(names)
    return effects(frame, design.contrasts, arms=design.arms)


def _sized(count: int, long: bool) -> list[Case]:
    names = names_of(count, long=long)
    label = f"{count}{' long' if long else ''}"
    return [
        _case(f"waterfall {label}", plots.waterfall, lambda: ladder_of(names, slower=names[1:2])),
        _case(f"effects {label}", plots.effects, lambda: _features(names, "leave_one_out")),
        _case(f"frontier {label}", plots.frontier, lambda: arm_summary(_frame(names[:-1]))),
        _case(f"distribution {label}", plots.distribution, lambda: _frame(names[:-1])),
        _case(f"curves {label}", plots.curves, lambda: _frame(names[:-1], epochs=8)),
        _case(f"interactions {label}", plots.interactions, lambda: pairs_of(names)),
    ]


GROUPS = [
    _case("waterfall published", plots.waterfall, lambda: None, published=lambda: LADDERS[0]),
    _case(
        "waterfall beside published",
        plots.waterfall,
        lambda: ladder_of(SLUGS),
        published=lambda: LADDERS[0],
        equal_accuracy=lambda: equal_accuracy_of(SLUGS),
    ),
    _case("waterfall groups", plots.waterfall, lambda: ladder_of(SLUGS), titles=lambda: TITLES),
    _case("effects of all kinds", plots.effects, lambda: _features(names_of(4))),
    _case(
        "shapley with ladder",
        plots.shapley,
        lambda: factorial_study()[2],
        ladder=lambda: factorial_study()[3],
        titles=lambda: TITLES,
    ),
    _case("shapley alone", plots.shapley, lambda: factorial_study()[2]),
    _case("frontier with target", plots.frontier, lambda: arm_summary(_frame(SLUGS)), target_score=lambda: 0.94),
    _case("frontier at lengths", plots.frontier, lambda: arm_summary(_at_lengths()), lengths=lambda: _length_curves()),
    _case("history", plots.history, lambda: RECORDS),
    _case("history beside arms", plots.history, lambda: RECORDS, measured=lambda: arm_summary(_frame(SLUGS))),
    _case(
        "history beside two long names",
        plots.history,
        lambda: RECORDS,
        measured=lambda: arm_summary(_frame(names_of(12, long=True))),
    ),
    _case(
        "waterfall of averages",
        plots.waterfall,
        lambda: screening_study(names_of(10))[2],
        effects=lambda: _averages(names_of(10)),
    ),
    _case("waterfall of few averages", plots.waterfall, lambda: screening_study(names_of(4, long=True))[2]),
    _case("averages", plots.effects, lambda: _averages(names_of(10, long=True))),
    _case("frontier of a screening", plots.frontier, lambda: arm_summary(screening_study(names_of(10))[0])),
    _case("distribution of a screening", plots.distribution, lambda: screening_study(names_of(10))[0]),
    _case("distribution violins", plots.distribution, lambda: _frame(SLUGS[:2], blocks=80, processes=5)),
    _case(
        "distribution with target",
        plots.distribution,
        lambda: _frame(names_of(3, long=True), blocks=100, processes=5),
        target_score=lambda: 0.94,
    ),
    _case(
        "curves of many trials with target",
        plots.curves,
        lambda: _frame(names_of(3, long=True), blocks=100, processes=5, epochs=24),
        target_score=lambda: 0.925,
    ),
]
SMALL, LARGE = _sized(3, False), _sized(20, True)
KINDS = [*SMALL, GROUPS[4], GROUPS[8]]
"""One case of each public plot."""
