"""The lines of a trials file: one JSON object each, with its schema number and kind."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from ablate.errors import AblateError, UsageError
from ablate.records import SCHEMA, Environment, RecipeRecord, Status, Trial, canonical_json

_STATUSES = frozenset(get_args(Status))


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
            except _NewerSchemaError as error:
                raise AblateError(f"{path}, line {number}: {error}") from None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
                raise AblateError(
                    f"{path}, line {number} is not a record of a trial: {reason}. Nothing was changed; "
                    "restore that line from a copy, or delete it to run its trial again."
                ) from error
            yield Record(value, digest, end)


class _NewerSchemaError(Exception):
    """The line was written by a newer package."""


def _parse(line: bytes) -> tuple[Trial | RecipeRecord | Environment, str]:
    fields = json.loads(line.decode())
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    schema = fields.pop("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ValueError(f"schema is {schema!r}")
    if schema > SCHEMA:
        raise _NewerSchemaError(
            f"schema {schema} is newer than this ablate, which reads up to {SCHEMA}. Update ablate."
        )
    kind = fields.pop("kind")
    if kind == "trial":
        if fields["status"] not in _STATUSES:
            raise ValueError(f"status is {fields['status']!r}")
        return Trial.from_json(fields), ""
    if kind == "recipe":
        return RecipeRecord.from_json(fields), fields["digest"]
    if kind == "environment":
        return Environment.from_json(fields), fields["digest"]
    raise ValueError(f"kind is {kind!r}")


def _check_cited(trial: Trial, digests: Mapping[str, set[str]]) -> None:
    for kind, cited in (("recipe", trial.recipe), ("environment", trial.environment)):
        if cited not in digests[kind]:
            raise ValueError(f"it cites {kind} {cited[:12]}, which no line before it holds")
