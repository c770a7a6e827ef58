"""Short checksums that tell a flipped bit from a result: at the end of each line of a trials file, and inside study.json.

CRC-32, not part of a hash: it is certain to notice any one or two flipped bits and any damage of up to 32 bits in a row, where a
hash cut to the same length is only likely to; and the store fears worn disks and torn copies, not forgers.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from ablate.formats.json_objects import ShapeError, shown

CHECKED_SINCE = 2
"""The first schema whose lines and files carry a checksum; what is older is read without."""

FIELD = "crc"

# Over the bytes of the line before it, so that checking parses nothing and no byte of the line goes without.
_SEAL = b',"crc":"%08x"}\n'
_SEAL_START = _SEAL[: _SEAL.index(b"%")]
_SEAL_LENGTH = len(_SEAL % 0)

CHANGED = "its checksum does not fit: some of it has changed since it was written."


def sealed_line(text: str) -> bytes:
    """A JSON object on one line with its checksum as last field, newline included.

    Raises:
        UnicodeEncodeError: the text holds half a surrogate pair.
    """
    body = text.removesuffix("}").encode()
    return body + _SEAL % zlib.crc32(body)


def check_line(line: bytes) -> bool:
    """Whether a line ends with a checksum, which then fits.

    Raises:
        ShapeError: it does not fit.
    """
    if not line.startswith(_SEAL_START, -_SEAL_LENGTH):
        return False
    if not line.endswith(_SEAL % zlib.crc32(line[:-_SEAL_LENGTH])):
        raise ShapeError(CHANGED)
    return True


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with its checksum as one more field; however it is laid out in a file, the checksum stays the same."""
    return {**content, FIELD: _crc(content)}


def unsealed(content: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A JSON object without its checksum, and whether it had one, which then fits.

    Raises:
        ShapeError: it does not fit.
    """
    rest = {name: value for name, value in content.items() if name != FIELD}
    if FIELD not in content:
        return rest, False
    if content[FIELD] != _crc(rest):
        raise ShapeError(CHANGED)
    return rest, True


def refuse_unchecked(schema: int, what: str) -> None:
    """Refuse what carries no checksum although its schema has one, so that damage to the checksum's own name is noticed too.

    Raises:
        ShapeError: `schema` is of the checked ones.
    """
    if schema >= CHECKED_SINCE:
        raise ShapeError(f"{what} of schema {shown(schema)} lacks its checksum '{FIELD}'.")


def _crc(content: Mapping[str, Any]) -> str:
    # In ASCII: a path in study.json may hold half a surrogate pair, which has no bytes in UTF-8.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x}"
