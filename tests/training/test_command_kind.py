"""Programs as recipes: what each way of failing says, and that nothing of a program is left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ablate
from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.machine.programs import same_modules, users_environment
from ablate.store.records import FinishedTrial
from ablate.study import Arm, Study, pair
from ablate.study.schedule import TrialSpec
from ablate.training import supervisor
from ablate.training.command_kind import CommandTrainer
from ablate.training.kinds import kind_of
from ablate.training.opening import resolve_study
from tests.own_kinds import command_file, marked, script_files, shell_files, wait_for

MARK = "ABLATE_TEST_MARK"
ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = TrialSpec(arm="baseline", block=3, position=0, process=0, seed=5 << 32)


@pytest.fixture(autouse=True)
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What every process below this test has in its environment; none may be left at its end."""
    monkeypatch.chdir(tmp_path)
    text = f"{MARK}={tmp_path}"
    monkeypatch.setenv(MARK, str(tmp_path))
    yield text
    assert wait_for(lambda: not marked(text)), marked(text)


def trainer(file: Path, *, timeout_seconds: float | None = None, folder: Path | None = None) -> CommandTrainer:
    registry = load_registry(registry=file)
    kind = kind_of(registry)
    arms = Arm(name="baseline", features=frozenset()), Arm(name="deep", features=frozenset({"deep"}))
    study = Study.of(pair(*arms), name="x", question="?", blocks=1, processes=1)
    data = kind.load_data("auto", None, lambda line: None)
    made = kind.trainer(
        resolve_study(study, registry, data, device="cpu"),
        data,
        device=None,
        debug=False,
        folder=folder,
        timeout_seconds=timeout_seconds,
    )
    assert isinstance(made, CommandTrainer)
    return made


def run(file: Path, **settings: object) -> FinishedTrial:
    made = trainer(file, **settings)  # type: ignore[arg-type]
    try:
        return made.train(SPEC, 0)
    finally:
        made.close()


def program(folder: Path, text: str, *, extra: str = "") -> Path:
    """A registry over a program in Python with the given text."""
    (folder / "program.py").write_text(f"import json, os, sys, time\nresult = os.environ['ABLATE_RESULT']\n{text}\n")
    return command_file(folder, "[sys.executable, '-S', 'program.py']", extra=extra)


def test_a_script_in_python(tmp_path: Path) -> None:
    finished = run(script_files(tmp_path), folder=tmp_path / "run")
    trial = finished.trial
    assert trial.status == "ok", trial.error
    assert trial.measurements is not None
    measured = trial.measurements
    assert measured.score == pytest.approx(0.528, abs=0.03)
    assert measured.curve == (measured.score / 2, measured.score)
    assert measured.extra == {"loss": 1 - measured.score}
    assert measured.time_seconds == 0.2
    assert measured.wall_seconds is not None
    assert measured.wall_seconds != 0.2
    assert finished.environment.facts["clock"] == "the training's own"
    assert (tmp_path / "run" / "outputs" / "baseline-3.txt").read_text() == "trained baseline\n"
    assert not (tmp_path / "run" / "scratch").exists()


def test_a_script_for_a_shell_prints_its_result(tmp_path: Path) -> None:
    finished = run(shell_files(tmp_path))
    assert finished.trial.measurements is not None, finished.trial.error
    assert (finished.trial.measurements.score, finished.trial.measurements.time_seconds) == (0.52, 0.2)


def test_the_wall_clock_is_taken_where_the_program_has_none(tmp_path: Path) -> None:
    finished = run(program(tmp_path, "json.dump({'score': 1}, open(result, 'w'))"))
    assert finished.trial.measurements is not None
    assert finished.trial.measurements.time_seconds == finished.trial.measurements.wall_seconds
    assert finished.environment.facts["clock"] == "wall clock around the training"


def test_what_the_environment_says(tmp_path: Path) -> None:
    text = "json.dump({'score': 1}, open(result, 'w')); json.dump(dict(os.environ), open('said.json', 'w'))"
    assert run(program(tmp_path, text)).trial.status == "ok"
    said = json.loads((tmp_path / "said.json").read_text())
    told = {name: said[f"ABLATE_{name}"] for name in ("SEED", "DEVICE", "PRESET", "SIZE", "LENGTH", "ARM", "BLOCK")}
    assert told == {
        "SEED": "5", "DEVICE": "cpu", "PRESET": "full", "SIZE": "1", "LENGTH": "1", "ARM": "baseline", "BLOCK": "3",
    }  # fmt: skip
    assert Path(said["ABLATE_RESULT"]).parent == Path(said["ABLATE_SCRATCH"])
    assert not Path(said["ABLATE_SCRATCH"]).exists()


FAILURES = {
    "an exit status": ("print('no such file'); sys.exit(7)", "The program ended with exit status 7. It ended with: no such file"),
    "a signal": ("os.kill(os.getpid(), 11)", "The program was killed by SIGSEGV. It printed nothing"),
    "no result": ("print('done')", "It left no result: write {\"score\": ...} as JSON into the file that ABLATE_RESULT names"),
    "a missing score": ("json.dump({'seconds': 2}, open(result, 'w'))", "Score is missing, not a number"),
    "a text for a number": ("json.dump({'score': '0.9'}, open(result, 'w'))", "Score is '0.9' (str), not a number"),
    "NaN": ("json.dump({'score': float('nan')}, open(result, 'w'))", "Score came out as nan; the training diverged"),
    "true": ("json.dump({'score': True}, open(result, 'w'))", "Score is True (bool), not a number"),
    "no time": ("json.dump({'score': 1, 'seconds': 0}, open(result, 'w'))", "Seconds is 0; a training takes more than 0"),
    "a curve that is none": ("json.dump({'score': 1, 'curve': ['a']}, open(result, 'w'))", "Entry 1 of curve is 'a' (str)"),
    "a bad extra": ("json.dump({'score': 1, 'extra': {'loss': None}}, open(result, 'w'))", "Extra 'loss' is missing, not a number"),
    "a misspelt entry": ("json.dump({'scores': 1}, open(result, 'w'))", "an entry 'scores'. Did you mean 'score'? Other numbers go into"),
    "half a result": ("open(result, 'w').write('{\"score\": 0.')", "The result cannot be read: not JSON"),
    "another thing": ("open(result, 'w').write('0.9')", "The result is '0.9', not an object such as {\"score\": 0.9}"),
    "bytes": ("open(result, 'wb').write(bytes(range(128, 256)))", "The result cannot be read: not text"),
    "a huge result": ("open(result, 'w').write(' ' * (2 << 20))", "The result is longer than 1 MiB"),
    "a folder": ("os.mkdir(result)", "Is a directory"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_trial_says_why(tmp_path: Path, name: str) -> None:
    text, reason = FAILURES[name]
    trial = run(program(tmp_path, text), folder=tmp_path / "run").trial
    assert (trial.status, trial.measurements) == ("failed", None)
    assert trial.error is not None
    assert reason in trial.error
    scratch = next((tmp_path / "run" / "scratch").iterdir())
    assert trial.error.endswith(f"Its scratch folder is {scratch}.")


def test_a_result_that_the_pattern_does_not_find(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text("echo accuracy high after 2 s")
    registry = shell_files(tmp_path)
    (tmp_path / "train.sh").write_text("echo nothing")
    assert "No line of its output matches the pattern 'accuracy (?P<score>" in str(run(registry).trial.error)
    (tmp_path / "train.sh").write_text("echo accuracy high after 2 s")
    assert "Score is 'high' in its output, not a number" in str(run(registry).trial.error)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    registry = command_file(tmp_path, "['no-such-program', self.rate]")
    assert "Cannot start 'no-such-program' in " in str(run(registry).trial.error)
    with pytest.raises(UsageError, match="Arm 'baseline' runs 'no-such-program', which is no program here"):
        kind_of(load_registry(registry=registry)).rehearse([Arm(name="baseline", features=frozenset())], "cpu")


def test_a_hundred_megabytes_of_output_pass_through(tmp_path: Path) -> None:
    text = "for _ in range(1600): os.write(1, b'x' * 65535 + b'\\n')\nprint('the end', flush=True)\nsys.exit(1)"
    trial = run(program(tmp_path, text), folder=tmp_path / "run").trial
    assert str(trial.error).startswith("The program ended with exit status 1. It ended with: …xxx")
    assert "| the end (more in " in str(trial.error)
    kept = (tmp_path / "run" / "outputs" / "baseline-3.txt").read_text()
    assert kept.startswith(f"[the first {1600 * 65536 + 8 - supervisor.KEPT_BYTES} bytes are not kept]\n")
    assert kept.endswith("x\nthe end\n")
    assert len(kept) < supervisor.KEPT_BYTES + 100


class TestNothingIsLeft:
    def test_at_a_time_out(self, tmp_path: Path) -> None:
        trial = run(program(tmp_path, "print('still here', flush=True); time.sleep(60)"), timeout_seconds=3).trial
        assert trial.status == "timeout"
        assert str(trial.error).startswith(
            "No result after 3 s, so the program was stopped; raise the limit or leave the arm out. It ended with: still here"
        )

    def test_of_a_program_that_ignores_being_asked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.2)
        text = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('no', flush=True); time.sleep(60)"
        assert run(program(tmp_path, text), timeout_seconds=0.5).trial.status == "timeout"

    def test_of_a_program_that_ends_in_order_when_asked(self, tmp_path: Path) -> None:
        text = (
            "import signal\n"
            "def end(*_): print('saved ' * 40000, flush=True); open('saved', 'w'); sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end); time.sleep(60)"
        )
        assert run(program(tmp_path, text), timeout_seconds=1).trial.status == "timeout"
        assert (tmp_path / "saved").exists()

    def test_of_children_that_outlive_the_program(self, tmp_path: Path, mark: str) -> None:
        text = "if os.fork() == 0: time.sleep(60)\njson.dump({'score': 1}, open(result, 'w'))"
        made = trainer(program(tmp_path, text))
        assert made.train(SPEC, 0).trial.status == "ok"
        # The supervisor waits for the next trial, and nothing else is there.
        assert len(marked(mark)) == 1
        made.close()

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans on")
    def test_of_daemons_that_left_the_process_group(self, tmp_path: Path) -> None:
        text = (
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    if os.fork() == 0: time.sleep(60)\n"
            "    os._exit(0)\n"
            "time.sleep(60)"
        )
        assert run(program(tmp_path, text), timeout_seconds=0.5).trial.status == "timeout"

    def test_when_the_supervisor_is_killed(self, tmp_path: Path) -> None:
        text = "os.kill(os.getppid(), 9); time.sleep(60)"
        made = trainer(program(tmp_path, text))
        assert "was killed, most likely by the system for want of memory" in str(made.train(SPEC, 0).trial.error)
        made.close()

    @pytest.mark.parametrize(
        ("number", "processes", "obeys"),
        [
            (signal.SIGKILL, 1, False),
            (signal.SIGINT, 1, False),
            (signal.SIGKILL, 2, True),
            pytest.param(signal.SIGKILL, 2, False, marks=pytest.mark.slow),
            pytest.param(signal.SIGTERM, 2, False, marks=pytest.mark.slow),
        ],
    )
    def test_when_the_parent_is_ended(
        self, tmp_path: Path, mark: str, number: int, processes: int, obeys: bool
    ) -> None:
        ignore = "" if obeys else "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        text = f"{ignore}os.fork(); open('began', 'w'); time.sleep(60)"
        file = program(tmp_path, text)
        # A test run in the background hands on an ignored SIGINT.
        start = (
            "import signal; signal.signal(2, signal.default_int_handler)\n"
            "from ablate.training import supervisor; supervisor.GRACE_SECONDS = 0.2\n"
            "import ablate.cli; ablate.cli.main()"
        )
        words = ["run", "--registry", str(file), "--out", "run", "--trials", "2", "--processes", str(processes)]
        study = subprocess.Popen(
            [sys.executable, "-c", start, *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert wait_for((tmp_path / "began").exists, seconds=60)
            study.send_signal(number)
            _, said = study.communicate(timeout=30)
        finally:
            study.kill()
        assert wait_for(lambda: not marked(mark))
        if number != signal.SIGKILL:
            assert study.returncode == 130, said
            assert b"Resume with: ablate study resume run" in said


def test_a_time_limit_needs_no_child_processes(tmp_path: Path) -> None:
    """So that a registry made in Python can have one too."""
    registry = load_registry(registry=program(tmp_path, "time.sleep(60)"))
    study = Study.of(pair(Arm(name="baseline", features=frozenset()), Arm(name="deep", features=frozenset({"deep"}))),
                     name="x", question="?", blocks=1, processes=1)  # fmt: skip
    results = ablate.run(study, registry=registry, timeout_seconds=0.3, out=tmp_path / "run")
    assert results.summary is not None
    assert results.summary.timeout == 2


def test_the_search_path_of_python_is_the_users_in_a_child_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "of the user")
    outer = users_environment()
    for name, value in same_modules().items():
        monkeypatch.setenv(name, value)
    assert os.environ["PYTHONPATH"] != "of the user"
    assert users_environment() == outer
    assert same_modules()["PYTHONPATH"] == os.environ["PYTHONPATH"]


def test_an_edit_of_the_program_while_the_study_runs_is_refused(tmp_path: Path) -> None:
    made = trainer(script_files(tmp_path))
    assert made.train(SPEC, 0).trial.status == "ok"
    with (tmp_path / "train.py").open("a") as file:
        file.write("# another\n")
    with pytest.raises(
        UsageError, match="While the study ran, a file that the recipe of arm 'baseline' names has changed"
    ):
        made.train(SPEC, 0)
    made.close()
