"""The README does what it says: its files, its commands and its Python are taken from it word for word."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ablate import study as design
from ablate.study import Study
from tests.tiny_study import CommandLine, make_everything_tiny, trial_lines, without_figures

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def example(name: str) -> str:
    """The Python block after the comment that names it."""
    (text,) = re.findall(
        rf"^<!-- example: {re.escape(name)} -->\n```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
    return str(text)


EXAMPLES = re.findall(r"^<!-- example: (\S+) -->$", README, re.MULTILINE)
CONSOLE_LINES = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
IN_TEXT = sorted(
    set(re.findall(r"`(ablate [^`]+)`", re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)))
)
PLACEHOLDERS = {"COMMAND", "DIR", "FILE", "KIND", "NAME", "PATH", "LOG..."}
CONCRETE = [line for line in IN_TEXT if not PLACEHOLDERS & set(line.split())]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the README's example files, in which trainings are tiny."""
    make_everything_tiny(monkeypatch, tmp_path)
    without_figures(monkeypatch)
    for name in EXAMPLES:
        (tmp_path / name).write_text(example(name))
    return tmp_path


def test_there_is_something_to_check() -> None:
    assert len(CONSOLE_LINES) == 9
    assert len(EXAMPLES) == 6
    assert all(line.startswith("ablate ") for line in CONSOLE_LINES)
    assert len(CONCRETE) >= 9
    assert "ablate run --disable selective_tta" in IN_TEXT


def test_the_feature_of_ones_own_is_shown(here: Path, ablate: CommandLine) -> None:
    line = next(line for line in CONSOLE_LINES if line.startswith("ablate features"))
    said = ablate.ok(*shlex.split(line)[1:])
    assert "cosine_decay" in said.out
    assert "SGDR (arXiv:1608.03983)" in said.out
    assert "LinearDecay()" in said.out
    assert "CosineDecay()" in said.out
    assert "cosine_decay" in ablate.ok("features", "--features-from", "my_features.py").out


@pytest.mark.parametrize("line", [line for line in CONSOLE_LINES if line.startswith("ablate run")])
def test_the_examples_run(here: Path, ablate: CommandLine, line: str) -> None:
    said = ablate.ok(*shlex.split(line)[1:], "--trials", "1", "--out", "run")
    name = re.search(r"--(?:enable|disable) (\S+)", line).group(1)  # type: ignore[union-attr]
    assert name in said.out
    assert [trial["status"] for trial in trial_lines(here / "run")] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("line", "arms"),
    [
        (
            "ablate study run features --registry my_registry.py --dry-run",
            ["baseline", "all", "all - alternating_flip", "all - silu"],
        ),
        (
            "ablate study run my_study.py --registry my_registry.py --dry-run",
            ["all", "all - alternating_flip", "all - silu"],
        ),
        (
            "ablate study run features --registry my_command.py --dry-run",
            ["baseline", "all", "all - high_rate", "all - more_steps"],
        ),
    ],
)
def test_the_studies_on_a_registry_of_ones_own(here: Path, ablate: CommandLine, line: str, arms: list[str]) -> None:
    assert line in CONSOLE_LINES
    planned = json.loads(ablate.ok(*shlex.split(line)[1:], "--json").out)
    assert list(planned["arm_features"]) == arms


def test_trainings_of_ones_own_are_short() -> None:
    """As they stand, blank lines and all; the program counts with the registry over it."""
    for names in (["my_digits.py"], ["my_command.py", "my_training.py"]):
        assert sum(len(example(name).splitlines()) for name in names) < 30, names


def test_a_leave_one_out_study_with_the_feature_of_ones_own(here: Path, ablate: CommandLine) -> None:
    (here / "study.py").write_text(
        "from ablate.study import Study, leave_one_out\n"
        "STUDY = Study.of(leave_one_out(['cosine_decay', 'silu']), name='own', question='Worth it?', blocks=1, processes=1)\n"
    )
    said = ablate.ok(
        "study", "run", "study.py", "--features-from", "my_features.py", "--preset", "mini", "--out", "run"
    )
    for arm in ("all", "all - cosine_decay", "all - silu"):
        assert arm in said.out
    assert len(trial_lines(here / "run")) == 3


@pytest.mark.parametrize("line", CONCRETE)
def test_every_command_in_the_text_parses(here: Path, ablate: CommandLine, line: str) -> None:
    words = shlex.split(line)[1:]
    if words[0] == "run" or words[:2] == ["study", "run"]:
        words.append("--dry-run")
    elif words[0] in ("doctor", "data"):
        # These look at the machine, or at the network.
        words.append("--help")
    assert ablate.ok(*words).out or words == ["list"]


@pytest.mark.parametrize("line", [line for line in IN_TEXT if line not in CONCRETE])
def test_every_command_with_a_placeholder_exists(here: Path, ablate: CommandLine, line: str) -> None:
    words = [word for word in shlex.split(line)[1:] if word not in PLACEHOLDERS]
    named = [word for word in words if not word.startswith("-")]
    if not named:
        assert words == ["--help"]
        return
    help_text = ablate.ok(*named, "--help").out
    for option in (word for word in words if word.startswith("--")):
        assert option in help_text


def test_every_option_it_names_exists(here: Path, ablate: CommandLine) -> None:
    (sentence,) = re.findall(r"^Useful options:.*?\.\n", README, re.MULTILINE | re.DOTALL)
    help_text = ablate.ok("run", "--help").out + ablate.ok("--help").out
    options = re.findall(r"--[a-z-]+", sentence)
    assert len(options) >= 10
    for option in options:
        assert option in help_text


def test_the_features_table_is_the_registrys(here: Path, ablate: CommandLine) -> None:
    rows = re.findall(r"^\| (\w+) \((\d\.\d\d) %\) \| (.*) \|$", README, re.MULTILINE)
    from ablate.lineages.loading import load_registry

    registry = load_registry()
    bars = {slug: group for slug, group in registry.groups.items() if not group.optional}
    assert {slug: set(re.findall(r"`(\w+)`", names)) for slug, _, names in rows} == {
        slug: set(registry.members(slug)) for slug in bars
    }
    assert [float(percent) for _, percent, _ in rows] == [group.published_percent for group in bars.values()]


def test_the_python_example(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = blocks("python")[-1]
    assert "blocks=20, processes=5" in text
    monkeypatch.setattr(design.Study, "leave_one_out", _small(Study.leave_one_out))
    names: dict[str, object] = {}
    exec(compile(text, "README.md", "exec"), names)
    results = names["results"]
    assert isinstance(results.trials, pd.DataFrame)  # type: ignore[attr-defined]
    assert len(results.trials) == 4  # type: ignore[attr-defined]
    said = capsys.readouterr()
    for subject in ("silu", "tuning", "tta"):
        assert subject in said.out
    assert type(names["ax"]).__module__.startswith("matplotlib")


def _small(leave_one_out: object) -> object:
    """The same design of three groups, in one block."""

    def small(catalogue: object, **settings: int) -> Study:
        return leave_one_out(catalogue, ["silu", "tuning", "tta"], **{**settings, "blocks": 1, "processes": 1})  # type: ignore

    return small


def test_the_export_to_tables(here: Path, ablate: CommandLine) -> None:
    pytest.importorskip("pyarrow")
    line = "ablate export DIR --to parquet"
    assert line in IN_TEXT
    ablate.ok("run", "--disable", "silu", "--trials", "1", "--out", "run")
    said = ablate.ok(*shlex.split(line.replace("DIR", "run"))[1:])
    assert said.out.startswith("parquet: 2 trials added, 0 there already; the summary is new.")
    assert len(pd.read_parquet(here / "run" / "tracking" / "parquet" / "trials.parquet")) == 2


COMMANDS = {
    "Run all ten": ["pip install -e .", "ablate run --disable selective_tta"],
    "run the tests": ["pip install -e '.[dev]'", "python -m pytest"],
}


@pytest.mark.parametrize("words", COMMANDS)
def test_the_two_commands_can_be_taken_out(words: str) -> None:
    taken = subprocess.run(
        [ROOT / ".ci" / "readme-commands", ROOT / "README.md", words], capture_output=True, text=True, check=True
    )
    (line,) = taken.stdout.splitlines()
    assert f"{line}\n" in blocks("sh")
    assert line.startswith("python3 -m venv .venv && ")
    for part in COMMANDS[words]:
        assert part in line


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_first_command_for_real(tmp_path: Path) -> None:
    """Compiled where there is a compiler, on synthetic images, from an empty folder with an empty data home."""
    environment = {**os.environ, "ABLATE_DATA_DIR": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    environment.pop("TORCHDYNAMO_DISABLE", None)
    ended = subprocess.run(
        [sys.executable, "-m", "ablate", "run", "--disable", "selective_tta"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"^all - selective_tta +5 +0 ", ended.stdout, re.MULTILINE)
    assert "SYNTHETIC" in ended.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    assert [trial["status"] for trial in trial_lines(folder)] == ["ok"] * 10
    for name in ("study.json", "report.html", "report.md", "effects.csv", "figures"):
        assert (folder / name).exists()
    assert not (tmp_path / "home").exists()
