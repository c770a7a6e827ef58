"""Texts that would steer a terminal, a page or a drawing: every format shows them and does nothing that they say."""

import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from ablate.formats.printable import printable_lines
from ablate.report import FORMATS, Evidence, report, terminal_report, write_reports
from ablate.study import Arm, Contrast, Design
from tests.report.build import failed, resolved, trials_of, write_folder
from tests.resealing import write_lines, write_study
from tests.tiny_study import CommandLine

HOSTILE = "<img src=x onerror=alert(1)>\x1b]0;owned\x07\x1b[2J\u202ednib\x9b31m\none\u2028two &lt;b&gt; | `x` \ud800"
"""A tag, escapes that set a terminal's title and clear it, a right-to-left override, a C1 control, line breaks, half a pair."""

DESIGN = Design(
    arms=(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"optimiser", "silu"}))),
    contrasts=(
        Contrast(subject="optimiser", with_arm="all", without_arm="baseline", kind="ladder"),
        Contrast(subject="all", with_arm="all", without_arm="baseline", kind="total"),
    ),
)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder as somebody else may have written it, with such a text in every place that holds free text."""
    study = resolved(DESIGN, blocks=6, processes=3)
    trials = [failed(each) if number == 3 else each for number, each in enumerate(trials_of(study))]
    folder = write_folder(tmp_path / "run", study, trials)
    written = json.loads((folder / "study.json").read_text())
    written["study"]["question"] = HOSTILE
    written["study"]["left_out"] = [[HOSTILE, HOSTILE]]
    written["study"]["contrasts"][0]["subject"] = HOSTILE
    written["command"] = ["ablate", "run", HOSTILE]
    written["files"] = [{"option": HOSTILE, "path": HOSTILE, "sha256": HOSTILE}]
    written["versions"] = {HOSTILE: HOSTILE}
    written["overrides"] = {HOSTILE: HOSTILE}
    for each in (*written["features"], *written["groups"]):
        each.update({name: HOSTILE for name in ("title", "summary", "source") if name in each})
    written.update(device=HOSTILE, preset=HOSTILE, created_at=f"2026-01-02{HOSTILE}")
    write_study(folder, written)
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    for line in lines:
        if line["kind"] == "environment":
            line["facts"].update(dict.fromkeys(("device_name", "torch", "commit", HOSTILE), HOSTILE))
        if line["kind"] == "trial":
            line.update(data=HOSTILE, marks=[HOSTILE], error=HOSTILE, started_at=HOSTILE)
    write_lines(folder, lines)
    return folder


def harmless(text: str) -> bool:
    """Whether a text is printable line by line, and can be written to a file."""
    return text.encode() != b"" and printable_lines(text) == text


@pytest.mark.parametrize("format", FORMATS)
def test_no_format_hands_control_characters_on(hostile: Path, format: str) -> None:
    text = report(hostile, format)
    assert harmless(text)
    assert "\\\\x1b]0;owned" in text or "\\x1b]0;owned" in text or r"textbackslash{}x1b{]}0;owned" in text


def test_the_files_of_a_run_folder_are_harmless_and_its_drawings_are_xml(hostile: Path) -> None:
    for path in write_reports(hostile):
        assert harmless(path.read_text(encoding="utf-8")), path


def test_a_terminal_is_told_nothing_but_text(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=120, color_system=None)
    with console.capture() as captured:
        console.print(terminal_report(Evidence.read(hostile)))
    assert harmless(captured.get())


@pytest.mark.parametrize(
    "command", [("list",), ("study", "status", "run"), ("report", "run"), ("compare", "run", "twin")]
)
def test_commands_print_only_text(
    hostile: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (hostile.parent / "twin").mkdir()
    for name in ("study.json", "trials.jsonl"):
        (hostile.parent / "twin" / name).write_bytes((hostile / name).read_bytes())
    monkeypatch.chdir(hostile.parent)
    said = CommandLine(capsys).ok(*command, *([str(hostile.parent)] if command == ("list",) else []))
    assert harmless(said.out)
    assert said.err == "" or harmless(said.err)


def test_markdown_renders_to_text_wherever_it_stands(hostile: Path) -> None:
    text = report(hostile, "md")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    known = {"h1", "h2", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}
    assert set(re.findall(r"<(\w+)", html)) <= known
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") >= 10
    # Outside code, not even a reader without Markdown sees a tag.
    assert "<img" not in re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


TEXTS = (
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "<!-- gone",
    "a\\<b>x",
    "`<b>`",
    "<https://x.y>",
    "1 < 2 > 0 & so",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("frame", ["# {}", "| a |\n|---|\n| {} |", "- **{}**", "{}"])
def test_a_text_is_the_same_text_once_rendered(text: str, frame: str) -> None:
    from html import unescape

    from ablate.report.markdown import line

    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(frame.format(line(text)))
    assert text in unescape(re.sub(r"</?(h1|table|thead|tbody|tr|th|td|p|ul|li|strong)( [^>]*)?>", "", html))


def test_the_command_to_reproduce_is_still_that_command(hostile: Path) -> None:
    import subprocess

    from ablate.report.provenance import reproduction

    study = json.loads((hostile / "study.json").read_text())
    words = ["printf", "%s|", "it's", "a\nb", "\x1b[31m\\n", "tab\t'\\", "\u202ex"]
    study["command"] = words
    write_study(hostile, study)
    shell = reproduction(Evidence.read(hostile))[-1]
    assert harmless(shell)
    said = subprocess.run(["bash", "-c", f"export LC_ALL=C.UTF-8; {shell}"], capture_output=True, check=True)
    assert said.stdout.decode() == "".join(f"{word}|" for word in words[2:])
