"""Screening designs: orthogonal, folded over, clear of pairs, and what is done about arms that cannot be."""

import json
import re
from itertools import combinations

import numpy as np
import pytest

from ablate.errors import UsageError
from ablate.study import (
    Arm,
    Contrast,
    Design,
    Study,
    add_one_in,
    aliases,
    combine,
    full_factorial,
    lengths,
    resolution_of,
    screened,
    screening,
    with_others,
    with_twin,
)
from ablate.study.levels import levels_of
from tests.fakes import FakeCatalogue

NAMES = tuple("abcdefghijklmnopqrstuvwxyz")


def catalogue(count: int, **barred: dict[str, str]) -> FakeCatalogue:
    return FakeCatalogue({name: name for name in NAMES[:count]}, **barred)


def levels(design: Design, count: int) -> np.ndarray:
    arms = screened(design.arms, design.contrasts)
    return levels_of([arm.features for arm in arms], NAMES[:count])


def products(columns: np.ndarray) -> np.ndarray:
    return np.column_stack([columns[:, i] * columns[:, j] for i, j in combinations(range(columns.shape[1]), 2)])


@pytest.mark.parametrize(
    ("count", "arms"),
    [(1, 2), (2, 4), (3, 8), (4, 8), (5, 16), (8, 16), (9, 24), (10, 24), (12, 24), (13, 32), (17, 40), (26, 64)],
)
def test_a_folded_plackett_burman_design_is_orthogonal_and_clear_of_pairs(count: int, arms: int) -> None:
    design = screening(NAMES[:count], catalogue(count))
    columns = levels(design, count)
    assert columns.shape == (arms, count)
    assert len({arm.features for arm in design.arms}) == arms
    np.testing.assert_array_equal(columns.T @ columns, arms * np.eye(count))
    # Folded over: with each arm its mirror image, so that every product of two columns is as often +1 in both halves.
    rows = {tuple(row) for row in columns}
    assert rows == {tuple(-row) for row in columns}
    if count > 1:
        assert not (columns.T @ products(columns)).any()
    assert not any(aliases(design.arms, NAMES[:count]).values())
    assert resolution_of(design.arms, NAMES[:count]) == (4 if count > 3 else 5)


def test_its_ends_are_the_baseline_and_everything_and_its_questions_the_averages_and_the_total() -> None:
    design = screening([*"abcde"], catalogue(5))
    assert design.arms[0] == Arm(name="baseline", features=frozenset())
    assert design.arms[-1] == Arm(name="all", features=frozenset("abcde"), stream=15)
    assert design.contrasts == (
        *(
            Contrast(subject=name, with_arm=f"with {name}", without_arm=f"without {name}", kind="screening")
            for name in "abcde"
        ),
        Contrast(subject="all", with_arm="all", without_arm="baseline", kind="total"),
    )
    assert [contrast.is_averaged for contrast in design.contrasts] == [True] * 5 + [False]


@pytest.mark.parametrize(("count", "arms"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 16), (6, 32), (7, 64), (8, 64)])
def test_resolution_5_keeps_pairs_apart_too(count: int, arms: int) -> None:
    design = screening(NAMES[:count], catalogue(count), resolution=5)
    columns = levels(design, count)
    assert columns.shape == (arms, count)
    every = np.column_stack([np.ones(arms), columns, *([products(columns)] if count > 1 else [])])
    np.testing.assert_array_equal(every.T @ every, arms * np.eye(every.shape[1]))
    assert resolution_of(screened(design.arms, design.contrasts), NAMES[:count]) == 5
    assert {"baseline", "all"} <= {arm.name for arm in design.arms}
    # With 5 and 8 names no fraction has both ends: "all" is there for the total, on the baseline's seed.
    assert [arm.stream == 0 for arm in design.arms if arm.name == "all"] == [count in (5, 8)]
    assert len(design.arms) == arms + (count in (5, 8))


def test_seven_names_need_a_word_of_six_only_so_that_both_ends_are_in_the_fraction() -> None:
    design = screening(NAMES[:7], catalogue(7), resolution=5)
    assert [arm.stream for arm in design.arms] == list(range(64))


def test_arms_draw_seeds_of_their_own() -> None:
    design = screening(NAMES[:10], catalogue(10))
    study = Study.of(design, name="s", question="q", blocks=3, processes=1)
    assert [arm.stream for arm in design.arms] == list(range(24))
    seeds = [spec.seed for spec in study.schedule()]
    assert len(set(seeds)) == len(seeds)


def test_arms_are_named_by_what_is_off_where_that_is_shorter() -> None:
    design = screening(NAMES[:10], catalogue(10))
    names = {arm.name: "".join(sorted(arm.features)) for arm in design.arms}
    assert len(names) == 24
    for name, on in names.items():
        if name in ("baseline", "all"):
            continue
        written = "{" + ", ".join(on) + "}"
        off = "all - {" + ", ".join(sorted(set(NAMES[:10]) - set(on))) + "}"
        assert name == (off if len(on) > 4 and len(off) < len(written) else written)


def test_long_names_are_told_by_what_is_off() -> None:
    hive = FakeCatalogue()
    names = [arm.name for arm in screening(hive.names, hive).arms]
    assert "all - {brightness_contrast, compile, tuning, selective_tta}" in names
    assert "{brightness_contrast, compile, tuning, selective_tta}" in names
    assert len(set(names)) == 24


@pytest.mark.parametrize(
    ("resolution", "count", "message"),
    [
        (3, 4, r"A screening has resolution 4 or 5, not 3 \(--resolution\)"),
        (5, 9, r"resolution 5 takes 8 names at most, here are 9: a, b, c.*Use --resolution 4, groups instead of"),
        (4, 0, "A design needs at least one feature or group"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(resolution: int, count: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        screening(NAMES[:count], catalogue(9), resolution=resolution)


def test_names_are_checked() -> None:
    with pytest.raises(UsageError, match="Unknown feature or group 'aa'"):
        screening(["a", "aa"], catalogue(3))
    with pytest.raises(UsageError, match="'a' is named twice"):
        screening(["a", "a"], catalogue(3))


class TestForbiddenArms:
    def test_they_are_replaced_and_the_loss_is_said(self) -> None:
        barred = catalogue(8, requires={"b": "a"})
        design = screening(NAMES[:8], barred)
        assert len(design.arms) == 16
        assert len({arm.features for arm in design.arms}) == 16
        assert all(barred.reason_impossible(arm.features) is None for arm in design.arms)
        assert len(design.left_out) == 4
        arms = {arm.name for arm in design.arms}
        for name, reason in design.left_out:
            assert name not in arms
            why, instead = reason.split("; replaced by '")
            assert why == "'b' requires 'a'"
            named, efficiency = instead.rsplit("', efficiency ", 1)
            assert named in arms
            assert 0.85 < float(efficiency) < 1
        columns = np.column_stack([np.ones(16), levels(design, 8)])
        exact = np.linalg.det(columns.T @ columns) ** (1 / 9) / 16
        assert float(efficiency) == pytest.approx(exact, abs=0.005)
        assert np.linalg.matrix_rank(columns) == 9

    def test_the_choice_is_better_than_any_by_chance_and_always_the_same(self) -> None:
        barred = catalogue(5, requires={"b": "a"})
        design = screening(NAMES[:5], barred)
        assert design == screening(NAMES[:5], barred)
        kept = [arm.features for arm in screening(NAMES[:5], catalogue(5)).arms]
        kept = [on for on in kept if barred.reason_impossible(on) is None]
        others = [frozenset(on) for size in range(6) for on in combinations(NAMES[:5], size)]
        others = [on for on in others if on not in kept and barred.reason_impossible(on) is None]

        def determinant(features: list[frozenset[str]]) -> float:
            columns = np.column_stack([np.ones(len(features)), levels_of(features, NAMES[:5])])
            return float(np.linalg.det(columns.T @ columns))

        rng = np.random.default_rng(0)
        by_chance = [
            determinant([*kept, *(others[i] for i in rng.choice(len(others), 16 - len(kept), replace=False))])
            for _ in range(300)
        ]
        assert determinant([arm.features for arm in design.arms]) >= max(by_chance) * (1 - 1e-9)

    def test_names_that_exclude_each_other_leave_no_total(self) -> None:
        design = screening([*"abcd"], catalogue(4, excludes={"b": "a"}))
        assert "all" not in {arm.name for arm in design.arms}
        assert {contrast.kind for contrast in design.contrasts} == {"screening"}
        assert aliases(design.arms, [*"abcd"])["a"]

    def test_names_that_no_arms_tell_apart_are_refused(self) -> None:
        tied = catalogue(4, requires={"a": "b", "b": "a"})
        with pytest.raises(UsageError, match="No choice of allowed arms tells the effects of 'a', 'b' apart"):
            screening([*"abcd"], tied)
        with pytest.raises(UsageError, match=r"No allowed arm can show what 'a' does: 'a' requires 'd'\. Leave it out"):
            screening([*"abc"], catalogue(4, requires={"a": "d"}))

    def test_more_names_than_can_be_enumerated(self) -> None:
        barred = catalogue(14, requires={"b": "a"})
        design = screening(NAMES[:14], barred)
        assert len(design.arms) == 32
        assert all(barred.reason_impossible(arm.features) is None for arm in design.arms)


def test_aliases_say_what_moves_with_each_name_the_strongest_first() -> None:
    half = [Arm(name=f"x{on}", features=frozenset(on)) for on in ("abc", "a", "b", "c")]
    assert aliases(half, [*"abc"]) == {"a": ("b × c",), "b": ("a × c",), "c": ("a × b",)}
    assert resolution_of(half, [*"abc"]) == 3
    twice = [Arm(name=f"x{on}", features=frozenset(on)) for on in ("ab", "c", "abc", "d")]
    assert aliases(twice, [*"ab"])["a"] == ("b",)
    assert aliases((), [*"ab"]) == {"a": (), "b": ()}
    clear = screening([*"abcd"], catalogue(4)).arms
    assert aliases(clear[:-1], [*"abcd"])["a"][:3] == ("b", "c", "d")


class TestAsADesign:
    def test_through_json_and_back(self) -> None:
        study = Study.screening(catalogue(6), blocks=5)
        again = Study.from_json(json.loads(json.dumps(study.to_json())))
        assert again == study

    def test_with_a_twin_which_counts_for_no_average(self) -> None:
        design = screening([*"abcd"], catalogue(4))
        twinned = with_twin(design)
        assert twinned.arms[-1].name == "baseline (twin)"
        assert twinned.arms[-1].stream == 8
        assert screened(twinned.arms, twinned.contrasts) == design.arms
        study = Study.of(design, name="s", question="q").with_twin()
        assert study.arms == twinned.arms

    def test_combined_with_another_whose_arms_count_for_no_average(self) -> None:
        design = screening([*"abcd"], catalogue(4))
        both = combine(design, add_one_in([*"abcd"]))
        assert len(both.arms) == 12
        assert both.contrasts == (*design.contrasts, *add_one_in([*"abcd"]).contrasts)
        assert screened(both.arms, both.contrasts) == design.arms

    def test_beside_others_that_are_always_on(self) -> None:
        design = with_others(screening([*"abc"], catalogue(4)), ["d"])
        assert [arm.name for arm in design.arms][:2] == ["others", "others + a + c"]
        assert [contrast for contrast in design.contrasts if contrast.is_averaged] == [
            Contrast(subject=name, with_arm=f"with {name}", without_arm=f"without {name}", kind="screening")
            for name in "abc"
        ]
        assert len(screened(design.arms, design.contrasts)) == 8

    def test_others_give_its_names_what_these_require(self) -> None:
        needy = catalogue(5, requires={"a": "e", "b": "d"})
        design = screening([*"abc"], needy, others=["d", "e"])
        assert design == with_others(screening([*"abc"], catalogue(5)), ["d", "e"])
        assert not design.left_out
        assert design.possible(needy) == design
        with pytest.raises(UsageError, match="what 'a' does: 'a' requires 'e'"):
            screening([*"abc"], needy, others=["d"])

    def test_others_that_exclude_a_name_leave_nothing_to_ask_of_it(self) -> None:
        with pytest.raises(UsageError, match="No allowed arm can show what 'a' does: 'a' excludes 'd'"):
            screening([*"abc"], catalogue(4, excludes={"a": "d"}), others=["d"])

    def test_others_that_are_unknown_or_asked_about_are_refused(self) -> None:
        with pytest.raises(UsageError, match="'dd'"):
            screening([*"abc"], catalogue(4), others=["dd"])
        with pytest.raises(UsageError, match="'c' is on in every arm, as one of the others"):
            screening([*"abc"], catalogue(4), others=["c"])
        # A group has it on just as well.
        with pytest.raises(UsageError, match="'silu' is on in every arm, as one of the others"):
            screening(["silu", "compile"], FakeCatalogue(), others=["architecture"])

    def test_arms_left_out_are_called_as_their_neighbours_are(self) -> None:
        design = screening([*"abcde"], catalogue(6, excludes={"a": "b"}), others="f")
        names = {arm.name for arm in design.arms}
        replaced = [re.search("replaced by '(.*)'", why) for _, why in design.left_out]
        assert any(replaced)
        assert {found[1] for found in replaced if found} <= names
        assert all(arm.startswith(("others", "all")) for arm, _ in design.left_out)
        assert with_others(screening([*"abcde"], catalogue(6, excludes={"a": "b"})), ["f"]).arms == design.arms

    def test_others_that_cannot_be_on_by_themselves_are_refused(self) -> None:
        for barred in (catalogue(5, requires={"d": "a"}), catalogue(5, excludes={"d": "e"})):
            with pytest.raises(UsageError, match="The others cannot be on in every arm, whatever is asked about: 'd' "):
                screening([*"abc"], barred, others=["d", "e"])

    def test_lengths_and_twins_keep_their_endings_beside_others(self) -> None:
        design = with_others(lengths(full_factorial(["a", "b"])), ["c"])
        assert {"others + a @ 0.85", "others + a", "all @ 1.15"} <= {arm.name for arm in design.arms}

    def test_a_study_made_otherwise_is_all_arms_but_twins(self) -> None:
        design = screening([*"abc"], catalogue(3))
        shared = tuple(Arm(name=arm.name, features=arm.features) for arm in design.arms)
        assert screened(shared, design.contrasts) == shared

    def test_arms_that_another_registry_forbids_are_left_out_and_averages_stay(self) -> None:
        design = screening([*"abcd"], catalogue(4)).possible(catalogue(4, requires={"b": "a"}))
        assert len(design.arms) == 6
        assert sum(contrast.is_averaged for contrast in design.contrasts) == 4

    def test_an_average_needs_arms_on_both_sides(self) -> None:
        ask = Contrast(subject="a", with_arm="with a", without_arm="without a", kind="screening")
        with pytest.raises(UsageError, match="No arm is with 'a', so its average effect cannot be asked for"):
            Design(arms=(Arm(name="x", features=frozenset("b")),), contrasts=(ask,))


def test_a_screening_study_is_of_features_at_resolution_4_and_of_groups_at_5() -> None:
    hive = FakeCatalogue()
    study = Study.screening(hive)
    assert len(study.arms) == 24
    assert [c.subject for c in study.contrasts] == [*hive.names, "all"]
    of_groups = Study.screening(hive, resolution=5)
    assert len(of_groups.arms) == 32
    assert [c.subject for c in of_groups.contrasts] == [*hive.groups, "all"]
    assert Study.screening(hive, ["silu", "tuning"]).question.startswith("What does each feature do on average")
    past = Study.screening(hive, ["silu", "tuning"], others=["augmentation"])
    assert [arm.name for arm in past.arms] == ["others", "others + silu", "others + tuning", "all"]
