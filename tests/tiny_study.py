"""The command line on studies so small that a trial takes a fraction of a second: a narrow network, 48 images, no compiler."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
import torch
import typer

from ablate.cli import main
from ablate.datasets import Dataset, synthetic
from ablate.parts import PRESETS, Scale
from ablate.training import arm_trainer, image_kind

# A process puts its commands together once; here hundreds are called in one. The function hides the module of its name.
MAIN = sys.modules[main.__module__]
COMMANDS = typer.main.get_command(MAIN.app)
NOT_COMPILING = "no C++ compiler in this test"
TINY = Scale(width=0.125, batch=0.005, epochs=0.125)
"""Ten images a batch for the baseline, so that 48 of them make four steps."""


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def refused(self, code: int, *parts: str) -> None:
        """Check that the command did nothing but say why, in a few whole lines on stderr."""
        assert self.code == code, self
        assert self.out == ""
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        for part in parts:
            assert part in self.err, self.err


class CommandLine:
    """Calls `ablate` in this process and keeps what it printed."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def __call__(self, *words: object) -> Ended:
        self._captured.readouterr()
        with patch.object(MAIN, "app", COMMANDS), pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = self._captured.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, out, err)

    def ok(self, *words: object) -> Ended:
        """The same for a command that must succeed."""
        ended = self(*words)
        assert ended.code == 0, ended.err
        return ended


def tiny_dataset(num_train: int = 48, num_test: int = 24, name: str = "synthetic") -> Dataset:
    """Random images of ten classes, under the name of the set they stand in for."""
    rng = np.random.default_rng(0)

    def split(number: int) -> tuple[Any, Any]:
        return rng.integers(0, 256, (number, 32, 32, 3), dtype=np.uint8), np.arange(number) % 10

    return Dataset.of(name, tuple("abcdefghij"), split(num_train), split(num_test))


def make_everything_tiny(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Preset `mini` tiny, synthetic images few, nothing compiled, an empty data home; `folder` is the working directory."""
    monkeypatch.setitem(PRESETS, "mini", TINY)
    monkeypatch.setattr(synthetic, "generate", tiny_dataset)
    monkeypatch.setattr(arm_trainer, "why_not_compiling", lambda device: NOT_COMPILING)
    monkeypatch.setattr(image_kind, "why_not_compiling", lambda device: NOT_COMPILING)
    for module in (arm_trainer, image_kind):
        monkeypatch.setattr(module, "compute_dtype_of", lambda device: torch.float32)
    monkeypatch.setenv("ABLATE_DATA_DIR", str(folder / "data-home"))
    # Set, not deleted: what a command sets must be undone too.
    monkeypatch.setenv("ABLATE_DEBUG", "")
    monkeypatch.chdir(folder)


def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without pictures, which take longer to draw than tiny trials to train."""
    monkeypatch.setattr("ablate.report.figures.draw_figures", lambda evidence, target: ())


def trial_lines(folder: Path) -> list[dict[str, Any]]:
    """The trials of a run folder as they are on disk."""
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "trial"]


def study_json(folder: Path) -> dict[str, Any]:
    """A run folder's study.json."""
    contents: dict[str, Any] = json.loads((folder / "study.json").read_text())
    return contents


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with the contents of the files."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Check that what runs inside leaves a folder as it was."""
    before = tree(folder)
    yield
    assert tree(folder) == before
