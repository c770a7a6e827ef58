"""JSON objects as the dataclasses they describe, each field looked at, and what is wrong said in the words of the file."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from ablate.errors import near_match
from ablate.formats.printable import printable

Parsed = TypeVar("Parsed")
_Reader = Callable[[Any], Any]

VERBATIM: Mapping[str, bool] = MappingProxyType({"verbatim": True})
"""Metadata of a field whose texts are names of files or words of a command, and stay what they are."""

ANY_SIZE: Mapping[str, bool] = MappingProxyType({"any_size": True})
"""Metadata of a field of whole numbers that no table holds, and that may be longer than 64 bits."""

FORMERLY = "formerly"
"""Metadata of a field that older files call otherwise: its name there."""

_LARGEST_WHOLE = 2**63
_LONGEST_SHOWN = 40


def reason_unreadable(error: Exception) -> str:
    """Why a text could not be parsed, in a sentence, for whatever `bytes.decode`, `json.loads` and `parse` raise."""
    if isinstance(error, ShapeError):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return f"not text: {error.reason} at byte {error.start + 1}."
    if isinstance(error, json.JSONDecodeError):
        if error.doc.startswith("\ufeff"):
            return "it begins with a byte order mark; save it as UTF-8 without one."
        where = f"line {error.lineno}, " if error.doc.rstrip("\n").count("\n") else ""
        return f"not JSON: {error.msg.removesuffix(' at')} at {where}place {error.colno}."
    if isinstance(error, RecursionError):
        return "it is nested too deep."
    return "it holds a number with too many digits."


class ShapeError(ValueError):
    """A JSON value is not what a field takes; the text names the place, the value and what belongs there."""

    def __init__(self, reason: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(" ".join((", ".join(place), reason)).strip())
        self.reason = reason
        self.place = place

    def inside(self, outer: str) -> "ShapeError":
        """The same, seen from one level further out."""
        return ShapeError(self.reason, (outer, *self.place))


def parse(kind: type[Parsed], value: object, what: str) -> Parsed:
    """The dataclass that a JSON object describes; `what` names the object in messages, such as "the trial".

    Fields with a default may be missing; none may be unknown, or of another type. Texts come out printable on one line (see
    `ablate.formats.printable`), but for the fields marked VERBATIM.

    Raises:
        ShapeError: a field is missing, unknown, or holds what it cannot.
        AblateError: the dataclass itself refuses the values.
    """
    kept: Any = kind
    try:
        found: Parsed = _of_dataclass(kept)(value)
    except ShapeError as error:
        raise error if error.place else error.inside(what) from None
    return found


@cache
def _of_dataclass(kind: Any) -> _Reader:
    readers = {field.name: _of_field(field) for field in fields(kind)}
    required = {field.name for field in fields(kind) if field.default is field.default_factory is MISSING}
    former = {field.metadata[FORMERLY]: field.name for field in fields(kind) if FORMERLY in field.metadata}

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _wrong(value, "an object")
        if former and not former.keys().isdisjoint(value):
            # Under its present name; one that has both names at once is refused below, for the former one.
            value = {name if former.get(name) in value else former.get(name, name): value[name] for name in value}
        # Of 100,000 trials hardly one is wrong: each is taken as right, and only what is not so is looked at field by field.
        try:
            return kind(**{name: readers[name](entry) for name, entry in value.items()})
        except (KeyError, TypeError, ShapeError):
            pass
        return read_carefully(value)

    def read_carefully(value: dict[str, Any]) -> Any:
        if not (required <= value.keys() <= readers.keys()):
            raise _odd_fields(value.keys(), required, readers.keys())
        given = {}
        for name, entry in value.items():
            try:
                given[name] = readers[name](entry)
            except ShapeError as error:
                raise error.inside(name if error.place else f"field '{name}'") from None
        return kind(**given)

    return read


def _odd_fields(given: Any, required: set[str], known: Any) -> ShapeError:
    unknown = [name for name in given if name not in known]
    if unknown:
        free = [name for name in known if name not in given] or list(known)
        return ShapeError(f"has an unknown field '{printable(unknown[0])}'.{near_match(unknown[0], free)}")
    missing = ", ".join(f"'{name}'" for name in known if name in required and name not in given)
    return ShapeError(f"lacks {missing}.")


def _of_field(field: Field[Any]) -> _Reader:
    if field.metadata.get("any_size"):
        return _whole_of_any_size
    return _of_type(field.type, _verbatim if field.metadata.get("verbatim") else _text)


def _of_type(hint: Any, text: _Reader) -> _Reader:
    """What reads a value of a type; `text` reads the texts in it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if hint is str:
        return text
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return _of_dataclass(hint)
    if origin is Literal:
        return _one_of(arguments)
    if origin in (Union, UnionType):
        return _of_union([each for each in arguments if each is not NoneType], text)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return _row([_of_type(each, text) for each in arguments])
    if origin in (tuple, frozenset):
        return _list_of(_of_type(arguments[0], text), origin)
    if origin is not None and issubclass(origin, Mapping):
        return _object_of(text, _of_type(arguments[1], text))
    raise TypeError(f"no JSON is known for {hint}")


def _of_union(hints: list[Any], text: _Reader) -> _Reader:
    """One type or null; several types are JSON of any kind."""
    if len(hints) > 1:
        return _whatever
    inner = _of_type(hints[0], text)
    return lambda value: None if value is None else inner(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _wrong(value, "a text")
    return printable(value)


def _verbatim(value: Any) -> str:
    if type(value) is not str:
        raise _wrong(value, "a text")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise _wrong(value, "a whole number")
    if not -_LARGEST_WHOLE <= value < _LARGEST_WHOLE:
        raise _wrong(value, "a whole number of 64 bits")
    return value


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is not int or abs(value) >= _LARGEST_WHOLE:
        raise _wrong(value, "a number")
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise _wrong(value, "true or false")
    return value


def _whole_of_any_size(value: Any) -> int:
    if type(value) is not int:
        raise _wrong(value, "a whole number")
    return value


def _whatever(value: Any) -> Any:
    return value


_PLAIN: dict[Any, _Reader] = {int: _whole, float: _number, bool: _truth, Any: _whatever}


def _one_of(choices: tuple[str, ...]) -> _Reader:
    def read(value: Any) -> str:
        if type(value) is not str or value not in choices:
            near = near_match(value, choices) if type(value) is str else ""
            raise ShapeError(f"{_is(value)}, not one of {', '.join(choices)}.{near if 'Did' in near else ''}")
        return value

    return read


def _list_of(inner: _Reader, kind: type[Any]) -> _Reader:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise _wrong(value, "a list")
        entries = []
        for entry in value:
            try:
                entries.append(inner(entry))
            except ShapeError as error:
                raise error.inside(f"entry {len(entries) + 1}") from None
        return kind(entries)

    return read


def _row(inner: list[_Reader]) -> _Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(inner):
            raise _wrong(value, f"a list of {len(inner)}")
        return tuple(reader(entry) for reader, entry in zip(inner, value, strict=True))

    return read


def _object_of(key: _Reader, inner: _Reader) -> _Reader:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong(value, "an object")
        found = {}
        for name, entry in value.items():
            try:
                found[key(name)] = inner(entry)
            except ShapeError as error:
                raise error.inside(f"'{printable(name)}'") from None
        return found

    return read


def _wrong(value: Any, expected: str) -> ShapeError:
    return ShapeError(f"{_is(value)}, not {expected}.")


def _is(value: Any) -> str:
    return f"is {shown(value)}"


def shown(value: object) -> str:
    """A JSON value for a message: a text in quotes, cut where it is long, what holds others by its kind."""
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else "a list"
    text = printable(value) if isinstance(value, str) else json.dumps(value)
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"'{text}'" if isinstance(value, str) else text
