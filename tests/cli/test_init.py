"""`ablate init`: the files it writes work as they are, all the way to a trained arm."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.cli.init import STARTS
from ablate.lineages.loading import load_registry
from ablate.lineages.study_files import recipe_of, study_files
from ablate.parts import NoCompile, RateSchedule
from ablate.recipes.registry import Registry
from tests.tiny_study import CommandLine, trial_lines, untouched
from tests.tiny_training import TINY, run, tiny_images

OPTIONS = {"feature": "--features-from", "registry": "--registry"}


@pytest.mark.parametrize("start", OPTIONS)
def test_it_writes_what_it_carries_and_says_what_comes_next(here: Path, ablate: CommandLine, start: str) -> None:
    said = ablate.ok("init", start, "my own.py")
    assert (here / "my own.py").read_text() == (STARTS / f"{start}.py").read_text()
    commands = [line.strip() for line in said.out.splitlines() if line.startswith("  ablate ")]
    assert len(commands) == 2
    for command in commands:
        assert ablate.ok(*shlex.split(command)[1:]).out


def test_the_feature_that_is_written_loads_with_a_part_of_its_own(here: Path, ablate: CommandLine) -> None:
    ablate.ok("init", "feature", "own.py")
    registry = load_registry(features_from=Path("own.py"))
    assert registry.members("schedules") == ("warm_up",)
    shown = ablate.ok("features", "warm_up", "--features-from", "own.py").out
    assert "LinearDecay()" in shown
    assert "WarmUp(share=0.1)" in shown


def test_the_schedule_that_is_written_rises_and_falls_within_bounds(here: Path, ablate: CommandLine) -> None:
    ablate.ok("init", "feature", "own.py")
    schedule = load_registry(features_from=Path("own.py")).compose(["warm_up"]).schedule
    assert isinstance(schedule, RateSchedule)
    for num_steps in (0, 1, 5, 10, 243):
        for share in (0.0, 0.1, 1.0):
            factors = [replace(schedule, share=share).factor(step, num_steps) for step in range(num_steps + 2)]
            assert all(0 < factor <= 1 for factor in factors[:num_steps])
            assert factors[num_steps:] == [0.0, 0.0]
            peak = factors.index(max(factors))
            assert factors[:peak] == sorted(factors[:peak])
            assert factors[peak:] == sorted(factors[peak:], reverse=True)


def trains(registry: Registry, names: tuple[str, ...]) -> None:
    recipe = replace(registry.compose(names), scale=TINY, epochs=1.0, compiler=NoCompile())
    recorded = run(recipe, tiny_images(4))
    assert len(recorded.muon) >= 2
    assert recorded.outcome is not None
    assert recorded.outcome.last_loss.isfinite()
    assert recorded.outcome.tta_logits.shape == (40, 10)


@pytest.mark.parametrize("start", OPTIONS)
def test_what_is_written_trains(here: Path, ablate: CommandLine, start: str) -> None:
    ablate.ok("init", start, "own.py")
    own = load_registry(**{OPTIONS[start].removeprefix("--").replace("-", "_"): Path("own.py")})
    for name in own.names if start == "registry" else ("warm_up",):
        trains(own, (name,))
    trains(own, own.names)


def test_the_feature_that_is_written_runs_as_a_command(here: Path, ablate: CommandLine) -> None:
    ablate.ok("init", "feature", "own.py")
    words = ["--from", "baseline", "--enable", "warm_up", "--features-from", "own.py", "--trials", "1", "--out", "run"]
    assert "warm_up" in ablate.ok("run", *words).out
    assert [trial["status"] for trial in trial_lines(here / "run")] == ["ok", "ok"]


# Nothing was published about a new registry, so that it has no published rungs to train.
FOR_EVERY_RECIPE = sorted(name for name in study_files() if name != "published" and recipe_of(name) is None)


@pytest.mark.parametrize("study", FOR_EVERY_RECIPE)
def test_the_registry_that_is_written_fits_every_study(here: Path, ablate: CommandLine, study: str) -> None:
    ablate.ok("init", "registry", "own.py")
    planned = json.loads(ablate.ok("study", "run", study, "--registry", "own.py", "--dry-run", "--json").out)
    assert planned["left_out"] == []
    assert planned["arms"] >= 2


def test_nothing_was_published_about_a_registry_of_ones_own(here: Path, ablate: CommandLine) -> None:
    ablate.ok("init", "registry", "own.py")
    ablate("study", "run", "published", "--registry", "own.py", "--dry-run").refused(
        2, "Nothing was published about this registry"
    )


@pytest.mark.parametrize("kind", ["python", "command"])
class TestTrainingsOfOnesOwn:
    def test_the_file_is_what_it_carries_and_what_comes_next_works(
        self, here: Path, ablate: CommandLine, kind: str
    ) -> None:
        said = ablate.ok("init", "registry", "--kind", kind, "my own.py")
        assert (here / "my own.py").read_text() == (STARTS / f"{kind}.py").read_text()
        commands = [line.strip() for line in said.out.splitlines() if line.startswith("  ablate ")]
        assert len(commands) == 2
        for command in commands:
            assert ablate.ok(*shlex.split(command)[1:]).out

    @pytest.mark.parametrize("study", FOR_EVERY_RECIPE)
    def test_it_trains_in_every_study_that_means_something(
        self, here: Path, ablate: CommandLine, kind: str, study: str
    ) -> None:
        ablate.ok("init", "registry", "--kind", kind, "own.py")
        words = ["study", "run", study, "--registry", "own.py", "--trials", "1", "--processes", "1", "--out", "run"]
        if kind == "command" and study == "waterfall_equal_accuracy":
            ablate(*words).refused(2, "Mine does not honour lengths")
        else:
            ablate.ok(*words)
            assert {trial["status"] for trial in trial_lines(here / "run")} == {"ok"}


def test_an_unknown_kind_of_recipe(here: Path, ablate: CommandLine) -> None:
    with untouched(here):
        ablate("init", "registry", "--kind", "pyhton", "own.py").refused(2, "pyhton")


@pytest.mark.parametrize("start", OPTIONS)
class TestRefusals:
    def test_a_file_that_exists_is_left_alone(self, here: Path, ablate: CommandLine, start: str) -> None:
        (here / "own.py").write_text("mine")
        with untouched(here):
            ablate("init", start, "own.py").refused(2, "own.py exists already and is left as it is.")

    def test_a_folder_that_is_not_there(self, here: Path, ablate: CommandLine, start: str) -> None:
        with untouched(here):
            ablate("init", start, "deep/own.py").refused(2, "Cannot write deep/own.py: there is no folder deep.")

    def test_a_name_that_is_not_pythons(self, here: Path, ablate: CommandLine, start: str) -> None:
        with untouched(here):
            ablate("init", start, "own").refused(2, "own would be a Python file; name it own.py.")

    def test_no_file(self, here: Path, ablate: CommandLine, start: str) -> None:
        with untouched(here):
            ablate("init", start).refused(2, "FILE")


def test_an_unknown_kind_has_its_near_match(here: Path, ablate: CommandLine) -> None:
    with untouched(here):
        ablate("init", "featur", "own.py").refused(2, "featur")
