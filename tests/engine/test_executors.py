import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ablate.engine import executors
from ablate.engine.events import (
    ArmRetired,
    Event,
    ProcessDied,
    ProcessStarted,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.engine.executors import ChildExecutor, InProcessExecutor
from ablate.engine.lot import STARTS_TO_GIVE_UP
from ablate.engine.places import LocalPlace, NeverRanError, Worker
from ablate.engine.runner import Summary, run_study
from ablate.errors import AblateError, DataError, UsageError
from ablate.store.records import Trial
from ablate.store.trials import MemoryTrialStore
from tests.fake_trainer import make
from tests.fakes import fake_study, untried


class Told:
    """A study run with a fake trainer, and what was seen of it."""

    def __init__(
        self,
        *,
        children: bool = True,
        blocks: int = 2,
        processes: int = 1,
        timeout_seconds: float | None = None,
        **arguments: Any,
    ) -> None:
        study = fake_study(blocks, processes)
        self.schedule = study.schedule()
        self.store, self.events = MemoryTrialStore(), list[Event]()
        self.executor: ChildExecutor | InProcessExecutor
        if children:
            self.executor = ChildExecutor(
                "tests.fake_trainer:make",
                arguments,
                untried=untried,
                timeout_seconds=timeout_seconds,
                warm_up_allowance_seconds=5.0,
            )
        else:
            self.executor = InProcessExecutor(make(**arguments))

    def run(self, **options: Any) -> Summary:
        return run_study(self.schedule, self.store, self.executor, on_event=self.events.append, **options)

    def trial(self, arm: str, block: int) -> Trial:
        return self.store.latest()[arm, block]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_in_this_process_all_lots_are_one_process() -> None:
    told = Told(children=False, processes=2)
    assert told.run().ok == 6
    assert {trial.process for trial in told.store} == {0}
    assert told.of(ProcessStarted) == [ProcessStarted(process=0, process_id=os.getpid())]
    assert [event.arm for event in told.of(WarmUpFinished)] == [event.spec.arm for event in told.of(TrialStarted)[:3]]


@pytest.mark.parametrize("children", [True, False])
def test_an_exception_fails_its_trial_in_one_line_and_the_process_goes_on(children: bool) -> None:
    told = Told(children=children, acts={"all/0": "raise"})
    assert told.run() == Summary(ok=5, failed=1, timeout=0, left=0)
    assert told.trial("all", 0).error == "RuntimeError: two lines"
    assert {trial.process for trial in told.store} == {0}


@pytest.mark.parametrize("children", [True, False])
def test_a_warm_up_that_raises_fails_the_arms_trials_only(children: bool) -> None:
    told = Told(children=children, warm_acts={"all": "raise"})
    assert told.run() == Summary(ok=4, failed=2, timeout=0, left=0)
    assert told.trial("all", 1).error == "warm-up failed with RuntimeError: two lines"


@pytest.mark.parametrize("children", [True, False])
def test_what_the_study_cannot_go_on_without_ends_it_with_its_own_kind_of_error(children: bool) -> None:
    told = Told(children=children, acts={told_arm(3): "no data"})
    with pytest.raises(DataError, match="the data set went away"):
        told.run()
    assert len(told.store.finished()) == 3


def told_arm(position: int) -> str:
    spec = fake_study(2, 1).schedule()[position]
    return f"{spec.arm}/{spec.block}"


def test_every_lot_has_a_fresh_process_and_never_two_at_once(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    told = Told(blocks=3, processes=3, diary=str(diary))
    assert told.run().ok == 9
    assert [trial.process for trial in told.store] == [0] * 3 + [1] * 3 + [2] * 3
    lines = [line.split() for line in diary.read_text().splitlines()]
    born = [int(words[1]) for words in lines if words[0] == "born"]
    assert len(set(born)) == 3
    assert [int(words[-1]) for words in lines] == [process for process in born for _ in range(4)]
    assert [event.process_id for event in told.of(ProcessStarted)] == born
    assert not any(alive(process) for process in born)
    assert len(told.of(WarmUpStarted)) == len(told.of(WarmUpFinished)) == 9


def test_prints_of_a_trainer_do_not_disturb_the_messages(capfd: pytest.CaptureFixture[str]) -> None:
    assert Told(acts={"all": "chatter"}).run().ok == 6
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.count("written to descriptor 1") == printed.err.count("printed on stdout") == 2


DEATHS = {
    "SIGKILL": "its process was killed by SIGKILL: most likely by the system, for want of memory",
    "SIGSEGV": "its process was killed by SIGSEGV: a fault in native code",
    "SIGUSR1": "its process was killed by SIGUSR1",
    "exit": "its process ended with exit status 7",
    "leave a grandchild": "its process was killed by SIGKILL",
}


@pytest.mark.parametrize("how", DEATHS)
def test_a_child_that_dies_costs_its_trial_and_one_restart(how: str) -> None:
    told = Told(acts={told_arm(2): how})
    began = time.monotonic()
    assert told.run() == Summary(ok=5, failed=1, timeout=0, left=0)
    assert time.monotonic() - began < 5
    trials = list(told.store)
    assert [trial.spec for trial in trials] == list(told.schedule)
    assert [trial.process for trial in trials] == [0, 0, 0, 1, 1, 1]
    assert trials[2].status == "failed"
    assert str(trials[2].error).startswith(DEATHS[how])
    assert [event.restart for event in told.of(ProcessStarted)] == [False, True]
    (death,) = told.of(ProcessDied)
    assert death.process_id == told.of(ProcessStarted)[0].process_id
    assert trials[2].spec.arm == trials[3].spec.arm
    assert trials[2].recipe == trials[3].recipe


def test_a_killed_trial_is_recorded_with_what_the_child_had_said_of_it() -> None:
    told = Told(blocks=1, acts={"all": "SIGKILL"})
    told.run()
    assert told.trial("all", 0).environment == told.trial("all - a", 0).environment
    assert told.store.recipes[told.trial("all", 0).recipe].fields == {"arm": "all"}


def test_three_deaths_in_a_row_retire_the_arm_and_nothing_else() -> None:
    told = Told(blocks=6, processes=2, acts={"all": "SIGKILL"})
    assert told.run() == Summary(ok=12, failed=6, timeout=0, left=0)
    assert len(told.of(ProcessDied)) == 3
    (retired,) = told.of(ArmRetired)
    assert retired.arm == "all"
    assert "retired after 3 deaths in a row; the last: its process was killed by SIGKILL" in retired.reason
    errors = Counter(str(trial.error) for trial in told.store if trial.spec.arm == "all")
    assert sorted(errors.values()) == [3, 3]
    assert errors[retired.reason] == 3


def test_deaths_that_are_not_in_a_row_retire_nobody() -> None:
    told = Told(blocks=6, acts={f"all/{block}": "SIGKILL" for block in (0, 1, 3, 4)})
    assert told.run() == Summary(ok=14, failed=4, timeout=0, left=0)
    assert told.of(ArmRetired) == []


def test_a_trial_that_takes_too_long_is_stopped_and_the_study_goes_on() -> None:
    told = Told(acts={"all/1": "hang"}, timeout_seconds=0.3)
    assert told.run() == Summary(ok=5, failed=0, timeout=1, left=0)
    stopped = told.trial("all", 1)
    assert str(stopped.error).startswith("no result after 0.3 s, so its process was stopped")
    (death,) = told.of(ProcessDied)
    assert not alive(death.process_id)


def test_a_warm_up_has_more_time_than_a_trial_but_not_for_ever() -> None:
    told = Told(blocks=1, warm_acts={"all": "hang"}, timeout_seconds=0.1)
    told.executor._common.start_seconds = 1.0  # type: ignore[union-attr]
    assert told.run() == Summary(ok=2, failed=0, timeout=1, left=0)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_time_limit_is_positive(seconds: float) -> None:
    with pytest.raises(UsageError, match="positive number of seconds"):
        Told(timeout_seconds=seconds)


REFUSALS = {
    "data": (DataError, "no data set here"),
    "plain": (AblateError, "no"),
    "bug": (AblateError, "could not be made in a child: ZeroDivisionError: a bug"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_trainer_that_cannot_be_made_ends_the_study(refusal: str) -> None:
    told = Told(refuse=refusal)
    kind, message = REFUSALS[refusal]
    with pytest.raises(AblateError, match=message) as caught:
        told.run()
    assert type(caught.value) is kind
    assert list(told.store) == []


@pytest.mark.parametrize("factory", ["tests.nowhere:make", "tests.fake_trainer:nothing", "no colon"])
def test_a_factory_that_is_not_there_is_named(factory: str) -> None:
    told = Told()
    told.executor = ChildExecutor(factory, {}, untried=untried)
    with pytest.raises(UsageError, match=f"No trainer factory '{factory}'"):
        told.run()


def test_children_that_die_before_they_begin_end_in_failures_not_in_a_loop() -> None:
    told = Told(blocks=2, refuse="death")
    assert told.run() == Summary(ok=0, failed=6, timeout=0, left=0)
    assert len(told.of(ProcessStarted)) == 6
    assert [environment.facts for environment in told.store.environments.values()] == [{"planned": True}]


def test_stopping_between_trials_ends_the_child_gently_and_in_a_trial_at_once() -> None:
    told = Told(acts={told_arm(1): "fail"})
    assert told.run(fail_fast=True).stopped == "fail_fast"
    (started,) = told.of(ProcessStarted)
    assert not alive(started.process_id)

    class Impatient(Exception):
        pass

    def interrupt(event: Event) -> None:
        told.events.append(event)
        if isinstance(event, TrialStarted):
            raise Impatient

    told = Told(acts={"all": "hang", "all - a": "hang", "all - b": "hang"})
    began = time.monotonic()
    with pytest.raises(Impatient):
        run_study(told.schedule, told.store, told.executor, on_event=interrupt)
    assert time.monotonic() - began < 5
    (started,) = told.of(ProcessStarted)
    assert not alive(started.process_id)


def test_a_child_killed_from_outside_is_told_apart_from_one_that_failed() -> None:
    def murder(event: Event) -> None:
        if isinstance(event, TrialStarted) and event.spec == told.schedule[1] and event.process == 0:
            os.kill(told.of(ProcessStarted)[-1].process_id, signal.SIGKILL)

    told = Told(seconds=0.1)
    summary = run_study(
        told.schedule, told.store, told.executor, on_event=lambda event: (told.events.append(event), murder(event))[0]
    )
    assert summary == Summary(ok=5, failed=1, timeout=0, left=0)
    assert "SIGKILL" in str(list(told.store)[1].error)


class Losing:
    """A place whose first workers are lost before they are asked for anything."""

    name = "somewhere"

    def __init__(self, losses: int) -> None:
        self.losses, self.started = losses, 0

    def start(self, factory: str, arguments: Mapping[str, Any], halted: threading.Event) -> Worker:
        self.started += 1
        if self.started <= self.losses:
            raise NeverRanError("the node went away")
        return LocalPlace().start(factory, arguments, halted)


@pytest.mark.parametrize("losses", [1, STARTS_TO_GIVE_UP - 1])
def test_a_worker_lost_before_its_first_call_costs_no_trial(monkeypatch: pytest.MonkeyPatch, losses: int) -> None:
    told, place = Told(), Losing(losses)
    monkeypatch.setattr(executors, "LocalPlace", lambda environment: place)
    assert told.run() == Summary(ok=6, failed=0, timeout=0, left=0)
    assert [trial.spec for trial in told.store] == list(told.schedule)
    assert place.started == losses + 1


def test_a_place_where_no_worker_lives_is_given_up_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    told, place = Told(), Losing(99)
    monkeypatch.setattr(executors, "LocalPlace", lambda environment: place)
    with pytest.raises(AblateError, match="Seat somewhere has lost 3 workers in a row before their first trial"):
        told.run()
    assert list(told.store) == []
