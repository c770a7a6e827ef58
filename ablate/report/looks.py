"""What a report says of a study with looks: where it stands, at what level it is read, and what that holds for."""

from math import isfinite

from ablate.stats.effects import DEFAULT_MARGINS
from ablate.stats.evidence import Evidence
from ablate.stats.looks import Look, asks_for_time
from ablate.stats.score_words import short_name
from ablate.stats.wording import confidence_words, counted
from ablate.study import Study


def intervals_named(evidence: Evidence) -> str:
    """ "95 %", or for a study with looks "97.4 %, valid for 4 looks"."""
    words = confidence_words(evidence.level)
    return words if evidence.look is None else f"{words}, valid for {evidence.look.planned} looks"


def looks_sentence(evidence: Evidence) -> str:
    """How a study with looks stands, and which intervals that gives it; "" of any other, and before the first block."""
    look = evidence.look
    if look is None or not look.blocks:
        return ""
    intervals = f"{confidence_words(look.level)} intervals, valid for {look.planned} looks"
    return f"{_standing(look, evidence)}: {intervals}{_condition(look)}.{_not_asked(look.study, evidence)}"


def minutes_words(evidence: Evidence) -> str:
    """ "14, from the first start to the last end of trials, without pauses of more than ten minutes"; "" where unknown."""
    minutes = evidence.minutes
    if not isfinite(minutes):
        return ""
    return (
        f"{_rounded(minutes)}, from the first start to the last end of trials, without pauses of more than ten minutes"
    )


def looks_record(evidence: Evidence) -> dict[str, object]:
    """What a JSON object says of looks: nothing of a study without."""
    look = evidence.look
    if look is None:
        return {}
    return {
        "looks": {
            "at_blocks": list(look.study.looks),
            "taken": look.number,
            "planned": look.planned,
            "blocks": look.blocks,
            "stage": look.stage,
            "level": look.level,
            "open": look.open,
            "sentence": looks_sentence(evidence),
        }
    }


def _standing(look: Look, evidence: Evidence) -> str:
    so_far = f"{_minutes(look, evidence)}{look.blocks} of {counted(look.study.blocks, 'block')}"
    number = f"look {look.number} of {look.planned}"
    match look.stage:
        case "settled":
            return f"Settled after {so_far} ({number})"
        case "open" if look.hopeless(DEFAULT_MARGINS, evidence.score):
            return f"After {so_far} ({number}), what is open cannot be settled in the blocks left"
        case "open":
            return f"After {so_far} ({number}), {counted(look.open, 'verdict')} open"
        case "end":
            return f"Ran to its end, {so_far} ({number})"
        case "between":
            done = f"{counted(look.number, 'look')} of {look.planned} taken" if look.number else "before the first look"
            return f"After {so_far} ({done})"


def _condition(look: Look) -> str:
    """What the level takes for granted: between looks, that the results did not choose the moment."""
    if look.stage == "between" or (look.stage == "open" and 2 * look.blocks < look.study.blocks):
        return (
            " if the study ends here for another reason than its results, such as its minutes; "
            "if it goes on, the next look says what it shows"
        )
    return ""


def _not_asked(study: Study, evidence: Evidence) -> str:
    if asks_for_time(study):
        return ""
    return f" Only verdicts on {short_name(evidence.score)} were waited for: time takes two processes or more for one."


def _minutes(look: Look, evidence: Evidence) -> str:
    """ "14 of about 25 minutes, ": what the planned blocks would have taken at this speed."""
    minutes = evidence.minutes
    if not isfinite(minutes):
        return ""
    if look.stage == "end":
        return f"{_rounded(minutes)} minutes, "
    whole = minutes * look.study.blocks / look.blocks
    return f"{_rounded(minutes)} of about {_rounded(whole)} minutes, "


def _rounded(minutes: float) -> str:
    """Whole minutes from ten on, two digits below."""
    return f"{minutes:.0f}" if minutes >= 10 else f"{minutes:.2g}"
