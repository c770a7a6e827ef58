"""`ablate recipes`, and `--recipe NAME` everywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.little_lineage import NAMES, install_little
from tests.tiny_study import CommandLine, study_json, trial_lines

ROOT = Path(__file__).parents[2]
OWN = (
    "airbench94_muon",
    "airbench94",
    "airbench95",
    "airbench96",
    "airbench96_faster",
    "fastcifar10",
    "germer",
    "hlb",
    "page",
    "resnet18",
)


@pytest.fixture
def little(site: Path) -> None:
    """A second lineage, installed."""
    install_little(site)


def test_recipes_are_listed_with_what_was_published(here: Path, ablate: CommandLine, little: None) -> None:
    said = ablate.ok("recipes")
    default, *_, other = said.out.splitlines()[1:]
    for part in (
        "airbench94_muon",
        "8 epochs, 2.59 s, 94.01 %, n = 200",
        " 10 ",
        "2.015 s, 94.01 %, n = 2,000, on A100",
    ):
        assert part in default
    for part in ("KellerJordan/cifar10-airbench", "hiverge/cifar10-speedrun"):
        assert part in default
    for part in ("little", "Little: 6 epochs, n = 20", " 3 ", "4 epochs, n = 30, on a bench", "this file"):
        assert part in other
    assert said.err == ""


def test_one_recipe_shows_its_groups_and_every_rung(here: Path, ablate: CommandLine) -> None:
    shown = ablate.ok("recipes", "airbench94_muon").out
    for part in (
        "tuning; newer_tuning in place of tuning",
        "optimiser (5.17 %)",
        "waterfall: Published improvements, step by step, in seconds, on A100",
        "2025-09-10",
        "94.02",
        "cifar10_speedrun.py of 2025-10-17",
        "1.98",
    ):
        assert part in shown


def test_a_ladder_that_is_only_drawn_says_why(here: Path, ablate: CommandLine) -> None:
    assert "  to draw, not to train: most of its rungs are other recipes\n" in ablate.ok("recipes", "resnet18").out
    assert "to draw, not to train" not in ablate.ok("recipes", "airbench94_muon").out
    ladders = {
        ladder["slug"]: ladder for ladder in json.loads(ablate.ok("recipes", "resnet18", "--json").out)[0]["ladders"]
    }
    assert ladders["to_96"]["drawn_only"] == "most of its rungs are other recipes"
    assert "drawn_only" not in ladders["cutout"]


def test_recipes_as_json(here: Path, ablate: CommandLine, little: None) -> None:
    every = json.loads(ablate.ok("recipes", "--json").out)
    assert [each["name"] for each in every] == [*OWN, "little"]
    (one,) = json.loads(ablate.ok("recipes", "little", "--json").out)
    assert one == every[-1]
    assert (one["features"], one["alternatives"], one["epochs"]) == (
        ["mirrored", "soft", "brisk"],
        {"brisker": "brisk"},
        4.0,
    )
    assert [rung["epochs"] for rung in one["ladders"][0]["rungs"]] == [6.0, 5.0, 4.0]
    assert one["groups"][1] == {
        "slug": "rest",
        "title": "Rest",
        "published_percent": None,
        "source": "here",
        "features": ["soft", "brisk"],
    }


def test_one_broken_package_does_not_hide_the_other_recipes(here: Path, ablate: CommandLine, site: Path) -> None:
    install_little(site, names=f"{NAMES}\n1 / 0\n")
    said = ablate.ok("recipes")
    assert "airbench94_muon" in said.out
    assert "Entry point 'little' (little_names:LITTLE) cannot be loaded: division by zero." in said.err


EVERYWHERE = {
    "recipes": ("recipes",),
    "features": ("features", "--recipe"),
    "run": ("run", "--dry-run", "--recipe"),
    "study list": ("study", "list", "--recipe"),
    "study run": ("study", "run", "waterfall", "--dry-run", "--recipe"),
    "figure": ("figure", "waterfall", "--published", "--recipe"),
    "doctor": ("doctor", "--recipe"),
}


@pytest.mark.parametrize("where", EVERYWHERE)
def test_an_unknown_recipe_is_refused_with_the_near_match(here: Path, ablate: CommandLine, where: str) -> None:
    ablate(*EVERYWHERE[where], "airbench94_moun").refused(
        2, "Unknown recipe 'airbench94_moun'. Did you mean 'airbench94_muon'?"
    )
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("where", ["features", "run", "study list", "study run"])
def test_a_recipe_and_a_registry_exclude_each_other(here: Path, ablate: CommandLine, where: str) -> None:
    ablate(*EVERYWHERE[where], "airbench94_muon", "--registry", "own.py").refused(
        2, "--recipe airbench94_muon and --registry own.py name two registries; give one of them."
    )


def test_features_of_the_recipe_named(here: Path, ablate: CommandLine, little: None) -> None:
    said = ablate.ok("features", "--recipe", "little")
    assert "mirrored" in said.out
    assert "tuning" not in said.out
    assert "brisker" not in said.out
    assert "In place of 'brisk' there is 'brisker': `--enable brisker --disable brisk`." in said.err
    assert "  in place of brisk\n" in ablate.ok("features", "brisker", "--recipe", "little").out


ARMS: dict[str, list[str]] = {
    "waterfall": ["baseline", "+ views", "+ rest"],
    "published": ["baseline", "+ views", "+ rest"],
    "shapley": ["baseline", "{views}", "{rest}", "all"],
    "smoke": ["all", "all - rest"],
    "aa": ["baseline", "all", "baseline (twin)", "all (twin)"],
    "features": [
        *("baseline", "all", "all - mirrored", "all - soft", "all - brisk"),
        *("baseline + mirrored", "baseline + soft", "baseline + brisk"),
    ],
    "waterfall_equal_accuracy": [
        f"{arm}{length}" for arm in ("baseline", "+ views", "+ rest") for length in (" @ 0.85", "", " @ 1.15")
    ],
}


@pytest.mark.parametrize("name", ARMS)
def test_every_study_takes_the_recipe_named(here: Path, ablate: CommandLine, little: None, name: str) -> None:
    said = ablate.ok("study", "run", name, "--recipe", "little", "--dry-run", "--json")
    planned = json.loads(said.out)
    assert list(planned["arm_features"]) == ARMS[name]
    assert planned["left_out"] == []
    listed = json.loads(ablate.ok("study", "list", "--recipe", "little", "--json").out)
    assert [arm["name"] for study in listed if study["name"] == name for arm in study["arms"]] == ARMS[name]


def test_the_published_rungs_run_at_their_own_lengths_and_resume_with_their_recipe(
    here: Path, ablate: CommandLine, little: None
) -> None:
    words = ["--recipe", "little", "--preset", "mini", "--trials", "2", "--processes", "1"]
    ablate.ok("study", "run", "published", *words, "--minutes", "0.000001", "--out", "run")
    kept = study_json(Path("run"))
    assert kept["lineage"] == "little"
    assert {arm["name"]: arm["length"] for arm in kept["study"]["arms"]} == {
        "baseline": 1.5,
        "+ views": 1.25,
        "+ rest": 1.0,
    }
    assert [ladder["slug"] for ladder in kept["ladders"]] == ["steps"]
    assert len(trial_lines(Path("run"))) == 3
    said = ablate.ok("study", "resume", "run")
    assert len(trial_lines(Path("run"))) == 6
    assert "equal accuracy" not in said.out.lower()
    # Its own ladder counts epochs, which cannot stand beside seconds.
    ablate("figure", "waterfall", "run", "--published").refused(
        2, "Ladder 'steps' was published in epochs, and measured bars are shares of time"
    )
    ablate.ok("figure", "waterfall", "run", "-o", "own.svg")


def test_the_ladder_named_is_the_one_that_is_run(here: Path, ablate: CommandLine) -> None:
    words = ["study", "run", "published", "--preset", "mini", "--dry-run", "--json"]
    planned = json.loads(ablate.ok(*words, "--ladder", "newer").out)
    assert len(planned["arm_features"]) == 2
    (newer,) = planned["arm_features"].keys() - {"baseline"}
    assert "newer_tuning" in planned["arm_features"][newer]
    ablate(*words, "--ladder", "newr").refused(2, "There is no published ladder 'newr'. Did you mean 'newer'?")
    ablate(*words, "--recipe", "resnet18", "--ladder", "to_96").refused(
        2, "Study 'published': Ladder 'to_96' can be drawn and not trained: most of its rungs are other recipes."
    )
    ablate("study", "run", "waterfall", "--ladder", "newer", "--dry-run").refused(
        2,
        "Study 'waterfall' is not made of a published ladder, so --ladder newer changes nothing; study 'published' is.",
    )


def test_the_resolution_of_a_screening(here: Path, ablate: CommandLine) -> None:
    words = ["study", "run", "screening", "--preset", "mini", "--dry-run"]
    assert len(json.loads(ablate.ok(*words, "--json").out)["arm_features"]) == 24
    assert len(json.loads(ablate.ok(*words, "--json", "--resolution", "5").out)["arm_features"]) == 32
    ablate(*words, "--resolution", "3").refused(2, "Study 'screening': A screening has resolution 4 or 5, not 3")
    ablate(*words, "--resolution", "5", "--recipe", "airbench94").refused(2, "takes 8 names at most, here are 9")
    ablate("study", "run", "waterfall", "--resolution", "5", "--dry-run").refused(
        2, "Study 'waterfall' is no screening, so --resolution 5 changes nothing; study 'screening' is one."
    )


def test_a_run_folder_remembers_the_ladder(here: Path, ablate: CommandLine, little: None) -> None:
    words = ["--recipe", "little", "--preset", "mini", "--trials", "1", "--minutes", "0.000001", "--out", "run"]
    ablate.ok("study", "run", "published", "--ladder", "steps", *words)
    assert study_json(Path("run"))["overrides"]["ladder"] == "steps"


def test_a_folder_whose_recipe_is_gone_says_so(here: Path, ablate: CommandLine, site: Path) -> None:
    install_little(site)
    words = ["--recipe", "little", "--preset", "mini", "--trials", "1", "--processes", "1"]
    ablate.ok("run", *words, "--disable", "soft", "--out", "run")
    (site / "little-1.0.dist-info" / "entry_points.txt").unlink()
    ablate("study", "resume", "run").refused(2, "Unknown recipe 'little'.")
    assert "soft" in ablate.ok("report", "run").out


def test_an_alternative_takes_the_place_of_what_is_switched_off(here: Path, ablate: CommandLine) -> None:
    planned = json.loads(ablate.ok("run", "--enable", "newer_tuning", "--disable", "tuning", "--dry-run", "--json").out)
    arms = {name: set(features) for name, features in planned["arm_features"].items()}
    assert len(arms["all"]) == 10
    (other,) = arms.keys() - {"all"}
    assert arms["all"] - arms[other] == {"tuning"}
    assert arms[other] - arms["all"] == {"newer_tuning"}
    ablate("run", "--enable", "newer_tuning", "--dry-run").refused(
        2, "Arm 'all + newer_tuning' is impossible: 'newer_tuning' takes the place of 'tuning'.", "`--disable tuning`"
    )
    ablate.ok(
        "run", "--preset", "mini", "--enable", "newer_tuning", "--disable", "tuning", "--trials", "1", "--out", "run"
    )
    assert {feature["name"] for feature in study_json(Path("run"))["features"]} >= {"tuning", "newer_tuning"}


def test_an_optional_feature_is_on_only_where_it_is_named(here: Path, ablate: CommandLine) -> None:
    words = ("--recipe", "airbench94", "--preset", "mini", "--dry-run", "--json")
    arms = json.loads(ablate.ok("run", "--enable", "with_replacement", *words).out)["arm_features"]
    assert set(arms["all + with_replacement"]) - set(arms["all"]) == {"with_replacement"}
    assert "with_replacement" not in arms["all"]
    ablate("run", "--disable", "with_replacement", *words).refused(
        2, "--disable with_replacement changes nothing: it is off already."
    )
    ablate("run", "--only", "order", *words).refused(2, "Group 'order' holds nothing of 'all', so it switches nothing")


def test_a_groups_extras_are_told_beside_it(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("features", "order", "--recipe", "airbench94")
    assert said.out == ""
    assert "Not part of 'all' is 'with_replacement': `--enable with_replacement`." in said.err
    said = ablate.ok("features", "whitening", "--recipe", "airbench94")
    assert "normed_first_layer" not in said.err
    said = ablate.ok("features", "tuning")
    assert "newer_tuning" not in said.err


def test_a_feature_shows_what_was_published_of_it(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("features", "with_replacement", "--recipe", "airbench94").out
    assert (
        "  data_order: 9.9 epochs, 93.40 % (with replacement, random flip); without it 9.9 epochs, 93.92 % (reshuffled, random flip)\n"
    ) in said
    (told,) = json.loads(ablate.ok("features", "with_replacement", "--recipe", "airbench94", "--json").out)
    (published,) = told["published"]
    assert (published["where"], published["with"]["score_percent"], published["without"]["score_percent"]) == (
        *("data_order", 93.40, 93.92),
    )
    assert "published" not in json.loads(ablate.ok("features", "silu", "--json").out)[0]


def test_alternatives_annoy_nobody(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("run", "--disable", "silu", "--preset", "mini", "--trials", "1", "--out", "run")
    assert "newer_tuning" not in said.out + said.err
    assert study_json(Path("run"))["study"]["left_out"] == []


def test_published_bars_of_the_recipe_named(here: Path, ablate: CommandLine, little: None) -> None:
    ablate.ok("figure", "waterfall", "--published", "--recipe", "little", "-o", "little.svg")
    svg = (here / "little.svg").read_text()
    for part in ("Steps to 90 %", "Mirrored", "16.67 %", "33.33 %", "baseline 6 epochs → final 4 epochs"):
        assert part in svg
    ablate.ok("figure", "waterfall", "--published", "--ladder", "history", "-o", "history.svg")
    assert "The record by date" in (here / "history.svg").read_text()
    ablate.ok("figure", "waterfall", "--published", "--recipe", "airbench94", "-o", "epochs.svg")
    svg = (here / "epochs.svg").read_text()
    for part in (
        "Epochs to 94 % saved (% of the baseline's)",
        "baseline 45 epochs → final 9.9 epochs to 94 %",
        "53.33 %",
        "78.00 %",
    ):
        assert part in svg
    ablate.ok(
        "figure", "waterfall", "--published", "--recipe", "airbench94", "--ladder", "paper_seconds", "-o", "s.svg"
    )
    assert "baseline 18.3 s → final 3.29 s to 94 %" in (here / "s.svg").read_text()
    ablate("figure", "waterfall", "--published", "--ladder", "histry", "-o", "x.svg").refused(
        2, "There is no published ladder 'histry'. Did you mean 'history'?"
    )
    for option in ("--recipe", "--ladder"):
        ablate("figure", "effects", "run", option, "little").refused(
            2, f"{option} little says whose published bars to draw; add --published."
        )


def test_a_folder_from_before_ladders_goes_with_those_of_its_lineage(here: Path, ablate: CommandLine) -> None:
    data = ROOT / "figures" / "data" / "waterfall"
    assert "ladders" not in json.loads((data / "study.json").read_text())
    ablate.ok("figure", "waterfall", data, "--published", "-o", "beside.svg")
    assert (here / "beside.svg").read_text().count("published: baseline 2.59 s → final 2.015 s") >= 1
    ablate("figure", "waterfall", data, "--published", "--ladder", "newest", "-o", "x.svg").refused(
        2, "goes with no published ladder 'newest'; its ladders: waterfall, history, newer."
    )


def test_the_doctor_looks_at_the_recipe_named(
    here: Path, ablate: CommandLine, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.doctor.examination._findings", lambda *looked_at: iter(()))
    said = json.loads(ablate.ok("doctor", "--recipe", "airbench94_muon", "--json").out)
    assert said["findings"] == [
        {"check": "recipe", "status": "ok", "seen": "airbench94_muon: 10 features, 3 published ladders", "remedy": ""}
    ]
    assert json.loads(ablate.ok("doctor", "--json").out)["findings"] == []
    install_little(site, names=NAMES.replace("little_registry:REGISTRY", "little_registry:OTHER"))
    ended = ablate("doctor", "--recipe", "little")
    assert ended.code == 1
    assert "cannot be loaded from little_registry:OTHER" in ended.out


COMPLETIONS: dict[str, tuple[str, set[str]]] = {
    "recipes": ("recipes air", {name for name in OWN if name.startswith("air")}),
    "recipe": ("run --recipe ", {*OWN, "little"}),
    "feature": ("run --disable sel", {"selective_tta"}),
    "after a comma": ("run --disable silu,tu", {"silu,tuning"}),
    "of the recipe": ("run --recipe little --enable bri", {"brisk", "brisker"}),
    "one feature": ("features new", {"newer_tuning"}),
    "study": ("study run pub", {"published"}),
    "ladder": ("figure waterfall --published --ladder ", {"waterfall", "history", "newer"}),
    "ladder of a study": ("study run published --ladder ", {"waterfall", "history", "newer"}),
    "unknown": ("run --recipe nobody --enable bri", set()),
}


# What a shell asks when it completes, one line after another in one process, which says when torch comes in.
COMPLETING = """import contextlib, io, json, os, sys
from ablate.cli.main import app

for name, words in json.loads(sys.argv.pop()).items():
    line = f"ablate {words}"
    os.environ |= {"_ABLATE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        app(prog_name="ablate")
    assert "torch" not in sys.modules, name
    print(json.dumps([name, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def completions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is offered for each of the lines, where a second lineage is installed."""
    installed = tmp_path_factory.mktemp("site")
    install_little(installed)
    lines = json.dumps({name: words for name, (words, _) in COMPLETIONS.items()})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)])}
    done = subprocess.run(
        [sys.executable, "-c", COMPLETING, lines], cwd=installed, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("case", COMPLETIONS)
def test_shells_complete_names_without_torch(completions: dict[str, str], case: str) -> None:
    assert set(completions[case].split()) == COMPLETIONS[case][1]
