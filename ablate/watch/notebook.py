"""Progress of a study in a notebook: one output that changes in its place."""

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from markupsafe import Markup
from rich.console import Console

from ablate.engine.events import Event, StudyOpened, StudyStarted, ignore_event
from ablate.formats.notebook import items, paragraph, shown, table
from ablate.store.records import Trial
from ablate.watch.progress import StudyProgress

LEAST_SECONDS = 0.25
"""Between two changes of the output: thousands of short trials would make the notebook itself slow."""

MOST_REMARKS = 8
"""Remarks that are shown, the newest."""

_STYLE = """
.ablate-shown .track { display: inline-block; width: 11em; height: .5em; margin-right: .4em; vertical-align: middle;
 background: rgba(128, 128, 128, .3); border-radius: .25em; overflow: hidden; }
.ablate-shown .track span { display: block; height: 100%; background: #2f8fc9; }
"""


@contextmanager
def showing(on_event: Callable[[Event], None] | None) -> Iterator[Callable[[Event], None]]:
    """Who hears of events: `on_event` where it is given, else this notebook where it is one, else nobody."""
    if on_event is not None:
        yield on_event
    elif in_notebook():
        with NotebookProgress() as progress:
            yield progress.show
    else:
        yield ignore_event


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class NotebookProgress(StudyProgress):
    """Shows events as they come, in one output of the cell; use as a context manager."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # What a terminal would be sent is not shown; the bars are kept and told as HTML.
        super().__init__(Console(file=io.StringIO(), force_terminal=False))
        self._clock = clock
        self._handle: Any = None
        self._drawn_at = 0.0
        self._folder = ""
        self._remarks: list[str] = []

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if self._handle is not None:
            self._draw()

    def show(self, event: Event) -> None:
        """Take one event."""
        super().show(event)
        if isinstance(event, StudyOpened):
            self._folder = str(event.folder)
        if isinstance(event, StudyStarted) or (
            self._handle is not None and self._clock() - self._drawn_at >= LEAST_SECONDS
        ):
            self._draw()

    def html(self) -> str:
        """How it stands now."""
        rows = [
            (task.description.strip(), _bar(task.completed, task.total or 1), str(task.fields["remark"]))
            for task in self._bars.tasks
        ]
        earlier = len(self._remarks) - MOST_REMARKS
        return shown(
            table(("", "", ""), rows),
            items((*((f"… {earlier:,} earlier remarks",) if earlier > 0 else ()), *self._remarks[-MOST_REMARKS:])),
            paragraph(f"Run folder: {self._folder}", quiet=True),
            style=_STYLE,
        )

    def _draw(self) -> None:
        self._drawn_at = self._clock()
        overall = self._bars.tasks[-1]
        told = {"text/html": self.html(), "text/plain": f"{overall.completed:,.0f} of {overall.total:,.0f} trials"}
        if self._handle is None:
            # By name: it is there wherever a notebook is, and nowhere else needed.
            self._handle = import_module("IPython.display").display(told, raw=True, display_id=True)
        else:
            self._handle.update(told, raw=True)

    def _say(self, text: str, style: str) -> None:
        self._remarks.append(text)

    def _tell_trial(self, trial: Trial, result: str) -> None:
        """Nothing: the bar of its arm tells it."""

    def _take_first_look(self, trial: Trial) -> None:
        """Nothing: each arm's first number stands beside its bar."""


def _bar(done: float, total: float) -> Markup:
    share = 100 * min(1.0, done / total)
    return Markup('<span class="track"><span style="width: {:.1f}%"></span></span> {:,.0f}/{:,.0f}').format(
        share, done, total
    )
