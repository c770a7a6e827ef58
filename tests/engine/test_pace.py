from dataclasses import replace

from ablate.engine.events import (
    ProcessStarted,
    RoundStarted,
    SeatLost,
    StudyStarted,
    TrialFinished,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.engine.pace import Pace
from ablate.store.records import Trial
from tests.fakes import FakeClock, finished_trial, spec


def run(pace: Pace, clock: FakeClock, arm: str, seconds: float, *, warm_up: float = 0.0, process: int = 0) -> None:
    if warm_up:
        pace.observe(WarmUpStarted(arm=arm, process=process))
        clock.now += warm_up
        pace.observe(WarmUpFinished(arm=arm, process=process))
    pace.observe(TrialStarted(spec=spec(arm), process=process))
    clock.now += seconds
    pace.observe(TrialFinished(trial=finished_trial(spec(arm), process=process).trial))


def recorded(arm: str, seconds: float, warm_up: float | None = None, process: int = 0) -> Trial:
    trial = finished_trial(spec(arm), seconds=seconds, process=process).trial
    assert trial.measurements is not None
    return replace(trial, measurements=replace(trial.measurements, warm_up_seconds=warm_up, reset_seconds=0.5))


def test_nothing_is_known_at_first() -> None:
    pace = Pace(FakeClock())
    assert pace.trial_seconds("a") is None
    assert pace.seconds([spec("a")]) is None
    assert pace.seconds([]) == 0.0


def test_each_arm_has_its_own_speed_and_warm_ups_are_apart() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.observe(StudyStarted(pending=(), total=4))
    run(pace, clock, "a", 2.0, warm_up=40.0)
    run(pace, clock, "b", 5.0, warm_up=30.0)
    run(pace, clock, "a", 2.0)
    assert (pace.trial_seconds("a"), pace.trial_seconds("b")) == (2.0, 5.0)
    assert pace.trial_seconds("never seen") == 3.5
    assert pace.warm_up_seconds() == 70.0
    assert pace.seconds([spec("a"), spec("b"), spec("a", 1)], fresh_processes=[0]) == 79.0


def test_a_childs_start_counts_as_warm_up() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.observe(ProcessStarted(process=0, process_id=1))
    clock.now += 8.0
    run(pace, clock, "a", 2.0, warm_up=40.0)
    run(pace, clock, "b", 3.0, warm_up=4.0)
    assert pace.warm_up_seconds() == 52.0
    assert (pace.trial_seconds("a"), pace.trial_seconds("b")) == (2.0, 3.0)


def test_a_jump_of_the_clock_and_an_odd_trial_do_not_spoil_the_estimate() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    for seconds in (2.0, 2.0, 86_400.0, 2.0, -3600.0, 2.0):
        run(pace, clock, "a", seconds)
    assert pace.trial_seconds("a") == 2.0


def test_recorded_trials_count_until_this_run_has_seen_its_own() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.learn([recorded("a", 1.5, warm_up=10.0), recorded("b", 3.5, warm_up=20.0), recorded("a", 1.5, process=1)])
    pace.learn([finished_trial(spec("a"), status="failed").trial])
    assert (pace.trial_seconds("a"), pace.trial_seconds("b")) == (2.0, 4.0)
    assert pace.warm_up_seconds() == 30.0
    run(pace, clock, "a", 6.0, process=2)
    assert (pace.trial_seconds("a"), pace.trial_seconds("b")) == (6.0, 4.0)


def test_fresh_processes_count_those_whose_trials_are_asked_for() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    run(pace, clock, "a", 2.0, warm_up=40.0)
    assert pace.seconds([spec("a", process=1), spec("a", 1, process=2)], fresh_processes={1, 2, 3}) == 84.0


def test_a_round_is_shared_by_its_arms_and_is_no_training() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    together = tuple(replace(spec(arm), measures="time") for arm in ("a", "b", "c"))
    pace.observe(RoundStarted(specs=together, process=0))
    clock.now += 6.0
    for one in together:
        pace.observe(TrialFinished(trial=finished_trial(one).trial))
    assert [pace.trial_seconds(arm, "time") for arm in ("a", "b", "c")] == [2.0] * 3
    assert pace.seconds(together) == 6.0
    assert pace.seconds([replace(spec("a"), measures="score")]) is None


def test_what_runs_side_by_side_is_not_added_up() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.observe(StudyStarted(pending=(), total=4, parallel=2))
    for process in (0, 1):
        pace.observe(TrialStarted(spec=spec("ab"[process]), process=process))
    clock.now += 5.0
    for process in (0, 1):
        pace.observe(TrialFinished(trial=finished_trial(spec("ab"[process]), process=process).trial))
    assert (pace.trial_seconds("a"), pace.trial_seconds("b")) == (5.0, 5.0)
    left = [spec("a", 1), spec("a", 2), spec("b", 1, process=1)]
    assert pace.seconds(left) == 10.0
    assert Pace(clock, parallel=2).seconds([]) == 0.0


def test_rounds_of_times_run_side_by_side_where_seats_have_hardware_of_their_own() -> None:
    left = [replace(spec("a", block, process=process), measures="time") for block, process in ((0, 0), (1, 1))]
    for apart, seconds in ((False, 8.0), (True, 4.0)):
        pace = Pace(FakeClock(), parallel=2, apart=apart)
        pace.expect("a", "time", 4.0)
        assert pace.seconds(left) == seconds
    pace.observe(SeatLost(seat=1, reason="gone", left=1))
    assert pace.seconds(left) == 8.0
