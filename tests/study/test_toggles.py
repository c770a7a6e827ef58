import re

import pytest

from ablate.errors import UsageError
from ablate.study import toggled
from tests.fakes import HIVE_FEATURES, FakeCatalogue

TOGGLES = {
    "nothing": ({}, "baseline", "all", "all", "all"),
    "disable": ({"disable": ["silu"]}, "all", "all - silu", "silu", "all"),
    "disable a group": ({"disable": ["architecture"]}, "all", "all - architecture", "architecture", "all"),
    "two": ({"disable": ["silu", "tuning"]}, "all", "all - silu - tuning", "silu + tuning", "all"),
    "enable": ({"start": "baseline", "enable": ["silu"]}, "baseline", "baseline + silu", "silu", "baseline + silu"),
    "only": ({"only": ["silu", "tuning"]}, "baseline", "baseline + silu + tuning", "silu + tuning", None),
    "only all": ({"only": list(HIVE_FEATURES)}, "baseline", "all", " + ".join(HIVE_FEATURES), "all"),
    "mixed": (
        {"start": "baseline", "enable": ["architecture"], "disable": ["silu"]},
        *("baseline", "baseline + architecture - silu", "baseline + architecture - silu", None),
    ),
}


@pytest.mark.parametrize("case", TOGGLES)
def test_toggles_make_the_pair_that_was_asked_for(case: str) -> None:
    options, reference, other, subject, with_arm = TOGGLES[case]
    design = toggled(FakeCatalogue(), **options)
    assert [arm.name for arm in design.arms] == [reference, other]
    (question,) = design.contrasts
    assert (question.subject, question.with_arm) == (subject, with_arm or other)
    assert {question.with_arm, question.without_arm} == {reference, other}
    assert all(name in HIVE_FEATURES for arm in design.arms for name in arm.features)


def test_toggles_can_have_a_twin() -> None:
    assert [arm.name for arm in toggled(FakeCatalogue(), twin=True).arms] == ["baseline", "all", "baseline (twin)"]


BAD_TOGGLES = {
    "--enable silu changes nothing: it is on already. Try --from baseline --enable silu": {"enable": ["silu"]},
    "--disable silu changes nothing: it is off already": {"start": "baseline", "disable": ["silu"]},
    "--enable tuning changes nothing: it is on already": {"start": "baseline", "enable": ["tuning", "tuning"]},
    "cancel each other": {"start": "baseline", "enable": ["tta"], "disable": ["selective_tta"]},
    "--from baseline alone changes nothing": {"start": "baseline"},
    "--from takes 'all' or 'baseline', not 'some'": {"start": "some"},
    "--only starts from nothing": {"only": ["silu"], "disable": ["tuning"]},
    "Unknown feature or group 'silo'. Did you mean 'silu'": {"disable": ["silo"]},
}


@pytest.mark.parametrize("message", BAD_TOGGLES)
def test_toggles_that_make_no_sense_are_wrong_usage(message: str) -> None:
    with pytest.raises(UsageError) as caught:
        toggled(FakeCatalogue(), **BAD_TOGGLES[message])
    assert message in str(caught.value)


def test_an_impossible_pair_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="Arm 'all - silu' is impossible: 'tuning' requires 'silu'"):
        toggled(FakeCatalogue(requires={"tuning": "silu"}), disable=["silu"])


CLASH = {"features": {**HIVE_FEATURES, "hot": "mine"}, "excludes": {"hot": "tuning"}}
CHOOSE = (
    "Arm 'all' is impossible: 'hot' excludes 'tuning'. Choose: `--enable hot --disable tuning`, "
    "`--from baseline --enable hot`, or `--disable hot` beside another toggle."
)


class TestFeaturesThatCannotAllBeOn:
    CATALOGUE = FakeCatalogue(**CLASH)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, CHOOSE),
            ({"disable": ["silu"]}, CHOOSE),
            ({"disable": ["tuning"]}, CHOOSE),
            (
                {"enable": ["hot"]},
                "Arm 'all + hot' is impossible: 'hot' excludes 'tuning'. "
                "Leave one out: `--disable tuning`, or start from `--from baseline --enable hot`.",
            ),
            (
                {"start": "baseline", "enable": ["hot", "tuning"]},
                "Arm 'baseline + hot + tuning' is impossible: 'hot' excludes 'tuning'. Leave one of them out of --enable.",
            ),
            (
                {"only": ["tuning", "hot"]},
                "Arm 'baseline + tuning + hot' is impossible: 'hot' excludes 'tuning'. Leave one of them out of --only.",
            ),
            ({"disable": ["hot"]}, "Arm 'all' is without 'hot' already; nothing is left to compare."),
        ],
    )
    def test_the_options_must_choose_and_are_named(self, options: dict[str, list[str]], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            toggled(self.CATALOGUE, **options)  # type: ignore[arg-type]
        assert str(caught.value) == message

    @pytest.mark.parametrize("words", re.findall(r"`(--(?:enable|from).*?)`", CHOOSE))
    def test_what_the_message_says_works(self, words: str) -> None:
        given = words.split()
        options = dict(zip((option.removeprefix("--") for option in given[::2]), given[1::2], strict=True))
        start = options.pop("from", None)
        _, other = toggled(self.CATALOGUE, start=start, **{option: [name] for option, name in options.items()}).arms
        assert "hot" in other.features
        assert "tuning" not in other.features

    def test_one_that_stays_out_is_no_part_of_the_difference(self) -> None:
        design = toggled(self.CATALOGUE, disable=["hot", "silu"])
        assert [arm.name for arm in design.arms] == ["all", "all - silu"]
        assert [contrast.subject for contrast in design.contrasts] == ["silu"]

    def test_what_misses_its_requirement(self) -> None:
        tied = FakeCatalogue(requires={"tuning": "silu"})
        with pytest.raises(
            UsageError, match=r"'tuning' requires 'silu'\. Leave 'tuning' out too: `--disable tuning`\.$"
        ):
            toggled(tied, disable=["silu"])
        with pytest.raises(UsageError, match=r"'tuning' requires 'silu'\. Name what it requires too, with --only\.$"):
            toggled(tied, only=["tuning"])
        with pytest.raises(UsageError, match=r"Name what it requires too, with --enable\.$"):
            toggled(tied, start="baseline", enable=["tuning"])
        assert toggled(tied, disable=["silu", "tuning"]).arms[0].name == "all"
