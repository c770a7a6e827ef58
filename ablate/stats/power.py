"""Before running: the smallest effect a study can see, and how many trials it takes to see one."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log1p, nan, sqrt

from scipy import optimize, stats

from ablate.errors import UsageError
from ablate.stats.precision import Precision, paired_sd, precision_of_pairs, process_value_sd
from ablate.stats.score_words import decimals_of, short_name
from ablate.stats.spreads import FEWEST_BLOCKS_FOR_SPREADS, Spreads
from ablate.stats.verdicts import FEWEST_BLOCKS, SIGNIFICANCE, smallest
from ablate.stats.wording import counted, percent_of_log, two_digits
from ablate.study.schedule import Clock
from ablate.study.score import TTA_ACCURACY, Score

POWER = 0.8
"""The chance of seeing the effect that the numbers here stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """The smallest effects that a study of `blocks` blocks in `processes` processes sees with `power`; NaN: none at all, or unknown.

    `score_change` is in the unit of `score`. `spreads_source` says whose spreads that supposes; None: there are none to suppose, so
    both effects are unknown. With `arms_averaged` they are averages over so many arms. `clock` is the study's, and `times_count` False
    where trials that run side by side give its times. `pilot` is the command whose trials would tell what is unknown.
    """

    blocks: int
    processes: int
    score_change: float
    time_percent: float
    power: float
    spreads_source: str | None
    score: Score = TTA_ACCURACY
    arms_averaged: int | None = None
    clock: Clock = "trial"
    times_count: bool = True
    pilot: str = ""

    @property
    def sentence(self) -> str:
        """Both effects in one sentence, or what has to be done to see or know any."""
        if self.blocks == 0:
            return self._of_times_alone()
        each_side = self.blocks if self.arms_averaged is None else self.blocks * self.arms_averaged // 2
        if each_side < FEWEST_BLOCKS:
            return f"{counted(self.blocks, 'block')}: numbers and no verdict; run at least {FEWEST_BLOCKS}"
        if self.spreads_source is None:
            return f"What this study can see is unknown here; `{self.pilot}` tells"
        decimals = decimals_of(self.score, self.score_change)
        change = f"{self.score_change:.{decimals}f} {self.score.unit}".rstrip()
        seen = f"This study can see {change} of {short_name(self.score)}"
        supposed = f"({100 * self.power:.0f} % power, with the spreads of {self.spreads_source})"
        if isfinite(self.time_percent):
            return f"{seen} and {two_digits(self.time_percent)} % of time {supposed}"
        if not self.times_count:
            why = "trials run side by side; `--clock interleaved` takes times apart"
            return f"{seen} {supposed}, and gives no interval of time: {why}"
        if not _asks_for_time(self.blocks, self.processes, self.clock, self.times_count):
            return f"{seen} {supposed}, and gives no interval of time: that takes at least two processes, better five"
        return f"{seen} {supposed}; what it can see of time is unknown here, `{self.pilot}` tells"

    def _of_times_alone(self) -> str:
        if isfinite(self.time_percent):
            supposed = f"({100 * self.power:.0f} % power, with the spreads of {self.spreads_source})"
            return f"This study can see {two_digits(self.time_percent)} % of time {supposed}"
        if self.processes == 1:
            return "This study gives no interval of time: that takes at least two processes, better five"
        return f"What this study can see of time is unknown here; `{self.pilot}` tells"


TELLS_TIME_TOO = f"--trials {FEWEST_BLOCKS_FOR_SPREADS} --processes {FEWEST_BLOCKS_FOR_SPREADS}"
"""What trials of two arms tell the spreads of the score and of time from, each block in a process of its own."""


def _asks_for_time(blocks: int, processes: int, clock: Clock, times_count: bool) -> bool:
    return times_count and (processes if clock == "interleaved" else min(processes, blocks)) > 1


def pilot_of(options: Sequence[str], *, timed: bool) -> str:
    """The command whose trials tell how much scores spread and, if `timed`, times; `options` are those that set its conditions."""
    size = TELLS_TIME_TOO if timed else f"--trials {FEWEST_BLOCKS_FOR_SPREADS}"
    return f"ablate run {size} {shlex.join(options)}".rstrip()


def visible(
    blocks: int,
    processes: int,
    *,
    spreads: Spreads | None,
    contrasts: int = 1,
    arms_averaged: int | None = None,
    power: float = POWER,
    score: Score = TTA_ACCURACY,
    precision: Precision | None = None,
    clock: Clock = "trial",
    times_count: bool = True,
    options: Sequence[str] = (),
) -> Visible:
    """The smallest effects that a study of this size sees with `power` at 0.05, under Holm's harshest step of `contrasts`.

    `spreads` are those of `score`, from trials on the same machine, preset and data; None: there are none, and nothing can be promised.
    Score: paired t on `blocks` differences. Time: t on one paired value a process. `precision` is that of a study whose effects
    are known otherwise; of averages over `arms_averaged` arms, for one. `clock` and `times_count`: see `Visible`. `options`: those
    of the command line, such as --preset and --clock, under which a pilot's trials vary as the study's will.
    Source: power of the one-sample t-test from the noncentral t distribution.

    Raises:
        UsageError: `processes` or `contrasts` below 1, `blocks` too (below 0 with the interleaved clock), `power` outside (0.05, 1).
    """
    fewest = {"blocks": 0 if clock == "interleaved" else 1, "processes": 1, "contrasts": 1}
    for (name, least), number in zip(fewest.items(), (blocks, processes, contrasts), strict=True):
        if number < least:
            raise UsageError(f"{name} = {number}: give {least} or more")
    _check_power(power)
    alpha = SIGNIFICANCE / contrasts
    if precision is None and spreads is not None:
        manned = min(processes, blocks)
        rounds = [blocks / manned] * manned if manned else ()
        precision = precision_of_pairs(spreads, blocks=blocks, rounds=rounds)
    return Visible(
        blocks=blocks,
        processes=processes,
        score_change=_smallest(precision.score_error, precision.score_degrees, alpha, power) if precision else nan,
        time_percent=percent_of_log(_smallest(precision.time_error, precision.time_degrees, alpha, power))
        if precision
        else nan,
        power=power,
        spreads_source=spreads.source if spreads else None,
        score=score,
        arms_averaged=arms_averaged,
        clock=clock,
        times_count=times_count,
        pilot=pilot_of(options, timed=_asks_for_time(blocks, processes, clock, times_count)),
    )


def blocks_needed(effect: float, *, spreads: Spreads, power: float = POWER) -> int:
    """How many blocks it takes to see an `effect` on the score, in the unit of `spreads`, paired, with `power` at 0.05.

    Raises:
        UsageError: `effect` is zero or not finite, `power` outside (0.05, 1).
    """
    _check_power(power)
    if not isfinite(effect) or effect == 0:
        raise UsageError(f"an effect of {effect} cannot be looked for: give a number other than zero")
    return _needed(abs(effect) / paired_sd(spreads), power)


def processes_needed(effect_percent: float, blocks_each: int, *, spreads: Spreads, power: float = POWER) -> int:
    """How many processes of `blocks_each` blocks it takes to see a change of time of `effect_percent`, with `power` at 0.05.

    Raises:
        UsageError: `effect_percent` is zero, not finite, or -100 or less; `blocks_each` below 1; `power` outside (0.05, 1);
            `spreads` without those of time.
    """
    _check_power(power)
    if not isfinite(effect_percent) or effect_percent == 0 or effect_percent <= -100:
        raise UsageError(f"a change of time of {effect_percent} % cannot be looked for: give a number other than zero")
    if blocks_each < 1:
        raise UsageError(f"blocks_each = {blocks_each}: give 1 or more")
    if not spreads.knows_time:
        raise UsageError(f"the spreads of {spreads.source} tell nothing of time: run with {TELLS_TIME_TOO} first")
    return _needed(abs(log1p(effect_percent / 100)) / process_value_sd(spreads, blocks_each), power)


def _smallest(error: float, degrees: int, alpha: float, power: float) -> float:
    """The smallest effect that a t-test with this standard error and so many degrees of freedom finds."""
    return smallest_standardised_effect(degrees + 1, alpha=alpha, power=power) * sqrt(degrees + 1) * error


def smallest_standardised_effect(n: int, *, alpha: float = SIGNIFICANCE, power: float = POWER) -> float:
    """The mean, in sds, that a two-sided one-sample t-test on `n` values finds with `power`; NaN below two values."""
    if n < 2:
        return float("nan")
    upper = 1.0
    while t_test_power(upper, n, alpha=alpha) < power:
        upper *= 2
    return float(optimize.brentq(lambda effect: t_test_power(effect, n, alpha=alpha) - power, 0.0, upper, xtol=1e-10))


def t_test_power(standardised_effect: float, n: int, *, alpha: float = SIGNIFICANCE) -> float:
    """The chance that a two-sided one-sample t-test on `n` values finds a mean of `standardised_effect` sds."""
    critical = float(stats.t.ppf(1 - alpha / 2, n - 1))
    shift = abs(standardised_effect) * sqrt(n)
    lower = float(stats.nct.cdf(-critical, n - 1, shift))
    # scipy's noncentral t gives NaN far out in the lower tail, where the chance is nothing.
    return float(stats.nct.sf(critical, n - 1, shift)) + (lower if isfinite(lower) else 0.0)


def trials_each_needed(effect: float, *, spreads: Spreads, power: float = POWER) -> int:
    """Trials of each of two *unpaired* arms to see an `effect` on the score, as for a comparison with somebody else's trials, at 0.05.

    Source: power of the two-sample t-test with equal sds, from the noncentral t distribution.

    Raises:
        UsageError: `effect` is zero or not finite, `power` outside (0.05, 1).
    """
    _check_power(power)
    if not isfinite(effect) or effect == 0:
        raise UsageError(f"an effect of {effect} cannot be looked for: give a number other than zero")

    def enough(trials: int) -> bool:
        degrees_of_freedom = 2 * trials - 2
        critical = stats.t.ppf(1 - SIGNIFICANCE / 2, degrees_of_freedom)
        shift = abs(effect) / spreads.score_sd * sqrt(trials / 2)
        return bool(stats.nct.sf(critical, degrees_of_freedom, shift) >= power)

    return _or_refuse(smallest(enough, at_least=2))


def _needed(standardised_effect: float, power: float) -> int:
    return _or_refuse(smallest(lambda n: t_test_power(standardised_effect, n) >= power, at_least=2))


def _or_refuse(number: int | None) -> int:
    if number is None:
        raise UsageError("an effect this small takes more trials than anyone could run")
    return number


def _check_power(power: float) -> None:
    if not SIGNIFICANCE < power < 1:
        raise UsageError(f"power = {power}: give a number between {SIGNIFICANCE} and 1")
