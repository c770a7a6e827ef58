"""When each trial runs where times are measured apart from the trainings, or trainings run side by side."""

from itertools import groupby

import pytest

from ablate.errors import UsageError
from ablate.study import Study, leave_one_out
from ablate.study.schedule import TrialSpec

NAMES = ("red", "green", "blue")


def study(**settings: object) -> Study:
    design = leave_one_out(NAMES)
    return Study.of(design, name="s", question="q", **{"blocks": 4, "processes": 2, **settings})


def test_each_process_measures_its_rounds_before_it_trains_its_blocks() -> None:
    schedule = study(clock="interleaved", rounds=3).schedule()
    lots = [
        [(block, next(group).measures) for block, group in groupby(lot, key=lambda spec: spec.block)]
        for _, lot in groupby(schedule, key=lambda spec: spec.process)
    ]
    assert lots == [
        [(4, "time"), (5, "time"), (6, "time"), (0, "score"), (1, "score")],
        [(7, "time"), (8, "time"), (9, "time"), (2, "score"), (3, "score")],
    ]
    assert len({spec.key for spec in schedule}) == len(schedule) == 4 * (6 + 4)


def test_trainings_side_by_side_take_processes_of_their_own_and_keep_their_arms() -> None:
    schedule = study(clock="interleaved", rounds=1, parallel=3).schedule()
    assert {spec.process for spec in schedule if spec.measures == "time"} == {0, 1}
    owners: dict[str, set[int]] = {}
    for spec in schedule:
        if spec.measures == "score":
            owners.setdefault(spec.arm, set()).add(spec.process)
    assert owners == {"all": {2}, "all - red": {3}, "all - green": {4}, "all - blue": {2}}
    assert [process for process, _ in groupby(spec.process for spec in schedule)] == [0, 1, 2, 3, 4]


def test_whole_trials_side_by_side_are_dealt_by_arm() -> None:
    schedule = study(parallel=2).schedule()
    assert {spec.measures for spec in schedule} == {"both"}
    assert {spec.process for spec in schedule if spec.arm in ("all", "all - green")} == {0}


def test_seeds_are_those_of_the_block_whatever_the_clock() -> None:
    seeds = {spec.key: spec.seed for spec in study().schedule()}
    apart = {
        spec.key: spec.seed for spec in study(clock="interleaved", parallel=2).schedule() if spec.measures == "score"
    }
    assert apart == seeds


@pytest.mark.parametrize("measures", ["both", "score", "time"])
def test_a_spec_says_what_it_measures_where_that_is_not_all(measures: str) -> None:
    spec = TrialSpec(arm="a", block=0, position=0, process=0, seed=1, measures=measures)  # type: ignore[arg-type]
    assert TrialSpec(**spec.to_json()) == spec
    assert ("measures" in spec.to_json()) == (measures != "both")


def test_a_study_of_another_clock_says_so_and_reads_it_back() -> None:
    asked = study(clock="interleaved", rounds=3, parallel=2)
    assert Study.from_json(asked.to_json()) == asked
    assert {"clock", "rounds", "parallel"}.isdisjoint(study().to_json())


def test_more_processes_than_blocks_are_fine_where_they_take_no_blocks() -> None:
    assert study(clock="interleaved", processes=7, parallel=2).processes == 7


def test_without_blocks_times_alone_are_measured() -> None:
    asked = study(clock="interleaved", rounds=3, blocks=0)
    assert {spec.measures for spec in asked.schedule()} == {"time"}
    assert [block for block, _ in groupby(spec.block for spec in asked.schedule())] == [0, 1, 2, 3, 4, 5]
    assert Study.from_json(asked.to_json()) == asked
    side_by_side = study(clock="interleaved", rounds=3, blocks=0, parallel=2)
    assert side_by_side.schedule() == asked.schedule()
    with pytest.raises(UsageError, match="nothing to save in 0 blocks"):
        asked.until_settled()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"blocks": 0},
            "at least 1 trial for each arm, not 0 (--trials); times alone, without trainings, take --clock",
        ),
        ({"blocks": -1, "clock": "interleaved"}, "A study needs at least 1 trial for each arm, not -1 (--trials)."),
        ({"clock": "interleave"}, "Unknown clock 'interleave' (--clock). Did you mean 'interleaved'?"),
        ({"parallel": 0}, "At least 1 trial runs at a time, not 0 (--parallel)."),
        ({"rounds": 0}, "Study 's' has rounds=0; the interleaved clock takes 1 or more."),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        study(**settings)
    assert said in str(refused.value)
