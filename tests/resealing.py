"""Run folders with something else in them, and digests and checksums that fit it: as somebody else's program would write them."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ablate.formats.canonical import digest
from ablate.store.checksum import sealed, sealed_line


def write_study(folder: Path, study: Any) -> None:
    """A study.json that holds any JSON value."""
    content = sealed(_without(study, "crc")) if isinstance(study, dict) else study
    (folder / "study.json").write_text(json.dumps(content))


def write_lines(folder: Path, lines: Sequence[Any]) -> None:
    """Trials whose lines hold any JSON values, each after a record that it cites."""
    renamed: dict[str, str] = {}
    written = b""
    for line in lines:
        if not isinstance(line, dict) or not line:
            written += f"{json.dumps(line)}\n".encode()
            continue
        content = _without(line, "crc")
        if isinstance(line.get("digest"), str):
            # What has no digest, such as a NaN, keeps the one that it had.
            with suppress(ValueError):
                content["digest"] = digest(_without(content, "schema", "kind", "digest"))
            renamed[line["digest"]] = content["digest"]
        if line.get("kind") == "trial":
            for name in ("recipe", "environment"):
                if isinstance(content.get(name), str):
                    content[name] = renamed.get(content[name], content[name])
        written += sealed_line(json.dumps(content))
    (folder / "trials.jsonl").write_bytes(written)


def _without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: entry for name, entry in value.items() if name not in names}
