"""Does what was published hold here: effects on the score beside the same steps of a published ladder. Free of torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import isclose, isfinite, nan, sqrt
from typing import Literal, TypeAlias

from scipy import stats

from ablate.stats.effect import Effect
from ablate.stats.intervals import NO_SPREAD
from ablate.stats.multiplicity import holm
from ablate.stats.score_words import is_percentage
from ablate.stats.verdicts import FEWEST_BLOCKS, SIGNIFICANCE, Margins
from ablate.study import Arm
from ablate.study.ladders import Ladder, Rung
from ablate.study.score import Score

Agreement: TypeAlias = Literal["as published", "better than published", "worse than published", "open", "no verdict"]

_SAME_LENGTH = 0.01
"""How far, relatively, two arms' lengths may be from those of the rungs: published epochs are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstPublished:
    """An effect on the score and what a published ladder has for the same two arms; changes are in the score's unit.

    `below` and `above` are the rungs' titles, `published_trials` how many trainings stand behind them (0: not published),
    `published_time_saved_percent` what their seconds say, NaN without. `difference` is the effect minus what was published, with its
    interval; `p` is two-sided, `p_holm` adjusted over all such comparisons of the study. `note` says what kept it from a verdict.
    """

    subject: str
    kind: str
    with_arm: str
    without_arm: str
    ladder: str
    below: str
    above: str
    published_trials: tuple[int, int]
    published_change: float
    published_time_saved_percent: float
    change: float
    low: float
    high: float
    difference: float
    difference_low: float = nan
    difference_high: float = nan
    p: float = nan
    p_holm: float = nan
    verdict: Agreement = "no verdict"
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """Two rungs of a ladder, one above the other, both with a score."""

    ladder: Ladder
    below: Rung
    above: Rung

    @property
    def change(self) -> float:
        """What the published score changed by, in percentage points."""
        assert self.above.score_percent is not None
        assert self.below.score_percent is not None
        return self.above.score_percent - self.below.score_percent

    @property
    def time_saved_percent(self) -> float:
        """What was saved of the lower rung's seconds; NaN where one has none."""
        if self.above.seconds is None or self.below.seconds is None:
            return nan
        return 100 * (1 - self.above.seconds / self.below.seconds)


def against_published(
    effects: Iterable[Effect],
    arms: Sequence[Arm],
    ladders: Iterable[Ladder],
    *,
    arm_features: Mapping[str, Sequence[str]],
    epochs: Mapping[str, float],
    spreads: Mapping[str, tuple[float, int]],
    score: Score,
    level: float = SIGNIFICANCE,
) -> tuple[AgainstPublished, ...]:
    """The effects that a published ladder has too, with whether their change of the score is the published one.

    An effect is a ladder's where its two arms have on what two of the ladder's rungs have, at lengths of the same ratio
    (`arm_features`: names of features by arm; `epochs`: as trained). What was published is taken to scatter as this study's trials
    of the same arms do (`spreads`: by arm, the sd of scores as trials hold them and their number), over as many trainings as it says;
    as exact where it does not say.
    Differences are judged by Welch's t with Satterthwaite's degrees of freedom: "as published" if the interval, at 1 - `level`, lies
    within the score's margin, else "better" or "worse than published" if the Holm-adjusted p is below `level`, else "open". Only
    scores that are percentages of which more is better are compared; times depend on the machine, so that those get no verdict.

    Source: B. L. Welch, "The generalization of 'Student's' problem", Biometrika 34 (1947) 28-35.
    """
    if not is_percentage(score) or score.better == "lower":
        return ()
    by_name = {arm.name: arm for arm in arms}
    trained = tuple(ladder for ladder in ladders if _says_what_it_adds(ladder))
    found = []
    for effect in effects:
        if effect.is_averaged or effect.kind == "aa" or not isfinite(effect.score_change):
            continue
        sides = (by_name[effect.without_arm], by_name[effect.with_arm])
        step = next((step for step in _steps(trained) if _is_between(step, sides, arm_features, epochs)), None)
        if step is not None:
            found.append(_compared(effect, step, spreads, score, level))
    adjusted = holm([each.p for each in found])
    return tuple(
        replace(each, p_holm=float(p), verdict=_verdict(each, float(p), score, level))
        for each, p in zip(found, adjusted, strict=True)
    )


def _says_what_it_adds(ladder: Ladder) -> bool:
    """Whether each rung adds something by name, or is of another length than the one below it."""
    return not ladder.drawn_only and all(
        above.adds or above.epochs not in (None, below.epochs) for below, above in pairwise(ladder.rungs)
    )


def _steps(ladders: Iterable[Ladder]) -> Iterable[_Step]:
    for ladder in ladders:
        scored = [rung for rung in ladder.rungs if rung.score_percent is not None]
        for below, above in combinations(scored, 2):
            yield _Step(ladder, below, above)


def _is_between(
    step: _Step, sides: Sequence[Arm], arm_features: Mapping[str, Sequence[str]], epochs: Mapping[str, float]
) -> bool:
    rungs = (step.below, step.above)
    if not all(
        _on(step.ladder, rung) in (side.features, frozenset(arm_features[side.name]))
        for rung, side in zip(rungs, sides, strict=True)
    ):
        return False
    below, above = (rung.epochs for rung in rungs)
    without, with_it = (epochs.get(side.name) for side in sides)
    if below is None or above is None or without is None or with_it is None:
        return all(side.length == 1.0 for side in sides)
    return isclose(above / below, with_it / without, rel_tol=_SAME_LENGTH)


def _on(ladder: Ladder, rung: Rung) -> frozenset[str]:
    """All names that are on at a rung."""
    place = next(place for place, each in enumerate(ladder.rungs) if each is rung)
    return frozenset(name for below in ladder.rungs[: place + 1] for name in below.adds)


def _compared(
    effect: Effect, step: _Step, spreads: Mapping[str, tuple[float, int]], score: Score, level: float
) -> AgainstPublished:
    """The comparison without its verdict, which takes all of the study's."""
    compared = AgainstPublished(
        subject=effect.subject,
        kind=effect.kind,
        with_arm=effect.with_arm,
        without_arm=effect.without_arm,
        ladder=step.ladder.slug,
        below=step.below.title,
        above=step.above.title,
        published_trials=(step.below.trials or 0, step.above.trials or 0),
        published_change=step.change,
        published_time_saved_percent=step.time_saved_percent,
        change=effect.score_change,
        low=effect.score_low,
        high=effect.score_high,
        difference=effect.score_change - step.change,
    )
    if effect.blocks < FEWEST_BLOCKS:
        return replace(compared, note=f"{effect.blocks} blocks are too few for a verdict")
    # Variances of a mean with their degrees of freedom: that of the pairs here, and of each published mean.
    parts = [(effect.score_sd**2 / effect.blocks, effect.blocks - 1)]
    for rung, arm in ((step.below, effect.without_arm), (step.above, effect.with_arm)):
        if rung.trials is not None:
            sd, trials = spreads[arm]
            parts.append(((score.factor * sd) ** 2 / rung.trials, trials - 1))
    variance = sum(part for part, _ in parts)
    if not sqrt(variance) > score.factor * NO_SPREAD:
        return replace(compared, note="all pairs differ by the same, so there is no spread to judge by")
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    half_width = float(stats.t.isf(level / 2, freedom)) * sqrt(variance)
    return replace(
        compared,
        difference_low=compared.difference - half_width,
        difference_high=compared.difference + half_width,
        p=2 * float(stats.t.sf(abs(compared.difference) / sqrt(variance), freedom)),
    )


def _verdict(compared: AgainstPublished, p_holm: float, score: Score, level: float) -> Agreement:
    margin = Margins().of_score(score)
    if not isfinite(compared.p):
        return "no verdict"
    if -margin < compared.difference_low and compared.difference_high < margin:
        return "as published"
    if p_holm < level:
        return "better than published" if compared.difference > 0 else "worse than published"
    return "open"
