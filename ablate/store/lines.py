"""The lines of a trials file: one JSON object each, with its schema number and kind."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, UsageError
from ablate.formats.canonical import canonical_json
from ablate.formats.json_objects import ShapeError, reason_unreadable, shown
from ablate.store.records import SCHEMA, Environment, NewerSchemaError, RecipeRecord, Trial, check_schema


@dataclass(frozen=True, slots=True)
class Record:
    """What a line holds; `digest` is what trials cite ("" for a trial), `end` the byte after the line."""

    value: Trial | RecipeRecord | Environment
    digest: str
    end: int


def format_line(kind: str, fields: Mapping[str, Any]) -> bytes:
    """One line, newline included.

    Raises:
        AblateError: a number is not finite, or a value is not JSON.
    """
    try:
        return (canonical_json({"schema": SCHEMA, "kind": kind, **fields}) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise AblateError(
            f"A {kind} cannot be stored: {error}. Its numbers must be finite, its values JSON."
        ) from error


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file, in order; a last line without a newline is torn or still being written, and passed over.

    Raises:
        UsageError: there is no such file.
        AblateError: a line cannot be read, named by file and number; or its schema is newer than this package.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    digests: dict[str, set[str]] = {"recipe": set(), "environment": set()}
    end = 0
    with file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            try:
                value, digest = _parse(line)
                if isinstance(value, Trial):
                    _check_cited(value, digests)
                else:
                    digests["recipe" if isinstance(value, RecipeRecord) else "environment"].add(digest)
            except NewerSchemaError as error:
                raise AblateError(f"{path}, line {number}: {error}") from None
            except (ValueError, RecursionError) as error:
                raise AblateError(
                    f"{path}, line {number} is not a record of a trial: {reason_unreadable(error)} Nothing was changed; "
                    "restore that line from a copy, or delete it to run its trial again."
                ) from error
            yield Record(value, digest, end)


def _parse(line: bytes) -> tuple[Trial | RecipeRecord | Environment, str]:
    fields = json.loads(line.decode())
    if not isinstance(fields, dict):
        raise ShapeError("not a JSON object.")
    check_schema(fields)
    del fields["schema"]
    kind = fields.pop("kind", None)
    if kind == "trial":
        return Trial.from_json(fields), ""
    if kind not in ("recipe", "environment"):
        raise ShapeError(
            "lacks 'kind'." if kind is None else f"kind is {shown(kind)}, not one of trial, recipe, environment."
        )
    digest = fields.pop("digest", None)
    if type(digest) is not str:
        raise ShapeError(f"the {kind} lacks its digest.")
    return (RecipeRecord if kind == "recipe" else Environment).from_json(fields), digest


def _check_cited(trial: Trial, digests: Mapping[str, set[str]]) -> None:
    for kind, cited in (("recipe", trial.recipe), ("environment", trial.environment)):
        if cited not in digests[kind]:
            raise ShapeError(f"it cites {kind} {cited[:12]}, which no line before it holds.")
