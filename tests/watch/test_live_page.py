"""The page of a study that is being watched, also driven in a browser where there is one."""

import html
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ablate.report import Evidence
from ablate.report.html import html_report
from ablate.watch.page import POLL_SECONDS, RELOAD_SECONDS, LivePage, Page, live_page
from ablate.watch.server import PageServer
from ablate.watch.watched import MOST_OF_A_CORE, Watched
from tests.browser import CHROMIUM, loaded
from tests.watch.conftest import SKETCH

Grown = Callable[[int], Path]


def text_of(folder: Path) -> str:
    watched = Watched(folder)
    return live_page(watched.look(), folder, watched.folder.how_to_resume)


@pytest.mark.usefixtures("sketched")
def test_the_page_is_the_report_and_how_the_study_stands(grown: Grown) -> None:
    folder = grown(7)
    text = text_of(folder)
    report = html_report(Evidence.read(folder), (SKETCH,))
    main = re.search(r"<main>.*</main>", report, re.DOTALL)[0].partition('<p class="how">This page is made')[0]
    assert main in text
    assert "<title>7/18 watched – ablate</title>" in text
    assert '<progress max="18" value="7"' in text
    assert re.search(r"<strong>7 of 18 trials, about \d\d s left\.</strong>", text)
    assert f"Stopped; resume with: ablate study resume {folder}" in text
    assert f'<noscript><meta http-equiv="refresh" content="{RELOAD_SECONDS}"></noscript>' in text
    assert "connect-src 'self'" in text
    assert "connect-src" not in report
    assert "refresh" not in report


@pytest.mark.usefixtures("sketched")
def test_it_is_made_again_when_trials_landed_and_within_its_share_of_the_machine(grown: Grown) -> None:
    now, worked = [100.0], [0.0]

    def work() -> float:
        worked[0] += 1.0
        return worked[0]

    live = LivePage(Watched(grown(3)), clock=lambda: now[0], work=work)
    first = live.page()
    now[0] += 1e6
    assert live.page() is first, "nothing has changed"
    grown(4)
    second = live.page()
    assert b"4 of 18 trials" in second.content
    assert second.tag != first.tag
    grown(5)
    rest = 1.0 / MOST_OF_A_CORE - 1.0
    now[0] += rest - 0.1
    assert live.page() is second, "a second of work is followed by nine of rest"
    now[0] += 0.2
    assert b"5 of 18 trials" in live.page().content


def test_a_folder_that_cannot_be_read_makes_a_page_that_says_why_until_it_can(grown: Grown) -> None:
    folder = grown(3)
    live = LivePage(Watched(folder), work=lambda: 0.0)
    kept = (folder / "trials.jsonl").read_bytes()
    (folder / "trials.jsonl").write_bytes(b"<b>\n" + kept)
    text = live.page().content.decode()
    assert "watched cannot be shown." in text
    assert "trials.jsonl, line 1 is not a record of a trial" in text
    assert "<main" not in text
    shutil.rmtree(folder)
    assert "run is gone." in live.page().content.decode()


@dataclass
class Pages:
    """Pages one after the other, the last again and again."""

    texts: list[str]
    served: list[str] = field(default_factory=list)

    def page(self) -> Page:
        self.served.append(self.texts[min(len(self.served), len(self.texts) - 1)])
        return Page.of(self.served[-1])


PROBE = """<script>
window.seen = {errors: []};
addEventListener("error", (event) => seen.errors.push(String(event.message)), true);
addEventListener("securitypolicyviolation", (event) => seen.errors.push("policy: " + event.violatedDirective));
addEventListener("load", () => {
  const all = (what) => [...document.querySelectorAll(what)];
  const sorted = () => all("table.sortable th[aria-sort]").map((each) => `${each.textContent} ${each.ariaSort}`);
  const shown = () => all("table.sortable tbody tr").filter((row) => !row.hidden).length;
  const open = () => all("details[open] summary").map((each) => each.firstChild.textContent.trim());
  const counts = () => all("#trials ~ details .count").map((each) => each.textContent);
  const read = () => {
    const bar = document.getElementById("standing").getBoundingClientRect().bottom;
    const part = all("main > *").find((each) => each.getBoundingClientRect().bottom > bar);
    return `${part.getAttribute("aria-labelledby") ?? part.id}, ${Math.round(part.getBoundingClientRect().top)}`;
  };
  const figure = document.querySelector("figure");
  const table = document.querySelector("table.sortable");
  document.getElementById("theme").click();
  table.tHead.rows[0].cells[1].firstElementChild.click();
  document.querySelector("#trials ~ details").open = true;
  const filter = document.getElementById("filter");
  filter.value = "tuning"; filter.dispatchEvent(new Event("input")); filter.focus();
  scrollTo({ top: 900, behavior: "instant" });
  const look = () => ({
    title: document.title, sorted: sorted(), shown: shown(), open: open(), counts: counts(), read: read(),
    scroll: Math.round(scrollY), typed: document.getElementById("filter").value, focus: document.activeElement.id,
    theme: document.documentElement.dataset.theme, figure: document.querySelector("figure") === figure,
    table: document.querySelector("table.sortable") === table, state: document.getElementById("standing").className,
    added: document.querySelector("#added")?.textContent ?? "",
  });
  seen.before = look();
  const title = document.title;
  const wait = () => {
    if (document.title === title) return setTimeout(wait, 50);
    setTimeout(() => { seen.after = look(); document.documentElement.dataset.seen = JSON.stringify(seen); }, 50);
  };
  wait();
});
</script>"""


@pytest.fixture
def served(grown: Grown, sketched: None) -> Iterator[tuple[str, Pages]]:
    """A study that has one page after seven trials and another after eight."""
    texts = [text_of(grown(number)) for number in (7, 8)]
    # A part that comes, high up, where it would push what is read out of sight.
    texts[1] = texts[1].replace("<nav ", '<section id="added" style="height: 300px">new</section><nav ', 1)
    pages = Pages([text.replace("<head>", f"<head>{PROBE}", 1) for text in texts])
    with PageServer(pages, 0) as server:  # type: ignore[arg-type]
        yield server.url, pages


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_in_a_browser_it_follows_the_study_and_keeps_what_was_done_to_it(
    served: tuple[str, Pages], tmp_path: Path
) -> None:
    url, pages = served
    text, complaints = loaded(url, tmp_path, width=1000, height=700, virtual_ms=4000 * POLL_SECONDS)
    found = re.search(r'data-seen="([^"]*)"', text)
    assert found, (complaints, len(pages.served))
    seen = json.loads(html.unescape(found.group(1)))
    before, after = seen["before"], seen["after"]
    assert seen["errors"] == []
    assert (before["title"], after["title"]) == ("7/18 watched – ablate", "8/18 watched – ablate")
    assert before["counts"] != after["counts"]
    assert (before["added"], after["added"]) == ("", "new")
    assert (before["figure"], after["figure"], after["table"]) == (True, True, False), "only what changed is replaced"
    assert before["scroll"] > 500
    assert after["scroll"] >= before["scroll"] + 300
    assert (before["sorted"], before["typed"], before["focus"]) == (["time saved ascending"], "tuning", "filter")
    assert (before["open"], before["shown"], before["theme"]) == (["all"], 2, "dark")
    for kept in ("read", "sorted", "shown", "open", "typed", "focus", "theme"):
        assert after[kept] == before[kept], kept
