"""What nobody should read in a record or on a screen: passwords and tokens in addresses."""

import re

_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")
_TOKEN = re.compile(r"([?&][\w-]*(?:token|key|secret|password)=)[^&#\s]+", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """The text with passwords and tokens of addresses as three dots: postgresql://me:...@host/runs, https://host/?write_token=...."""
    return _TOKEN.sub(r"\1...", _PASSWORD.sub(r"\1:...", text))
