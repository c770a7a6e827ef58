"""Text from outside, made harmless: what would move a cursor, turn the reading direction or break a line is shown, not done."""

import re
import unicodedata

from ablate.errors import UsageError

_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029][\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029 ]*")
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Persian, Indic scripts and emoji are spelled with these two; they do nothing by themselves.
_JOINERS = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """The text on one line: line breaks and tabs as spaces, other control characters by their escapes ("\\x1b", "\\u202e").

    Covers what steers terminals (C0, C1), what turns the reading direction, what is invisible, and halves of surrogate pairs.
    Printable text is itself.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(letter) if _steers(letter) else letter for letter in _BREAK.sub(" ", text))


def printable_lines(text: str) -> str:
    """`printable` for each line of a text."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


def check_printable(what: str, text: object) -> None:
    """Refuse a text that could not be printed on one line as it is; `what` names it: "The question of study 'x'".

    Raises:
        UsageError: it is no text, or has a line break or a control character; the message names which and where.
    """
    if not isinstance(text, str):
        raise UsageError(f"{what} is {text!r}, not a text.")
    shown = printable(text)
    if shown == text:
        return
    place, letter = next(
        (place, letter) for place, letter in enumerate(text) if _steers(letter) or _BREAK.fullmatch(letter)
    )
    kind = "a line break" if letter in "\n\r" else "a tab" if letter == "\t" else f"the character {_escaped(letter)}"
    raise UsageError(f"{what} has {kind} at place {place + 1}: '{shown[:60]}'. Write it as plain text on one line.")


def _steers(letter: str) -> bool:
    return not letter.isprintable() and unicodedata.category(letter) in _CATEGORIES and letter not in _JOINERS


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
