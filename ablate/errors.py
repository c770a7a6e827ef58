"""The errors a user can meet, each with the exit code the command line gives it."""

from collections.abc import Iterable
from difflib import get_close_matches


class AblateError(Exception):
    """Anything that went wrong and can be said in one or two lines; exit code 1."""

    exit_code = 1


class UsageError(AblateError):
    """The request itself is wrong: an unknown name, a bad number, an unwritable folder; exit code 2."""

    exit_code = 2


class TrialsFailedError(AblateError):
    """The study ended, but some of its trials failed; exit code 3."""

    exit_code = 3


class DataError(AblateError):
    """A data set is missing, torn, or not what it should be; exit code 4."""

    exit_code = 4


class InterruptedStudyError(AblateError):
    """The user or the system asked to stop; finished trials are kept; exit code 130."""

    exit_code = 130


def near_match(word: str, choices: Iterable[str]) -> str:
    """A clause that names the closest of `choices`, or lists them all: " Did you mean 'silu'?"."""
    choices = sorted(set(choices))
    close = get_close_matches(word.lower(), [choice.lower() for choice in choices], n=1, cutoff=0.5)
    if close:
        match = next(choice for choice in choices if choice.lower() == close[0])
        return f" Did you mean '{match}'?"
    return f" Choose from: {', '.join(choices)}." if choices else ""


def near_match_and_all(word: str, choices: Iterable[str]) -> str:
    """A clause for a short list: the closest of `choices`, if one is close, and all: " Did you mean 'md'? There are: csv, md."."""
    choices = list(dict.fromkeys(choices))
    close = near_match(word, choices)
    return f"{close} There are: {', '.join(choices)}." if "Did you mean" in close else close
