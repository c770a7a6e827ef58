"""The gallery is what its scripts draw from the trials beside them, and repeats their headlines and warnings."""

import csv
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ablate.report import headline, list_caveats
from ablate.report.wording import score_gain, score_interval, time_interval
from ablate.stats.evidence import Evidence
from ablate.stats.wording import blocks_counted
from ablate.study.score import TTA_ACCURACY
from ablate.study.user_files import run_user_file

ROOT = Path(__file__).resolve().parent.parent
GALLERY = ROOT / "figures"
SCRIPTS = sorted(path.name for path in GALLERY.glob("*.py"))
STUDIES = sorted(path.name for path in (GALLERY / "data").iterdir() if path.is_dir())
SVG = "{http://www.w3.org/2000/svg}"


def words(picture: Path) -> list[str]:
    """Every text of a picture; where they stand is left to the version of matplotlib."""
    return ["".join(text.itertext()) for text in ElementTree.parse(picture).iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the gallery without its pictures."""
    copy = tmp_path_factory.mktemp("gallery") / "figures"
    shutil.copytree(GALLERY, copy, ignore=shutil.ignore_patterns("*.svg", "improvements.csv", "__pycache__"))
    return copy


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_draws_the_pictures_that_are_there(
    script: str, redrawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_user_file(redrawn / script)["main"]()
    drawn = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert drawn
    for picture in drawn:
        assert words(picture) == words(GALLERY / picture.name)
        assert picture.name in (GALLERY / "README.md").read_text()


def test_every_picture_has_a_script_and_every_study_is_shown() -> None:
    readme = (GALLERY / "README.md").read_text()
    scripts = {Path(name).stem for name in SCRIPTS}
    assert {path.stem.removesuffix("-dark") for path in GALLERY.glob("*.svg")} == scripts
    for study in STUDIES:
        assert f"data/{study}/" in readme


@pytest.mark.parametrize("study", STUDIES)
def test_committed_trials_are_complete_and_say_where_they_come_from(study: str) -> None:
    folder = GALLERY / "data" / study
    evidence = Evidence.read(folder)
    # One that was given minutes has the whole blocks that fitted.
    assert evidence.left == 0 or "--minutes" in evidence.resolved.command
    assert evidence.lost_trials == 0
    assert not evidence.marks
    facts = evidence.facts()
    for fact in ("commit", "device_name", "torch", "python", "compute_dtype", "os"):
        assert len(facts[fact]) == 1, f"one machine and one version of everything: {fact}"
    assert facts["dirty"] == (False,)
    assert evidence.resolved.command[:2] in (("ablate", "run"), ("ablate", "study"))
    for file in folder.iterdir():
        assert not re.search(r'"/(home|root|tmp|work|Users)\b', file.read_text()), (
            f"a path of one machine in {file.name}"
        )


@pytest.mark.parametrize("study", STUDIES)
def test_the_gallery_repeats_what_the_trials_say(study: str) -> None:
    """Headline and warnings are the report's own, word for word; so are command, commit, versions and counts."""
    evidence = Evidence.read(GALLERY / "data" / study)
    said = " ".join((GALLERY / "README.md").read_text().split())
    assert headline(evidence) in said
    assert " ".join(evidence.resolved.command) in said
    planned = evidence.resolved.study
    counts = blocks_counted(planned.blocks, planned.rounds * planned.processes)
    assert f"{len(evidence.frame)} trials, {len(planned.arms)} arms, {counts}" in said
    facts = evidence.facts()
    assert f"`{str(facts['commit'][0])[:7]}`" in said
    assert f"Python {facts['python'][0]}" in said
    assert f"torch {str(facts['torch'][0]).partition('+')[0]}" in said
    assert evidence.resolved.data_digest[:8] in said
    for caveat in list_caveats(evidence):
        assert caveat.text in said


def test_the_single_verdicts_that_the_gallery_names_are_all_there_are() -> None:
    """Of the ladder: whatever it does not name is inconclusive."""
    said = " ".join((GALLERY / "README.md").read_text().split())
    rungs = {one.subject: one for one in Evidence.read(GALLERY / "data" / "waterfall_interleaved").effects}
    decided = {
        (name, outcome)
        for name, one in rungs.items()
        for outcome, verdict in (("time", one.time_verdict), ("accuracy", one.score_verdict))
        if verdict != "inconclusive" and one.kind == "ladder"
    }
    assert decided == {("tuning", "time"), ("architecture", "accuracy")}
    for interval in (
        time_interval(rungs["tuning"]),
        score_interval(rungs["architecture"], TTA_ACCURACY),
    ):
        assert interval in said
    twin = rungs["baseline (twin)"]
    assert (twin.time_verdict, twin.score_verdict) == ("inconclusive", "inconclusive")
    features = Evidence.read(GALLERY / "data" / "features").effects
    assert {one.score_verdict for one in features if one.subject == "vectorised_crop"} == {"identical"}


def test_the_readme_cites_the_ladder_that_is_committed() -> None:
    assert headline(Evidence.read(GALLERY / "data" / "waterfall_interleaved")) in (ROOT / "README.md").read_text()


def test_the_readme_cites_what_is_past_the_record_as_it_is_committed() -> None:
    (effect,) = Evidence.read(GALLERY / "data" / "past_the_record").effects
    said = " ".join((ROOT / "README.md").read_text().split())
    assert f"{effect.time_saved_percent:.2f} % of the record's time {time_interval(effect).replace('+', '')}" in said
    assert f"by {score_gain(effect, TTA_ACCURACY)} {score_interval(effect, TTA_ACCURACY)};" in said


def test_the_published_numbers_stand_beside_their_picture() -> None:
    with (GALLERY / "improvements.csv").open(encoding="utf-8") as file:
        percents = [row["published_percent"] for row in csv.DictReader(file)]
    assert percents == ["5.17", "1.78", "0.97", "4.90", "7.10", "2.28", "22.20"]
    for name in ("improvements.svg", "improvements-dark.svg"):
        assert {f"{percent} %" for percent in percents} <= set(words(GALLERY / name))
