"""Numbers as people read them: signs, digits and units, the same in tables, figures and sentences."""

from math import expm1, isfinite

MINUS = "\N{MINUS SIGN}"


def signed(value: float, decimals: int) -> str:
    """`value` with its sign and a true minus; what rounds to zero has no sign; "?" if not finite."""
    if not isfinite(value):
        return "?"
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else MINUS}{text}"


def percent_decimals(value_percent: float) -> int:
    """One decimal for percentages from 1 on, two below: "2.3 %", "0.28 %"."""
    return 1 if abs(value_percent) >= 0.995 else 2


def accuracy_words(difference_pp: float) -> str:
    """A difference of accuracies in percentage points: "+0.04 pp"."""
    return f"{signed(difference_pp, 2)} pp"


def time_words(change_percent: float) -> str:
    """A change of time in percent: "2.3 % faster", "0.28 % slower", "as fast"."""
    decimals = percent_decimals(change_percent)
    text = f"{abs(change_percent):.{decimals}f}"
    if float(text) == 0:
        return "as fast"
    return f"{text} % {'slower' if change_percent > 0 else 'faster'}"


def interval_words(low: float, high: float, decimals: int) -> str:
    """Both ends of an interval: "[−0.05, +0.03]"."""
    return f"[{signed(low, decimals)}, {signed(high, decimals)}]"


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 block", "20 blocks", "2 processes"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"


def percent_of_log(log_ratio: float) -> float:
    """A log ratio as a change in percent."""
    return 100 * expm1(log_ratio)
