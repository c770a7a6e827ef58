"""Does what was published hold here: effects on the score beside the same steps of a published ladder. Free of torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, pairwise
from math import isclose, isfinite, nan, sqrt
from typing import Literal, TypeAlias

from scipy import stats

from ablate.stats.effect import Effect
from ablate.stats.intervals import NO_SPREAD
from ablate.stats.multiplicity import holm
from ablate.stats.score_words import is_percentage
from ablate.stats.verdicts import FEWEST_BLOCKS, SIGNIFICANCE, Margins
from ablate.stats.wording import counted
from ablate.study import Arm
from ablate.study.ladders import Ladder, Rung
from ablate.study.score import Score

Agreement: TypeAlias = Literal["as published", "better than published", "worse than published", "open", "no verdict"]

_SAME_LENGTH = 0.01
"""How far, relatively, an arm's epochs may be from those of its rung: published epochs are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstPublished:
    """An effect on the score and what a published ladder has for the same two arms; changes are in the score's unit.

    `below` and `above` are the rungs' titles, `published_trials` how many trainings stand behind each (0: not published),
    `published_rounding` by how much their change may be off because both were rounded, `published_time_saved_percent` what their
    seconds say, NaN without. `difference` is the effect minus what was published, with its interval; `p` is two-sided, `p_holm`
    adjusted over the study's `family` of such comparisons. `note` says what kept it from a verdict.
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
    published_rounding: float
    published_time_saved_percent: float
    change: float
    low: float
    high: float
    difference: float
    difference_low: float = nan
    difference_high: float = nan
    p: float = nan
    p_holm: float = nan
    family: int = 0
    verdict: Agreement = "no verdict"
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """Two rungs of a ladder, one above the other, both with a score, and the names that are on at each."""

    ladder: Ladder
    rungs: tuple[Rung, Rung]
    on: tuple[frozenset[str], frozenset[str]]

    @property
    def scores(self) -> tuple[float, float]:
        """Both scores in percent."""
        below, above = (rung.score_percent for rung in self.rungs)
        assert below is not None
        assert above is not None
        return below, above

    @property
    def rounding(self) -> float:
        """Half a unit of the last decimal that each score was published with, together, in percentage points."""
        return sum(0.5 * 10.0 ** -_decimals(rung) for rung in self.rungs)

    @property
    def time_saved_percent(self) -> float:
        """What was saved of the lower rung's seconds; NaN where one has none."""
        below, above = (rung.seconds for rung in self.rungs)
        return nan if below is None or above is None else 100 * (1 - above / below)


def against_published(
    effects: Iterable[Effect],
    arms: Sequence[Arm],
    ladders: Iterable[Ladder],
    *,
    arm_features: Mapping[str, Sequence[str]],
    epochs: Mapping[str, float],
    spreads: Mapping[str, float],
    score: Score,
    groups_as_published: bool = True,
    level: float = SIGNIFICANCE,
) -> tuple[AgainstPublished, ...]:
    """The effects that a published ladder has too, with whether their change of the score is the published one.

    An effect is a ladder's where each of its two arms has on what a rung has, and trains as many epochs at full size (`arm_features`:
    names of features by arm; `epochs`: at full size; a rung without epochs is as long as its recipe). Where features were added to a
    recipe its groups are no longer the published ones, and names of groups do not count (`groups_as_published`). Two arms are
    compared once, whatever their contrasts are called.

    What was published is taken to scatter as this study's trials of the same arms do (`spreads`: by arm, the sd of scores as trials
    hold them), over as many trainings as it says, over one where it does not say, and to be off by its rounding. Differences are
    judged by a t-interval of as many degrees of freedom as the effect's own: "as published" if it lies, at 1 - `level`, within the
    score's margin, else "better" or "worse than published" if the Holm-adjusted p is below `level`, else "open". Only scores that are
    percentages of which more is better are compared; times depend on the machine, so that those get no verdict.

    Source: Student's t; the variances of the two published means are added as for independent ones.
    """
    if not is_percentage(score) or score.better == "lower":
        return ()
    by_name = {arm.name: arm for arm in arms}
    steps = [step for ladder in ladders if _says_what_it_adds(ladder) for step in _steps(ladder)]
    found: dict[tuple[str, str], AgainstPublished] = {}
    for effect in effects:
        sides = effect.without_arm, effect.with_arm
        # The average of a screening is of no two arms; those of a twin differ in nothing.
        if effect.is_averaged or effect.kind == "aa" or not isfinite(effect.score_change) or sides in found:
            continue
        step = next(
            (
                step
                for step in steps
                if all(
                    _is_at(rung, on, by_name[side], arm_features.get(side, ()), epochs.get(side), groups_as_published)
                    for rung, on, side in zip(step.rungs, step.on, sides, strict=True)
                )
            ),
            None,
        )
        if step is not None:
            found[sides] = _compared(effect, step, [spreads.get(side, nan) for side in sides], score, level)
    adjusted = holm([each.p for each in found.values()])
    family = sum(isfinite(each.p) for each in found.values())
    return tuple(
        replace(each, p_holm=float(p), family=family, verdict=_verdict(each, float(p), score, level))
        for each, p in zip(found.values(), adjusted, strict=True)
    )


def _says_what_it_adds(ladder: Ladder) -> bool:
    """Whether each rung adds something by name, or is of another length than the one below it."""
    return not ladder.drawn_only and all(
        above.adds or above.epochs not in (None, below.epochs) for below, above in pairwise(ladder.rungs)
    )


def _steps(ladder: Ladder) -> Iterable[_Step]:
    on: list[frozenset[str]] = []
    for rung in ladder.rungs:
        on.append((on[-1] if on else frozenset()) | frozenset(rung.adds))
    scored = [pair for pair in zip(ladder.rungs, on, strict=True) if pair[0].score_percent is not None]
    for (below, on_below), (above, on_above) in combinations(scored, 2):
        yield _Step(ladder, (below, above), (on_below, on_above))


def _is_at(
    rung: Rung,
    on: frozenset[str],
    arm: Arm,
    features: Sequence[str],
    epochs: float | None,
    groups_as_published: bool,
) -> bool:
    """Whether an arm is what a rung was."""
    if on != frozenset(features) and not (groups_as_published and on == arm.features):
        return False
    if rung.epochs is None:
        return arm.length == 1.0
    return epochs is not None and isclose(epochs, rung.epochs, rel_tol=_SAME_LENGTH)


def _decimals(rung: Rung) -> int:
    """How many decimals a score was published with: two, unless the rung knows of fewer or shows more."""
    if rung.score_decimals is not None:
        return rung.score_decimals
    shown = Decimal(repr(rung.score_percent)).as_tuple().exponent
    return max(2, -int(shown))


def _compared(effect: Effect, step: _Step, spreads: Sequence[float], score: Score, level: float) -> AgainstPublished:
    """The comparison without its verdict, which takes all of the study's."""
    below, above = step.rungs
    change = step.scores[1] - step.scores[0]
    compared = AgainstPublished(
        subject=effect.subject,
        kind=effect.kind,
        with_arm=effect.with_arm,
        without_arm=effect.without_arm,
        ladder=step.ladder.slug,
        below=below.title,
        above=above.title,
        published_trials=(below.trials or 0, above.trials or 0),
        published_change=change,
        published_rounding=step.rounding,
        published_time_saved_percent=step.time_saved_percent,
        change=effect.score_change,
        low=effect.score_low,
        high=effect.score_high,
        difference=effect.score_change - change,
    )
    if effect.blocks < FEWEST_BLOCKS:
        return replace(compared, note=f"{counted(effect.blocks, 'block')}: too few for a verdict")
    published = sum((score.factor * sd) ** 2 / (rung.trials or 1) for rung, sd in zip(step.rungs, spreads, strict=True))
    error = sqrt(effect.score_sd**2 / effect.blocks + published)
    if not isfinite(error):
        return replace(compared, note="it is not known how the trials of its arms scatter")
    if not error > score.factor * NO_SPREAD:
        return replace(compared, note="all pairs differ by the same, so there is no spread to judge by")
    freedom = effect.blocks - 1
    reach = float(stats.t.isf(level / 2, freedom)) * error + step.rounding
    beyond = max(0.0, abs(compared.difference) - step.rounding)
    return replace(
        compared,
        difference_low=compared.difference - reach,
        difference_high=compared.difference + reach,
        p=2 * float(stats.t.sf(beyond / error, freedom)),
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
