"""A study followed in the terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ablate.watch.terminal import LOOK_SECONDS, follow
from ablate.watch.watched import Watched

Grown = Callable[[int], Path]


class Pauses:
    """Lets a folder grow while nobody looks, and ends the watching when there is nothing more to come."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        self.happenings = list(happenings)

    def __call__(self, seconds: float) -> None:
        assert seconds >= LOOK_SECONDS
        if not self.happenings:
            raise KeyboardInterrupt
        self.happenings.pop(0)()


def test_where_nothing_stays_in_its_place_each_change_is_a_line_and_the_end_ends_it(grown: Grown) -> None:
    folder = grown(3)
    console = Console(width=200, force_terminal=False)
    with console.capture() as said:
        pauses = Pauses(lambda: None, lambda: grown(4), lambda: grown(18), lambda: pytest.fail("it went on"))
        follow(Watched(folder), console, until_done=True, pause=pauses)
    lines = said.get().splitlines()
    assert [line.split("  ", 1)[1].split(",")[0] for line in lines[:2]] == ["3 of 18 trials", "4 of 18 trials"]
    assert lines[2].endswith("  18 of 18 trials. Finished.")
    assert len(lines) == 3


def test_a_page_is_watched_beyond_the_end(grown: Grown) -> None:
    console = Console(width=200, force_terminal=False)
    with console.capture() as said, pytest.raises(KeyboardInterrupt):
        follow(Watched(grown(18)), console, pause=Pauses(lambda: None))
    assert said.get().endswith("18 of 18 trials. Finished.\n")


def test_on_a_terminal_there_is_a_table_and_what_is_wrong_is_said_in_its_place(grown: Grown) -> None:
    folder = grown(6)
    # So wide that the path of a temporary folder, of whatever length, breaks no line.
    console = Console(width=1000, height=30, force_terminal=True, color_system=None, legacy_windows=False)

    def break_it() -> None:
        (folder / "trials.jsonl").write_bytes(b"[]\n")

    with console.capture() as said, pytest.raises(KeyboardInterrupt):
        follow(Watched(folder), console, until_done=True, pause=Pauses(break_it, lambda: grown(7)))
    text = " ".join(said.get().split())
    assert "6 done, 0 failed, 12 left" in text
    assert "all - tuning" in text
    assert "trials.jsonl, line 1 is not a record of a trial" in text
    assert "7 done, 0 failed, 11 left" in text
    assert "Stopped; resume with: ablate study resume" in text
