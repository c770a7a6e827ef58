"""Recipes that run a program of one's own, in any language, and read its result. Free of torch."""

import hashlib
import json
import os
import re
import tempfile
from abc import abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from ablate.errors import UsageError, near_match
from ablate.formats.json_objects import reason_unreadable
from ablate.recipes.own import Measured, OwnRecipe, TrialContext
from ablate.recipes.source import folder_of

LONGEST_RESULT_BYTES = 1 << 20
"""A result is a few numbers and a curve; a longer file is something else."""


@dataclass(frozen=True, kw_only=True)
class CommandRecipe(OwnRecipe):
    """A training of one's own as a program: a frozen dataclass whose fields are the knobs, and a method `command`.

    The program runs in the folder of the file that defines the class. It finds ABLATE_SEED, ABLATE_DEVICE, ABLATE_PRESET, ABLATE_SIZE,
    ABLATE_LENGTH, ABLATE_ARM, ABLATE_BLOCK and ABLATE_SCRATCH in its environment, which are the fields of `TrialContext`. It writes
    {"score": 0.9, "seconds": 1.5, "curve": [0.5, 0.9], "extra": {"loss": 0.3}}, of which the score alone must be there, into the
    file that ABLATE_RESULT names. Or it prints its result: `pattern` is a regular expression with a group "score", and perhaps one
    "seconds", whose last match counts. Files of that folder that the command names make part of the recipe, as do those in `files`:
    an edit makes it another recipe.
    """

    trainer: ClassVar[str] = "ablate.training.command_kind:CommandKind"
    pattern: ClassVar[str | None] = None
    files: ClassVar[tuple[str, ...]] = ()
    _method: ClassVar[str] = "command"
    _lists: ClassVar[tuple[str, ...]] = ("files",)

    @abstractmethod
    def command(self, trial: TrialContext) -> Sequence[str]:
        """The program and its arguments, each by itself; no shell reads them."""

    @property
    def folder(self) -> Path:
        """Where the program runs: the folder of the file that defines the class."""
        return folder_of(type(self))

    def identity(self) -> dict[str, Any]:
        """See `OwnRecipe`; and a digest of each file of the user's that the command names."""
        files = {name: _digest_of(self.folder / name) for name in _named_files(self)}
        return {**super().identity(), "files": files}

    def check(self) -> None:
        """See `OwnRecipe.check`; and the command itself, as it would be for a first trial.

        Raises:
            UsageError: it is no list of arguments, the pattern is none, or a file is not there.
        """
        super().check()
        who = f"Recipe {type(self).__name__}"
        if self.pattern is not None:
            try:
                groups = re.compile(self.pattern).groupindex
            except (re.error, TypeError) as error:
                raise UsageError(f"{who}: pattern {self.pattern!r:.60} is no regular expression: {error}.") from error
            if "score" not in groups:
                raise UsageError(
                    f"{who}: pattern {self.pattern!r:.60} has no group named score: write (?P<score>[-+.\\deE]+)."
                )
        for name in self.files:
            if not (self.folder / name).is_file():
                raise UsageError(f"{who}: files names '{name}', which is not in {self.folder}.")
        try:
            _named_files(self)
        except Exception as error:
            raise UsageError(f"{who}: its command does not work: {type(error).__name__}: {error}.") from error


def arguments_of(recipe: CommandRecipe, trial: TrialContext) -> list[str]:
    """The recipe's command for a trial, checked; numbers become text.

    Raises:
        ValueError: it is no list of a program and its arguments.
    """
    given = recipe.command(trial)
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence) or not given:
        raise ValueError(f"command gives {given!r:.60}, where a list belongs: ['python', 'train.py']")
    for each in given:
        if isinstance(each, bool) or not isinstance(each, (str, os.PathLike, int, float)) or "\0" in str(each):
            raise ValueError(
                f"command gives {each!r:.40} ({type(each).__name__}) among its arguments, where text belongs"
            )
    return [os.fspath(each) if isinstance(each, os.PathLike) else str(each) for each in given]


@lru_cache(maxsize=1024)
def _named_files(recipe: CommandRecipe) -> tuple[str, ...]:
    """The files at or below the recipe's folder that its command names, and those it lists, by their paths from there."""
    scale = recipe.run_scale
    with tempfile.TemporaryDirectory(prefix="ablate-") as scratch:
        trial = TrialContext(
            seed=0,
            device="cpu",
            preset=scale.preset,
            size=scale.size,
            length=scale.length,
            scratch=Path(scratch),
            arm="baseline",
            block=0,
        )
        given = arguments_of(recipe, trial)
    named = {*recipe.files, *(part for each in given for part in (each, each.partition("=")[2]) if part)}
    found = set()
    for name in named:
        path = Path(os.path.normpath(recipe.folder / name))
        if len(name) < 4096 and path.is_relative_to(recipe.folder) and _is_file(path):
            found.add(path.relative_to(recipe.folder).as_posix())
    return tuple(sorted(found))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _digest_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


_ENTRIES = ("score", "seconds", "curve", "extra")


def result_in_file(path: Path) -> Measured:
    """The result that a program left behind.

    Raises:
        ValueError: it cannot be read, or is none.
    """
    with path.open("rb") as file:
        contents = file.read(LONGEST_RESULT_BYTES + 1)
    if len(contents) > LONGEST_RESULT_BYTES:
        raise ValueError(f"the result is longer than {LONGEST_RESULT_BYTES >> 20} MiB")
    try:
        result = json.loads(contents.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the result cannot be read: {reason_unreadable(error).rstrip('.')}") from error
    if not isinstance(result, Mapping):
        raise ValueError(
            f'the result is {contents[:40].decode(errors="replace")!r}, not an object such as {{"score": 0.9}}'
        )
    for name in result:
        if name not in _ENTRIES:
            raise ValueError(
                f"the result has an entry '{name}'.{near_match(name, _ENTRIES)} Other numbers go into \"extra\""
            )
    given = {name: value for name, value in result.items() if name == "score" or value is not None}
    return Measured(**{"score": None, **given})


def result_in_output(pattern: str, output: str) -> Measured:
    """The result that a program printed: the last match of a pattern.

    Raises:
        ValueError: there is none, or it holds no number.
    """
    matches = deque(re.finditer(pattern, output, re.MULTILINE), maxlen=1)
    if not matches:
        raise ValueError(f"no line of its output matches the pattern {pattern!r}")
    groups = matches[0].groupdict()
    seconds = groups.get("seconds")
    return Measured(
        score=_as_number("score", groups["score"]), seconds=None if seconds is None else _as_number("seconds", seconds)
    )


def _as_number(what: str, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise ValueError(f"{what} is {text!r:.40} in its output, not a number") from None
