"""`ablate run` from the words on the command line to the run folder."""

import csv
import json
from pathlib import Path

import pytest

from ablate.lineages.loading import load_registry
from ablate.store.run_folder import RunFolder
from tests.tiny_study import NOT_COMPILING, CommandLine, study_json, trial_lines, untouched

ALL = load_registry().names
ARMS = {
    (): {"baseline": (), "all": ALL},
    ("--disable", "silu"): {"all": ALL, "all - silu": [name for name in ALL if name != "silu"]},
    ("--disable", "silu,tuning"): {
        "all": ALL,
        "all - silu - tuning": [name for name in ALL if name not in ("silu", "tuning")],
    },
    ("--from", "baseline", "--enable", "silu"): {"baseline": (), "baseline + silu": ["silu"]},
    ("--from", "baseline", "--enable", "silu", "--enable", "tta"): {
        "baseline": (),
        "baseline + silu + tta": ["selective_tta", "silu"],
    },
    ("--only", "silu", "--only", "tuning"): {"baseline": (), "baseline + silu + tuning": ["silu", "tuning"]},
    ("--only", "architecture"): {
        "baseline": (),
        "baseline + architecture": ["half_precision", "silu", "svd_whitening"],
    },
    ("--disable", "tta", "--aa"): {
        "all": ALL,
        "all - tta": [name for name in ALL if name != "selective_tta"],
        "all (twin)": ALL,
    },
}


@pytest.mark.parametrize("words", ARMS, ids=" ".join)
def test_the_arms_that_options_ask_for(here: Path, ablate: CommandLine, words: tuple[str, ...]) -> None:
    with untouched(here):
        planned = json.loads(ablate.ok("run", *words, "--dry-run", "--json").out)
    assert planned["arm_features"] == {arm: sorted(names) for arm, names in ARMS[words].items()}
    assert planned["trials"] == 5 * len(ARMS[words])
    assert planned["minutes"] > 0
    assert planned["visible"]["blocks"] == 5


def test_a_dry_run_says_what_would_run_and_writes_nothing(here: Path, ablate: CommandLine) -> None:
    with untouched(here):
        said = ablate.ok("run", "--disable", "architecture", "--trials", "20", "--processes", "5", "--dry-run")
    assert "all - architecture" in said.out
    assert "40 trials: 2 arms × 20 blocks in 5 processes, preset mini, data synthetic, on cpu" in said.out
    assert "compiling included" in said.out
    assert "What this study can see is unknown here; `ablate run --trials 3 --processes 3` tells.\n" in said.out
    assert "A100" not in said.out
    assert "SYNTHETIC" in said.err
    assert "SYNTHETIC" not in said.out


def test_a_dry_run_promises_what_a_folder_here_has_shown(here: Path, ablate: CommandLine) -> None:
    unknown = json.loads(ablate.ok("run", "--trials", "20", "--dry-run", "--json").out)
    assert unknown["visible"]["score_change"] is None
    assert unknown["visible"]["spreads_source"] is None
    assert not unknown["measured"]
    ablate.ok("run", "--disable", "tta", "--trials", "4", "--processes", "1")
    (folder,) = Path("runs").iterdir()
    with untouched(here):
        said = ablate.ok("run", "--only", "silu", "--trials", "20", "--dry-run")
    assert f"(from trials in {folder}; compiling is a rough guess)" in said.out
    assert f"pp of accuracy (80 % power, with the spreads of {folder}, 4 blocks)" in said.out
    known = json.loads(ablate.ok("run", "--only", "silu", "--trials", "20", "--dry-run", "--json").out)
    assert known["visible"]["score_change"] > 0
    assert known["visible"]["time_percent"] is None
    assert known["measured"]


@pytest.fixture
def finished(here: Path, ablate: CommandLine) -> tuple[Path, str, str]:
    """A run folder, and what was said on stdout and stderr while it was made."""
    said = ablate.ok("run", "--disable", "tta", "--trials", "2", "--aa", "--curves", "--seed", "7", "--out", "deep/run")
    return Path("deep/run"), said.out, said.err


def test_a_run_ends_with_the_table_and_a_whole_folder(finished: tuple[Path, str, str]) -> None:
    folder, out, err = finished
    for arm in ("all", "all - tta", "all (twin)"):
        assert arm in out
    assert "--processes 5" in out
    assert "Fewer than 5 blocks" in out
    # What is said on the way does not get into a file that takes the table.
    assert "SYNTHETIC" in err
    assert f"NOTHING IS COMPILED: {NOT_COMPILING}" in err
    assert f"Run folder: {folder}" in err
    assert "\x1b" not in out + err
    assert {path.name for path in folder.iterdir()} >= {"study.json", "trials.jsonl", "report.html", "report.md"}
    with (folder / "effects.csv").open(newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)] == ["tta", "all (twin)"]


def test_every_trial_says_all_that_it_came_from(finished: tuple[Path, str, str]) -> None:
    folder, _, _ = finished
    trials = trial_lines(folder)
    assert len(trials) == 6
    digest = study_json(folder)["data_digest"]
    for trial in trials:
        assert trial["status"] == "ok"
        assert trial["schema"] == 2
        assert (trial["data"], trial["data_digest"]) == ("synthetic", digest)
        assert trial["started_at"].startswith("20")
        assert trial["spec"].keys() == {"arm", "block", "position", "process", "seed"}
        measured = trial["measurements"]
        assert measured.keys() >= {"accuracy", "score", "time_seconds", "train_seconds", "tta_seconds"}
        assert measured.keys() >= {"reset_seconds", "wall_seconds", "warm_up_seconds", "compile_seconds"}
        # One epoch, and the validation after it is of the network that is evaluated in the end.
        assert measured["curve"] == [measured["accuracy"]]
    store = RunFolder.open(folder).read_trials()
    facts = {name for trial in store for name in store.environments[trial.environment].facts}
    assert facts >= {"package_version", "commit", "dirty", "torch", "cuda", "cudnn", "driver", "python"}
    assert facts >= {"device", "device_name", "compute_dtype", "preset", "compiling"}
    fingerprints = study_json(folder)["fingerprints"]
    assert {trial.spec.arm: store.recipes[trial.recipe].fingerprint for trial in store} == fingerprints


def test_seeds_are_shared_in_a_block_but_not_by_the_twin(finished: tuple[Path, str, str]) -> None:
    folder, _, _ = finished
    seeds = {(trial["spec"]["arm"], trial["spec"]["block"]): trial["spec"]["seed"] for trial in trial_lines(folder)}
    for block in range(2):
        assert seeds["all", block] == seeds["all - tta", block] != seeds["all (twin)", block]


def test_the_folder_remembers_the_command(finished: tuple[Path, str, str]) -> None:
    folder, _, _ = finished
    words = "ablate run --disable tta --trials 2 --aa --curves --seed 7 --out deep/run"
    assert study_json(folder)["command"] == words.split()
    assert words in (folder / "report.md").read_text()


def test_the_default_folder_is_named_after_time_and_arm(here: Path, ablate: CommandLine) -> None:
    ablate.ok("run", "--disable", "silu,tuning", "--trials", "1")
    ablate.ok("run", "--disable", "silu,tuning", "--trials", "1")
    names = [path.name for path in Path("runs").iterdir()]
    assert len(names) == 2
    assert all("_all-silu-tuning" in name for name in names)


def test_json_is_all_there_is_on_stdout(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("run", "--only", "silu,tta", "--trials", "1", "--json")
    report = json.loads(said.out)
    assert [arm["arm"] for arm in report["arms"]] == ["baseline", "baseline + silu + tta"]
    assert report["trials"] == {"usable": 2, "lost": 0, "left": 0}
    (effect,) = report["effects"]
    assert (effect["subject"], effect["blocks"]) == ("silu + tta", 1)
    assert "Run folder: runs/" in said.err


def test_a_run_stops_at_the_minutes_given_and_says_how_to_go_on(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("run", "--disable", "tta", "--trials", "4", "--minutes", "0.00001", "--out", "run")
    assert len(trial_lines(Path("run"))) == 2
    assert "go on with: ablate study resume run" in said.err
    ablate.ok("study", "resume", "run")
    assert len(trial_lines(Path("run"))) == 8


def test_a_figure_of_the_run_is_drawn(here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert "svg" in ablate.ok("figure", "waterfall", "--published", "-o", "x.svg").out
    assert "<svg" in Path("x.svg").read_text()


def test_the_precision_feature_says_where_it_changes_layout_only(here: Path, ablate: CommandLine) -> None:
    said = ablate.ok("run", "--from", "baseline", "--enable", "half_precision", "--trials", "1")
    assert "float32" in said.err
    assert "memory layout only" in said.err
    quiet = ablate.ok("run", "--from", "baseline", "--enable", "silu", "--trials", "1")
    assert "memory layout only" not in quiet.err


def test_a_compute_dtype_is_recorded_and_kept_when_the_folder_goes_on(here: Path, ablate: CommandLine) -> None:
    with untouched(here):
        ablate("run", "--compute-dtype", "flaot32").refused(
            2, "Unknown compute dtype 'flaot32'. Did you mean 'float32'?"
        )
    words = ("--disable", "tta", "--trials", "2", "--minutes", "1e-9", "--compute-dtype", "float64", "--out", "wide")
    ablate.ok("run", *words)
    assert study_json(Path("wide"))["overrides"] == {"compute_dtype": "float64"}
    said = ablate.ok("study", "resume", "wide")
    assert "--allow-mixed" not in said.err
    environments = RunFolder.open("wide").read_trials().environments.values()
    assert {each.facts["compute_dtype"] for each in environments} == {"float64"}
    assert len(trial_lines(Path("wide"))) == 4


@pytest.mark.parametrize(
    ("recipe", "dtype"),
    [("airbench94_muon", "float64"), ("airbench94_muon", "bfloat16"), ("hlb", "float64"), ("hlb", "float16")],
)
def test_a_compute_dtype_asked_for_trains(here: Path, ablate: CommandLine, recipe: str, dtype: str) -> None:
    eager = ",".join(name for name in load_registry(recipe=recipe).names if name != "compile")
    words = ("--recipe", recipe, "--enable", eager, "--trials", "1", "--compute-dtype", dtype, "--out", dtype)
    said = ablate.ok("run", "--from", "baseline", *words)
    assert ("float16 on a CPU is some 30 times slower" in said.err) == (dtype == "float16")
    environments = RunFolder.open(dtype).read_trials().environments.values()
    assert {each.facts["compute_dtype"] for each in environments} == {dtype}


def test_times_alone_are_measured_reported_and_gone_by(here: Path, ablate: CommandLine) -> None:
    words = ["--clock", "interleaved", "--processes", "1"]
    said = ablate.ok("run", "--disable", "tta", "--trials", "0", *words, "--out", "timed")
    timed = trial_lines(Path("timed"))
    assert [line["spec"]["measures"] for line in timed] == ["time"] * 4
    assert all("score" not in line["measurements"] for line in timed)
    assert "TTA accuracy not measured" in said.out
    assert "times alone, no accuracy measured" in ablate.ok("report", "timed").out
    assert "4 done, 0 failed, 0 left." in " ".join(ablate.ok("study", "status", "timed").out.split())
    foreseen = json.loads(
        ablate.ok("run", "--disable", "tta", "--trials", "5", *words, "--dry-run", "--json").out,
    )
    assert foreseen["minutes"] > 0
    ablate("run", "--trials", "5", *words, "--dry-run", "--spreads-from", "timed").refused(2, "timed")
