"""The lines of a trials file: one JSON object each, with its schema number, its kind and, at the end, its checksum."""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ablate.errors import AblateError, UsageError
from ablate.formats.canonical import canonical_json, digest
from ablate.formats.json_objects import ShapeError, reason_unreadable, shown
from ablate.store.checksum import FIELD, check_line, refuse_unchecked, sealed_line
from ablate.store.records import SCHEMA, Environment, NewerSchemaError, RecipeRecord, Trial, check_schema

Kept: TypeAlias = Trial | RecipeRecord | Environment


class Record(NamedTuple):
    """What a line holds; `digest` is what trials cite ("" for a trial), `end` the byte after the line."""

    value: Kept
    digest: str
    end: int


def format_line(kind: str, fields: Mapping[str, Any]) -> bytes:
    """One line, newline included.

    Raises:
        AblateError: a number is not finite, or a value is not JSON.
    """
    try:
        return sealed_line(canonical_json({"schema": SCHEMA, "kind": kind, **fields}))
    except (TypeError, ValueError) as error:
        raise AblateError(
            f"A {kind} cannot be stored: {error}. Its numbers must be finite, its values JSON."
        ) from error


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file, in order; a last line without a newline is torn or still being written, and passed over.

    Raises:
        UsageError: there is no such file.
        AblateError: a line cannot be read or has changed since it was written, named by file and number; or its schema is newer
            than this package.
    """
    digests: dict[str, set[str]] = {"recipe": set(), "environment": set()}
    end = 0
    for number, line in numbered_lines(path):
        try:
            if is_torn(line):
                return
            end += len(line)
            value, cited_by, _ = parse_line(line)
            if isinstance(value, Trial):
                _check_cited(value, digests)
            else:
                digests["recipe" if isinstance(value, RecipeRecord) else "environment"].add(cited_by)
        except NewerSchemaError as error:
            raise AblateError(f"{path}, line {number}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise AblateError(
                f"{path}, line {number} is not a record of a trial: {reason_unreadable(error)} Nothing was changed; "
                "restore that line from a copy, or delete it to run its trial again. "
                f"`ablate study check {shlex.quote(str(path.parent))}` lists all that is damaged."
            ) from error
        yield Record(value, cited_by, end)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, newlines included, counted from 1; the last may be torn.

    Raises:
        UsageError: there is no such file.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    with file:
        yield from enumerate(file, start=1)


def is_torn(line: bytes) -> bool:
    """Whether a line is the beginning of one, of which the rest is still to come or was lost.

    Raises:
        ShapeError: it is a whole line whose newline has changed.
    """
    if line.endswith(b"\n"):
        return False
    # What is torn off anywhere before its newline is shorter than a line with its checksum.
    if _is_whole(line[:-1] + b"\n"):
        raise ShapeError("its last byte has changed since it was written, and is a newline no more.")
    return True


def _is_whole(line: bytes) -> bool:
    try:
        return check_line(line)
    except ShapeError:
        return False


def parse_line(line: bytes) -> tuple[Kept, str, bool]:
    """What a line holds, the digest that trials cite it by ("" for a trial), and whether it had a checksum.

    Raises:
        NewerSchemaError: a newer package wrote it.
        ValueError, RecursionError: it is not such a line, or has changed since it was written; `reason_unreadable` says it in words.
    """
    checked = check_line(line)
    fields = json.loads(line.decode())
    if not isinstance(fields, dict):
        raise ShapeError("not a JSON object.")
    check_schema(fields)
    if checked:
        del fields[FIELD]
    else:
        refuse_unchecked(fields["schema"], "a line")
    del fields["schema"]
    kind = fields.pop("kind", None)
    if kind == "trial":
        return Trial.from_json(fields), "", checked
    if kind not in ("recipe", "environment"):
        raise ShapeError(
            "lacks 'kind'." if kind is None else f"kind is {shown(kind)}, not one of trial, recipe, environment."
        )
    cited_by = fields.pop("digest", None)
    if type(cited_by) is not str:
        raise ShapeError(f"the {kind} lacks its digest.")
    value = (RecipeRecord if kind == "recipe" else Environment).from_json(fields)
    if not _has_digest(fields, cited_by):
        raise ShapeError(f"the {kind} has changed since it was written: its digest is no longer {cited_by[:12]}.")
    return value, cited_by, checked


def _has_digest(fields: Mapping[str, Any], cited_by: str) -> bool:
    try:
        return digest(fields) == cited_by
    except ValueError:
        # A NaN: nothing that was ever written.
        return False


def _check_cited(trial: Trial, digests: Mapping[str, set[str]]) -> None:
    for kind, cited in (("recipe", trial.recipe), ("environment", trial.environment)):
        if cited not in digests[kind]:
            raise ShapeError(f"it cites {kind} {cited[:12]}, which no line before it holds.")
