"""How a study stands in the terminal, told again as trials land."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ablate.errors import AblateError
from ablate.formats.console import line
from ablate.formats.printable import printable_lines
from ablate.store.run_folder import RunFolder
from ablate.watch.standing import counts_words, standing, what_now
from ablate.watch.watched import Mark, Sight, Watched, rest_after

LOOK_SECONDS = 1.0
"""How often the folder is looked at; its trials are read only when it has changed."""


def follow(
    watched: Watched, console: Console, *, until_done: bool = False, pause: Callable[[float], None] = time.sleep
) -> None:
    """Show how a study stands until interrupted or, with `until_done`, until nothing is left of it to run.

    On a terminal a table stays in its place; elsewhere each change is a line. Where the folder cannot be read that is said, and it
    is looked at again.
    """
    screen = _table(console, watched.folder) if console.is_terminal else _lines(console, watched.folder)
    with screen as shown:
        seen: Mark | None = None
        while True:
            mark, begun = watched.mark(), time.thread_time()
            if mark != seen:
                seen = mark
                try:
                    sight = watched.look()
                except AblateError as error:
                    shown.trouble(str(error))
                else:
                    shown.show(sight)
                    if until_done and sight.status.state in ("finished", "settled"):
                        return
            pause(max(LOOK_SECONDS, rest_after(time.thread_time() - begun)))


class _Screen(Protocol):
    def show(self, sight: Sight) -> None: ...

    def trouble(self, problem: str) -> None: ...


@contextmanager
def _table(console: Console, folder: RunFolder) -> Iterator[_Screen]:
    with Live(console=console, auto_refresh=False) as live:
        yield _Table(live, folder)


@contextmanager
def _lines(console: Console, folder: RunFolder) -> Iterator[_Screen]:
    yield _Lines(console, folder)


class _Table:
    """A table in its place."""

    def __init__(self, live: Live, folder: RunFolder) -> None:
        self._live, self._folder = live, folder

    def show(self, sight: Sight) -> None:
        now = Text(printable_lines(what_now(sight.status, self._folder.how_to_resume)))
        as_of = Text(f"As of {time.strftime('%H:%M:%S')}.", style="dim")
        self._live.update(Group(standing(sight.status, self._folder.resolved.score), now, as_of), refresh=True)

    def trouble(self, problem: str) -> None:
        self._live.update(Text(printable_lines(problem), style="red"), refresh=True)


class _Lines:
    """A line for each change, where nothing can stay in its place."""

    def __init__(self, console: Console, folder: RunFolder) -> None:
        self._console, self._folder = console, folder

    def show(self, sight: Sight) -> None:
        words = f"{counts_words(sight.status)} {what_now(sight.status, self._folder.how_to_resume)}"
        line(self._console, f"{time.strftime('%H:%M:%S')}  {words}")

    def trouble(self, problem: str) -> None:
        line(self._console, problem, "red")
