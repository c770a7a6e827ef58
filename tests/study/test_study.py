from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ablate.errors import UsageError
from ablate.study import Arm, Contrast, Study, combine, ladder, leave_one_out, lengths, pair
from tests.fakes import FakeCatalogue


def study(blocks: int = 6, processes: int = 2, seed: int = 0, names: str = "abc", **settings: object) -> Study:
    return Study.of(
        leave_one_out([*names]),
        name="s",
        question="?",
        blocks=blocks,
        processes=processes,
        seed=seed,
        **settings,  # type: ignore[arg-type]
    )


class TestSchedule:
    def test_every_arm_once_in_every_block(self) -> None:
        schedule = study().schedule()
        assert Counter(spec.key for spec in schedule) == Counter(
            (arm.name, block) for block in range(6) for arm in study().arms
        )
        for block in range(6):
            assert [spec.position for spec in schedule if spec.block == block] == [0, 1, 2, 3]

    def test_a_block_is_reversed_in_the_next_and_pairs_differ(self) -> None:
        orders = [[spec.arm for spec in study().schedule() if spec.block == block] for block in range(6)]
        for even, odd in zip(orders[::2], orders[1::2], strict=True):
            assert even == odd[::-1]
        assert len({tuple(order) for order in orders[::2]}) > 1

    def test_orders_are_balanced(self) -> None:
        schedule = study(blocks=4000, processes=1).schedule()
        first = Counter(spec.arm for spec in schedule if spec.position == 0)
        assert all(abs(count - 1000) < 100 for count in first.values()), first

    def test_one_seed_a_block_and_its_own_for_the_twin(self) -> None:
        twin = Study.aa(FakeCatalogue(), blocks=4, processes=2)
        for block in range(4):
            seeds = {spec.arm: spec.seed for spec in twin.schedule() if spec.block == block}
            assert seeds["baseline"] == seeds["all"]
            assert len(set(seeds.values())) == 3
        seeds = {spec.seed for spec in study().schedule()}
        assert len(seeds) == 6
        assert all(0 <= seed < 2**63 for seed in seeds)

    @pytest.mark.parametrize(("blocks", "processes"), [(20, 5), (7, 3), (5, 5), (1, 1), (11, 4)])
    def test_blocks_go_whole_and_evenly_to_processes(self, blocks: int, processes: int) -> None:
        schedule = study(blocks, processes).schedule()
        of_block = {block: {spec.process for spec in schedule if spec.block == block} for block in range(blocks)}
        assert all(len(found) == 1 for found in of_block.values())
        planned = [next(iter(of_block[block])) for block in range(blocks)]
        assert planned == sorted(planned)
        sizes = Counter(planned)
        assert set(sizes) == set(range(processes))
        assert max(sizes.values()) - min(sizes.values()) <= 1

    def test_is_a_pure_function_and_other_seeds_give_other_schedules(self) -> None:
        assert study().schedule() == study().schedule()
        assert [spec.arm for spec in study(seed=1).schedule()] != [spec.arm for spec in study().schedule()]

    def test_stays_what_it_was(self) -> None:
        """A schedule that changed between versions would pair other seeds."""
        schedule = study(blocks=2, processes=1).schedule()
        assert [spec.arm for spec in schedule] == [
            *["all - a", "all - c", "all - b", "all"],
            *["all", "all - b", "all - c", "all - a"],
        ]
        assert [schedule[0].seed, schedule[4].seed] == [
            2162838233153521250,
            518724243077892652,
        ]

    def test_an_arm_more_does_not_reorder_the_others(self) -> None:
        few = [spec.arm for spec in study(names="ab").schedule() if spec.block == 0]
        more = [spec.arm for spec in study(names="abd").schedule() if spec.block == 0]
        assert [arm for arm in more if arm in few] == few


def test_json_gives_the_study_back() -> None:
    full = Study.shapley(FakeCatalogue(excludes={"silu": "tuning"}), blocks=7, processes=3, seed=5, data="cifar10")
    assert full.left_out
    assert Study.from_json(full.to_json()) == full


BAD_SETTINGS = {
    "at least 1 trial for each arm, not 0": {"blocks": 0},
    "at least 1 process, not 0": {"processes": 0},
    "6 blocks cannot be dealt to 7 processes; use --processes 6 at most": {"processes": 7},
    "A seed is 0 or more, not -1": {"seed": -1},
}


@pytest.mark.parametrize("message", BAD_SETTINGS)
def test_bad_settings_are_wrong_usage(message: str) -> None:
    with pytest.raises(UsageError, match=message):
        study(**BAD_SETTINGS[message])
    with pytest.raises(UsageError, match=message):
        study(blocks=6, processes=2).override(**BAD_SETTINGS[message])


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "two\nlines"])
def test_a_study_has_a_name_that_a_folder_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a study"):
        replace(study(), name=name)


def test_arms_and_contrasts_must_fit_together() -> None:
    arms = (Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset("a")))
    question = Contrast(subject="a", with_arm="al", without_arm="baseline", kind="pair")
    with pytest.raises(UsageError, match=r"names arm 'al', which the study does not have. Did you mean 'all'"):
        Study(name="s", question="?", arms=arms, contrasts=(question,))
    with pytest.raises(UsageError, match="Two arms are named 'all'"):
        Study(name="s", question="?", arms=(*arms, arms[1]), contrasts=())
    with pytest.raises(UsageError, match="at least one arm"):
        Study(name="s", question="?", arms=(), contrasts=())


def test_overriding_keeps_what_is_not_given_and_lowers_processes_with_blocks() -> None:
    asked = study(blocks=20, processes=5, preset="mini")
    assert asked.override() == asked
    assert asked.override(blocks=2).processes == 2
    assert asked.override(blocks=40).processes == 5
    changed = asked.override(blocks=8, processes=4, seed=3, data="synthetic", preset="full")
    assert (changed.blocks, changed.processes, changed.seed, changed.data, changed.preset) == (
        *(8, 4, 3),
        *("synthetic", "full"),
    )


def test_impossible_arms_are_left_out_with_the_reason_and_their_contrasts_with_them() -> None:
    registry = FakeCatalogue(features={"a": "g", "b": "g", "c": "h"}, requires={"b": "a"})
    asked = Study.leave_one_out(registry)
    assert [arm.name for arm in asked.arms] == ["all", "all - b", "all - c"]
    assert asked.left_out == (("all - a", "'b' requires 'a'"),)
    assert [contrast.subject for contrast in asked.contrasts] == ["b", "c"]
    clash = Study.of(
        pair(Arm(name="x", features=frozenset("ac")), Arm(name="y", features=frozenset("abc"))), name="s", question="?"
    )
    with pytest.raises(UsageError, match="No arm of this design is possible; 'x': 'a' excludes 'c'"):
        clash.possible(FakeCatalogue(features=registry.features, excludes={"a": "c"}))


def test_two_arms_of_one_recipe_are_refused() -> None:
    registry = FakeCatalogue(features={"a": "g", "b": "g", "c": "h"})
    with pytest.raises(UsageError, match="'all' and 'all - a' have the same features on"):
        Study.leave_one_out(registry, names=["g", "a", "c"])


def test_the_class_methods_take_names_from_the_registry() -> None:
    registry = FakeCatalogue()
    assert len(Study.leave_one_out(registry, blocks=5).arms) == 11
    assert len(Study.add_one_in(registry).arms) == 11
    assert [arm.name for arm in Study.ladder(registry).arms][1:3] == ["+ optimiser", "+ augmentation"]
    assert len(Study.shapley(registry).arms) == 64
    assert len(Study.full_factorial(registry, ["tta", "tuning"]).arms) == 4
    assert [arm.name for arm in Study.aa(registry).arms] == ["baseline", "all", "baseline (twin)", "all (twin)"]
    assert Study.ladder(registry, name="mine", question="Why?").name == "mine"


def test_any_study_can_have_a_twin_of_its_reference() -> None:
    plain = Study.ladder(FakeCatalogue(), blocks=4, processes=2)
    twinned = plain.with_twin()
    assert [arm.name for arm in twinned.arms] == [*(arm.name for arm in plain.arms), "baseline (twin)"]
    assert twinned.contrasts[:-1] == plain.contrasts
    last = twinned.contrasts[-1]
    assert (last.kind, last.with_arm, last.without_arm) == ("aa", "baseline (twin)", "baseline")
    assert Study.leave_one_out(FakeCatalogue()).with_twin().arms[-1].name == "all (twin)"
    at_lengths = Study.of(lengths(ladder(["a", "b"])), name="s", question="?").with_twin()
    assert at_lengths.contrasts[-1].without_arm == "baseline"
    with pytest.raises(UsageError, match=r"--aa changes nothing: study 'ladder' runs 'baseline \(twin\)' already\."):
        twinned.with_twin()


def test_combined_designs_share_arms_by_recipe() -> None:
    both = combine(leave_one_out([*"abc"]), ladder([*"cba"]))
    assert [arm.name for arm in both.arms] == ["all", "all - a", "all - b", "all - c", "baseline", "+ c"]
    last = [contrast for contrast in both.contrasts if contrast.kind == "ladder"]
    assert [(step.with_arm, step.without_arm) for step in last] == [
        *[("+ c", "baseline"), ("all - a", "+ c"), ("all", "all - a")],
    ]


class TestFeaturesThatCannotAllBeOn:
    CATALOGUE = FakeCatalogue({"a": "one", "b": "two", "c": "two"}, excludes={"c": "a"})

    def test_studies_of_features_keep_those_that_can(self) -> None:
        study = Study.leave_one_out(self.CATALOGUE)
        assert [arm.name for arm in study.arms] == ["all", "all - a", "all - b"]
        assert study.left_out == (("all + c", "'c' excludes 'a'"),)
        assert Study.aa(self.CATALOGUE).left_out == study.left_out
        # Alone each can be on.
        assert len(Study.add_one_in(self.CATALOGUE).arms) == 4
        assert Study.add_one_in(self.CATALOGUE).left_out == ()

    @pytest.mark.parametrize("make", [Study.ladder, Study.shapley, Study.full_factorial])
    def test_studies_of_groups_keep_those_that_can(self, make: Any) -> None:
        study = make(self.CATALOGUE)
        assert {name for arm in study.arms for name in arm.features} == {"one"}
        assert study.left_out == (("all + two", "'c' excludes 'a'; give 'c' a Group of its own to keep 'two'"),)

    def test_names_that_were_given_are_taken_as_they_are(self) -> None:
        study = Study.leave_one_out(self.CATALOGUE, ["b", "c"])
        assert [arm.name for arm in study.arms] == ["all", "all - b", "all - c"]
        assert study.left_out == ()
