"""`ablate report`: which format goes where."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from ablate.cli.report import report as report_command
from ablate.report import report
from ablate.study import leave_one_out
from tests.report.build import resolved, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "run", resolved(leave_one_out(("silu", "selective_tta")), blocks=5, processes=2))


def invoke(*arguments, **environment):
    app = Typer()
    app.command()(report_command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)


def output_of(*arguments, **environment):
    result = invoke(*arguments, **environment)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_a_table_by_default(folder):
    text = output_of(folder)
    assert "all - selective_tta" in text
    assert "verdict on time" in text


@pytest.mark.parametrize("format", ["md", "csv", "json", "latex"])
def test_other_formats_go_to_stdout_as_they_are(folder, format):
    assert output_of(folder, "--format", format) == report(folder, format)


@pytest.mark.parametrize(
    ("name", "format"),
    [("r.md", "md"), ("r.csv", "csv"), ("r.json", "json"), ("r.tex", "latex"), ("r.txt", "table")],
)
def test_the_ending_of_the_file_says_the_format(folder, tmp_path, name, format):
    output_of(folder, "-o", tmp_path / "out" / name)
    assert (tmp_path / "out" / name).read_text() == report(folder, format)


def test_a_page_needs_no_format_either(folder, tmp_path):
    output_of(folder, "-o", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_format_given_wins_over_the_ending(folder, tmp_path):
    output_of(folder, "--format", "json", "-o", tmp_path / "x.dat")
    json.loads((tmp_path / "x.dat").read_text())


def test_an_ending_that_says_nothing_is_refused(folder, tmp_path):
    error = invoke(folder, "-o", tmp_path / "report.doc").exception
    assert "does not say which format is meant" in str(error)
    assert error.exit_code == 2


def test_write_makes_the_files_of_the_folder(folder):
    written = output_of(folder, "--write").split()
    assert [Path(path).name for path in written][:3] == ["report.html", "report.md", "effects.csv"]
    assert (folder / "figures" / "effects.svg").is_file()
    assert "--write" in str(invoke(folder, "--write", "--format", "md").exception)


def test_a_target_is_counted_whichever_way_it_is_written(folder):
    text = output_of(folder, "--target", "94")
    assert text == output_of(folder, "--target", "0.94") == report(folder, target=94)
    assert "Trials at 94 % or more" in text
    assert (
        "Trials at 94 % or more"
        in [Path(path).read_text() for path in output_of(folder, "--write", "--target", "94").split()][1]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "120"), "--target 120 is 120 % of TTA accuracy; give a percentage, such as 94."),
        (("--target", "94", "--trials"), "--trials lists every trial with its score; leave out --target."),
        (
            ("--target", "94", "--format", "csv"),
            "The csv format holds effects, which have no target; leave out --target",
        ),
        (("--target", "120", "--write"), "--target 120 is 120 % of TTA accuracy"),
    ],
)
def test_a_target_that_means_nothing_is_wrong_usage(folder, arguments, message):
    error = invoke(folder, *arguments).exception
    assert str(error).startswith(message)
    assert error.exit_code == 2
    assert not (folder / "report.md").exists()


def test_no_colour_without_a_terminal_nor_with_no_color(folder):
    assert "\x1b" not in output_of(folder)
    coloured = output_of(folder, FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="120")
    assert "\x1b[" in coloured
    plain = output_of(folder, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color", COLUMNS="120")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", plain)


def test_a_narrow_terminal_folds_and_cuts_nothing(folder):
    text = re.sub(r"\x1b\[[0-9;]*m", "", output_of(folder, FORCE_COLOR="1", TERM="xterm", COLUMNS="60"))
    assert max(map(len, text.splitlines())) <= 60
    assert "…" not in text


def test_a_missing_folder_is_wrong_usage(tmp_path):
    error = invoke(tmp_path / "runs").exception
    assert error.exit_code == 2
    assert "There is no run folder" in str(error)


def test_a_folder_can_be_read_only_once_copied_elsewhere(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert output_of(tmp_path / "copy") == output_of(folder)
