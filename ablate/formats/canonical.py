"""JSON in its one spelling, and the digest of a value."""

import hashlib
import json
from typing import Any, TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""What a JSON file can hold."""


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: `value` holds a NaN or an infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def digest(value: Any) -> str:
    """The sha256 of a JSON value's canonical spelling, in hex.

    Raises:
        ValueError: `value` holds a NaN or an infinity.
    """
    # JSON can spell half a surrogate pair, which UTF-8 cannot.
    return hashlib.sha256(canonical_json(value).encode(errors="surrogatepass")).hexdigest()
