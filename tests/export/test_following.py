"""Trackers that follow a study: told between its trials, and never at its cost."""

import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import ablate
from ablate.engine.events import Event, TrialFinished, TrialStarted
from ablate.errors import InterruptedStudyError, UsageError
from ablate.export import export, following
from ablate.export.destinations import Destination
from ablate.export.exported import exported_trials, folder_id, reference_recipe
from ablate.export.following import Following, Patience
from ablate.export.tracker import quiet
from ablate.store.run_folder import RunFolder
from ablate.study import Study, add_one_in
from tests.export.fake_tracker import KEPT, Kept
from tests.tiny_study import CommandLine, make_everything_tiny, trial_lines

ONE = (Destination(kind="fake"),)
SMALL = Study.of(add_one_in(["silu"]), name="small", question="Does it work?", blocks=2, processes=1)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy nothing here may depend on how long anything takes."""
    monkeypatch.setattr(following, "PATIENCE", Patience(before=300, between=300, after=300))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_everything_tiny(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def hanging(kept: Kept) -> Iterator[Kept]:
    """A tracker that does not answer before the test is over."""
    over = threading.Event()
    kept.before_trial = lambda: over.wait() and None
    yield kept
    over.set()


def said_by(folder: Path, follow: int, patience: Patience | None = None) -> list[str]:
    """What is said while a tracker follows the first trials of a run folder."""
    opened, said = RunFolder.open(folder), list[str]()
    store = opened.read_trials()
    with Following(ONE, opened, store, said.append, patience=patience) as followed:
        for trial in list(store)[:follow]:
            followed.take(trial)
    return said


def test_a_trial_is_told_before_the_next_begins(kept: Kept, here: Path) -> None:
    events: list[str] = []

    def show(event: Event) -> None:
        if isinstance(event, TrialStarted | TrialFinished):
            events.append(f"{type(event).__name__}, {len(kept.trials)} told")

    said: list[str] = []
    results = ablate.run(SMALL, out=here / "run", track="fake", on_event=show, announce=said.append)
    assert results.summary is not None
    assert results.summary.ok == 4
    told = [line for line in events if line.startswith("TrialStarted")]
    # The first waits where the reference, which is told apart from, has yet to be trained.
    first = 0 if trial_lines(here / "run")[0]["spec"]["arm"] != "baseline" else 1
    assert told == [f"TrialStarted, {number} told" for number in (0, first, 2, 3)]
    assert len(kept.states) == 1
    assert kept.closed == 1
    assert said[-1] == "The fake has 4 trials: in memory"
    # What was told is what an export afterwards would tell.
    store = results.folder.read_trials()
    reference = reference_recipe(results.folder.resolved, store, store)
    assert reference is not None
    exported = exported_trials(folder_id(results.folder), results.folder.resolved, store, store, reference)
    assert list(kept.trials.values()) == list(exported)
    (again,) = results.export("fake")
    assert (again.added, again.summary) == (0, False)


@pytest.mark.parametrize("failing", ["before_opening", "before_trial", "before_summary"])
@pytest.mark.parametrize("error", [ConnectionError("no route to host"), SystemExit(1), KeyboardInterrupt()])
def test_a_tracker_that_fails_is_one_warning(kept: Kept, folder: Path, failing: str, error: BaseException) -> None:
    def fail() -> None:
        raise error

    setattr(kept, failing, fail)
    (warning,) = said_by(folder, 7)
    why = str(error) or type(error).__name__
    assert warning == (
        f"The fake failed: {why}. The study goes on without it; what it lacks is added by: ablate export {folder} --to fake"
    )
    setattr(kept, failing, lambda: None)
    export(folder, "fake")
    assert len({(trial.arm, trial.block) for trial in kept.trials.values()}) == 6


def test_a_tracker_that_does_not_answer_is_followed_no_further(hanging: Kept, folder: Path) -> None:
    (warning,) = said_by(folder, 7, Patience(before=300, between=0.01, after=300))
    assert warning.startswith("The fake took longer than 0.01 s. The study goes on without it;")
    assert not hanging.trials


def test_what_others_print_is_printed_while_a_tracker_hangs(
    hanging: Kept, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = threading.Event()

    def hang() -> None:
        with quiet():
            print("from the tracker")
            inside.set()
            waits()

    waits = hanging.before_trial
    hanging.before_trial = hang
    said_by(folder, 2, Patience(before=300, between=0.01, after=300))
    inside.wait()
    print("a result")
    assert capsys.readouterr().out == "a result\n"


def test_output_is_as_it_was_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    with quiet():
        print("nothing")
        assert sys.stdout.isatty() is False
    assert sys.stdout is output
    assert output.getvalue() == ""


def test_at_the_end_it_gets_what_it_lacks_of_earlier_sittings(kept: Kept, folder: Path) -> None:
    assert said_by(folder, 0) == ["The fake has 6 trials: in memory"]
    assert len(kept.trials) == 6
    assert len(kept.states) == 1


def test_a_study_that_is_broken_off_has_no_summary(kept: Kept, here: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, TrialFinished) and len(kept.trials) == 2:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedStudyError, match="3 of 4 trials are done"):
        ablate.run(SMALL, out=here / "run", track="fake", on_event=stop, announce=lambda line: None)
    assert len(kept.trials) == 2
    assert not kept.states
    assert kept.closed == 1
    results = ablate.resume(here / "run", track="fake", announce=lambda line: None)
    assert results.summary is not None
    assert results.summary.left == 0
    assert len(kept.trials) == 4
    assert len(kept.states) == 1


def test_the_commands_take_trackers(
    kept: Kept, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.report.figures.draw_figures", lambda evidence, target: ())
    command = CommandLine(capsys)
    start = ("run", "--from", "baseline", "--enable", "silu", "--trials", "1", "--out", "run")
    command(*start, "--track", "fale").refused(2, "There is no tracker 'fale'.")
    command(*start, "--track-uri", "x").refused(2, "--track-uri x changes nothing without --track.")
    command(*start, "--track", "fake", "--track", "fake", "--track-uri", "x").refused(
        2, "--track is given twice and --track-uri once"
    )
    assert not (here / "run").exists()

    def fail() -> None:
        raise ConnectionError("no route to host")

    KEPT["b"].before_trial = fail
    ended = command.ok(*start, "--track", "fake", "--track", "fake", "--track-uri", "a", "--track-uri", "b", "--json")
    assert ended.out.startswith("{")
    assert "The fake has 2 trials: a" in ended.err
    assert ended.err.count("ablate export run --to fake --uri b") == 1
    assert (len(KEPT["a"].trials), len(KEPT["b"].trials)) == (2, 0)
    command.ok("study", "resume", "run", "--track", "fake")
    assert len(kept.trials) == 2


def test_a_package_that_is_not_there_is_said_before_a_folder_is_made(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.export.tracker.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"^MLflow needs mlflow, which is not installed here"):
        ablate.run(SMALL, out=here / "run", track="mlflow")
    assert not (here / "run").exists()
