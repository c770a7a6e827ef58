"""Registries of recipes of one's own, written into files as a user would, and what is left of their programs."""

import os
import time
from pathlib import Path

HEAD = "import sys\nfrom dataclasses import dataclass\nimport ablate\n\n"
DATACLASS = "@dataclass(frozen=True, kw_only=True)\n"
TAIL = """
KNOBS = {"low_rate": {"rate": 0.1}, "deep": {"layers": 4}, "wide": {"width": 8}}
GROUPS = [ablate.Group(slug=n, title=n, published_percent=None, source="here") for n in KNOBS]
FEATURES = [ablate.Feature(name=n, group=n, summary=str(p), patch=p, source="here") for n, p in KNOBS.items()]
SCORE = ablate.Score(title="Accuracy", unit="pp", value_unit="%", factor=100, margin=0.5)
REGISTRY = ablate.Registry(Own(), FEATURES, GROUPS, score=SCORE)
"""
FIELDS = "    rate: float = 0.3\n    layers: int = 2\n    width: int = 4\n"

SCRIPT = """import json, os, random, sys
rate, layers, width = map(float, sys.argv[1:])
noise = random.Random(int(os.environ["ABLATE_SEED"])).gauss(0, 0.005)
score = 0.7 - abs(rate - 0.1) + 0.01 * layers + 0.002 * width + noise
print("trained", os.environ["ABLATE_ARM"])
result = {"score": score, "curve": [score / 2, score], "extra": {"loss": 1 - score}, "seconds": 0.1 * layers}
json.dump(result, open(os.environ["ABLATE_RESULT"], "w"))
"""

SHELL = """#!/bin/sh
echo "accuracy 0.1 after 1 s"
echo "accuracy 0.$(( ABLATE_SEED % 10 ))$2 after 0.$2 s"
"""


def python_file(folder: Path, train: str, *, extra: str = "", fields: str = FIELDS, name: str = "own.py") -> Path:
    """A registry of a `PythonRecipe` whose `train` has the given lines."""
    body = "".join(f"        {line}\n" for line in train.splitlines())
    return _written(folder / name, "PythonRecipe", extra, fields, f"    def train(self, trial):\n{body}")


def command_file(folder: Path, command: str, *, extra: str = "", fields: str = FIELDS, name: str = "own.py") -> Path:
    """A registry of a `CommandRecipe` whose `command` returns the given expression."""
    return _written(
        folder / name, "CommandRecipe", extra, fields, f"    def command(self, trial):\n        return {command}\n"
    )


def _written(path: Path, parent: str, extra: str, fields: str, method: str) -> Path:
    body = "".join(f"    {line}\n" for line in extra.splitlines())
    path.write_text(f"{HEAD}{DATACLASS}class Own(ablate.{parent}):\n{body}{fields}\n{method}{TAIL}")
    return path


def script_files(folder: Path) -> Path:
    """A registry over a script in Python, beside it."""
    (folder / "train.py").write_text(SCRIPT)
    return command_file(folder, "[sys.executable, '-S', 'train.py', self.rate, self.layers, self.width]")


def shell_files(folder: Path) -> Path:
    """A registry over a script for a shell, whose output is its result."""
    (folder / "train.sh").write_text(SHELL)
    pattern = r'pattern = r"accuracy (?P<score>\S+) after (?P<seconds>\S+) s"'
    return command_file(folder, "['sh', 'train.sh', self.rate, self.layers]", extra=pattern)


def marked(mark: str) -> list[int]:
    """The ids of processes that have a text in their environment."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and int(each.name) != os.getpid():
            try:
                state = (each / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and mark.encode() in (each / "environ").read_bytes():
                    found.append(int(each.name))
            except OSError:
                continue
    return found


def wait_for(what: object, *, seconds: float = 20.0) -> bool:
    """Whether something (a callable) becomes true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False
