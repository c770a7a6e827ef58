"""How the command line behaves towards people and scripts: help, streams, colour, terminals, names with brackets."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

import ablate as package
from ablate.cli.main import app
from ablate.cli.output import line
from ablate.engine.events import (
    ArmRetired,
    Event,
    ProcessDied,
    RoundStarted,
    StudyStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WarmUpStarted,
)
from ablate.formats.durations import rough_duration
from ablate.machine.environment import source_state
from ablate.watch.progress import StudyProgress
from tests.fakes import finished_trial, spec
from tests.tiny_study import CommandLine


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command and group, with the words that call it."""
    yield " ".join(path), command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


ROOT = Path(__file__).parents[2]
EVERY = dict(commands(typer.main.get_command(app)))


def test_the_commands_are_those_of_the_design() -> None:
    leaves = {path for path, command in EVERY.items() if not hasattr(command, "commands")}
    study = {f"study {name}" for name in ("list", "run", "resume", "status", "watch", "check")}
    data = {f"data {name}" for name in ("import", "fetch", "list")}
    init = {f"init {name}" for name in ("feature", "registry")}
    alone = {"run", "recipes", "features", "list", "report", "figure", "compare", "export", "import", "doctor"}
    assert leaves == {*alone, *study, *data, *init}


@pytest.mark.parametrize("path", EVERY)
def test_every_command_and_option_has_help(path: str) -> None:
    command = EVERY[path]
    assert command.help
    assert command.help.strip().endswith((".", "?")), command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


@pytest.mark.parametrize("path", EVERY)
def test_help_lists_debug_and_no_type_beside_a_flag(
    here: Path, ablate: CommandLine, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = ablate.ok(*path.split(), "--help").out
    assert said.count("--debug ") == 1
    assert "traceback" in said
    assert "<bool>" not in said.lower()
    assert "boolean" not in said.lower()
    assert "[[" not in said


def test_debug_stands_anywhere_and_shows_the_traceback(here: Path, ablate: CommandLine) -> None:
    for words in (["--debug", "features", "sillu"], ["features", "--debug", "sillu"], ["features", "sillu", "--debug"]):
        ended = ablate(*words)
        assert ended.code == 2
        assert "Traceback" in ended.err
        assert "Unknown feature or group 'sillu'." in ended.err


def test_the_version_is_shown_without_torch(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("--version").out
    assert said.startswith(f"ablate {package.__version__}")
    commit = source_state().commit
    assert commit is None or f"(commit {commit[:12]}" in said
    program = "import sys; from ablate.cli import main\ntry: main(['--version'])\nfinally: sys.stderr.write(str('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "False")


def test_help_goes_to_stdout_and_names_the_next_command(here: Path, ablate: CommandLine) -> None:
    for words in (["--help"], ["-h"]):
        said = ablate.ok(*words)
        assert "ablate run --disable selective_tta" in said.out
        assert said.err == ""
    assert "--features-from" in ablate.ok("run", "-h").out


def test_a_long_path_stays_on_one_line(here: Path, ablate: CommandLine) -> None:
    folder = "/".join(["a-folder-with-a-long-name"] * 8)
    said = ablate.ok("run", "--disable", "tta", "--trials", "1", "--out", folder)
    assert f"Run folder: {folder}   report: {folder}/report.html\n" in said.err


def test_run_folders_are_listed_uncut_on_eighty_columns(
    here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ablate.ok("run", "--disable", "selective_tta", "--trials", "1")
    monkeypatch.setenv("COLUMNS", "80")
    said = ablate.ok("list").out
    (folder,) = (here / "runs").iterdir()
    assert f"runs/{folder.name}" in said
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 80
    assert "2/2" in said
    assert "mini, synthetic" in said


def test_too_few_trials_make_a_sentence(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("run", "--trials", "2", "--dry-run")
    assert "\n2 blocks: numbers and no verdict; run at least 5.\n" in said.out


def test_json_of_a_dry_run_is_json_to_every_parser(here: Path, ablate: CommandLine) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    # With one process there is no smallest visible effect on time.
    planned = json.loads(ablate.ok("run", "--dry-run", "--json").out, parse_constant=refuse)
    assert planned["visible"]["time_percent"] is None


def test_colour_needs_a_terminal_and_no_color_turns_it_off(
    here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in ablate.ok("features").out
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in ablate.ok("features").out
    assert "\x1b[1;31m" in ablate("features", "sillu").err
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", ablate("features", "sillu").err)


@pytest.mark.parametrize("name", ["[bold]", "[/]", "a [link=x]"])
def test_a_name_in_brackets_is_said_as_it_is(here: Path, ablate: CommandLine, name: str) -> None:
    ablate("features", name).refused(2, f"Unknown feature or group '{name}'.")
    ablate("run", "--data", name).refused(4, f"No data set '{name}'")
    assert name in ablate(name).err


def terminal(width: int = 100) -> Console:
    return Console(force_terminal=True, width=width, record=True, color_system="truecolor", legacy_windows=False)


class TestProgress:
    def test_bars_on_a_terminal_keep_brackets_and_braces(self, capsys: pytest.CaptureFixture[str]) -> None:
        arms = ("[x] silu", "{optimiser, tta}")
        pending = tuple(spec(arm=arm, block=block) for block in range(2) for arm in arms)
        with StudyProgress(terminal()) as progress:
            progress.show(StudyStarted(pending=pending, total=4))
            progress.show(TrialFinished(trial=finished_trial(pending[0]).trial))
            progress.show(TrialFailed(trial=finished_trial(pending[1], status="failed").trial))
            progress.show(ProcessDied(process=0, process_id=7, reason="its process was killed by [SIGKILL]"))
            progress.show(ArmRetired(arm=arms[1], reason="three deaths in a row"))
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)
        for arm in arms:
            assert f"{arm} " in shown
        assert "94.00 % in 2.50 s" in shown
        assert "{optimiser, tta}, block 0: failed: the fake trainer was told to fail" in shown
        assert "Process 0 died: its process was killed by [SIGKILL]" in shown
        assert "2/4" in shown

    @pytest.mark.parametrize(
        ("event", "words"),
        [
            (WarmUpStarted(arm="[x] silu", process=0), "compiling and warming up [x] silu"),
            (TrialStarted(spec=spec(arm="{optimiser, tta}"), process=0), "training {optimiser, tta}"),
            (
                RoundStarted(specs=(spec("a", 7), spec("b", 7)), process=0),
                "measuring the times of 2 arms, round 2 of 3",
            ),
            (RoundStarted(specs=(spec("a", 8),), process=0), "measuring the times of 1 arm, round 3 of 3"),
        ],
    )
    def test_what_is_being_done(self, capsys: pytest.CaptureFixture[str], event: Event, words: str) -> None:
        with StudyProgress(terminal()) as progress:
            progress.show(StudyStarted(pending=(spec(),), total=1, rounds=(6, 7, 8)))
            progress.show(event)
        assert words in capsys.readouterr().out

    def test_two_at_a_time_are_both_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        first, second = spec("a"), spec("b", process=1)
        with StudyProgress(terminal()) as progress:
            progress.show(StudyStarted(pending=(first, second), total=2, parallel=2))
            progress.show(TrialStarted(spec=first, process=0))
            progress.show(TrialStarted(spec=second, process=1))
        assert "training a and b" in capsys.readouterr().out

    def test_plain_lines_elsewhere(self, capsys: pytest.CaptureFixture[str]) -> None:
        pending = (spec(arm="[x] silu"), spec(arm="all"))
        with StudyProgress(Console(width=40)) as progress:
            progress.show(StudyStarted(pending=pending, total=2))
            progress.show(TrialFinished(trial=finished_trial(pending[0]).trial))
            progress.show(TrialFinished(trial=finished_trial(pending[1]).trial))
        first, second = capsys.readouterr().out.splitlines()
        assert re.fullmatch(r"\d\d:\d\d:\d\d  \[x\] silu, block 0: 94\.00 % in 2\.50 s.*", first)
        assert re.fullmatch(r"\d\d:\d\d:\d\d  all, block 0: 94\.00 % in 2\.50 s", second)

    def test_too_many_arms_for_a_screen_share_one_bar(self, capsys: pytest.CaptureFixture[str]) -> None:
        pending = tuple(spec(arm=f"arm {number}") for number in range(64))
        with StudyProgress(terminal()) as progress:
            progress.show(StudyStarted(pending=pending, total=64))
            progress.show(TrialFinished(trial=finished_trial(pending[0]).trial))
        shown = capsys.readouterr().out
        assert "overall" in shown
        assert "1/64" in shown
        assert "arm 63" not in shown


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (7000, "117 min"), (12_000, "3 h 20 min")]
)
def test_rough_durations(seconds: float, words: str) -> None:
    assert rough_duration(seconds) == words


def test_a_line_is_broken_by_the_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    line(terminal(20), "ablate study resume " + "long/" * 20)
    assert capsys.readouterr().out.count("\n") == 1
