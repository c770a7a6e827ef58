"""The steps of a waterfall as numbers: from a ladder's shares, from a table of effects, and from what was published."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

import pandas as pd

from ablate.errors import UsageError
from ablate.plots.table import need_columns, rows
from ablate.stats.attribution import Attribution, Share
from ablate.stats.average_shares import INTERACTIONS
from ablate.stats.effect import misses_zero
from ablate.stats.score_words import decimals_for_gains
from ablate.stats.wording import AVERAGED, signed
from ablate.study.score import TTA_ACCURACY, Score

LADDER_STUDIES = ("waterfall", "waterfall_equal_accuracy", "shapley")
"""The studies of this package that train a ladder."""

NEEDS_A_LADDER = (
    "A waterfall needs a ladder, arms that each add a step to the one before; "
    f"the studies {', '.join(LADDER_STUDIES[:-1])} and {LADDER_STUDIES[-1]} have one: "
    "`ablate study run waterfall`."
)

NAN = float("nan")


class Step(NamedTuple):
    """One bar: from `start`, `value` percent of the baseline's time further; `low` and `high` are the interval of `value`."""

    subject: str
    name: str
    start: float
    value: float
    low: float
    high: float
    gain: str


def _share(subject: str, saved: float, low: float, high: float, gain: tuple[float, float, float] = (NAN,) * 3) -> Share:
    return Share(
        subject=subject,
        score_change=gain[0],
        score_low=gain[1],
        score_high=gain[2],
        score_p=NAN,
        time_saved_percent=saved,
        time_saved_low_percent=low,
        time_saved_high_percent=high,
        time_saved_p=NAN,
    )


def ladder_of(data: Attribution | pd.DataFrame) -> Attribution:
    """The shares to draw, from a ladder's attribution or from the rows of kind "ladder" of a table of effects.

    In a table each step is known relative to the one before it; a step's share of the baseline's time is its change times what
    the steps before it left, and so is each end of its interval. Steps then add up exactly; the total has an interval only where
    the table has a row of kind "total" between the same arms.

    Raises:
        UsageError: no ladder, a ladder with a gap, or times that were not measured.
    """
    found = _from_effects(data) if isinstance(data, pd.DataFrame) else data
    if not found.shares or found.total is None:
        raise UsageError(f"No waterfall can be drawn: {found.note or 'there are no steps'}. {NEEDS_A_LADDER}")
    unmeasured = [share.subject for share in found.shares if not isfinite(share.time_saved_percent)]
    if unmeasured:
        reason = f": {found.note}" if found.note else ""
        raise UsageError(f"No waterfall can be drawn: the time of step '{unmeasured[0]}' was not measured{reason}.")
    return found


def _from_effects(effects: pd.DataFrame) -> Attribution:
    needed = ("subject", "kind", "with_arm", "without_arm", "time_percent", "time_low_percent", "time_high_percent")
    need_columns(effects, needed, "effects", "ablate.stats.effects")
    rungs = effects[effects["kind"] == "ladder"]
    if rungs.empty:
        kinds = ", ".join(sorted(set(effects["kind"]))) or "none"
        return Attribution(
            note=f"this table has no effects of kind 'ladder' (its kinds: {kinds}), and others do not add up"
        )
    rungs_in_order = list(rows(rungs))
    for below, above in pairwise(rungs_in_order):
        if above.without_arm != below.with_arm:
            gap = f"'{above.subject}' starts from '{above.without_arm}', not from '{below.with_arm}'"
            return Attribution(note=f"this ladder has a gap: {gap}")
    shares, left = [], 1.0
    for row in rungs_in_order:
        low, high = sorted((-left * row.time_low_percent, -left * row.time_high_percent))
        gain = (row.score_change, row.score_low, row.score_high)
        shares.append(_share(row.subject, -left * row.time_percent, low, high, gain))
        left *= 1 + row.time_percent / 100
    whole = effects[
        (effects["kind"] == "total")
        & (effects["with_arm"] == rungs_in_order[-1].with_arm)
        & (effects["without_arm"] == rungs_in_order[0].without_arm)
    ]
    low, high, gain = NAN, NAN, (NAN, NAN, NAN)
    for row in rows(whole):
        low, high = sorted((-row.time_low_percent, -row.time_high_percent))
        gain = (row.score_change, row.score_low, row.score_high)
    return Attribution(
        shares=tuple(shares),
        total=_share("total", 100 * (1 - left), low, high, gain),
        first_arm=str(rungs_in_order[0].without_arm),
        blocks=int(rungs["blocks"].min()),
        time_blocks=int(rungs["time_blocks"].min()),
        processes=int(rungs["processes"].min()),
        baseline_seconds=float(rungs_in_order[0].without_time_seconds),
        final_seconds=float(rungs_in_order[-1].with_time_seconds),
    )


def open_steps(effects: pd.DataFrame | None, measured: Attribution | None = None) -> frozenset[str]:
    """The subjects of a ladder's steps (and "total") whose verdict on time a table of effects leaves open; none without one.

    Without a ladder, those of a screening's averages. No contrast asks for the interactions that averages leave: whether they are
    open is read off their own interval.
    """
    left = [share for share in measured.shares if _is_left_over(measured, share)] if measured is not None else []
    unseen = frozenset(
        share.subject for share in left if not misses_zero(share.time_saved_low_percent, share.time_saved_high_percent)
    )
    if effects is None or "time_verdict" not in effects.columns:
        return unseen
    steps = "ladder" if (effects["kind"] == "ladder").any() else "screening"
    judged = effects[effects["kind"].isin([steps, "total"])]
    unsettled = judged[judged["time_verdict"].isin(["inconclusive", "no verdict"])]
    return unseen | frozenset("total" if row.kind == "total" else str(row.subject) for row in rows(unsettled))


def how_averaged(measured: Attribution) -> str:
    """What the bars of a screening are, "" for those of a ladder."""
    if not measured.averaged:
        return ""
    left = any(_is_left_over(measured, share) for share in measured.shares)
    rest = f"; '{INTERACTIONS}' is what they leave of all together, as measured" if left else ""
    return f"Each bar is an effect {AVERAGED}{rest}"


def _is_left_over(measured: Attribution, share: Share) -> bool:
    return measured.averaged and share.subject == INTERACTIONS


def family_of(judged: pd.DataFrame | None) -> int:
    """How many contrasts of time the verdicts allow for; 0 without any."""
    return 0 if judged is None or "time_family" not in judged.columns else int(judged["time_family"].max())


def steps_of(
    ladder: Attribution, titles: Mapping[str, str], total_name: str, *, score: Score = TTA_ACCURACY
) -> list[Step]:
    """The bars in order, each starting where the one before it ended; the last is the total, from zero."""
    steps, level = [], 0.0
    every = [*ladder.shares, *([ladder.total] if ladder.total else [])]
    gained = partial(_gain_words, score, decimals_for_gains(score, map(_gain_of, every)))
    for share in ladder.shares:
        steps.append(_step(share, titles.get(share.subject, share.subject), level, gained))
        level += share.time_saved_percent
    if ladder.total is not None:
        steps.append(_step(ladder.total, total_name, 0.0, gained))
    return steps


def _step(share: Share, name: str, start: float, gained: Callable[[Share], str]) -> Step:
    return Step(
        subject=share.subject,
        name=name,
        start=start,
        value=share.time_saved_percent,
        low=share.time_saved_low_percent,
        high=share.time_saved_high_percent,
        gain=gained(share),
    )


def _gain_of(share: Share) -> tuple[float, float, float]:
    return share.score_change, share.score_low, share.score_high


def _gain_words(score: Score, decimals: int, share: Share) -> str:
    if not isfinite(share.score_change):
        return ""
    change = signed(share.score_change, decimals)
    half_width = (share.score_high - share.score_low) / 2
    words = f"{change} ± {half_width:.{decimals}f}" if isfinite(half_width) else change
    return f"{words} {score.unit}".rstrip()
