"""The small HTML that notebooks show."""

from dataclasses import dataclass

from markupsafe import Markup

from ablate.formats.notebook import facts, fields_shown, in_runs, items, paragraph, shown, table, with_detail

EVIL = "<script>x</script>\x1b[0m"
HARMLESS = "&lt;script&gt;x&lt;/script&gt;\\x1b[0m"


def test_whatever_comes_from_outside_is_text() -> None:
    parts = [
        paragraph(EVIL),
        items([EVIL]),
        with_detail(EVIL, EVIL),
        table([EVIL], [[EVIL]]),
        facts([(EVIL, EVIL)]),
    ]
    text = shown(*parts)
    assert text.count("<script>") == 0
    assert text.count(HARMLESS) == 8


def test_a_table_has_a_kind_for_its_columns_and_facts_leave_out_what_says_nothing() -> None:
    assert table(("a", "b"), [("x", Markup("<b>1</b>"))], kinds={1: "numeric"}) == (
        '<table>\n<thead><tr><th>a</th><th class="numeric">b</th></tr></thead>\n'
        '<tbody>\n<tr><th>x</th><td class="numeric"><b>1</b></td></tr>\n</tbody></table>'
    )
    assert (
        facts([("said", "yes"), ("unsaid", "")])
        == "<table>\n<tbody>\n<tr><th>said</th><td>yes</td></tr>\n</tbody></table>"
    )
    assert items([]) == ""


def test_long_values_are_told_in_runs() -> None:
    assert in_runs((True,) * 3 + (False,) * 1200) == "3 × True, 1,200 × False"
    assert in_runs((True, False) * 10) == "in turns: 10 × True, 10 × False"
    assert in_runs(tuple(range(100))) == "100 entries, 0 to 99"
    assert (in_runs(()), in_runs(12345), in_runs(0.1 + 0.2)) == ("–", "12,345", "0.3")


@dataclass
class Numbers:
    steps: int
    due: tuple[bool, ...]


def test_a_dataclass_is_told_field_by_field() -> None:
    text = fields_shown(Numbers(2000, (True,) * 5))
    assert '<p class="name">Numbers</p>' in text
    assert "<tr><th>steps</th><td>2,000</td></tr>" in text
    assert "<tr><th>due</th><td>5 × True</td></tr>" in text
