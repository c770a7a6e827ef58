"""What the whole command line shares."""

import os
from collections.abc import Sequence

from ablate.formats.secrets import without_secrets

DEBUG_FLAG = "--debug"
_DEBUG_VARIABLE = "ABLATE_DEBUG"

_words: list[str] = []


def set_debugging() -> None:
    """Show tracebacks, in child processes too."""
    os.environ[_DEBUG_VARIABLE] = "1"


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return os.environ.get(_DEBUG_VARIABLE, "") not in ("", "0")


def set_command_line(words: Sequence[str]) -> None:
    """Remember the words that this command was given."""
    _words[:] = words


def command_line() -> tuple[str, ...]:
    """The command as it was given, for the record: without passwords, since records are passed on."""
    return ("ablate", *map(without_secrets, _words))


def version_line() -> str:
    """The package's version, and the commit of the checkout it runs from."""
    from ablate.machine.environment import package_version, source_state

    source = source_state()
    if source.commit is None:
        return f"ablate {package_version()}"
    changed = ", with changes" if source.dirty else ""
    return f"ablate {package_version()} (commit {source.commit[:12]}{changed})"
