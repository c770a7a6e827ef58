"""Rounds: times of a block's arms, taken together."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.events import (
    Event,
    ProcessDied,
    ProcessStarted,
    RoundsRetired,
    RoundStarted,
    StudyStarted,
    TrialStarted,
    WarmUpStarted,
)
from ablate.engine.executors import ChildExecutor, InProcessExecutor
from ablate.engine.rounds import pieces
from ablate.engine.runner import Summary, run_study
from ablate.errors import AblateError, DataError, InterruptedStudyError
from ablate.store.records import FinishedTrial, Trial
from ablate.store.trials import JsonlTrialStore, MemoryTrialStore
from tests.fake_trainer import make
from tests.fakes import FakeClock, fake_study, finished_trial, untried

both_ways = pytest.mark.parametrize("children", [False, True])


class Told:
    """A study of three arms, three rounds (blocks 2, 3 and 4) and two blocks of trainings, in one process."""

    def __init__(self, *, children: bool, rounds: int = 3, timeout_seconds: float | None = None, **arguments: Any):
        self.study = replace(fake_study(2, 1), clock="interleaved", rounds=rounds)
        self.schedule = self.study.schedule()
        self.store, self.events = MemoryTrialStore(), list[Event]()
        self.executor = (
            ChildExecutor("tests.fake_trainer:make", arguments, untried=untried, timeout_seconds=timeout_seconds)
            if children
            else InProcessExecutor(make(**arguments))
        )

    def run(self, on_event: Callable[[Event], None] = lambda event: None, **options: Any) -> Summary:
        def listen(event: Event) -> None:
            self.events.append(event)
            on_event(event)

        return run_study(self.schedule, self.store, self.executor, on_event=listen, **options)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def trial(self, arm: str, block: int) -> Trial:
        return self.store.latest()[arm, block]

    @property
    def rounds(self) -> list[tuple[int, int]]:
        """Block and number of arms of each round that began."""
        return [(event.specs[0].block, len(event.specs)) for event in self.of(RoundStarted)]


@both_ways
def test_rounds_take_all_arms_of_a_block_at_once_after_their_warm_ups(children: bool, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    told = Told(children=children, diary=str(diary))
    assert told.run() == Summary(ok=15, failed=0, timeout=0, left=0)
    assert [trial.spec for trial in told.store] == list(told.schedule)
    assert told.events[0] == StudyStarted(pending=told.schedule, total=15, rounds=(2, 3, 4))
    assert told.rounds == [(2, 3), (3, 3), (4, 3)]
    kinds = [type(event) for event in told.events if isinstance(event, WarmUpStarted | RoundStarted | TrialStarted)]
    assert kinds == [WarmUpStarted] * 3 + [RoundStarted] * 3 + [TrialStarted] * 6
    words = [line.split()[0] for line in diary.read_text().splitlines()]
    assert words == ["born", "round", "round", "round", *["train"] * 6]


def test_trainings_are_pieces_of_their_own_and_times_a_piece_a_block() -> None:
    assert [len(piece) for piece in pieces(Told(children=False).schedule)] == [3, 3, 3, 1, 1, 1, 1, 1, 1]
    assert [len(piece) for piece in pieces(Told(children=False).schedule[1:4])] == [2, 1]


@both_ways
@pytest.mark.parametrize("stored", [1, 2])
def test_a_half_stored_round_is_completed_by_the_arms_that_lack(children: bool, stored: int) -> None:
    told = Told(children=children)
    for spec in told.schedule[:stored]:
        told.store.append(finished_trial(spec))
    assert told.run().ok == 15
    assert told.rounds == [(2, 3 - stored), (3, 3), (4, 3)]
    assert [trial.spec for trial in told.store] == list(told.schedule)


@both_ways
def test_an_arm_that_cannot_be_warmed_leaves_its_rounds_to_the_others(children: bool) -> None:
    told = Told(children=children, warm_acts={"all": "raise"})
    assert told.run() == Summary(ok=10, failed=5, timeout=0, left=0)
    assert told.rounds == [(2, 2), (3, 2), (4, 2)]
    assert told.trial("all", 3).error == "warm-up failed with RuntimeError: two lines"


@both_ways
def test_what_a_round_does_not_return_has_failed(children: bool) -> None:
    told = Told(children=children, acts={"all/3": "skip", "all - a/4": "fail", "round/2": "raise"})
    assert told.run() == Summary(ok=10, failed=5, timeout=0, left=0)
    assert told.trial("all", 3).error == "its round came to an end without a time for it"
    assert told.trial("all - a", 4).error == "the fake trainer was told to fail"
    assert told.trial("all - b", 2).error == "RuntimeError: two lines"
    again = [spec for spec in told.schedule if told.store.statuses[spec.key] == "failed"]
    told.executor = InProcessExecutor(make())
    told.events.clear()
    assert told.run(retry_failed=True).ok == 15
    assert told.rounds == [(2, 3), (3, 1), (4, 1)]
    assert told.of(StudyStarted)[0].pending == tuple(again)


@both_ways
def test_fail_fast_keeps_what_the_round_has_given(children: bool) -> None:
    told = Told(children=children, acts={"all/3": "fail"})
    assert told.run(fail_fast=True) == Summary(ok=5, failed=1, timeout=0, left=9, stopped="fail_fast")


@both_ways
def test_what_the_study_cannot_go_on_without_ends_it(children: bool) -> None:
    told = Told(children=children, acts={"round/3": "no data"})
    with pytest.raises(DataError, match="the data set went away"):
        told.run()
    assert len(told.store.finished()) == 3


def test_a_trainer_that_cannot_is_no_failed_trial() -> None:
    told = Told(children=False)

    class WholeTrialsOnly:
        remarks = ()

    told.executor = InProcessExecutor(WholeTrialsOnly())  # type: ignore[arg-type]
    with pytest.raises(AblateError, match="cannot be timed piece by piece; measure whole trials, with --clock trial"):
        told.run()


@pytest.mark.parametrize("how", ["SIGKILL", "exit"])
def test_a_child_that_dies_in_a_round_costs_the_round_and_retires_no_arm(how: str) -> None:
    told = Told(children=True, acts={"round/3": how})
    assert told.run() == Summary(ok=12, failed=3, timeout=0, left=0)
    assert [trial.spec for trial in told.store] == list(told.schedule)
    assert [trial.process for trial in told.store] == [0] * 6 + [1] * 9
    assert len({trial.error for trial in told.store if trial.spec.block == 3}) == 1
    assert [event.restart for event in told.of(ProcessStarted)] == [False, True]


def test_three_rounds_in_a_row_that_died_retire_the_rounds_and_not_the_trainings() -> None:
    told = Told(children=True, rounds=5, acts={"round": "SIGKILL"})
    assert told.run() == Summary(ok=6, failed=15, timeout=0, left=0)
    assert len(told.of(ProcessDied)) == 3
    (retired,) = told.of(RoundsRetired)
    assert retired.reason.startswith("the rounds of times were given up after 3 deaths in a row; the last: its process")
    assert [told.trial("all", block).error == retired.reason for block in range(2, 7)] == [False] * 3 + [True] * 2


def test_rounds_that_died_but_not_in_a_row_retire_nothing() -> None:
    told = Told(children=True, rounds=5, acts={f"round/{block}": "exit" for block in (2, 3, 5, 6)})
    assert told.run() == Summary(ok=9, failed=12, timeout=0, left=0)
    assert told.of(RoundsRetired) == []


def test_a_child_that_dies_in_a_warm_up_costs_that_arm_and_not_the_others_times() -> None:
    told = Told(children=True, warm_acts={"all": "SIGKILL"})
    assert told.run() == Summary(ok=10, failed=5, timeout=0, left=0)
    assert told.rounds == [(2, 2), (3, 2), (4, 2)]
    assert len(told.of(ProcessDied)) == 3


def test_a_round_has_the_time_of_its_arms_together() -> None:
    told = Told(children=True, acts={"round/3": "hang"}, timeout_seconds=0.2)
    assert told.run() == Summary(ok=12, failed=0, timeout=3, left=0)
    assert str(told.trial("all", 3).error).startswith("no result after 0.6 s, so its process was stopped")


def test_minutes_count_a_round_as_a_block() -> None:
    clock = FakeClock()

    class Slow:
        def __init__(self) -> None:
            self.trainer = make()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.trainer, name)

        def time_together(self, specs: Any, process: int) -> Any:
            clock.now += 60.0
            return self.trainer.time_together(specs, process)

    told = Told(children=False)
    told.executor = InProcessExecutor(Slow())
    assert told.run(minutes=2.5, clock=clock) == Summary(ok=6, failed=0, timeout=0, left=9, stopped="minutes")


def test_a_failed_warm_up_does_not_end_the_block_for_minutes() -> None:
    told = Told(children=False, warm_acts={told_last(): "raise"})
    assert told.run(minutes=1e-9) == Summary(ok=2, failed=1, timeout=0, left=12, stopped="minutes")


def told_last() -> str:
    """The arm of the first round's last place."""
    return Told(children=False).schedule[2].arm


def test_ctrl_c_in_a_round_keeps_the_rounds_before() -> None:
    told = Told(children=False)

    def interrupt(event: Event) -> None:
        if isinstance(event, RoundStarted) and event.specs[0].block == 4:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedStudyError, match="6 of 15 trials are done and kept"):
        told.run(interrupt)


def test_a_round_cut_between_two_appends_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, append = Told(children=False), JsonlTrialStore.append

    def stop(store: JsonlTrialStore, finished: FinishedTrial) -> None:
        if len(store.statuses) == 4:
            raise AblateError("the power went off")
        append(store, finished)

    with JsonlTrialStore(tmp_path / "trials.jsonl") as store, monkeypatch.context() as patch:
        patch.setattr(JsonlTrialStore, "append", stop)
        with pytest.raises(AblateError, match="power"):
            run_study(told.schedule, store, told.executor)
    with JsonlTrialStore(tmp_path / "trials.jsonl") as store:
        assert run_study(told.schedule, store, told.executor, on_event=told.events.append).ok == 15
        assert [trial.spec for trial in store] == list(told.schedule)
    assert told.rounds == [(3, 2), (4, 3)]
