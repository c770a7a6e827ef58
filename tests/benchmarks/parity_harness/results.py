"""`parity.jsonl`: what was asked, every launch, every trial, as they came; enough to go on from."""

import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, UsageError
from ablate.store.lock import FileLock
from parity_harness.plan import Launch, Recipe, Side

SCHEMA = 1
FILE_NAME = "parity.jsonl"


@dataclass(frozen=True, slots=True)
class ParityTrial:
    """One trial of either side; `attempt` counts the processes that its launch took."""

    launch: Launch
    attempt: int
    score: float
    time_seconds: float


class Results:
    """The results' file, locked, each line on disk before the next trial is waited for; opening cuts a torn last line.

    Raises:
        UsageError: the folder cannot be written, or its results were made with other settings, which are named.
        AblateError: another process writes there, or a line cannot be read.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"Cannot write {folder}: {error.strerror}. Take another folder (--out).") from error
        self.path = folder / FILE_NAME
        self._lock = FileLock(self.path)
        self._file = self.path.open("ab+")
        try:
            self.lines = self._read()
            self._agree(dict(settings))
        except BaseException:
            self.close()
            raise

    def append(self, kind: str, **fields: Any) -> None:
        """Keep a line for good."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = {"schema": SCHEMA, "kind": kind, "at": now, **fields}
        self._file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.lines.append(line)

    def trials(self) -> list[ParityTrial]:
        """Every trial there is."""
        return [
            ParityTrial(_launch_of(line), line["attempt"], line["score"], line["time_seconds"])
            for line in self.lines
            if line["kind"] == "trial"
        ]

    def finished(self, launch: Launch) -> int:
        """How many trials a launch has."""
        return sum(trial.launch == launch for trial in self.trials())

    def attempts(self, launch: Launch) -> int:
        """How many processes a launch has had."""
        return sum(line["kind"] == "launch" and _launch_of(line) == launch for line in self.lines)

    def environments(self) -> list[dict[str, Any]]:
        """The facts that each process of ours recorded."""
        return [line["facts"] for line in self.lines if line["kind"] == "environment"]

    def close(self) -> None:
        """Let another process write there."""
        self._file.close()
        self._lock.release()

    def _read(self) -> list[dict[str, Any]]:
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        lines = []
        for number, text in enumerate(whole.splitlines(), start=1):
            try:
                line = json.loads(text)
                if line["schema"] != SCHEMA:
                    raise ValueError(f"schema {line['schema']}")
            except (ValueError, KeyError, TypeError) as error:
                raise AblateError(f"{self.path}, line {number} cannot be read: {error}. Take another --out.") from error
            lines.append(line)
        return lines

    def _agree(self, settings: dict[str, Any]) -> None:
        before = next((line["settings"] for line in self.lines if line["kind"] == "settings"), None)
        if before is None:
            self.append("settings", settings=settings)
            return
        changed = [name for name in settings if before.get(name) != settings[name]]
        if changed:
            name = changed[0]
            raise UsageError(
                f"{self.path} was begun with {name} {before.get(name)!r}, not {settings[name]!r}. "
                "Give the same settings to go on with it, or another --out."
            )


def _launch_of(line: Mapping[str, Any]) -> Launch:
    recipe: Recipe = line["recipe"]
    side: Side = line["side"]
    return Launch(recipe, side, line["round"])
