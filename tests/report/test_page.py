"""report.html: escaped, small, complete in itself; and driven in a browser where there is one."""

import html
import json
import re
from base64 import b64decode
from pathlib import Path

import pytest

from ablate.plots.style import DARK, LIGHT
from ablate.report import Evidence, export_trials, report, write_reports
from ablate.report.figures import KINDS, Figure, draw_figures, palette_css
from ablate.report.html import MOST_TRIALS_LISTED, html_report
from ablate.study import Arm, Contrast, Design, leave_one_out
from tests.browser import CHROMIUM, loaded
from tests.report.build import failed, resolved, stored, trials_of, write_folder

EVIL = "<script>window.stolen=1</script><img src=x onerror='window.stolen=2'>\"&amp;"


@pytest.fixture(scope="module")
def ladder_figures(ladder_folder: Path) -> tuple[Figure, ...]:
    return draw_figures(Evidence.read(ladder_folder))


@pytest.fixture(scope="module")
def ladder_page(
    ladder_folder: Path, ladder_figures: tuple[Figure, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(html_report(Evidence.read(ladder_folder), ladder_figures))
    return page


@pytest.fixture(scope="module")
def evil_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    arms = (Arm(name="baseline", features=frozenset()), Arm(name=EVIL, features=frozenset({"silu"})))
    contrast = Contrast(subject=EVIL, with_arm=EVIL, without_arm="baseline", kind="pair")
    study = resolved(
        Design(arms=arms, contrasts=(contrast,), left_out=((EVIL, EVIL),)), blocks=6, processes=2, command=("run", EVIL)
    )
    trials = trials_of(study)
    trials[0] = failed(trials[0], EVIL)
    return write_reports(write_folder(tmp_path_factory.mktemp("evil") / "run", study, trials))[0]


def test_nothing_in_the_page_comes_from_elsewhere(ladder_page):
    text = ladder_page.read_text()
    named = set(re.findall(r"https?://[^\s\"'<>]+", text))
    assert named <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(link|iframe|img|object|embed)\b|@import|@font-face|\bsrc=", text)
    assert "default-src 'none'" in text


def test_the_page_carries_effects_and_trials_as_files(ladder_page, ladder_folder):
    found = re.findall(r'download="waterfall-(\w+).csv" href="data:text/csv;base64,([^"]+)"', ladder_page.read_text())
    assert {name: b64decode(content) for name, content in found} == {
        "effects": report(ladder_folder, "csv").encode(),
        "trials": export_trials(ladder_folder, "csv"),
    }


def test_names_are_only_ever_text(evil_page):
    text = evil_page.read_text()
    assert text.count("<script>") == 1
    assert "<img" not in text
    assert html.escape(EVIL).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text


def test_ids_are_unique_over_the_page_and_its_figures(ladder_page):
    ids = re.findall(r'\bid="([^"]+)"', ladder_page.read_text())
    assert len(ids) > 50
    assert len(ids) == len(set(ids))


def test_the_ladder_leads_with_the_waterfall_and_others_with_the_effects(ladder_figures, evil_page):
    kinds = [figure.kind for figure in ladder_figures]
    assert kinds == ["waterfall", "effects", "frontier", "distribution"]
    assert re.findall(r'<figure id="figure-(\w+)"', evil_page.read_text()) == kinds[1:]
    assert [kind for kind in KINDS if kind in kinds] == kinds


def test_figures_take_their_colours_from_the_page(ladder_figures):
    figure = ladder_figures[0]
    assert LIGHT.gain in figure.svg
    assert not set(re.findall(r"#[0-9a-f]{6}\b", figure.inline)) & {LIGHT.gain, LIGHT.ink, LIGHT.background}
    for name in set(re.findall(r"var\((--f[0-9a-f]{6})\)", figure.inline)):
        assert f"{name}: #" in palette_css()
    assert palette_css().count(DARK.gain) > palette_css().count(LIGHT.gain) / 2


def test_a_page_of_twenty_arms_of_two_hundred_trials_is_under_three_megabytes():
    design = leave_one_out([f"feature_{number}" for number in range(19)])
    study = resolved(design, blocks=200, processes=5)
    evidence = Evidence.of(study, stored(study))
    page = html_report(evidence, draw_figures(evidence))
    assert evidence.usable_trials == 4000
    assert page.count("<tr><td>") == 4000
    assert len(page.encode()) < 3e6


def test_more_trials_than_a_page_can_bear_are_cut_and_the_cut_is_said():
    study = resolved(leave_one_out(["silu"]), blocks=MOST_TRIALS_LISTED // 2 + 10, processes=5)
    page = html_report(Evidence.of(study, stored(study)), ())
    assert page.count("<tr><td>") == MOST_TRIALS_LISTED
    assert "The first 5,000 of each arm; `ablate report DIR --trials` writes all of them." in page


PROBE = """<script>
window.seen = {errors: []};
addEventListener("error", (event) => seen.errors.push(String(event.message)), true);
addEventListener("securitypolicyviolation", (event) => seen.errors.push("policy: " + event.violatedDirective));
for (const level of ["error", "warn"]) console[level] = (...words) => seen.errors.push(words.join(" "));
addEventListener("load", () => {
  const table = document.querySelector("table.sortable");
  const names = () => [...table.tBodies[0].rows].map((row) => row.cells[0].firstChild.textContent.trim());
  const orders = (column) => [...table.tBodies[0].rows].map((row) => Number(row.cells[column].dataset.order));
  const heading = (column) => table.tHead.rows[0].cells[column];
  const background = () => getComputedStyle(document.documentElement).backgroundColor;
  const bar = () => getComputedStyle(document.querySelector("figure svg path[style*='--f']")).fill;
  seen.original = names();
  heading(1).querySelector("button").click();
  seen.ascending = orders(1); seen.sort = heading(1).getAttribute("aria-sort");
  heading(1).querySelector("button").click();
  seen.descending = orders(1); seen.sortAgain = heading(1).getAttribute("aria-sort");
  heading(0).querySelector("button").click();
  seen.byName = names(); seen.sortOfTime = heading(1).getAttribute("aria-sort");
  heading(0).querySelector("button").click(); heading(0).querySelector("button").click();
  seen.restored = names();
  const filter = document.getElementById("filter");
  const type = (text) => { filter.value = text; filter.dispatchEvent(new Event("input")); };
  const visible = () => [...document.querySelectorAll("table.sortable tbody tr")].filter((row) => row.offsetParent !== null);
  seen.unfiltered = visible().length;
  type("TUNING"); seen.filtered = visible().map((row) => row.textContent.toLowerCase().includes("tuning"));
  seen.said = document.getElementById("filtered").textContent;
  type(""); seen.unfilteredAgain = visible().length;
  seen.contents = [...document.querySelectorAll("nav ul a")].map((link) => document.querySelector(link.hash) !== null);
  seen.width = innerWidth;
  const box = (element) => element.getBoundingClientRect();
  seen.cut = [...table.querySelectorAll("tbody td")].filter((cell) => box(cell).right > innerWidth).length;
  seen.focusable = heading(0).querySelector("button").tabIndex;
  seen.light = background(); seen.lightBar = bar();
  document.getElementById("theme").click();
  seen.dark = background(); seen.darkBar = bar(); seen.label = document.getElementById("theme").textContent;
  seen.requests = performance.getEntriesByType("resource").map((entry) => entry.name);
  seen.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.stolen = window.stolen || 0;
  document.documentElement.dataset.seen = JSON.stringify(seen);
});
</script>"""


def drive(page: Path, folder: Path, *, width: int = 1200) -> dict[str, object]:
    """What a script in the page saw while it pressed the buttons."""
    probed = folder / "probed.html"
    probed.write_text(page.read_text().replace("<head>", f"<head>{PROBE}", 1))
    text, complaints = loaded(probed.as_uri(), folder, width=width, height=900)
    found = re.search(r'data-seen="([^"]*)"', text)
    assert found, complaints
    return json.loads(html.unescape(found.group(1)))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_in_a_browser_it_sorts_changes_theme_and_asks_for_nothing(ladder_page, tmp_path):
    seen = drive(ladder_page, tmp_path)
    assert seen["errors"] == []
    assert seen["requests"] == []
    assert seen["ascending"] == sorted(seen["ascending"])
    assert seen["descending"] == sorted(seen["ascending"], reverse=True)
    assert (seen["sort"], seen["sortAgain"], seen["sortOfTime"]) == ("ascending", "descending", None)
    assert seen["byName"] == sorted(seen["original"], key=str.casefold)
    assert seen["restored"] == seen["original"]
    assert seen["original"][0] == "Vectorised Optimiser"
    assert seen["focusable"] == 0
    assert (seen["light"], seen["dark"]) == ("rgb(255, 255, 255)", "rgb(20, 24, 29)")
    assert seen["lightBar"] != seen["darkBar"]
    assert seen["label"] == "Light theme"
    assert seen["overflow"] <= 0
    assert len(seen["contents"]) > 5
    assert all(seen["contents"])
    assert all(seen["filtered"])
    assert seen["said"] == f"{len(seen['filtered'])} of {seen['unfiltered']} rows"
    assert 0 < len(seen["filtered"]) < seen["unfiltered"] == seen["unfilteredAgain"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_in_a_narrow_browser_every_cell_is_within_reach(ladder_page, tmp_path):
    seen = drive(ladder_page, tmp_path, width=400)
    assert seen["width"] <= 500
    assert seen["cut"] == 0
    assert seen["overflow"] <= 0


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_in_a_browser_names_stay_harmless(evil_page, tmp_path):
    seen = drive(evil_page, tmp_path)
    assert seen["errors"] == []
    assert seen["requests"] == []
    assert seen["stolen"] == 0
    assert seen["original"] == [EVIL]
