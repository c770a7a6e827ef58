"""A score as people read it: what it is called, and its values and gains with units and digits; a gain is positive where better."""

from collections.abc import Iterable
from math import floor, isfinite, log10
from statistics import median

from ablate.stats.wording import NAN, interval_words, signed
from ablate.study.score import TTA_ACCURACY, Score

_PP_DECIMALS = 2
"""Of percentages and percentage points: a test set of 10,000 steps by 0.01."""

_MOST_DECIMALS = 6


def is_percentage(score: Score) -> bool:
    """Whether the score is a share out of a hundred, such as an accuracy: its differences are percentage points."""
    return score.unit == "pp"


def short_name(score: Score) -> str:
    """The score within a sentence about it: "accuracy" for any kind of accuracy, else its title."""
    return "accuracy" if score.title.split()[-1] == "accuracy" else score.title


def times_alone(score: Score) -> str:
    """What to say of effects whose times were measured and whose scores were not, or not yet."""
    return f"times alone, no {short_name(score)} measured"


def capital(text: str) -> str:
    """The text with a capital first letter and the rest as it is."""
    return text[:1].upper() + text[1:]


def gain_name(score: Score) -> str:
    """What heads a column of gains: "TTA accuracy"; "validation loss lowered", as time is saved."""
    return score.title if score.better == "higher" else f"{score.title} lowered"


def value_unit(score: Score) -> str:
    """The unit of one value, "%" or "nats"; "" without one."""
    return score.value_unit or score.unit


def score_in_full(score: Score) -> str:
    """What tells one score from another: "validation loss (nats, lower is better)"."""
    factor = "" if score.factor == 1 else f"× {score.factor:g}"
    unit = ", ".join(filter(None, (value_unit(score), factor, f"{score.better} is better")))
    return f"{score.title} ({unit})"


def value_name(score: Score) -> str:
    """What heads a column of values: "TTA accuracy %", "validation loss nats"."""
    return f"{score.title} {value_unit(score)}".rstrip()


def against_time(score: Score) -> str:
    """The title of a figure of the score against time."""
    return f"{capital(short_name(score))} against time"


def equal_name(score: Score) -> str:
    """What a time at an equal score is called: "equal-accuracy"."""
    return f"equal-{short_name(score)}"


def curve_name(score: Score) -> str:
    """What a training's curve shows: of image recipes accuracy without test-time augmentation, else the score."""
    return "validation accuracy" if score.measures_as(TTA_ACCURACY) else score.title


def curves_title(score: Score) -> str:
    """The title of a figure of curves."""
    return f"{capital(curve_name(score))} by epoch"


def with_unit(name: str, unit: str) -> str:
    """The name of an axis: "TTA accuracy (%)", "Validation loss (nats)"."""
    return f"{capital(name)} ({unit})" if unit else capital(name)


def axis_name(score: Score, end: str) -> str:
    """The name of an axis of values: "TTA accuracy (%)"; where less is better it runs backwards, so that its `end` is better."""
    reverse = "" if score.better == "higher" else f", reversed: {end} is better"
    return f"{with_unit(score.title, value_unit(score))}{reverse}"


def decimals_of(score: Score, *sizes: float) -> int:
    """Decimals of a number in the score's unit: two for percentage points, else two digits of a middling one of `sizes`.

    `sizes` are widths of intervals, or where there are none the values themselves.
    """
    if is_percentage(score):
        return _PP_DECIMALS
    known = [abs(size) for size in sizes if isfinite(size) and size != 0]
    if not known:
        return 3
    return min(max(1 - floor(log10(median(known))), 0), _MOST_DECIMALS)


def decimals_for_gains(score: Score, gains: Iterable[tuple[float, float, float]]) -> int:
    """One number of decimals for many gains, each with the ends of its interval: by the intervals, without any by the gains."""
    every = list(gains)
    widths = [high - low for _, low, high in every if isfinite(high - low)]
    return decimals_of(score, *(widths or [gain for gain, _, _ in every]))


def value_words(value: float, score: Score) -> str:
    """One value: "94.01 %", "3.281 nats"."""
    number = f"{score.factor * value:.{_PP_DECIMALS}f}" if is_percentage(score) else f"{score.factor * value:.4g}"
    return _united(number, value_unit(score))


def result_words(value: float | None, seconds: float | None, score: Score) -> tuple[str, str]:
    """A trial's score and its time, "" for what it did not measure."""
    return "" if value is None else value_words(value, score), "" if seconds is None else f"{seconds:.2f} s"


def gain_words(gain: float, score: Score, low: float = NAN, high: float = NAN) -> str:
    """A gain for a column of gains, with the decimals of its interval: "+0.04 pp", "+0.020 nats"."""
    return _united(signed(gain, _decimals(gain, score, low, high)), score.unit)


def gain_interval(score: Score, low: float, high: float) -> str:
    """The ends of a gain's interval: "[−0.02, +0.10]"."""
    return interval_words(low, high, decimals_of(score, high - low))


def change_words(
    gain: float, score: Score, low: float = NAN, high: float = NAN, *, full: bool = False, brief: bool = False
) -> str:
    """A gain in a sentence: "+0.04 pp" (`full`: "TTA accuracy +0.04 pp"), "lowers validation loss by 0.020 nats [0.010, 0.030]".

    As with time, the interval points where the verb does, and its number has the interval's decimals. A score of which more is
    better is named where its unit does not speak for it. `brief`: without the
    interval; what rounds to no gain then "leaves validation loss as it is".
    """
    if not isfinite(gain):
        return f"{score.title if full or score.better == 'lower' else short_name(score)} not measured"
    known = isfinite(low) and isfinite(high) and not brief
    if score.better == "higher":
        interval = f" {gain_interval(score, low, high)}" if known else ""
        named = f"{score.title} " if full or not score.unit else ""
        return f"{named}{gain_words(gain, score, low, high)}{interval}"
    decimals = _decimals(gain, score, low, high)
    number = f"{abs(gain):.{decimals}f}"
    if not known and float(number) == 0:
        return f"leaves {score.title} as it is"
    raises = gain < 0 and float(number) != 0
    ends = (-high, -low) if raises else (low, high)
    interval = f" {interval_words(*ends, decimals, plain_if_positive=True)}" if known else ""
    return f"{'raises' if raises else 'lowers'} {score.title} by {_united(number, score.unit)}{interval}"


def _decimals(gain: float, score: Score, low: float, high: float) -> int:
    return decimals_of(score, high - low if isfinite(high - low) else gain)


def _united(number: str, unit: str) -> str:
    return f"{number} {unit}".rstrip()
