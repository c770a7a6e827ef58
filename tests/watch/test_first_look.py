"""What a newcomer sees of a long study after its first block."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ablate.engine.events import Event, StudyOpened, StudyStarted
from ablate.engine.runner import run_study
from ablate.store.trials import MemoryTrialStore
from ablate.study.score import TTA_ACCURACY, Score
from ablate.watch.first_look import MOST_ROWS, FirstLook
from ablate.watch.progress import StudyProgress
from tests.fakes import FakeExecutor, fake_study, finished_trial
from tests.losses import LOSS
from tests.tiny_study import CommandLine, study_json

LOOK = "blocks is done; one trial of each arm settles nothing yet:"


def shown(
    capsys: pytest.CaptureFixture[str],
    *,
    blocks: int = 5,
    names: tuple[str, ...] = ("a", "b"),
    executor: FakeExecutor | None = None,
    done: int = 0,
    minutes: float | None = None,
    terminal: bool = False,
    score: Score = TTA_ACCURACY,
) -> str:
    """What progress says of a study run by a fake executor, `done` trials of which were run in an earlier sitting."""
    study = fake_study(blocks=blocks, processes=1, names=names)
    store = MemoryTrialStore()
    run_study(study.schedule()[:done], store, FakeExecutor())
    console = Console(stderr=True, force_terminal=terminal, width=100)
    with StudyProgress(console) as progress:
        progress.show(
            StudyOpened(
                folder=Path("runs/a study"), arms=tuple(arm.name for arm in study.arms), minutes=minutes, score=score
            )
        )
        run_study(study.schedule(), store, executor or FakeExecutor(), on_event=progress.show)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)


@pytest.mark.parametrize("terminal", [False, True])
def test_after_the_first_block_its_numbers_are_shown_once(capsys: pytest.CaptureFixture[str], terminal: bool) -> None:
    said = shown(capsys, terminal=terminal)
    assert said.count(f"1 of 5 {LOOK}") == 1
    look = said[said.index(LOOK) : said.index("It goes on")].splitlines()
    # On a terminal the bars are drawn again below whatever is said.
    heading, *rows = (line.strip() for line in look[1:] if line.strip() and "━" not in line)
    assert heading.split() == ["arm", "TTA", "accuracy", "time"]
    # In the study's order, not the block's.
    assert [row.replace("94.00 %", "").replace("2.50 s", "").strip() for row in rows] == ["all", "all - a", "all - b"]
    assert all("94.00 %" in row and "2.50 s" in row for row in rows)
    assert "Ctrl-C keeps what there is, and `ablate report 'runs/a study'` shows it at any time." in said


def test_it_comes_when_the_block_is_over_and_says_how_long_the_rest_takes(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys)
    before, after = said.split(LOOK)
    assert before.count("block 0:") == 3
    assert "block 1:" not in before
    assert "block 0:" not in after
    assert re.search(r"It goes on, for about \d+ s more; Ctrl-C", after)


def test_a_study_of_many_arms_is_shown_by_its_first_dozen(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, names=tuple(f"feature {number}" for number in range(63)))
    look = said[said.index(LOOK) : said.index("It goes on")]
    assert look.count("94.00 %") == MOST_ROWS == 12
    assert "\n… and 52 more arms\n" in look


@pytest.mark.parametrize("settings", [{"blocks": 1}, {"done": 1}, {"done": 3}], ids=str)
def test_one_block_alone_or_a_study_that_goes_on_has_none(
    capsys: pytest.CaptureFixture[str], settings: dict[str, int]
) -> None:
    assert LOOK not in shown(capsys, **settings)


def test_a_failed_trial_is_one_of_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, executor=FakeExecutor(statuses={("all - a", 0): "failed"}))
    assert re.search(r"\nall - a +failed *\n", said[said.index(LOOK) :])


def test_a_limit_of_time_is_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, minutes=90)
    assert "It goes on as far as the 90 min given allow; Ctrl-C" in said


def test_events_without_a_folder_give_a_look_too(capsys: pytest.CaptureFixture[str]) -> None:
    study = fake_study(blocks=2, processes=1)

    with StudyProgress(Console(stderr=True, width=100)) as progress:

        def all_but_the_opening(event: Event) -> None:
            progress.show(event)

        run_study(study.schedule(), MemoryTrialStore(), FakeExecutor(), on_event=all_but_the_opening)
    assert f"1 of 2 {LOOK}" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["table", "json"])
def test_the_command_shows_it_on_stderr(here: Path, ablate: CommandLine, more: list[str]) -> None:
    said = ablate.ok("run", "--disable", "tta", "--trials", "2", "--out", "run", *more)
    assert f"1 of 2 {LOOK}" in said.err
    assert "`ablate report run` shows it at any time." in said.err
    assert LOOK not in said.out


OWN_REGISTRY = """
import ablate
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.parts import Silu

REGISTRY = ablate.Registry(
    baseline=AIRBENCH94_MUON,
    features=[ablate.Feature(name="silu", group="own", summary="SiLU.", patch={"activation": Silu()}, source="here")],
    groups=[ablate.Group(slug="own", title="Own", published_percent=None, source="here")],
    score=ablate.Score(title="share of errors", unit="points", factor=100, better="lower", margin=1),
)
"""


def test_a_registrys_own_score_goes_with_the_study_to_its_end(here: Path, ablate: CommandLine) -> None:
    Path("own.py").write_text(OWN_REGISTRY)
    said = ablate.ok("run", "--registry", "own.py", "--disable", "silu", "--trials", "2", "--out", "run")
    assert re.search(r"arm +share of errors +time", said.err)
    assert re.search(r"block 0: [\d.]+ points in", said.err)
    assert re.search(r"(raises|lowers|leaves) share of errors", said.out)
    assert "share of errors lowered" in said.out
    assert study_json(Path("run"))["score"]["better"] == "lower"
    resumed = ablate.ok("study", "resume", "run")
    assert "share of errors lowered" in resumed.out
    dry = ablate.ok("run", "--registry", "own.py", "--disable", "silu", "--dry-run")
    assert "TTA" not in dry.out + dry.err


def test_a_score_of_another_kind_is_named_and_printed_in_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, score=LOSS)
    assert re.search(r"arm +validation loss +time", said)
    assert re.search(r"all - a +0\.94 nats +2\.50 s", said)
    assert "0.94 nats in 2.50 s" in said, "the line of a trial"
    assert "%" not in said


def test_a_study_that_begins_with_times_counts_its_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    study = replace(fake_study(blocks=6, processes=3), clock="interleaved", parallel=2)
    look = FirstLook()
    look.begin(StudyStarted(total=len(study.schedule()), pending=study.schedule(), parallel=2))
    first = [spec for spec in study.schedule() if spec.block == study.schedule()[0].block]
    assert {spec.measures for spec in first} == {"time"}
    done = [look.take(finished_trial(spec).trial) for spec in first]
    assert done == [False, False, True]
    assert str(look.shown("")[0]).startswith(f"1 of {3 * study.rounds} rounds of times is done;")
