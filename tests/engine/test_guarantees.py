"""What seats on hardware of their own guarantee, with places that are threads; the order is that of what can go wrong."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import pytest

from ablate.engine import lot
from ablate.engine.events import ArmRetired, Event, ProcessStarted, RoundStarted, SeatLost, TrialStarted
from ablate.engine.executors import ChildExecutor
from ablate.engine.hello import OTHERS_MARK, Muster
from ablate.engine.places import Place, SeatLostError
from ablate.engine.runner import MOVED_MARK, Summary, run_study
from ablate.errors import InterruptedStudyError
from ablate.report.caveats import list_caveats
from ablate.stats import list_effects, trials_frame
from ablate.stats.blocks import Blocks
from ablate.stats.evidence import Evidence
from ablate.stats.trial_facts import slow_seats
from ablate.store.records import FinishedTrial, Trial
from ablate.store.trials import MemoryTrialStore
from tests.engine.fake_places import FakePlace, Fate
from tests.fakes import fake_study, finished_trial, resolved_study, untried

PATIENCE_SECONDS = 30.0


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(lot, "_SIGNAL_SECONDS", 0.0)


class OneThreadStore(MemoryTrialStore):
    """A store that only the thread which made it may use."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()

    def append(self, finished: FinishedTrial) -> None:
        assert threading.get_ident() == self.thread
        super().append(finished)


class Seated:
    """A fake study on fake places, and what was seen of it."""

    def __init__(self, places: Sequence[Place], *, blocks: int = 6, processes: int = 6, **options: Any) -> None:
        study = fake_study(blocks, processes)
        self.schedule = replace(study, clock=options.pop("clock", "trial")).schedule()
        self.store, self.events, self.said = OneThreadStore(), list[Event](), list[str]()
        self.places, self.muster = list(places), options.pop("muster", None)
        self.executor = ChildExecutor(
            "tests.fake_trainer:make", {}, untried=untried, places=self.places, muster=self.muster
        )

    def run(self, **options: Any) -> Summary:
        return run_study(
            self.schedule,
            self.store,
            self.executor,
            parallel=len(self.places),
            apart=True,
            on_event=options.pop("on_event", self.events.append),
            announce=self.said.append,
            **options,
        )

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def once(*when: str, what: str) -> Fate:
    """That happens the first time each of these comes up."""
    left = set(when)

    def fate(event: str) -> str:
        if event not in left:
            return ""
        left.discard(event)
        return what

    return fate


def lost_after(trials: int) -> Fate:
    """So many trials go well; then the machine goes down, and no worker starts there any more."""
    seen: list[str] = []

    def fate(event: str) -> str:
        if len(seen) > trials:
            return "never ran"
        if event != "start":
            seen.append(event)
        return "die" if len(seen) > trials else ""

    return fate


@pytest.mark.parametrize("seed", range(100))
def test_eight_seats_and_64_lots_with_random_deaths_lose_and_double_nothing(seed: int) -> None:
    """Guarantees 1, 2, 3 and 8 together: whatever dies whenever, each trial has one record, and only the driver's thread writes."""
    dice = random.Random(seed)
    lock = threading.Lock()

    def fate(event: str) -> str:
        with lock:
            draw = dice.random()
        if event == "start":
            return "never ran" if draw < 0.1 else ""
        return "die" if draw < 0.04 else "time out" if draw < 0.05 else ""

    doomed = lost_after(dice.randrange(6))
    told = Seated(
        [FakePlace("doomed", doomed), *(FakePlace(f"seat {n}", fate) for n in range(7))], blocks=64, processes=64
    )
    summary = told.run()
    trials = list(told.store)
    assert Counter(trial.spec for trial in trials) == Counter(told.schedule)
    assert summary.left == 0
    assert summary.ok + summary.failed + summary.timeout == 192
    retired = {event.arm for event in told.of(ArmRetired)}
    assert all("killed by a test" in str(trial.error) for trial in trials if trial.status == "failed" and not retired)
    # No two workers had a process number in common, and no process trained in two seats.
    assert all(len({trial.seat for trial in of_one}) == 1 for of_one in by_process(trials))
    numbers = [event.process for event in told.of(ProcessStarted)]
    assert {trial.process for trial in trials if trial.status == "ok"} <= set(numbers)


def by_process(trials: Sequence[Trial]) -> list[list[Trial]]:
    ordered = sorted(trials, key=lambda trial: trial.process)
    return [list(group) for _, group in groupby(ordered, key=lambda trial: trial.process)]


def test_1_a_trial_is_stored_before_its_seat_is_asked_for_the_next() -> None:
    schedule = fake_study(6, 3).schedule()
    before = {after.key: spec.key for spec, after in pairwise(schedule) if spec.process == after.process}
    unstored: list[str] = []

    def fate(event: str) -> str:
        arm, _, block = event.partition("/")
        if block and (arm, int(block)) in before and before[arm, int(block)] not in told.store.statuses:
            unstored.append(event)
        return ""

    told = Seated([FakePlace("a", fate), FakePlace("b", fate)], processes=3)
    assert told.run().ok == 18
    assert unstored == []


def test_1_a_place_that_goes_down_costs_the_trial_in_flight_and_nothing_else() -> None:
    told = Seated([FakePlace("good"), FakePlace("bad", lost_after(4))], processes=2)
    assert told.run() == Summary(ok=17, failed=1, timeout=0, left=0)
    (lost,) = told.of(SeatLost)
    assert lost.left == 1
    assert told.said == [
        "A SEAT IS LOST; the study goes on with 1 other. Seat bad has lost 3 workers in a row before their first trial: bad went away."
    ]


def test_2_a_retry_is_a_new_record_and_the_last_counts() -> None:
    fate = once("all/2", what="die")
    told = Seated([FakePlace("a", fate), FakePlace("b", fate)])
    assert told.run() == Summary(ok=17, failed=1, timeout=0, left=0)
    assert told.run(retry_failed=True) == Summary(ok=18, failed=0, timeout=0, left=0)
    records = [trial.status for trial in told.store if trial.spec.key == ("all", 2)]
    assert records == ["failed", "ok"]


def test_3_the_rest_of_a_block_moves_to_another_seat_with_a_mark() -> None:
    """Its scores are compared, with their seeds; its times are not, since they are of two processes."""
    told = Seated([FakePlace("good"), FakePlace("bad", lost_after(4))], processes=2)
    told.run()
    (moved,) = [trial for trial in told.store if MOVED_MARK in trial.marks]
    assert moved.seat == "good"
    lot = [trial for trial in told.store if trial.spec.process == moved.spec.process]
    assert [(trial.seat, trial.status, trial.marks) for trial in lot] == [
        *[("bad", "ok", ())] * 4,
        ("bad", "failed", ()),
        ("good", "ok", (MOVED_MARK,)),
        # The block that had not begun is whole in its new seat.
        *[("good", "ok", ())] * 3,
    ]
    assert [trial.spec.block for trial in lot[3:6]] == [moved.spec.block] * 3

    again = told.run(retry_failed=True)
    assert again.ok == 18
    frame = trials_frame(told.store)
    blocks, arms = Blocks.of(frame), list(dict.fromkeys(frame["arm"]))
    assert blocks.complete(arms, same_process=False).all()
    assert blocks.complete(arms, same_process=True).sum() == 5
    assert blocks.torn(arms) == 1
    effects = list_effects(frame, fake_study().contrasts, arms=fake_study().arms)
    assert {(effect.blocks, effect.time_blocks) for effect in effects} >= {(6, 5)}


DIFFERENCES = {
    "device_name": ("NVIDIA A100", "NVIDIA H100"),
    "driver": ("550.54", "560.1"),
    "torch": ("2.5", "2.6"),
    "compute_dtype": ("float16", "bfloat16"),
    "commit": ("a" * 40, "b" * 40),
    "power_limit_watts": (400.0, 300.0),
    "device_memory_gib": (80, 40),
}


@pytest.mark.parametrize("fact", DIFFERENCES)
def test_4_a_seat_that_differs_is_refused_loudly_and_the_study_goes_on(fact: str) -> None:
    first_came, mine, other = threading.Event(), *DIFFERENCES[fact]
    name = "device_memory_bytes" if fact == "device_memory_gib" else fact

    def facts(value: Any) -> dict[str, Any]:
        return {"device": "cuda", name: value * 2**30 if name != fact else value}

    def late(event: str) -> str:
        assert first_came.wait(PATIENCE_SECONDS)
        return ""

    def on_event(event: Event) -> None:
        if isinstance(event, TrialStarted):
            first_came.set()

    told = Seated([FakePlace("first", facts=facts(mine)), FakePlace("other", late, facts=facts(other))])
    assert told.run(on_event=on_event) == Summary(ok=18, failed=0, timeout=0, left=0)
    assert {trial.seat for trial in told.store} == {"first"}
    (said,) = told.said
    shown = [str(value)[:12] for value in (other, mine)]
    assert (
        f"Seat other has other hardware or code than the study: {fact} is {shown[0]}, the study's {shown[1]}." in said
    )


def test_4_what_the_folder_recorded_decides_on_a_resume_unless_mixing_is_allowed() -> None:
    folder = {"torch": "2.5", "device_name": "A100"}
    place = FakePlace("here", facts={"torch": "2.6", "device_name": "A100"})
    with pytest.raises(SeatLostError, match=r"torch is 2\.6, the study's 2\.5") as caught:
        Seated([place], muster=Muster(folder)).run(how_to_resume="ablate study resume DIR")
    assert caught.value.exit_code == 2
    assert "No seat is left; 0 of 18 trials are done and kept. Resume with: ablate study resume DIR" in str(
        caught.value
    )
    mixed = Seated([place, place], muster=Muster(folder, allow_mixed=True))
    assert mixed.run().ok == 18
    assert {trial.marks for trial in mixed.store} == {("mixed: torch",)}


def test_5_no_clock_of_one_machine_is_compared_with_anothers() -> None:
    told = Seated([FakePlace("a"), FakePlace("b")])
    told.run()
    trials = list(told.store)
    assert [trial.received_at for trial in trials] == sorted(trial.received_at for trial in trials)
    # The fake node's clock is years behind, and that is no pause.
    assert {trial.started_at[:10] for trial in trials} == {"2026-11-24"}
    assert all(Trial.from_json(trial.to_json()) == trial for trial in trials)
    alone = finished_trial(told.schedule[0]).trial
    assert not {"seat", "host", "received_at"} & alone.to_json().keys()


def test_6_a_slow_seat_is_named_in_the_report_and_not_filtered() -> None:
    study = fake_study(12, 6)
    store = MemoryTrialStore()
    for spec in study.schedule():
        slow = spec.process == 5
        finished = finished_trial(spec, process=spec.process, seconds=3.0 if slow else 2.5 + spec.block / 100)
        seat = "gpu:1" if slow else "gpu:0"
        store.append(replace(finished, trial=replace(finished.trial, seat=seat, host="box")))
    assert slow_seats(store) == {"gpu:1 on box": pytest.approx(3.0 / 2.555, rel=0.01)}
    caveats = {one.slug: one.text for one in list_caveats(Evidence.of(resolved_study(study), store))}
    assert "gpu:1 on box (1.17 times the study's)" in caveats["slow_seats"]
    assert len(trials_frame(store)) == 36
    assert "shared_hardware" not in caveats


def test_7_seats_that_share_hardware_have_no_times() -> None:
    both = threading.Barrier(2)

    def meet(event: str) -> str:
        if event == "start" and not both.broken and meeting:
            meeting.pop()
            both.wait(PATIENCE_SECONDS)
        return ""

    meeting = [1, 2]
    told = Seated([FakePlace("a", meet, hardware="GPU-1"), FakePlace("b", meet, hardware="GPU-1")])
    told.run()
    # Whoever came first may have been alone for a while.
    assert {1} in [{trial.beside for trial in told.store if trial.seat == seat} for seat in ("a", "b")]
    caveats = {one.slug: one.text for one in list_caveats(Evidence.of(resolved_study(fake_study(6, 6)), told.store))}
    assert "their times do not count" in caveats["shared_hardware"]
    side_by_side = MemoryTrialStore()
    for trial in told.store:
        side_by_side.append(
            replace(finished_trial(trial.spec), trial=replace(finished_trial(trial.spec).trial, beside=1))
        )
    evidence = Evidence.of(resolved_study(fake_study(6, 6)), side_by_side)
    assert not {"shared_hardware", "slow_seats"} & {one.slug for one in list_caveats(evidence)}


def test_7_other_processes_on_a_gpu_are_recorded() -> None:
    told = Seated([FakePlace("a", others=2), FakePlace("b", others=2)])
    told.run()
    assert {trial.marks for trial in told.store} == {(OTHERS_MARK,)}
    assert {trial.beside for trial in told.store} == {0}


def test_8_a_worker_that_never_ran_is_no_death_of_the_arm() -> None:
    starts = iter(["never ran", "never ran", "", "never ran", "never ran", ""] * 9)

    def fate(event: str) -> str:
        return next(starts) if event == "start" else ""

    told = Seated([FakePlace("a", fate), FakePlace("b")])
    assert told.run() == Summary(ok=18, failed=0, timeout=0, left=0)
    assert told.of(ArmRetired) == told.of(SeatLost) == []


def test_8_places_that_all_go_away_end_the_study_with_what_is_kept() -> None:
    told = Seated([FakePlace("a", lost_after(2)), FakePlace("b", lost_after(3))])
    with pytest.raises(SeatLostError, match="No seat is left; 7 of 18 trials are done and kept") as caught:
        told.run()
    assert caught.value.exit_code == 1
    assert Counter(trial.status for trial in told.store) == {"ok": 5, "failed": 2}
    told.places[:] = [FakePlace("c")]
    told.executor._places[:] = told.places
    assert told.run(retry_failed=True).ok == 18


def test_10_an_interruption_leaves_no_thread_and_keeps_what_is_finished() -> None:
    threads = threading.active_count()
    told = Seated([FakePlace("a"), FakePlace("mute", once("all/3", "all/4", "all/5", what="mute"))])

    def interrupt(event: Event) -> None:
        if len(told.store.statuses) >= 7:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedStudyError, match="of 18 trials are done and kept"):
        told.run(on_event=interrupt)
    assert len(told.store.statuses) >= 7
    assert threading.active_count() == threads


def test_rounds_of_times_stay_whole_and_run_side_by_side_where_hardware_is_not_shared() -> None:
    together = threading.Barrier(2)
    met: set[str] = set()

    def meet(event: str) -> str:
        if event == "start" and len(met) < 2:
            met.add(threading.current_thread().name)
            together.wait(PATIENCE_SECONDS)
        return ""

    told = Seated([FakePlace("a", meet), FakePlace("b", meet)], blocks=4, processes=2, clock="interleaved")
    assert told.run().left == 0
    rounds = told.of(RoundStarted)
    assert all(len(one.specs) == 3 for one in rounds)
    of_round = [[t for t in told.store if t.spec.block == one.specs[0].block] for one in rounds]
    assert all(len({(trial.process, trial.seat) for trial in trials}) == 1 for trials in of_round)
    assert {trial.seat for trials in of_round for trial in trials} == {"a", "b"}
    assert {trial.beside for trial in told.store} == {0}


def test_one_seat_runs_in_the_order_of_the_schedule() -> None:
    told = Seated([FakePlace("only")], blocks=4, processes=2)
    assert told.run().ok == 12
    assert [trial.spec for trial in told.store] == list(told.schedule)


def test_seats_that_join_while_a_study_runs_take_lots_too() -> None:
    joined, waiting = threading.Event(), [FakePlace("late")]

    def hold(event: str) -> str:
        if event != "start":
            assert joined.wait(PATIENCE_SECONDS)
        return ""

    def join() -> int:
        new, waiting[:] = list(waiting), []
        if not new:
            joined.set()
        return told.executor.join(new)

    told = Seated([FakePlace("early", hold)])
    assert told.run(joined=join).ok == 18
    assert {trial.seat for trial in told.store} == {"early", "late"}
