"""Numbers as people read them: signs, digits and units, the same in tables, figures and sentences."""

from collections.abc import Iterable, Sequence
from math import expm1, floor, isfinite, log10

from ablate.study.arms import BASELINE

MINUS = "\N{MINUS SIGN}"
NAN = float("nan")

EVERYTHING = "everything"
"""The subject of a contrast between all features and none."""


AVERAGED = "on average over the others being on or off"
"""How an average effect of a screening was measured."""


def signed(value: float, decimals: int) -> str:
    """`value` with its sign and a true minus; what rounds to zero has no sign; "?" if not finite."""
    if not isfinite(value):
        return "?"
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else MINUS}{text}"


def confidence_words(level: float) -> str:
    """The share of intervals at `level` that hold: "95 %", "99.81 %"; two digits of what is missing from 100 %."""
    decimals = max(0, 1 - floor(log10(100 * level)))
    return f"{float(f'{100 * (1 - level):.{decimals}f}'):g} %"


def percent_decimals(value_percent: float) -> int:
    """One decimal for percentages from 1 on, two below: "2.3 %", "0.28 %"."""
    return 1 if abs(value_percent) >= 0.995 else 2


def interval_decimals(low: float, high: float) -> int:
    """Decimals of a percentage beside its interval: one where the interval is 2 or wider, two from 0.1 on, three below."""
    width = abs(high - low)
    return 1 if width >= 2 else 2 if width >= 0.1 else 3


def saved_words(saved_percent: float, low: float = NAN, high: float = NAN, *, of: str = "") -> str:
    """Time saved in percent of the reference, as a verb: "saves 14.4 % [5.9, 22.2]", "costs 2.0 % [−6.2, +10.9]".

    The interval points where the verb does, and its number has the interval's decimals, so that the one lies inside the other; an
    end that is not known is "?". `of` follows the percent sign. Without an interval, what rounds to zero "takes as long".
    """
    known = isfinite(low) or isfinite(high)
    decimals = _saved_decimals(saved_percent, low, high)
    text = f"{abs(saved_percent):.{decimals}f}"
    costs = saved_percent < 0 and float(text) != 0
    if not known and float(text) == 0:
        return "takes as long"
    ends = (-high, -low) if costs else (low, high)
    interval = f" {interval_words(*ends, decimals, plain_if_positive=True)}" if known else ""
    return f"{'costs' if costs else 'saves'} {text} %{of}{interval}"


def saved_signed(saved_percent: float, low: float = NAN, high: float = NAN) -> str:
    """Time saved as a signed number for a table: "+14.4 %", with the decimals of its interval; positive is better."""
    return f"{signed(saved_percent, _saved_decimals(saved_percent, low, high))} %"


def saved_interval(saved_percent: float, low: float, high: float) -> str:
    """Both ends of the interval of time saved: "[+12.1, +16.6]"; one that is not known is "?", and "" where neither is."""
    known = isfinite(low) or isfinite(high)
    return interval_words(low, high, _saved_decimals(saved_percent, low, high)) if known else ""


def _saved_decimals(saved_percent: float, low: float, high: float) -> int:
    """Those of the interval, as far as it is known."""
    known = [end for end in (low, high) if isfinite(end)]
    if not known:
        return percent_decimals(saved_percent)
    return interval_decimals(low, high) if len(known) == 2 else interval_decimals(saved_percent, known[0])


def interval_words(low: float, high: float, decimals: int, *, plain_if_positive: bool = False) -> str:
    """Both ends of an interval: "[−0.05, +0.03]"; with `plain_if_positive` no signs where both are positive: "[0.02, 0.05]"."""
    known = [end for end in (low, high) if isfinite(end)]
    if plain_if_positive and known and min(known) > 0 and float(f"{min(known):.{decimals}f}") != 0:
        return f"[{', '.join(f'{end:.{decimals}f}' if isfinite(end) else '?' for end in (low, high))}]"
    return f"[{signed(low, decimals)}, {signed(high, decimals)}]"


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 block", "20 blocks", "2 processes"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"


def counted_each(numbers: Iterable[int], noun: str) -> str:
    """How many each of several has: "5 trials", "5 to 7 trials"."""
    known = [int(number) for number in numbers]
    fewest, most = min(known), max(known)
    return counted(most, noun) if fewest == most else f"{fewest:,} to {counted(most, noun)}"


def start_words(arm: str) -> str:
    """What the arm that others are measured from is called: "the baseline"; "'others'", as a study names it."""
    return f"the {BASELINE}" if arm == BASELINE else f"'{arm}'"


def that_of_start(arm: str) -> str:
    """In a sentence about times: "the baseline's", "that of 'others'"."""
    return f"the {BASELINE}'s" if arm == BASELINE else f"that of '{arm}'"


def blocks_counted(blocks: int, time_blocks: int) -> str:
    """How many blocks stand behind numbers, or, where they are of times alone, how many rounds: "20 blocks", "6 rounds of times"."""
    return counted(blocks, "block") if blocks or not time_blocks else f"{counted(time_blocks, 'round')} of times"


def sample_words(blocks: int, time_blocks: int, processes: int, of: str = "") -> str:
    """What numbers stand on: "20 blocks in 5 processes"; where no times are compared, scores ask for no process: "20 blocks".

    `of` follows the blocks: " of 7 arms".
    """
    where = f" in {counted(processes, 'process')}" if processes else ""
    return f"{blocks_counted(blocks, time_blocks)}{of}{where}"


def two_digits(value: float) -> str:
    """A positive number by its first two digits, but never as 1.2e+02."""
    return f"{value:.2g}" if value < 99.5 else f"{value:.0f}"


MOST_NAMED = 6
"""How many of a list a sentence names."""


def listed(entries: Sequence[str], separator: str = ", ") -> str:
    """The first few of them, and how many more there are."""
    more = len(entries) - MOST_NAMED
    return separator.join(entries[:MOST_NAMED]) + (f"{separator}and {more} more" if more > 0 else "")


def percent_of_log(log_ratio: float) -> float:
    """A log ratio as a change in percent."""
    return 100 * expm1(log_ratio)


def saved_percent_of_log(log_ratio: float) -> float:
    """A log ratio of times, with over without, as time saved in percent of the time without."""
    # Subtracted, not negated: no saving at all has no sign.
    return 0.0 - percent_of_log(log_ratio)
