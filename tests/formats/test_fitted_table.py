import pytest
from rich.console import Console
from rich.text import Text

from ablate.formats.fitted_table import UNWRAPPED, FittedTable

NAME = "{optimiser, augmentation, tuning}"
INTERVAL = "+14.2 % [+5.0, +23.3]"
VERDICT = "inconclusive, p (Holm) = 0.15; seen on its own; not settled among 7"


def lines_at(width: int) -> list[str]:
    table = FittedTable()
    table.add_column("arm", words=True)
    table.add_column("time saved", numeric=True)
    table.add_column("verdict", words=True)
    table.add_row(NAME, INTERVAL, Text(VERDICT, style="dim"))
    table.add_row("all", "+2.0 %", "better")
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_table_that_fits_has_a_row_a_line():
    heading, first, second = lines_at(UNWRAPPED)
    assert heading.split() == ["arm", "time", "saved", "verdict"]
    assert first == f"{NAME}  {INTERVAL}  {VERDICT}"
    assert second.index("+2.0 %") + len("+2.0 %") == first.index(INTERVAL) + len(INTERVAL)


@pytest.mark.parametrize("width", [60, 72, 80, 100])
def test_words_are_folded_between_words_and_numbers_never(width):
    lines = lines_at(width)
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("arm")
    assert sum(INTERVAL in line for line in lines) == 1
    assert set(" ".join(lines[1:]).split()) == set(f"{NAME} {INTERVAL} {VERDICT} all +2.0 % better".split())


@pytest.mark.parametrize("width", [36, 45, 56])
def test_where_folding_is_not_enough_each_cell_has_a_line_of_its_own(width):
    lines = lines_at(width)
    assert max(map(len, lines)) <= width
    assert lines[0] == NAME
    assert lines[1] == f"  time saved  {INTERVAL}"
    assert lines[2].startswith("  verdict     inconclusive,")
    assert "" in lines
    assert lines[-3:] == ["all", "  time saved  +2.0 %", "  verdict     better"]


def test_an_empty_cell_takes_no_line_where_cells_are_stacked():
    table = FittedTable()
    for heading in ("name", "size", "origin"):
        table.add_column(heading)
    table.add_row("x" * 20, "", "y" * 20)
    console = Console(width=35, color_system=None)
    with console.capture() as captured:
        console.print(table)
    assert captured.get().split() == ["x" * 20, "origin", "y" * 20]
