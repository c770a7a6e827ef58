"""`ablate study`, `ablate list` and `ablate compare` on run folders that they made themselves."""

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ablate.datasets import home
from ablate.formats.canonical import Json
from ablate.lineages.study_files import study_files
from ablate.store.records import Environment
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.training import executing, image_kind
from tests.tiny_study import CommandLine, study_json, tiny_dataset, trial_lines, untouched

ROOT = Path(__file__).parents[2]

STUDY = """
from ablate.study import Arm, Study, pair

STUDY = Study.of(
    pair(Arm(name="baseline", features=frozenset()), Arm(name="[x] silu", features=frozenset({"silu"}))),
    name="mine",
    question="What does [x] do?",
    blocks=3,
    processes=1,
    data="synthetic",
    preset="mini",
)
"""
ONE_BLOCK = ["--minutes", "0.00001"]
HOT = """
import ablate

FEATURE = ablate.Feature(name="hot", group="architecture", summary="Hot.", patch={"filter_rate": 0.3}, source="here")
"""


@pytest.fixture
def mine(here: Path) -> str:
    (here / "mine.py").write_text(STUDY)
    return "mine.py"


def test_the_packages_studies_are_listed(here: Path, ablate: CommandLine) -> None:
    listed = ablate.ok("study", "list")
    for name in study_files():
        assert name in listed.out
    as_json = json.loads(ablate.ok("study", "list", "--json").out)
    assert [(study["name"], study["blocks"]) for study in as_json if study["name"] == "smoke"] == [("smoke", 2)]


@pytest.mark.parametrize("name", study_files())
def test_every_study_of_the_package_plans_every_arm(here: Path, ablate: CommandLine, name: str) -> None:
    """Composed against the real registry, at the preset's scale; a name that does not exist fails here, not at trial 300."""
    with untouched(here):
        planned = json.loads(ablate.ok("study", "run", name, "--dry-run", "--json").out)
    assert planned["left_out"] == []
    assert len(planned["arm_features"]) == planned["arms"]
    assert planned["compile_keys"] >= 1
    assert planned["minutes"] > 0


OWN_REGISTRY = """
from dataclasses import replace

from ablate import Feature, Group, Registry
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.parts import NoFlip, Silu

BASELINE = replace(AIRBENCH94_MUON, flip=NoFlip())
PATCHES = {"mirrored": {"flip": AIRBENCH94_MUON.flip}, "soft": {"activation": Silu()}, "brisk": {"filter_rate": 0.3}}
GROUPS = [Group(slug=slug, title=slug, published_percent=None, source="here") for slug in ("views", "rest")]
FEATURES = [
    Feature(name=name, group="views" if name == "mirrored" else "rest", summary="Better.", patch=patch, source="here")
    for name, patch in PATCHES.items()
]
REGISTRY = Registry(BASELINE, FEATURES, GROUPS)
"""
OWN_ARMS = {
    "aa": ["baseline", "all", "baseline (twin)", "all (twin)"],
    "features": [
        *("baseline", "all", "all - mirrored", "all - soft", "all - brisk"),
        *("baseline + mirrored", "baseline + soft", "baseline + brisk"),
    ],
    "screening": [
        "baseline",
        "{mirrored, brisk}",
        "{mirrored, soft}",
        "{mirrored}",
        "{soft}",
        "{brisk}",
        "{soft, brisk}",
        "all",
    ],
    "shapley": ["baseline", "{views}", "{rest}", "all"],
    "smoke": ["all", "all - rest"],
    "waterfall": ["baseline", "+ views", "+ rest"],
    "waterfall_equal_accuracy": [
        *("baseline @ 0.85", "baseline", "baseline @ 1.15", "+ views @ 0.85", "+ views", "+ views @ 1.15"),
        *("+ rest @ 0.85", "+ rest", "+ rest @ 1.15"),
    ],
}


@pytest.mark.parametrize("name", OWN_ARMS)
def test_the_packages_studies_take_a_registry_of_ones_own(here: Path, ablate: CommandLine, name: str) -> None:
    (here / "own.py").write_text(OWN_REGISTRY)
    planned = json.loads(ablate.ok("study", "run", name, "--registry", "own.py", "--dry-run", "--json").out)
    assert list(planned["arm_features"]) == OWN_ARMS[name]
    assert planned["left_out"] == []


def test_a_waterfall_of_ones_own_registry_runs_to_its_figure(here: Path, ablate: CommandLine) -> None:
    (here / "own.py").write_text(OWN_REGISTRY)
    words = ["--registry", "own.py", "--preset", "mini", "--trials", "2", "--processes", "1"]
    said = ablate.ok("study", "run", "waterfall", *words, "--out", "run")
    assert "+ views" in said.out
    ablate.ok("figure", "waterfall", "run", "-o", "own.svg")
    assert (here / "own.svg").exists()
    ablate("figure", "waterfall", "run", "--published").refused(
        2, "Nothing was published about these steps: views, rest", "Leave --published out"
    )
    ablate("figure", "waterfall", "run", "--published", "--recipe", "airbench94_muon").refused(
        2, "the same steps in the same order", "here: views, rest", "Leave --published out"
    )
    ablate("study", "run", "published", "--registry", "own.py", "--dry-run").refused(
        2, "Nothing was published about this registry", "ladders=[ablate.Ladder(...)]"
    )


def test_studies_are_listed_for_a_registry_of_ones_own(here: Path, ablate: CommandLine) -> None:
    (here / "own.py").write_text(OWN_REGISTRY)
    listed = json.loads(ablate.ok("study", "list", "--registry", "own.py", "--json").out)
    assert {study["name"]: len(study["arms"]) for study in listed} == {
        name: len(arms) for name, arms in OWN_ARMS.items()
    }


def test_a_study_that_a_registry_cannot_have_is_missing_from_the_list_with_its_reason(
    here: Path, ablate: CommandLine
) -> None:
    numbers = (
        "momentum",
        "decay",
        "bias_rate",
        "head_rate",
        "filter_momentum",
        "filter_decay",
        "norm_momentum",
        "epochs",
    )
    more = f"""
PATCHES |= {{f"more_{{name}}": {{name: 0.0123}} for name in {numbers}}}
GROUPS = [Group(slug=f"of_{{name}}", title=name, published_percent=None, source="here") for name in PATCHES]
FEATURES = [
    Feature(name=name, group=f"of_{{name}}", summary="Better.", patch=patch, source="here") for name, patch in PATCHES.items()
]
REGISTRY ="""
    (here / "own.py").write_text(OWN_REGISTRY.replace("REGISTRY =", more))
    said = ablate.ok("study", "list", "--registry", "own.py")
    assert "Study 'shapley': Exact Shapley values take 7 names at most, here are 11" in said.err
    assert "waterfall" in said.out
    assert "shapley" not in said.out


def test_listing_the_packages_studies_loads_no_torch(tmp_path: Path) -> None:
    code = "import sys; from ablate.cli.study import list_studies; list_studies(); sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode == 0
    )


def test_listing_knows_what_installed_packages_add(
    here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "hot_plugin.py").write_text(HOT)
    monkeypatch.syspath_prepend(here)
    point = EntryPoint(name="hot", value="hot_plugin", group="ablate.features")
    for module in ("lookup", "loading"):
        monkeypatch.setattr(
            f"ablate.lineages.{module}.entry_points", lambda group: [point] if group == point.group else []
        )
    listed = {study["name"]: study for study in json.loads(ablate.ok("study", "list", "--json").out)}
    assert "baseline + hot" in [arm["name"] for arm in listed["features"]["arms"]]


def test_an_added_feature_joins_the_studies_as_far_as_it_can(here: Path, ablate: CommandLine) -> None:
    (here / "hot.py").write_text(HOT)
    planned = json.loads(ablate.ok("study", "run", "features", "--features-from", "hot.py", "--dry-run", "--json").out)
    assert len(planned["arm_features"]["all"]) == 10
    assert "baseline + hot" in planned["arm_features"]
    assert planned["left_out"] == [["all + hot", "'hot' and 'tuning' both set 'filter_rate'"]]
    words = ["--features-from", "hot.py", "--trials", "1", "--out", "run"]
    said = ablate.ok("study", "run", "smoke", *words)
    reason = "'hot' and 'tuning' both set 'filter_rate'; give 'hot' a Group of its own to keep 'architecture'"
    assert f"Left out: 'all + architecture': {reason}." in said.err


def test_a_study_file_by_path_is_run_watched_and_resumed(here: Path, ablate: CommandLine, mine: str) -> None:
    said = ablate.ok("study", "run", mine, "--out", "run", *ONE_BLOCK)
    assert "Stopped at the time given; go on with: ablate study resume run\n" in said.err
    # Square brackets are part of a name, not Rich's markup.
    assert "[x] silu" in said.out
    assert "[x] silu, block 0: " in said.err

    status = ablate.ok("study", "status", "run")
    assert "[x] silu" in status.out
    assert "2 done, 0 failed, 4 left" in status.out
    assert "Stopped; resume with: ablate study resume run\n" in status.out
    assert status.out.index("baseline") < status.out.index("[x] silu")
    as_json = json.loads(ablate.ok("study", "status", "run", "--json").out)
    assert (as_json["done"], as_json["left"], as_json["writer"], as_json["state"]) == (2, 4, None, "stopped")
    assert {arm["arm"] for arm in as_json["arms"]} == {"baseline", "[x] silu"}
    assert as_json["slowest_arm"] in ("baseline", "[x] silu")

    listed = ablate.ok("list", ".")
    assert "What does [x] do?" in listed.out
    assert "2/6" in listed.out

    ablate.ok("study", "resume", "run")
    assert len(trial_lines(Path("run"))) == 6
    status = ablate.ok("study", "status", "run").out
    assert "6 done, 0 failed, 0 left." in status
    assert status.endswith("\nFinished.\n")
    assert "marks" not in trial_lines(Path("run"))[-1]
    # A finished study is left as it is.
    before = trial_lines(Path("run"))
    ablate.ok("study", "resume", "run")
    assert trial_lines(Path("run")) == before


def test_status_says_who_runs_a_study_and_how_to_run_failed_trials_again(
    here: Path, ablate: CommandLine, mine: str
) -> None:
    (here / "hot.py").write_text(HOT.replace("0.3", "1e39"))
    ended = ablate(
        "run", "--from", "baseline", "--enable", "hot", "--features-from", "hot.py", "--trials", "1", "--out", "run"
    )
    assert ended.code == 3, ended.err
    assert (
        "\nFinished; 1 trial failed, to run again: ablate study resume run --retry-failed\n"
        in ablate.ok("study", "status", "run").out
    )
    with RunFolder.open("run").open_store():
        assert f"\nProcess {os.getpid()} is running it.\n" in ablate.ok("study", "status", "run").out


def test_options_override_the_study_file_and_are_recorded(here: Path, ablate: CommandLine, mine: str) -> None:
    words = ["--trials", "1", "--seed", "9", "--preset", "mini", "--data", "auto", "--device", "cpu", "--curves"]
    said = ablate.ok("study", "run", mine, "--out", "run", *words)
    assert "SYNTHETIC" in said.err
    kept = study_json(Path("run"))
    assert (kept["study"]["blocks"], kept["study"]["seed"], kept["data"]) == (1, 9, "synthetic")
    assert kept["overrides"] == {"blocks": 1, "seed": 9, "preset": "mini", "data": "auto", "curves": True}
    assert len(trial_lines(Path("run"))[0]["measurements"]["curve"]) == 1


def test_what_is_no_part_of_all_joins_a_study_where_it_is_enabled(here: Path, ablate: CommandLine, mine: str) -> None:
    planned = json.loads(ablate.ok("study", "run", "waterfall", "--enable", "newer_tuning", "--dry-run", "--json").out)
    assert "tuning" not in planned["arm_features"]["+ newer_tuning"]
    assert "newer_tuning" in planned["arm_features"]["+ newer_tuning"]
    ablate("study", "run", "waterfall", "--enable", "tuning").refused(
        2, "--enable tuning changes nothing: it is part of 'all' already."
    )
    ablate("study", "run", mine, "--enable", "newer_tuning").refused(
        2, "--enable newer_tuning changes nothing: no arm of study 'mine' has it on."
    )
    ablate("study", "run", "waterfall", "--enable", "newer_tunin").refused(2, "Did you mean 'newer_tuning'?")


def test_clock_and_parallel_are_options_of_a_study_and_recorded(
    here: Path, ablate: CommandLine, mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "CHILD_TRAINER", "tests.fake_trainer:make")
    monkeypatch.setattr(executing, "child_arguments", lambda *given, **options: {})
    words = ["--trials", "2", "--parallel", "2", "--clock", "trial"]
    planned = ablate.ok("study", "run", mine, "--dry-run", *words).out
    assert "in 2 processes, 2 trainings at a time, preset" in " ".join(planned.split())
    ablate.ok("study", "run", mine, "--out", "run", *words)
    kept = study_json(Path("run"))
    assert kept["overrides"] == {"blocks": 2, "clock": "trial", "parallel": 2}
    assert kept["study"]["parallel"] == 2
    trials = trial_lines(Path("run"))
    assert {trial["beside"] for trial in trials} == {1}
    assert sorted({trial["process"] for trial in trials}) == [0, 1]
    Path("run/trials.jsonl").write_text("".join(Path("run/trials.jsonl").read_text().splitlines(keepends=True)[:-1]))
    monkeypatch.setattr(image_kind, "environment_in_a_child", lambda resolved: Environment(facts={}))
    ablate.ok("study", "resume", "run", "--allow-mixed")
    assert [trial.get("beside") for trial in trial_lines(Path("run"))] == [1] * len(trials)


def test_aa_gives_any_study_a_twin_of_its_reference(here: Path, ablate: CommandLine, mine: str) -> None:
    ablate.ok("study", "run", mine, "--aa", "--trials", "1", "--out", "run")
    kept = study_json(Path("run"))
    assert kept["overrides"] == {"blocks": 1, "aa": True}
    assert [arm["name"] for arm in kept["study"]["arms"]] == ["baseline", "[x] silu", "baseline (twin)"]
    seeds = {line["spec"]["arm"]: line["spec"]["seed"] for line in trial_lines(Path("run"))}
    assert seeds["baseline"] == seeds["[x] silu"] != seeds["baseline (twin)"]
    with untouched(here):
        refused = ablate("study", "run", "aa", "--aa")
    refused.refused(2, "--aa changes nothing: study 'aa' runs 'baseline (twin)' already.")


def test_list_json_and_what_is_no_run_folder(here: Path, ablate: CommandLine, mine: str) -> None:
    nothing = ablate.ok("list")
    assert nothing.out == ""
    assert "No run folders in runs/." in nothing.err
    assert json.loads(ablate.ok("list", "--json").out) == []
    ablate.ok("study", "run", mine, "--trials", "1")
    (folder,) = Path("runs").iterdir()
    (Path("runs") / "torn").mkdir()
    (Path("runs") / "torn" / "study.json").write_text('{"schema": 1')
    listed = ablate.ok("list", "--json")
    (row,) = json.loads(listed.out)
    assert (row["path"], row["trials_done"], row["trials_planned"]) == (str(folder), 2, 2)
    assert row["arms"] == ["baseline", "[x] silu"]
    assert "runs/torn" in listed.err
    assert "not JSON" in listed.err


class TestResume:
    """After something has changed since the run folder was made."""

    @pytest.fixture
    def begun(self, here: Path, ablate: CommandLine) -> Path:
        (here / "own.py").write_text(HOT)
        words = ["--from", "baseline", "--enable", "hot", "--features-from", "own.py", "--trials", "2", *ONE_BLOCK]
        ablate.ok("run", *words, "--out", "run")
        return here / "run"

    def test_an_edited_features_file_is_refused_by_the_features_name(
        self, here: Path, ablate: CommandLine, begun: Path
    ) -> None:
        (here / "own.py").write_text(HOT.replace("0.3", "0.4"))
        with untouched(begun):
            ablate("study", "resume", "run").refused(2, "feature 'hot' was", "--allow-mixed")

    def test_allow_mixed_goes_on_and_marks_the_trials(self, here: Path, ablate: CommandLine, begun: Path) -> None:
        (here / "own.py").write_text(HOT.replace("0.3", "0.4"))
        ablate.ok("study", "resume", "run", "--allow-mixed")
        assert [trial.get("marks") for trial in trial_lines(begun)] == [None, None, *[["mixed: features"]] * 2]

    def test_a_features_file_that_is_gone_is_taken_from_the_folders_copy(
        self, here: Path, ablate: CommandLine, begun: Path
    ) -> None:
        (here / "own.py").unlink()
        ablate.ok("study", "resume", "run")
        trials = RunFolder.open(begun).read_trials()
        assert set(trials.statuses.values()) == {"ok"}
        assert not any(trial.marks for trial in trials)

    def test_another_data_set_of_the_same_name(
        self, ablate: CommandLine, begun: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ablate.datasets.synthetic.generate", lambda: tiny_dataset(num_train=60))
        with untouched(begun):
            ablate("study", "resume", "run").refused(2, "Data set 'synthetic' has changed", "start a new study")

    def test_another_torch(self, ablate: CommandLine, begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        planned_environment = image_kind.planned_environment

        def newer(resolved: ResolvedStudy, **facts: Json) -> Environment:
            return Environment(facts={**planned_environment(resolved, **facts).facts, "torch": "99.0"})

        monkeypatch.setattr(image_kind, "planned_environment", newer)
        with untouched(begun):
            ablate("study", "resume", "run").refused(2, "torch was", "is 99.0", "--allow-mixed")

    def test_limits_are_checked_before_anything_is_done(self, ablate: CommandLine, begun: Path) -> None:
        with untouched(begun):
            ablate("study", "resume", "run", "--minutes", "-1").refused(2, "--minutes", "not -1")


def test_two_run_folders_are_compared(here: Path, ablate: CommandLine, mine: str) -> None:
    ablate.ok("study", "run", mine, "--trials", "2", "--out", "first")
    shutil.copytree("first", "second")
    compared = ablate.ok("compare", "first", "second")
    assert "[x] silu" in compared.out
    assert "baseline" in compared.out


@pytest.fixture
def real_set(tmp_path: Path) -> dict[str, str]:
    """Environment variables that make preset `mini` quick in other processes: few images, and nothing is compiled."""
    # A fifth of 2,600 images fills one batch of 500.
    home.write(tmp_path / "home", tiny_dataset(2600, 100, "few"), "a test", replace=False)
    return {
        **os.environ,
        "ABLATE_DATA_DIR": str(tmp_path / "home"),
        "TORCHDYNAMO_DISABLE": "1",
        "PYTHONPATH": str(ROOT),
    }


@pytest.mark.slow
def test_two_processes(tmp_path: Path, real_set: dict[str, str]) -> None:
    words = "run --disable tta --trials 2 --processes 2 --data few --preset mini --out run"
    ended = subprocess.run(
        [sys.executable, "-m", "ablate", *words.split()], cwd=tmp_path, env=real_set, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    trials = trial_lines(tmp_path / "run")
    assert sorted((trial["spec"]["arm"], trial["process"]) for trial in trials) == [
        ("all", 0),
        ("all", 1),
        ("all - tta", 0),
        ("all - tta", 1),
    ]
    # Each of the two children finds it out.
    assert ended.stderr.count("NOTHING IS COMPILED: torch.compile is switched off in this environment") == 1
    assert "1 of 2 blocks is done" in ended.stderr


@pytest.mark.slow
def test_ctrl_c_from_a_terminal(tmp_path: Path, real_set: dict[str, str]) -> None:
    words = "run --disable tta --trials 50 --data few --preset mini --out run"
    running = subprocess.Popen(
        [sys.executable, "-m", "ablate", *words.split()],
        cwd=tmp_path,
        env=real_set,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background hands on an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "block 1" in line:
            break
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert out == ""
    assert "trials are done and kept. Resume with: ablate study resume run\n" in err
    assert 3 <= len(trial_lines(tmp_path / "run")) < 100


def test_a_study_about_one_recipe_runs_it_by_itself(here: Path, ablate: CommandLine) -> None:
    planned = json.loads(ablate.ok("study", "run", "data_order", "--dry-run", "--json").out)
    assert planned["arm_features"]["others"] == sorted(
        ["compile", "dirac", "frozen_bias", "lookahead", "multicrop_tta", "scalebias", "short_run", "whitening"]
    )
    listed = ablate.ok("study", "list", "--recipe", "resnet18").out
    assert "data_order" not in listed
    assert "data_order" in ablate.ok("study", "list", "--recipe", "airbench94").out
    ablate("study", "run", "data_order", "--recipe", "resnet18", "--dry-run").refused(2, "Unknown feature or group")


def test_a_screening_of_ones_own_registry_runs_to_its_report_and_figures(here: Path, ablate: CommandLine) -> None:
    ablate.ok("init", "registry", "--kind", "python", "own.py")
    words = ["--registry", "own.py", "--trials", "3", "--processes", "2", "--aa", "--out", "run"]
    said = ablate.ok("study", "run", "screening", *words)
    assert "on average over the others" in said.out
    resolved = json.loads((here / "run" / "study.json").read_text())
    assert resolved["study"]["contrasts"][0]["kind"] == "screening"
    seeds = [trial["spec"]["seed"] for trial in trial_lines(here / "run")]
    assert len(set(seeds)) == len(seeds)
    for kind in ("waterfall", "effects"):
        ablate.ok("figure", kind, "run", "-o", f"{kind}.svg")
    assert json.loads(ablate.ok("report", "run", "--format", "json").out)["screening"]["resolution"] == 5
