"""Studies that stop at a look, run with an executor whose trials differ from block to block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from ablate.engine.events import Event, LookTaken
from ablate.engine.looks import look_for
from ablate.engine.runner import Summary, run_study
from ablate.engine.status import StudyStatus
from ablate.errors import InterruptedStudyError, UsageError
from ablate.stats import look_at, trials_frame
from ablate.store.records import FinishedTrial, Status
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import MemoryTrialStore
from ablate.study import Study
from ablate.study.schedule import TrialSpec
from tests.fakes import FakeClock, FakeExecutor, fake_study, finished_trial, resolved_study


@dataclass
class NoisyExecutor(FakeExecutor):
    """Trials whose score has a spread around the arm's, and whose time is the arm's, nearly; `dies_after` ends it like a kill."""

    gain: float = 0.003
    sd: float = 0.001
    dies_after: int | None = None
    done: int = 0

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[FinishedTrial | Event]:
        for happening in super().execute(specs, process):
            if not isinstance(happening, FinishedTrial):
                if self.done == self.dies_after:
                    raise KeyboardInterrupt
                yield happening
                continue
            spec, status = happening.trial.spec, happening.trial.status
            draw = Random(f"{spec.seed} {spec.arm}")
            lost = 0.0 if spec.arm == "all" else self.gain
            self.done += 1
            yield finished_trial(
                spec,
                process=process,
                status=status,
                accuracy=draw.gauss(0.94 - lost, self.sd),
                seconds=draw.gauss(2.5 + 100 * lost, 0.0001),
            )


def looked_at(blocks: int = 20, processes: int = 1) -> ResolvedStudy:
    return resolved_study(fake_study(blocks, processes).until_settled())


def run(
    study: ResolvedStudy, store: MemoryTrialStore, executor: FakeExecutor, **options: Any
) -> tuple[Summary, list[LookTaken]]:
    looks: list[LookTaken] = []

    def keep(event: Event) -> None:
        if isinstance(event, LookTaken):
            looks.append(event)

    summary = run_study(study.schedule, store, executor, look=look_for(study, store, keep), **options)
    return summary, looks


def finished_blocks(study: ResolvedStudy, store: MemoryTrialStore) -> int:
    return look_at(study.study, study.schedule, trials_frame(store)).blocks


def test_a_study_stops_at_the_first_look_at_which_all_is_settled() -> None:
    study, store = looked_at(), MemoryTrialStore()
    summary, looks = run(study, store, NoisyExecutor())
    # p = 0.00009 takes more than five blocks at this spread
    assert looks == [
        LookTaken(number=1, planned=4, blocks=5, open=2),
        LookTaken(number=2, planned=4, blocks=10, open=0),
    ]
    assert summary == Summary(ok=30, failed=0, timeout=0, left=30, stopped="settled")


def test_looks_come_when_processes_have_ended() -> None:
    study, store = looked_at(20, 5), MemoryTrialStore()
    executor = NoisyExecutor(gain=0.002)
    summary, looks = run(study, store, executor)
    assert [look.blocks for look in looks] == [8, 12]
    assert summary.stopped == "settled"
    assert executor.lots == [(0, 12), (1, 12), (2, 12)]
    assert executor.closed == 3


def test_what_is_never_settled_runs_to_its_end() -> None:
    study, store = looked_at(), MemoryTrialStore()
    summary, looks = run(study, store, NoisyExecutor(gain=0.0005, sd=0.01))
    assert [look.blocks for look in looks] == [5, 10, 15]
    assert all(look.open for look in looks)
    assert summary == Summary(ok=60, failed=0, timeout=0, left=0)


def test_a_study_without_looks_is_never_looked_at() -> None:
    study, store = resolved_study(fake_study(20, 1)), MemoryTrialStore()
    summary, looks = run(study, store, NoisyExecutor())
    assert (summary.left, summary.stopped, looks) == (0, None, [])


class TestWithMinutes:
    def run(self, minutes: float, **noise: float) -> tuple[Summary, list[LookTaken], int]:
        clock = FakeClock()
        study, store = looked_at(), MemoryTrialStore()
        executor = NoisyExecutor(clock=clock, seconds={"all": 20.0, "all - a": 20.0, "all - b": 20.0}, **noise)
        summary, looks = run(study, store, executor, minutes=minutes, clock=clock)
        return summary, looks, finished_blocks(study, store)

    def test_what_cannot_be_settled_in_the_time_left_is_given_up_from_halfway_on(self) -> None:
        summary, looks, blocks = self.run(100, gain=0.0005, sd=0.01)
        assert (summary.stopped, blocks, [look.blocks for look in looks]) == ("hopeless", 10, [5, 10])

    def test_what_takes_a_little_more_than_the_time_left_is_given_up_and_within_it_is_not(self) -> None:
        # a block a minute: after ten, one more fits, or three
        assert self.run(11.5, gain=0.0005, sd=0.001)[0].stopped == "hopeless"
        assert self.run(13.5, gain=0.0005, sd=0.001)[0].stopped == "minutes"

    def test_the_time_may_end_between_looks(self) -> None:
        summary, looks, blocks = self.run(7.5, gain=0.0005, sd=0.01)
        assert (summary.stopped, blocks, len(looks)) == ("minutes", 7, 1)

    def test_all_settled_goes_before_the_end_of_the_time(self) -> None:
        summary, _, blocks = self.run(10, gain=0.003, sd=0.001)
        assert (summary.stopped, blocks) == ("settled", 10)


class TestGoingOn:
    def test_a_settled_study_runs_nothing_more(self) -> None:
        study, store = looked_at(), MemoryTrialStore()
        run(study, store, NoisyExecutor())
        before, again = list(store), NoisyExecutor()
        summary, looks = run(study, store, again)
        assert (summary.stopped, summary.left) == ("settled", 30)
        assert again.lots == []
        assert list(store) == before
        assert looks == [LookTaken(number=2, planned=4, blocks=10, open=0)]

    def test_failed_trials_of_a_settled_study_are_run_again_and_nothing_else(self) -> None:
        study, store = looked_at(), MemoryTrialStore()
        bad: dict[tuple[str, int], Status] = {study.schedule[4].key: "failed"}
        summary, _ = run(study, store, NoisyExecutor(bad))
        assert (summary.stopped, summary.failed) == ("settled", 1)
        assert run(study, store, NoisyExecutor())[0].failed == 1
        again = NoisyExecutor()
        summary, _ = run(study, store, again, retry_failed=True)
        assert summary == Summary(ok=30, failed=0, timeout=0, left=30, stopped="settled")
        assert sum(count for _, count in again.lots) == 1

    @pytest.mark.parametrize("dies_after", [1, 15, 16, 29])
    def test_a_study_killed_before_or_between_looks_stops_where_it_would_have(self, dies_after: int) -> None:
        whole, study, store = MemoryTrialStore(), looked_at(), MemoryTrialStore()
        run(study, whole, NoisyExecutor())
        with pytest.raises(InterruptedStudyError):
            run(study, store, NoisyExecutor(dies_after=dies_after))
        summary, _ = run(study, store, NoisyExecutor())
        assert summary.stopped == "settled"
        assert {trial.spec for trial in store} == {trial.spec for trial in whole}

    def test_killed_after_the_last_trial_before_a_look_it_stops_before_anything_is_run(self) -> None:
        study, store = looked_at(), MemoryTrialStore()
        unseen = resolved_study(replace(study.study, looks=()))
        with pytest.raises(InterruptedStudyError):
            run(unseen, store, NoisyExecutor(dies_after=30))
        again = NoisyExecutor()
        summary, _ = run(study, store, again)
        assert (summary.stopped, again.lots) == ("settled", [])

    def test_what_was_given_up_for_lack_of_time_goes_on_with_more_of_it(self) -> None:
        study, store = looked_at(), MemoryTrialStore()
        executor = NoisyExecutor(gain=0.0005, sd=0.01)
        assert run(study, store, executor, minutes=0.01)[0].stopped in ("hopeless", "minutes")
        assert run(study, store, NoisyExecutor(gain=0.0005, sd=0.01))[0].left == 0


def test_status_tells_a_settled_study_from_one_that_was_stopped() -> None:
    import pandas as pd

    def state(*, settled: bool, left: int, writer: int | None = None) -> str:
        return StudyStatus(
            done=1,
            failed=0,
            left=left,
            seconds_left=None,
            arms=pd.DataFrame(),
            slowest_arm=None,
            writer=writer,
            settled=settled,
        ).state

    assert state(settled=True, left=3) == "settled"
    assert state(settled=False, left=3) == "stopped"
    assert state(settled=False, left=0) == "finished"
    assert state(settled=True, left=3, writer=12) == "running"


def test_looks_belong_to_a_study_with_something_to_settle() -> None:
    study: Study = fake_study(20, 1)
    with pytest.raises(UsageError, match="nothing to wait for"):
        replace(study, contrasts=(), looks=(5,))


@pytest.mark.parametrize(("parallel", "stops_at"), [(1, 12), (2, 10)])
def test_with_times_apart_from_trainings_a_look_sees_the_processes_finished_so_far(
    parallel: int, stops_at: int
) -> None:
    asked = replace(fake_study(20, 5), clock="interleaved", rounds=2, parallel=parallel).until_settled()
    study, store = resolved_study(asked), MemoryTrialStore()
    summary, looks = run(study, store, ApartExecutor(gain=0.002))
    assert summary.stopped == "settled"
    assert (looks[-1].blocks, looks[-1].open) == (stops_at, 0)
    timed = {trial.spec.process for trial in store if trial.spec.measures == "time"}
    assert timed == ({0, 1, 2} if parallel == 1 else {0, 1, 2, 3, 4})
    look = look_at(asked, study.schedule, trials_frame(store))
    assert {effect.processes for effect in look.effects} == {len(timed)}
    assert {effect.blocks for effect in look.effects} == {stops_at}


class ApartExecutor(NoisyExecutor):
    """The same, each trial measuring what it is for."""

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[FinishedTrial | Event]:
        for happening in super().execute(specs, process):
            if not isinstance(happening, FinishedTrial):
                yield happening
                continue
            trial = happening.trial
            measured = trial.measurements
            assert measured is not None
            if trial.spec.measures == "time":
                measured = replace(measured, score=None, accuracy=None, wall_seconds=1.0)
            else:
                measured = replace(measured, time_seconds=None, wall_seconds=1.0)
            yield replace(happening, trial=replace(trial, measurements=measured))
