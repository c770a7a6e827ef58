import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.engine.events import Event, StudyStarted, TrialFailed, TrialFinished, TrialStarted
from ablate.engine.runner import Summary, pending_trials, run_study, summarise
from ablate.errors import AblateError, InterruptedStudyError, TrialsFailedError, UsageError
from ablate.store.records import FinishedTrial, Measurements
from ablate.store.trials import JsonlTrialStore, MemoryTrialStore
from ablate.study.schedule import TrialSpec
from tests.fakes import FakeClock, FakeExecutor, fake_study, finished_trial


def test_a_study_runs_its_schedule_in_order_one_lot_a_process() -> None:
    schedule, store, executor = fake_study().schedule(), MemoryTrialStore(), FakeExecutor()
    summary = run_study(schedule, store, executor)
    assert [trial.spec for trial in store] == list(schedule)
    assert executor.lots == [(0, 6), (1, 6)]
    assert executor.closed == 2
    assert summary == Summary(ok=12, failed=0, timeout=0, left=0)
    summary.raise_for_failures()


def test_each_trial_is_stored_before_the_next_one_starts() -> None:
    store = MemoryTrialStore()
    stored_when_started = []

    def watch(event: Event) -> None:
        if isinstance(event, TrialStarted):
            stored_when_started.append(len(store.finished()))

    run_study(fake_study().schedule(), store, FakeExecutor(), on_event=watch)
    assert stored_when_started == list(range(12))


def test_events_tell_the_whole_story() -> None:
    schedule = fake_study(1, 1).schedule()
    events: list[Event] = []
    executor = FakeExecutor({schedule[1].key: "timeout"})
    run_study(schedule, MemoryTrialStore(), executor, on_event=events.append)
    assert events[0] == StudyStarted(pending=schedule, total=3)
    kinds = [type(event) for event in events[1:]]
    assert kinds == [TrialStarted, TrialFinished, TrialStarted, TrialFailed, TrialStarted, TrialFinished]


def test_resume_is_schedule_minus_finished_under_new_process_numbers() -> None:
    schedule, store = fake_study().schedule(), MemoryTrialStore()
    for spec in schedule[:4]:
        store.append(finished_trial(spec, process=0, status="failed" if spec is schedule[1] else "ok"))
    executor = FakeExecutor()
    run_study(schedule, store, executor)
    assert [trial.spec for trial in store] == list(schedule)
    assert executor.lots == [(1, 2), (2, 6)]
    again = FakeExecutor()
    assert run_study(schedule, store, again).failed == 1
    assert again.lots == []


def test_retry_failed_runs_failed_trials_again_and_the_last_record_counts() -> None:
    schedule, store = fake_study().schedule(), MemoryTrialStore()
    bad = {schedule[2].key: "failed", schedule[7].key: "timeout"}
    first = run_study(schedule, store, FakeExecutor(bad))
    assert (first.ok, first.failed, first.timeout) == (10, 1, 1)
    with pytest.raises(TrialsFailedError, match=r"2 of 12 trials failed; .*--retry-failed"):
        first.raise_for_failures()
    assert pending_trials(schedule, store) == ()
    second = run_study(schedule, store, FakeExecutor(), retry_failed=True)
    assert second == Summary(ok=12, failed=0, timeout=0, left=0)
    assert len(list(store)) == 14


def test_a_failing_arm_does_not_stop_the_others_unless_asked_to() -> None:
    schedule = fake_study().schedule()
    executor = FakeExecutor({schedule[1].key: "failed"})
    summary = run_study(schedule, MemoryTrialStore(), executor, fail_fast=True)
    assert summary == Summary(ok=1, failed=1, timeout=0, left=10, stopped="fail_fast")
    assert executor.closed == 1


def test_marks_are_put_on_every_new_trial() -> None:
    store = MemoryTrialStore()
    run_study(fake_study().schedule(), store, FakeExecutor(), marks=("mixed: torch",))
    assert {trial.marks for trial in store} == {("mixed: torch",)}


@pytest.mark.parametrize(
    "bad",
    [
        Measurements(accuracy=0.9, score=float("nan"), time_seconds=2.0),
        Measurements(accuracy=0.9, score=0.9, time_seconds=float("inf")),
        Measurements(accuracy=0.9, score=0.9, time_seconds=2.0, curve=(0.5, float("nan"))),
    ],
)
def test_a_measurement_that_is_no_number_is_a_failed_trial(bad: Measurements) -> None:
    class Diverging(FakeExecutor):
        def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[FinishedTrial | Event]:
            for spec in specs:
                finished = finished_trial(spec, process=process)
                yield replace(finished, trial=replace(finished.trial, measurements=bad))

    store = MemoryTrialStore()
    assert run_study(fake_study(1, 1).schedule(), store, Diverging()).failed == 3
    errors = {trial.error for trial in store}
    assert len(errors) == 1
    assert "came out as" in str(errors.pop())


class TestMinutes:
    """Blocks of three trials: 10, 20 and 30 s."""

    def run(self, minutes: float, clock: FakeClock | None = None, blocks: int = 10, processes: int = 1) -> Summary:
        clock = clock or FakeClock()
        seconds = {"all": 10.0, "all - a": 20.0, "all - b": 30.0}
        executor = FakeExecutor(clock=clock, seconds=seconds)
        schedule = fake_study(blocks, processes).schedule()
        return run_study(schedule, MemoryTrialStore(), executor, minutes=minutes, clock=clock)

    @pytest.mark.parametrize(("minutes", "blocks"), [(0.1, 1), (1, 1), (1.9, 1), (2, 2), (5.5, 5), (10, 10), (99, 10)])
    @pytest.mark.parametrize("processes", [1, 10])
    def test_whole_blocks_that_fit(self, minutes: float, blocks: int, processes: int) -> None:
        summary = self.run(minutes, processes=processes)
        assert summary.ok == 3 * blocks
        assert summary.stopped == ("minutes" if blocks < 10 else None)

    @pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan"), float("inf")])
    def test_minutes_are_a_positive_number(self, minutes: float) -> None:
        with pytest.raises(UsageError, match="--minutes takes a positive number"):
            self.run(minutes)

    def test_a_clock_that_jumps_loses_no_trial_and_stops_at_a_block(self) -> None:
        class JumpingClock(FakeClock):
            def __init__(self, jump: float) -> None:
                super().__init__()
                self.readings, self.jump = 0, jump

            def __call__(self) -> float:
                self.readings += 1
                if self.readings == 12:
                    self.now += self.jump
                return self.now

        back = self.run(5, JumpingClock(-3600.0))
        assert back == Summary(ok=30, failed=0, timeout=0, left=0)
        ahead = self.run(5, JumpingClock(3600.0))
        assert ahead.stopped == "minutes"
        assert ahead.ok % 3 == 0


def test_a_wall_clock_that_jumps_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(random.Random(0).uniform(-1e9, 4e9) for _ in range(10_000))
    monkeypatch.setattr("time.time", lambda: next(times))
    schedule, store = fake_study().schedule(), MemoryTrialStore()
    assert run_study(schedule, store, FakeExecutor(), minutes=60).ok == 12


def test_a_keyboard_interrupt_keeps_what_is_finished_and_says_how_to_go_on() -> None:
    class Interrupted(FakeExecutor):
        def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[FinishedTrial | Event]:
            yield finished_trial(specs[0])
            raise KeyboardInterrupt

    schedule, store = fake_study().schedule(), MemoryTrialStore()
    with pytest.raises(
        InterruptedStudyError, match=r"1 of 12 trials are done and kept. Resume with: do this"
    ) as caught:
        run_study(schedule, store, Interrupted(), how_to_resume="do this")
    assert caught.value.exit_code == 130
    assert summarise(schedule, store).left == 11


def test_a_disk_that_fills_up_ends_the_study_and_a_resume_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    schedule, write = fake_study().schedule(), os.pwrite
    room = 3000

    def full(file: int, data: bytes, offset: int) -> int:
        if offset + len(data) > room:
            write(file, data[: max(0, room - offset)], offset)
            raise OSError(28, "No space left on device")
        return write(file, data, offset)

    executor = FakeExecutor()
    with JsonlTrialStore(tmp_path / "trials.jsonl") as store, monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        with pytest.raises(AblateError, match="No space left on device"):
            run_study(schedule, store, executor)
        kept = len(store.finished())
    assert 0 < kept < 12
    assert executor.closed == 1
    with JsonlTrialStore(tmp_path / "trials.jsonl") as store:
        assert len(store.finished()) == kept
        assert run_study(schedule, store, FakeExecutor()).ok == 12
        assert Counter(trial.spec.key for trial in store) == Counter(spec.key for spec in schedule)


def test_two_thousand_trials_with_random_failures_end_with_the_right_counts(tmp_path: Path) -> None:
    schedule = fake_study(500, 5, ["a", "b", "c"]).schedule()
    assert len(schedule) == 2000
    dice = random.Random(1)
    fates = {spec.key: dice.choices(["ok", "failed", "timeout"], [90, 7, 3])[0] for spec in schedule}
    expected = Counter(fates.values())
    with JsonlTrialStore(tmp_path / "trials.jsonl") as store:
        summary = run_study(schedule, store, FakeExecutor(fates))
    assert (summary.ok, summary.failed, summary.timeout, summary.left) == (
        *(expected["ok"], expected["failed"]),
        *(expected["timeout"], 0),
    )
    reread = JsonlTrialStore.read(tmp_path / "trials.jsonl")
    assert {trial.spec.key: trial.status for trial in reread} == fates
    assert [trial.spec for trial in reread] == list(schedule)
