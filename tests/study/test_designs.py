import pytest

from ablate.errors import UsageError
from ablate.study import (
    Arm,
    Design,
    aa,
    add_one_in,
    full_factorial,
    ladder,
    leave_one_out,
    lengths,
    pair,
    shapley,
    together,
    total,
    with_others,
    with_twin,
)
from tests.fakes import FakeCatalogue


def arms(design: Design) -> dict[str, str]:
    """Each arm's features, joined."""
    return {arm.name: "".join(sorted(arm.features)) for arm in design.arms}


def questions(design: Design) -> set[tuple[str, str, str, str]]:
    return {(c.kind, c.subject, c.with_arm, c.without_arm) for c in design.contrasts}


def test_leave_one_out() -> None:
    design = leave_one_out(["a", "b", "c"])
    assert arms(design) == {"all": "abc", "all - a": "bc", "all - b": "ac", "all - c": "ab"}
    assert questions(design) == {("leave_one_out", name, "all", f"all - {name}") for name in "abc"}
    assert arms(leave_one_out(["a"])) == {"all": "a", "baseline": ""}


def test_add_one_in() -> None:
    design = add_one_in(["a", "b"])
    assert arms(design) == {"baseline": "", "baseline + a": "a", "baseline + b": "b"}
    assert questions(design) == {("add_one_in", name, f"baseline + {name}", "baseline") for name in "ab"}


def test_ladder_goes_in_the_order_given() -> None:
    design = ladder(["c", "a", "b"])
    assert arms(design) == {"baseline": "", "+ c": "c", "+ a": "ac", "+ b": "abc"}
    assert questions(design) == {
        ("ladder", "c", "+ c", "baseline"),
        ("ladder", "a", "+ a", "+ c"),
        ("ladder", "b", "+ b", "+ a"),
        ("total", "all", "+ b", "baseline"),
    }


def test_shapley_has_every_subset_and_the_ladders_questions() -> None:
    design = shapley(["a", "b", "c"])
    assert arms(design) == {
        **{"baseline": "", "{a}": "a", "{b}": "b", "{c}": "c"},
        **{"{a, b}": "ab", "{a, c}": "ac", "{b, c}": "bc", "all": "abc"},
    }
    assert questions(design) == {
        ("ladder", "a", "{a}", "baseline"),
        ("ladder", "b", "{a, b}", "{a}"),
        ("ladder", "c", "all", "{a, b}"),
        ("total", "all", "all", "baseline"),
    }
    assert len(shapley([*"abcdef"]).arms) == 64
    assert len(shapley([*"abcdefg"]).arms) == 128
    with pytest.raises(UsageError, match=r"7 names at most, here are 8 \(256 arms\)"):
        shapley([*"abcdefgh"])


def test_full_factorial_asks_each_name_first_and_last() -> None:
    design = full_factorial(["a", "b", "c"])
    assert len(design.arms) == 8
    assert ("add_one_in", "b", "{b}", "baseline") in questions(design)
    assert ("leave_one_out", "b", "all", "{a, c}") in questions(design)
    assert len(design.contrasts) == 7
    with pytest.raises(UsageError, match="11 names make 2048 arms"):
        full_factorial([*"abcdefghijk"])


def test_others_are_on_in_every_arm() -> None:
    design = with_others(shapley(["x", "y"]), ["p", "q"])
    assert {arm.name: arm.features for arm in design.arms} == {
        "others": {"p", "q"},
        "others + x": {"p", "q", "x"},
        "others + y": {"p", "q", "y"},
        "all": {"p", "q", "x", "y"},
    }
    assert [(each.subject, each.with_arm, each.without_arm) for each in design.contrasts] == [
        ("x", "others + x", "others"),
        ("y", "all", "others + x"),
        ("all", "all", "others"),
    ]
    assert [arm.name for arm in with_others(add_one_in(["x"]), ["p"]).arms] == ["others", "others + x"]
    assert [arm.name for arm in with_others(full_factorial(["x", "y", "z"]), ["p"]).arms][4] == "others + x + y"
    with pytest.raises(UsageError, match=r"Arm '\{x\}' has 'x' on already"):
        with_others(shapley(["x", "y"]), ["x"])


def test_lengths_keep_the_arms_names_at_their_own_length() -> None:
    design = lengths(total(["a"]), [1.2, 0.8, 1.0])
    assert {arm.name: arm.length for arm in design.arms} == {
        **{"baseline @ 0.8": 0.8, "baseline": 1.0, "baseline @ 1.2": 1.2},
        **{"all @ 0.8": 0.8, "all": 1.0, "all @ 1.2": 1.2},
    }
    assert design.contrasts == total(["a"]).contrasts
    with pytest.raises(UsageError, match="already has length"):
        lengths(design)


def test_only_the_arms_asked_for_have_lengths() -> None:
    design = lengths(total(["a"]), [1.2, 0.8, 1.0], of=["all"])
    assert [(arm.name, arm.length) for arm in design.arms] == [
        ("baseline", 1.0),
        ("all @ 0.8", 0.8),
        ("all", 1.0),
        ("all @ 1.2", 1.2),
    ]
    assert lengths(design, of=["baseline"]).arms[1] == design.arms[0]
    with pytest.raises(UsageError, match=r"There is no arm 'al' to give lengths to\. Did you mean 'all'\?"):
        lengths(total(["a"]), of=["al"])
    assert lengths(total(["a"]), of="all") == lengths(total(["a"]), of=["all"])
    with pytest.raises(UsageError, match="Lengths of no arm"):
        lengths(total(["a"]), of=[])


@pytest.mark.parametrize("factors", [[], [0.8, 1.0], [0.8, 0.9, 1.1], [1.0, 1.0, 1.0]])
def test_equal_accuracy_needs_three_lengths_around_the_arms_own(factors: list[float]) -> None:
    with pytest.raises(UsageError, match="three lengths or more, 1 among them"):
        lengths(total(["a"]), factors)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_is_a_positive_number(factor: float) -> None:
    with pytest.raises(UsageError, match="a length is a positive factor"):
        lengths(total(["a"]), [0.9, 1.0, factor])


def test_twins_have_the_same_recipe_and_a_stream_of_their_own() -> None:
    design = aa(["a", "b"])
    assert arms(design) == {"baseline": "", "all": "ab", "baseline (twin)": "", "all (twin)": "ab"}
    assert sorted(arm.stream for arm in design.arms) == [0, 0, 1, 2]
    assert {question[0] for question in questions(design)} == {"aa"}
    assert [arm.name for arm in aa().arms] == ["baseline", "baseline (twin)"]
    with pytest.raises(UsageError, match="no arm 'none' to give a twin to"):
        with_twin(design, "none")


def test_a_pair_is_worded_as_what_the_larger_side_does() -> None:
    everything, less = Arm(name="all", features=frozenset("abc")), Arm(name="all - b", features=frozenset("ac"))
    (question,) = pair(everything, less).contrasts
    assert (question.subject, question.with_arm, question.without_arm) == ("b", "all", "all - b")
    (question,) = pair(less, everything).contrasts
    assert (question.subject, question.with_arm, question.without_arm) == ("b", "all", "all - b")
    other = Arm(name="mixed", features=frozenset("abd"))
    (question,) = pair(everything, other).contrasts
    assert (question.subject, question.with_arm, question.without_arm) == ("mixed", "mixed", "all")
    assert [arm.name for arm in pair(everything, less, twin=True).arms] == ["all", "all - b", "all (twin)"]


@pytest.mark.parametrize("design", [leave_one_out, add_one_in, ladder, shapley, full_factorial, total])
def test_names_are_given_and_given_once(design) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match="at least one feature or group"):
        design([])
    with pytest.raises(UsageError, match="'a' is named twice"):
        design(["a", "b", "a"])
    assert design("tuning") == design(["tuning"])


class TestTogether:
    def test_all_of_them_where_nothing_bars_it(self) -> None:
        assert together(FakeCatalogue(), ["tta", "silu"]) == (("tta", "silu"), ())

    def test_the_one_added_first_stays_wherever_it_stands(self) -> None:
        catalogue = FakeCatalogue(excludes={"silu": "tuning"})
        assert together(catalogue, ["tuning", "silu"]).names == ("silu",)
        assert together(catalogue, ["silu", "tuning"]).names == ("silu",)

    def test_what_required_a_feature_that_went_goes_too(self) -> None:
        catalogue = FakeCatalogue(excludes={"silu": "tuning"}, requires={"selective_tta": "tuning"})
        names, left_out = together(catalogue, catalogue.names)
        assert set(catalogue.names) - set(names) == {"tuning", "selective_tta"}
        assert dict(left_out) == {
            "all + tuning": "'silu' excludes 'tuning'",
            "all + selective_tta": "'selective_tta' requires 'tuning'",
        }

    def test_a_requirement_that_comes_later_is_none_missing(self) -> None:
        catalogue = FakeCatalogue(requires={"silu": "tuning"})
        assert together(catalogue, ["silu", "tuning"]).left_out == ()

    def test_nothing_left_is_refused_with_the_reason(self) -> None:
        catalogue = FakeCatalogue(requires={"silu": "tuning"})
        with pytest.raises(
            UsageError, match=r"no features that a study could put on; all \+ silu: 'silu' requires 'tuning'"
        ):
            together(catalogue, ["silu"])
