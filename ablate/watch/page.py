"""The page of a study that is being watched: its report, and above it how it stands."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from threading import Lock

from markupsafe import Markup

from ablate.errors import AblateError
from ablate.report.figures import draw_figures, palette_css
from ablate.report.html import page_parts, templates
from ablate.watch.standing import counts_words, what_now
from ablate.watch.watched import Mark, Sight, Watched, rest_after

POLL_SECONDS = 2
"""How often a page asks whether there is a newer one."""

RELOAD_SECONDS = 30
"""How often a page without scripts is loaded again."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is sent, and the tag by which a browser says that it has it."""

    content: bytes
    tag: str

    @classmethod
    def of(cls, text: str) -> "Page":
        """The page of a text."""
        content = text.encode()
        return cls(content, hashlib.sha256(content).hexdigest()[:16])


class LivePage:
    """The page of a run folder, made again when asked for after its trials changed, and not sooner than its share of the machine allows.

    Several threads may ask. `clock` and `work` tell the time and the seconds that the calling thread has computed. A folder that
    cannot be read makes a page that says why.
    """

    def __init__(
        self,
        watched: Watched,
        *,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        self._watched, self._clock, self._work = watched, clock, work
        self._lock = Lock()
        self._page: Page | None = None
        self._mark: Mark | None = None
        self._not_before = 0.0

    def page(self) -> Page:
        """The newest page there is to be had now."""
        with self._lock:
            if self._page is not None and (self._mark == self._watched.mark() or self._clock() < self._not_before):
                return self._page
            before = self._work()
            self._mark, text = self._made()
            self._page = Page.of(text)
            self._not_before = self._clock() + rest_after(self._work() - before)
            return self._page

    def _made(self) -> tuple[Mark, str]:
        try:
            sight = self._watched.look()
            return sight.mark, live_page(sight, self._watched.folder.path, self._watched.folder.how_to_resume)
        except AblateError as error:
            return self._watched.mark(), trouble_page(self._watched.folder.resolved.study.name, str(error))


def live_page(sight: Sight, path: Path, how_to_resume: str) -> str:
    """The report of what was seen, which follows the study: with scripts part by part, without them by loading again."""
    figures = draw_figures(sight.evidence)
    parts = page_parts(sight.evidence, figures)
    done = sight.status.done + sight.status.failed
    return (
        templates("watch")
        .get_template("live.html.j2")
        .render(
            parts,
            style=parts["style"] + _asset("live.css"),
            path=str(path),
            done=done,
            total=done + sight.status.left,
            counts=counts_words(sight.status),
            now=what_now(sight.status, how_to_resume),
            state=sight.status.state,
            made_at=time.strftime("%H:%M:%S"),
            **_refreshing(),
        )
    )


def trouble_page(name: str, problem: str) -> str:
    """A page that says what is wrong with a run folder, and goes on looking whether it still is."""
    style = Markup(palette_css()) + _asset("live.css")
    return (
        templates("watch")
        .get_template("trouble.html.j2")
        .render(name=name, problem=problem, style=style, **_refreshing())
    )


def _refreshing() -> dict[str, object]:
    return {
        "poll_seconds": POLL_SECONDS,
        "reload_seconds": RELOAD_SECONDS,
        "live_script": _asset("live.js"),
    }


def _asset(name: str) -> Markup:
    return Markup(files("ablate.watch").joinpath(name).read_text(encoding="utf-8"))
