"""`ablate study watch`, as a command."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from ablate.cli import watch
from ablate.store.run_folder import RunFolder
from tests.fakes import finished_trial, resolved_study
from tests.tiny_study import CommandLine, untouched


@pytest.fixture(autouse=True)
def _not_standing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process goes on with other tests."""
    monkeypatch.setattr(watch, "_stand_back", lambda: None)


def folder_of(path: Path, *, left: int) -> Path:
    made = RunFolder.create(resolved_study(), path)
    with made.open_store() as store:
        store.extend(finished_trial(spec) for spec in made.resolved.schedule[: len(made.resolved.schedule) - left])
    return made.path


def test_a_finished_study_ends_the_table_at_once(tmp_path: Path, ablate: CommandLine) -> None:
    folder = folder_of(tmp_path / "run", left=0)
    with untouched(folder):
        said = ablate.ok("study", "watch", folder, "--terminal")
    assert re.fullmatch(r"\d\d:\d\d:\d\d  (\d+) of \1 trials\. Finished\.\n", said.out)
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["nowhere"], ["There is no run folder 'nowhere'.", "`ablate list` lists them."]),
        (["."], [". is not a run folder: it has no study.json."]),
        (["run", "--terminal", "--port", "1"], ["--port changes nothing with --terminal, which has no page."]),
        (["run", "--terminal", "--no-browser"], ["--no-browser changes nothing with --terminal"]),
        (["run", "--port", "70000"], ["A port is a number from 0 to 65535, not 70000 (--port)."]),
    ],
)
def test_what_cannot_be_watched_is_refused(
    words: list[str], parts: list[str], tmp_path: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / "run", left=1)
    ablate("study", "watch", *words).refused(2, *parts)


@pytest.mark.parametrize(("more", "code"), [(["--port", "0", "--no-browser"], 0), (["--terminal"], 130)])
def test_ctrl_c_ends_the_watching_of_a_study_that_goes_on(tmp_path: Path, more: list[str], code: int) -> None:
    """To end a page is how it ends; who waits for a study to end with `--terminal` must learn that it has not."""
    folder = folder_of(tmp_path / "run", left=1)
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from ablate.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "study", "watch", str(folder), *more]
    with untouched(folder):
        started = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}
        )
        with started:
            assert started.stdout is not None
            assert started.stderr is not None
            try:
                first = started.stdout.readline()
                page = ""
                if code == 0:
                    url = re.search(r"http://127\.0\.0\.1:\d+/", started.stderr.readline())
                    assert url is not None
                    with urlopen(url[0], timeout=150) as answer:
                        page = answer.read().decode()
                started.send_signal(signal.SIGINT)
                ended = started.wait(timeout=150)
            finally:
                started.kill()
            rest = started.stderr.read()
    assert "Stopped; resume with: ablate study resume" in first
    assert ended == code
    assert ("ablate study watch" in page) is (code == 0)
    assert rest == ("No longer watching.\n" if code == 0 else "Interrupted.\n")
