"""Seats: several lots at a time, one writer."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.events import Event, ProcessDied, ProcessStarted, RoundStarted, TrialStarted
from ablate.engine.executors import ChildExecutor, share_of_cores
from ablate.engine.rounds import Happening
from ablate.engine.runner import Summary, run_study
from ablate.engine.seats import lots
from ablate.errors import AblateError, DataError, InterruptedStudyError
from ablate.machine.processor import usable_cores
from ablate.store.records import FinishedTrial
from ablate.store.trials import MemoryTrialStore
from ablate.study.schedule import TrialSpec
from tests.fakes import FakeExecutor, fake_study, finished_trial, untried

PATIENCE_SECONDS = 30.0


def two_seats(blocks: int = 4, **fields: Any) -> tuple[TrialSpec, ...]:
    """Arms 0 and 2 of three in the first lot, the other in the second."""
    return replace(fake_study(blocks, 1), parallel=2, **fields).schedule()


class OneThreadStore(MemoryTrialStore):
    """A store that only the thread which made it may use."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()

    def append(self, finished: FinishedTrial) -> None:
        assert threading.get_ident() == self.thread
        assert finished.trial.spec.key not in self.statuses
        super().append(finished)


class Scripted(FakeExecutor):
    """Calls `before` in the seat's thread before each trial, and says whether it was halted."""

    def __init__(self, before: Callable[[TrialSpec], None] = lambda spec: None, **fields: Any) -> None:
        super().__init__(**fields)
        self.before, self.halted = before, threading.Event()
        self.threads: dict[int, set[int]] = {}

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[Happening]:
        for spec in specs:
            self.threads.setdefault(spec.process, set()).add(threading.get_ident())
            self.before(spec)
            if self.halted.is_set():
                return
            yield TrialStarted(spec=spec, process=spec.process)
            yield finished_trial(spec, process=spec.process, status=self.statuses.get(spec.key, "ok"))

    def halt(self) -> None:
        self.halted.set()


def children(parallel: int, **arguments: Any) -> ChildExecutor:
    return ChildExecutor("tests.fake_trainer:make", arguments, untried=untried, parallel=parallel)


def test_lots_run_at_the_same_time_and_this_thread_alone_stores_and_tells() -> None:
    together = threading.Barrier(2)
    executor, store, told = Scripted(lambda spec: meet(together, spec)), OneThreadStore(), set()

    def meet(barrier: threading.Barrier, spec: TrialSpec) -> None:
        if spec.block == 0 and spec.arm == lots_first[spec.process]:
            barrier.wait(PATIENCE_SECONDS)

    schedule = two_seats()
    lots_first = {lot[0].process: lot[0].arm for lot in lots(schedule)}
    summary = run_study(schedule, store, executor, parallel=2, on_event=lambda event: told.add(threading.get_ident()))
    assert summary == Summary(ok=12, failed=0, timeout=0, left=0)
    assert told == {threading.get_ident()}
    assert all(len(threads) == 1 and threading.get_ident() not in threads for threads in executor.threads.values())
    assert {trial.beside for trial in store} == {1}
    for lot in lots(schedule):
        assert [trial.spec for trial in store if trial.spec.process == lot[0].process] == list(lot)


def test_one_seat_stays_in_this_thread() -> None:
    executor, store = Scripted(), OneThreadStore()
    schedule = fake_study(2, 2).schedule()
    assert run_study(schedule, store, executor).ok == 6
    assert [trial.spec for trial in store] == list(schedule)
    assert {trial.beside for trial in store} == {0}
    assert set.union(*executor.threads.values()) == {threading.get_ident()}


def test_a_seat_asks_for_a_trial_only_when_the_one_before_it_is_stored() -> None:
    store, schedule = OneThreadStore(), two_seats(blocks=20)
    before = {}
    for lot in lots(schedule):
        before |= {after.key: spec.key for spec, after in pairwise(lot)}
    unstored: list[TrialSpec] = []

    def check(spec: TrialSpec) -> None:
        if spec.key in before and before[spec.key] not in store.statuses:
            unstored.append(spec)

    assert run_study(schedule, store, Scripted(check), parallel=2).ok == 60
    assert unstored == []


@pytest.mark.parametrize("seats", [2, 4])
def test_many_lots_on_few_seats_with_random_deaths_lose_and_double_nothing(seats: int) -> None:
    dice = random.Random(seats)
    schedule = [spec_of(arm, block, process=number) for number, arm in enumerate("abcdefg") for block in range(4)]
    doomed = {f"{spec.arm}/{spec.block}": "exit" for spec in dice.sample(schedule, 5)}
    store, events = OneThreadStore(), list[Event]()
    summary = run_study(schedule, store, children(seats, acts=doomed), parallel=seats, on_event=events.append)
    assert summary == Summary(ok=23, failed=5, timeout=0, left=0)
    assert Counter(trial.spec for trial in store) == Counter(schedule)
    assert {f"{trial.spec.arm}/{trial.spec.block}" for trial in store if trial.status == "failed"} == set(doomed)
    numbers = [event.process for event in events if isinstance(event, ProcessStarted)]
    assert len(set(numbers)) == len(numbers)
    assert sum(isinstance(event, ProcessDied) for event in events) == 5
    # No two lots ever shared a process.
    assert all(len({t.spec.process for t in store if t.process == number}) <= 1 for number in numbers)


def spec_of(arm: str, block: int, *, process: int) -> TrialSpec:
    return TrialSpec(arm=arm, block=block, position=0, process=process, seed=1)


def test_children_side_by_side_share_the_cores_and_times_have_them_all(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    schedule, store, events = two_seats(blocks=1, clock="interleaved"), OneThreadStore(), list[Event]()
    executor = children(2, diary=str(diary), acts={"threads": "yes"})
    assert run_study(schedule, store, executor, parallel=2, on_event=events.append).ok == 9
    share = str(max(1, int(usable_cores()) // 2))
    assert share_of_cores(2) == {"OMP_NUM_THREADS": share, "MKL_NUM_THREADS": share}
    words = [line.split() for line in diary.read_text().splitlines()]
    assert [said[1:] for said in words if said[0] == "threads"] == [[share, share]] * 3
    assert {trial.spec.measures: trial.beside for trial in store} == {"time": 0, "score": 1}
    last_round = max(place for place, event in enumerate(events) if isinstance(event, RoundStarted))
    assert not any(isinstance(event, TrialStarted) for event in events[:last_round])


@pytest.mark.parametrize("behind", [0, 1])
def test_the_first_seat_at_a_block_decides_for_all_and_admitted_blocks_are_finished(behind: int) -> None:
    """Time is over at once: the first block is run whole, whoever is first, and nothing else."""
    schedule, store = two_seats(blocks=5), OneThreadStore()
    ahead_is_done = threading.Event()

    def wait(spec: TrialSpec) -> None:
        if spec.process == behind:
            assert ahead_is_done.wait(PATIENCE_SECONDS)

    def listen(event: Event) -> None:
        if len([key for key in store.statuses if key in ahead]) == len(ahead):
            ahead_is_done.set()

    ahead = {spec.key for spec in schedule if spec.block == 0 and spec.process != behind}
    summary = run_study(schedule, store, Scripted(wait), parallel=2, minutes=1e-9, on_event=listen)
    assert summary == Summary(ok=3, failed=0, timeout=0, left=12, stopped="minutes")
    assert {trial.spec.block for trial in store} == {0}


def test_fail_fast_breaks_off_the_trials_in_flight_elsewhere() -> None:
    schedule, store = two_seats(), OneThreadStore()
    first, second = (lot[0] for lot in lots(schedule))
    events: list[Event] = []
    executor = children(2, acts={f"{first.arm}/{first.block}": "fail", second.arm: "hang"})
    summary = run_study(schedule, store, executor, parallel=2, fail_fast=True, on_event=events.append)
    assert summary == Summary(ok=0, failed=1, timeout=0, left=11, stopped="fail_fast")


def test_an_error_in_one_seat_ends_the_study_with_it_and_keeps_what_the_others_had_finished() -> None:
    schedule, store = two_seats(), OneThreadStore()
    other_is_done = threading.Event()
    first, second = (lot[0] for lot in lots(schedule))

    def act(spec: TrialSpec) -> None:
        if spec == first:
            assert other_is_done.wait(PATIENCE_SECONDS)
            raise DataError("the data set went away")
        if spec != second:
            other_is_done.set()
            executor.halted.wait(PATIENCE_SECONDS)

    executor = Scripted(act)
    with pytest.raises(DataError, match="went away"):
        run_study(schedule, store, executor, parallel=2)
    assert set(store.statuses) == {second.key}


def test_a_store_that_fails_ends_all_seats() -> None:
    class Full(OneThreadStore):
        def append(self, finished: FinishedTrial) -> None:
            if len(self.statuses) == 2:
                raise AblateError("no room")
            super().append(finished)

    threads = threading.active_count()
    store = Full()
    with pytest.raises(AblateError, match="no room"):
        run_study(two_seats(), store, children(2), parallel=2)
    assert len(store.statuses) == 2
    assert threading.active_count() == threads


def test_an_interruption_keeps_what_is_finished_and_leaves_no_thread() -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, TrialStarted) and len(store.statuses) >= 3:
            raise KeyboardInterrupt

    threads, store = threading.active_count(), OneThreadStore()
    with pytest.raises(InterruptedStudyError, match="of 12 trials are done and kept"):
        run_study(two_seats(), store, children(2), parallel=2, on_event=interrupt)
    assert 3 <= len(store.statuses) < 12
    assert threading.active_count() == threads


def test_a_failure_that_comes_with_the_signal_is_not_kept() -> None:
    """The signal that stops the study may have ended the child too."""
    schedule, store = two_seats(), OneThreadStore()
    first, second = (lot[0] for lot in lots(schedule))
    interrupted = threading.Event()

    class Late(Scripted):
        def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[Happening]:
            yield TrialStarted(spec=specs[0], process=process)
            assert interrupted.wait(PATIENCE_SECONDS)
            yield finished_trial(specs[0], status="failed" if specs[0] == first else "ok")

    def interrupt(event: Event) -> None:
        if isinstance(event, TrialStarted) and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    with pytest.raises(InterruptedStudyError, match="1 of 12 trials are done and kept"):
        run_study(schedule, store, Late(), parallel=2, on_event=interrupt)
    assert set(store.statuses) == {second.key}


def test_a_resume_runs_what_is_left_beside_the_same_number() -> None:
    schedule, store = two_seats(), OneThreadStore()
    lot, _ = lots(schedule)
    for spec in schedule:
        if spec not in lot[2:]:
            store.append(finished_trial(spec, process=spec.process))
    executor = Scripted()
    assert run_study(schedule, store, executor, parallel=2).ok == 12
    assert list(executor.threads) == [lot[0].process]
    assert [trial.spec for trial in store][-len(lot[2:]) :] == list(lot[2:])
    assert {trial.beside for trial in store if trial.spec in lot[2:]} == {1}
