from typing import Any

import pytest

from ablate.errors import UsageError
from ablate.study import Study, aa, leave_one_out
from ablate.study.looks import planned_looks


def study(blocks: int = 20, processes: int = 5, **settings: Any) -> Study:
    return Study.of(leave_one_out(["a", "b"]), name="s", question="?", blocks=blocks, processes=processes, **settings)


@pytest.mark.parametrize(
    ("blocks", "processes", "looks"),
    [
        (20, 1, (5, 10, 15)),
        # where a process has ended its share: 4, 8, 12, 16, 20
        (20, 5, (8, 12, 16)),
        (100, 5, (40, 60, 80)),
        (40, 10, (12, 20, 32)),
        # shares too long to wait for
        (20, 2, (5, 10, 15)),
        (8, 1, (5, 6)),
        (6, 1, (5,)),
        (5, 5, ()),
        (1, 1, ()),
    ],
)
def test_looks_are_few_even_and_at_the_end_of_a_process(blocks: int, processes: int, looks: tuple[int, ...]) -> None:
    assert planned_looks(blocks, processes) == looks
    if looks:
        assert study(blocks, processes).until_settled().looks == looks


def test_a_look_comes_when_its_processes_have_ended() -> None:
    asked = study().until_settled()
    owners = {spec.block: spec.process for spec in asked.schedule()}
    for look in asked.looks:
        assert owners[look - 1] != owners[look]


def test_blocks_that_are_not_dealt_to_processes_are_looked_at_as_those_of_one() -> None:
    assert study(20, 5, parallel=2).until_settled().looks == planned_looks(20, 1)


def test_json_says_looks_only_where_there_are_any() -> None:
    plain, looked = study(), study().until_settled()
    assert "looks" not in plain.to_json()
    assert looked.to_json() == {**plain.to_json(), "looks": [8, 12, 16]}
    assert Study.from_json(looked.to_json()) == looked
    assert Study.from_json(plain.to_json()) == plain
    assert plain.looks == ()


def test_looks_change_no_trial() -> None:
    assert study().until_settled().schedule() == study().schedule()


def test_other_blocks_are_looked_at_elsewhere() -> None:
    looked = study().until_settled()
    assert looked.override(seed=3).looks == (8, 12, 16)
    assert looked.override(blocks=8, processes=1).looks == (5, 6)
    assert looked.override(blocks=4).looks == ()
    assert study().override(blocks=40).looks == ()
    own = study(looks=(6, 14))
    assert own.override(seed=1).looks == (6, 14)


@pytest.mark.parametrize(
    ("looks", "message"),
    [
        ((5, 5), "look 5 after 5: looks are 2 blocks or more, in ascending order"),
        ((1,), "look 1 after 1: looks are 2 blocks or more"),
        ((5, 20), "look 20 of 20 blocks: the last look comes before the end"),
        ((5.0,), "look 5.0: a whole number of blocks belongs there"),
    ],
)
def test_impossible_looks_are_refused(looks: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UsageError, match=f"Study 's' has {message}"):
        study(looks=looks)


def test_what_a_look_could_not_stop_is_refused() -> None:
    with pytest.raises(UsageError, match=r"nothing to save in 5 blocks: no verdict comes before block 5\. Give more"):
        study(5).until_settled()
    with pytest.raises(UsageError, match="nothing to save in 1 block:"):
        study(1, 1).until_settled()
    twins = Study.of(aa(["a", "b"]), name="twins", question="?")
    with pytest.raises(UsageError, match="nothing to wait for: study 'twins' asks for no effect"):
        twins.until_settled()
