from typing import Any

import pytest

from ablate.errors import UsageError
from ablate.formats.printable import check_printable, printable, printable_lines
from ablate.recipes.registry import Feature
from ablate.study import Study, add_one_in
from ablate.study.arms import Contrast
from ablate.study.groups import Group

SHOWN = {
    "\x1b[31mred\x1b[0m": "\\x1b[31mred\\x1b[0m",
    "a\x9b31mb": "a\\x9b31mb",
    "bell\x07": "bell\\x07",
    "one\ntwo": "one two",
    "one\r\n\ttwo": "one two",
    "one\u2028two\x85three": "one two three",
    "\u202egnp.exe": "\\u202egnp.exe",
    "\u2066x\u2069": "\\u2066x\\u2069",
    "zero\u200bwidth": "zero\\u200bwidth",
    "half \ud800": "half \\ud800",
    "\U000e0041": "\\U000e0041",
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_steers_a_terminal_or_a_reader_is_shown(text: str) -> None:
    assert printable(text) == SHOWN[text]
    assert printable(printable(text)) == printable(text)
    printable(text).encode()


@pytest.mark.parametrize(
    "text",
    ["", "plain", "naïve − 5 %", "non\u00a0breaking", "\u0645\u06cc\u200c\u062e", "👩\u200d🔬", "  two  spaces "],
)
def test_text_that_prints_is_itself(text: str) -> None:
    assert printable(text) == text
    check_printable("It", text)


def test_lines_stay_lines() -> None:
    assert printable_lines("one\x1b\ntwo\r\n\tthree") == "one\\x1b\ntwo \n three"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (3, "3, not a text."),
        (None, "None, not a text."),
        ("a\nb", "has a line break at place 2: 'a b'. Write it as plain text on one line."),
        ("a\tb", "has a tab at place 2"),
        ("ab\x1b[0m", "has the character \\x1b at place 3: 'ab\\x1b[0m'"),
        ("\u202ex", "has the character \\u202e at place 1"),
    ],
)
def test_a_text_that_does_not_print_is_refused_where_it_is_written(text: Any, said: str) -> None:
    def study(text: str) -> Study:
        return Study.of(add_one_in(["silu"]), name="mine", question=text)

    def contrast(text: str) -> Contrast:
        return Contrast(subject=text, with_arm="a", without_arm="b", kind="pair")

    def group(**fields: str) -> Group:
        return Group(**{"slug": "basics", "title": "Basics", "source": "here", "published_percent": None, **fields})  # type: ignore[arg-type]

    def feature(**fields: str) -> Feature:
        given = {"name": "silu", "group": "basics", "summary": "SiLU.", "source": "here", **fields}
        return Feature(patch={"epochs": 1.0}, **given)  # type: ignore[arg-type]

    made = {
        "The question of study 'mine'": lambda: study(text),
        "The subject of a contrast": lambda: contrast(text),
        "The title of group 'basics'": lambda: group(title=text),
        "The source of group 'basics'": lambda: group(source=text),
        "The slug of group": lambda: group(slug=text),
        "The summary of feature 'silu'": lambda: feature(summary=text),
        "The source of feature 'silu'": lambda: feature(source=text),
        "The group of feature 'silu'": lambda: feature(group=text),
        "The name of feature": lambda: feature(name=text),
    }
    for what, make in made.items():
        with pytest.raises(UsageError) as caught:
            make()
        message = str(caught.value)
        assert message.startswith(what)
        assert said in message
        assert printable(message) == message


@pytest.mark.parametrize("wrong", ["many", 2.0, True, None])
@pytest.mark.parametrize("setting", ["blocks", "processes", "seed"])
def test_a_setting_that_is_no_whole_number_is_refused_in_words(setting: str, wrong: object) -> None:
    with pytest.raises(UsageError, match=f"^Study 'mine' has {setting}={wrong!r}; a whole number belongs there.$"):
        Study.of(add_one_in(["silu"]), name="mine", question="Worth it?", **{setting: wrong})


def test_a_published_percentage_that_is_no_number_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match=r"^Group 'g' has published_percent='5 %'; a number or None belongs there\.$"):
        Group(slug="g", title="G", published_percent="5 %", source="here")  # type: ignore[arg-type]
