"""Studies on seats, from the command line and from Python: what is recorded, what is refused, what goes on elsewhere."""

import json
from pathlib import Path

import pytest

from ablate import api
from ablate.engine.places import LocalPlace
from ablate.engine.seating import Seating
from ablate.errors import UsageError
from ablate.training.planning import Planning
from ablate.training.seated import check_resumed
from tests.cli.test_own_kinds import function
from tests.engine.fake_places import FakePlace
from tests.fakes import fake_study, resolved_study
from tests.tiny_study import CommandLine, trial_lines


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("ablate.report.figures.draw_figures", lambda evidence, target: ())
    return tmp_path


@pytest.fixture
def ablate(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_a_study_on_two_commands_is_recorded_and_resumed_elsewhere(here: Path, ablate: CommandLine) -> None:
    words = ["run", "--registry", function(here), "--disable", "wide", "--trials", "4", "--processes", "2"]
    ended = ablate.ok(*words, "--out", "run", "--seats", "command:sh -c", "--seats", "command:env A=b")
    assert "ran in seats that share a GPU, or the cores of a machine" in ended.out
    kept = json.loads((here / "run" / "study.json").read_text())
    assert kept["overrides"]["seats"] == ["command:sh -c", "command:env A=b"]
    assert "parallel" not in kept["study"]
    trials = trial_lines(here / "run")
    assert {trial["seat"] for trial in trials} == {"command:sh -c", "command:env A=b"}
    assert all(trial["host"] and trial["received_at"] for trial in trials)

    lines = (here / "run" / "trials.jsonl").read_text().splitlines(keepends=True)
    (here / "run" / "trials.jsonl").write_text("".join(lines[:-1]))
    ablate("study", "resume", "run", "--seats", "local:2").refused(
        2, "--seats local:2 has trials share this machine's cores"
    )
    ablate.ok("study", "resume", "run", "--seats", "command:env")
    assert [trial.get("seat") for trial in trial_lines(here / "run")][-1] == "command:env"
    (here / "run" / "trials.jsonl").write_text("".join(lines[:-1]))
    ablate.ok("study", "resume", "run", "--seats", "local")
    assert "seat" not in trial_lines(here / "run")[-1]


def test_shares_of_the_cores_are_trainings_at_a_time(here: Path, ablate: CommandLine) -> None:
    words = ["run", "--registry", function(here), "--disable", "wide", "--trials", "2"]
    ablate.ok(*words, "--out", "seats", "--seats", "local:2")
    ablate.ok(*words, "--out", "parallel", "--parallel", "2")
    kept = [json.loads((here / name / "study.json").read_text()) for name in ("seats", "parallel")]
    assert kept[0]["study"] == kept[1]["study"]
    assert kept[0]["schedule"] == kept[1]["schedule"]
    trials = [
        sorted((t["spec"]["arm"], t["spec"]["block"], t["beside"]) for t in trial_lines(here / n))
        for n in ("seats", "parallel")
    ]
    assert trials[0] == trials[1]
    assert not any("seat" in trial for trial in trial_lines(here / "seats"))


def seated(seating: Seating, **planning: object) -> tuple[Planning, list[str]]:
    said: list[str] = []
    given: Planning = {"announce": said.append, **planning}  # type: ignore[typeddict-item]
    return api.seated(fake_study(blocks=4, processes=2), seating, given)[1], said


def test_gpus_are_trained_on_as_cuda() -> None:
    gpus = Seating(("gpu:all",), 1, (LocalPlace(name="gpu:0"), LocalPlace(name="gpu:1"), LocalPlace(name="gpu:2")))
    planning, said = seated(gpus)
    assert planning["device"] == "cuda"
    assert said == [
        "The study has 2 processes for 3 seats: a process trains in one seat. With --processes 6 none would be idle."
    ]
    with pytest.raises(UsageError, match="train on cuda, not on --device cpu"):
        seated(gpus, device="cpu")


def test_a_study_on_a_processor_is_not_resumed_on_gpus() -> None:
    gpus = Seating(("gpu:all",), 1, (LocalPlace(name="gpu:0"),))
    check_resumed(resolved_study(device="cuda"), gpus)
    with pytest.raises(UsageError, match="Seats that are GPUs train on cuda, and this study on cpu"):
        check_resumed(resolved_study(device="cpu"), gpus)


def test_seats_elsewhere_need_no_device_here() -> None:
    far = Seating(("command:ssh box",), 1, (FakePlace("command:ssh box"),))
    planning, said = seated(far, device="cuda")
    assert (planning["elsewhere"], planning["device"], said) == (True, "cuda", [])
    _, said = seated(far)
    assert said == [
        "Seats elsewhere train on the device that this machine would take; --device cuda says that they have GPUs."
    ]
