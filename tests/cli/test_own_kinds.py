"""Every command, design, report and figure on trainings of one's own: a function in Python, a script in Python, one for a shell."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablate.plots import KINDS
from tests.own_kinds import marked, python_file, script_files, shell_files, wait_for
from tests.tiny_study import CommandLine, study_json, trial_lines

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
KNOBS_OF_DIGITS = ("wide", "fast", "momentum", "small_batches")


def digits_as_shown(folder: Path) -> Path:
    """The README's network on scikit-learn's digits, word for word."""
    (text,) = re.findall(r"^<!-- example: my_digits.py -->\n```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    path = folder / "my_digits.py"
    path.write_text(text)
    return path


def digits(folder: Path, *, loss: bool = False) -> Path:
    """The same with a curve; with `loss`, what is compared is its loss, of which less is better."""
    path = digits_as_shown(folder)
    text = path.read_text()
    if loss:
        score = re.compile(r"score=\(net.*\.item\(\)")
        assert score.search(text)
        text = score.sub("score=torch.nn.functional.cross_entropy(net(X[1400:].float() / 16), Y[1400:]).item()", text)
        assert 'title="Accuracy", factor=100, margin=0.5' in text
        text = text.replace('title="Accuracy", factor=100, margin=0.5', 'title="Loss", better="lower", margin=0.01')
    path.write_text(text.replace("ablate.Measured(", "ablate.Measured(curve=[0.5, 0.9], "))
    return path


def digits_by_loss(folder: Path) -> Path:
    return digits(folder, loss=True)


def function(folder: Path) -> Path:
    """A function that trains nothing, and in a child process imports nothing."""
    score = "0.7 - abs(self.rate - 0.1) + 0.01 * self.layers + 0.002 * self.width + 1e-12 * (trial.seed % 10**9)"
    return python_file(folder, f"return ablate.Measured(score={score}, curve=[0.5, 0.9])")


Registry = Callable[[Path], Path]
KINDS_OF_RECIPE = [digits, digits_by_loss, script_files, shell_files]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ABLATE_DEBUG", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ablate.report.figures.draw_figures", lambda evidence, target: ())


def statuses(folder: Path) -> set[str]:
    return {trial["status"] for trial in trial_lines(folder)}


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize(
    ("study", "registry"),
    [
        # Which way the score goes, and the language of a program, is nothing to the designs.
        pytest.param(study, registry, marks=pytest.mark.slow if registry in (digits_by_loss, shell_files) else ())
        for study in ("waterfall", "aa", "smoke")
        for registry in KINDS_OF_RECIPE
    ]
    + [("features", registry) for registry in KINDS_OF_RECIPE],
)
def test_every_study_of_the_package(ablate: CommandLine, here: Path, registry: Registry, study: str) -> None:
    file = registry(here)
    blocks = ["--trials", "2", "--processes", "1"]
    ended = ablate.ok("study", "run", study, "--registry", file, "--out", "run", *blocks)
    assert statuses(here / "run") == {"ok"}
    assert "Run folder: run" in ended.err
    assert (here / "run" / "report.html").exists()
    resolved = study_json(here / "run")
    assert resolved["lineage"] == ""
    assert resolved["score"]["title"] in ("Accuracy", "Loss")
    if study == "smoke":
        assert "The study's preset 'mini' means nothing for these recipes and is taken as 'auto'." in ended.err


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("registry", [pytest.param(digits, marks=pytest.mark.slow), function, script_files])
def test_shapley_values_reports_and_every_kind_of_figure(ablate: CommandLine, here: Path, registry: Registry) -> None:
    file = registry(here)
    ablate.ok("study", "run", "shapley", "--registry", file, "--out", "run", "--trials", "2", "--processes", "2")
    assert statuses(here / "run") == {"ok"}
    assert {trial["process"] for trial in trial_lines(here / "run")} == {0, 1}
    page = (here / "run" / "report.html").read_text()
    assert "Clock" in page
    assert ("wall clock around the training" if registry is not script_files else "the training&#39;s own") in page
    for kind in KINDS if registry is not function else ():
        ablate.ok("figure", kind, "run", "-o", f"{kind}.svg")
        assert (here / f"{kind}.svg").read_text().startswith("<?xml")
    for shape in ("md", "csv", "json", "latex"):
        assert ablate.ok("report", "run", "--format", shape).out
    shutil.copytree("run", "again")
    ablate.ok("compare", "run", "again")
    if registry is script_files:
        trials = json.loads(
            ablate.ok("report", "run", "--trials", "-o", "trials.json").out or (here / "trials.json").read_text()
        )
        assert trials


def test_equal_accuracy_takes_a_training_that_honours_lengths(ablate: CommandLine, here: Path) -> None:
    train = "import random\nreturn ablate.Measured(score=self.rate + 0.1 * trial.length, seconds=trial.length)"
    words = ["--out", "run", "--trials", "1", "--processes", "1", "--dry-run"]
    file = python_file(here, train)
    ablate("study", "run", "waterfall_equal_accuracy", "--registry", file, *words).refused(
        2, "Own does not honour lengths"
    )
    file = python_file(here, train, extra="honours_lengths = True")
    assert "@ 0.85" in ablate.ok("study", "run", "waterfall_equal_accuracy", "--registry", file, *words).out


@pytest.mark.parametrize("registry", KINDS_OF_RECIPE)
def test_features_and_slots(ablate: CommandLine, here: Path, registry: Registry) -> None:
    file = registry(here)
    listed = json.loads(ablate.ok("features", "--registry", file, "--json").out)
    slots = json.loads(ablate.ok("features", "--slots", "--registry", file, "--json").out)
    assert {each["field"] for each in slots} == {change["field"] for each in listed for change in each["changes"]}
    assert "baseline" in ablate.ok("features", listed[0]["name"], "--registry", file).out
    assert ablate.ok("features", "--slots", slots[0]["field"], "--registry", file).out
    ablate("features", "--slots", "raet", "--registry", file).refused(
        2, "The recipe has no field 'raet' that a feature can set"
    )


class TestADryRun:
    def test_promises_nothing_before_a_trial(self, ablate: CommandLine, here: Path) -> None:
        said = ablate.ok("run", "--registry", script_files(here), "--dry-run").out
        assert (
            "How long that takes nobody knows before a trial has run here; `ablate run --trials 3 --registry own.py` tells."
            in said
        )
        assert "network" not in said
        assert json.loads(ablate.ok("run", "--registry", here / "own.py", "--dry-run", "--json").out)["minutes"] is None

    @pytest.mark.usefixtures("without_figures")
    def test_and_what_trials_have_shown_after_them(self, ablate: CommandLine, here: Path) -> None:
        ablate.ok("run", "--registry", script_files(here), "--trials", "3")
        said = ablate.ok("run", "--registry", here / "own.py", "--dry-run").out
        assert re.search(r"^About \d+ s \(from trials in runs/[^;]*\)\.$", said, re.MULTILINE), said

    def test_looks_for_the_program(self, ablate: CommandLine, here: Path) -> None:
        file = script_files(here)
        file.write_text(file.read_text().replace("sys.executable", "'pyhton'"))
        ablate("run", "--registry", file, "--dry-run").refused(
            2, "Arm 'baseline' runs 'pyhton', which is no program here"
        )


@pytest.mark.usefixtures("without_figures")
class TestFailures:
    def test_are_records_and_the_others_go_on(self, ablate: CommandLine, here: Path) -> None:
        file = python_file(here, "if self.layers == 4: raise ValueError('too deep')\nreturn ablate.Measured(score=1)")
        ended = ablate(
            "study", "run", "features", "--registry", file, "--out", "run", "--trials", "2", "--processes", "2"
        )
        assert ended.code == 3
        assert "own.py, line 12: ValueError: too deep" in ended.err
        assert statuses(here / "run") == {"ok", "failed"}
        file.write_text(file.read_text().replace("self.layers == 4", "self.layers == 5"))
        ablate("study", "resume", "run", "--retry-failed").refused(
            2, "The run folder was made under other conditions: recipe of arm"
        )
        ablate.ok("study", "resume", "run", "--retry-failed", "--allow-mixed")

    @pytest.mark.parametrize("processes", ["1", "2"])
    def test_a_time_limit(self, ablate: CommandLine, here: Path, processes: str) -> None:
        slow = "import time; time.sleep(60)\n"
        file = script_files(here)
        script = here / "train.py"
        script.write_text(script.read_text().replace("noise =", f"{slow}noise ="))
        words = ["--registry", file, "--disable", "wide,low_rate", "--trials", "2", "--processes", processes]
        ended = ablate("run", *words, "--out", "run", "--timeout", "0.2")
        assert ended.code == 3, ended.err
        by_arm = {(trial["spec"]["arm"], trial["status"]) for trial in trial_lines(here / "run")}
        assert by_arm == {("all", "timeout"), ("all - wide - low_rate", "timeout")}
        assert "No result after 0.2 s, so the program was stopped" in ended.err

    def test_a_time_limit_of_a_function(self, ablate: CommandLine, here: Path) -> None:
        train = "import time\nif self.layers == 4: time.sleep(60)\nreturn ablate.Measured(score=1)"
        file = python_file(here, train)
        ended = ablate(
            "run", "--registry", file, "--disable", "deep", "--trials", "1", "--out", "run", "--timeout", "1"
        )
        assert ended.code == 3
        assert [
            trial["status"] for trial in sorted(trial_lines(here / "run"), key=lambda each: each["spec"]["arm"])
        ] == ["timeout", "ok"]


WITHOUT_FIGURES = (
    "from ablate.report import figures; figures.draw_figures = lambda *_: (); from ablate.cli import main; main()"
)


def killed_midway(folder: Path, *words: str, lines: int) -> None:
    """Begin a study in a process of its own, kill that once so many lines are on disk, and see that nothing of it is left."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ABLATE_TEST_MARK": str(folder)}
    command = [sys.executable, "-m", "ablate", *words, "--out", "run"]
    trials_path = folder / "run" / "trials.jsonl"
    study = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        assert wait_for(lambda: trials_path.exists() and trials_path.read_bytes().count(b"\n") >= lines, seconds=120)
        assert study.poll() is None, "the study was over before it could be killed"
    finally:
        study.send_signal(signal.SIGKILL)
        study.wait()
    assert wait_for(lambda: not marked(f"ABLATE_TEST_MARK={folder}"))


def resumed(folder: Path) -> None:
    """Go on in a process of its own: this one may have asked git for the commit before somebody made another."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ABLATE_TEST_MARK": str(folder)}
    command = [sys.executable, "-c", WITHOUT_FIGURES, "study", "resume", "run"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert wait_for(lambda: not marked(f"ABLATE_TEST_MARK={folder}"))


def key_of(trial: dict[str, Any]) -> tuple[str, int]:
    return trial["spec"]["arm"], trial["spec"]["block"]


def trial_lines_so_far(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of a file whose last may be torn."""
    text = (folder / "trials.jsonl").read_text()
    lines = [json.loads(line) for line in text[: text.rindex("\n")].splitlines()]
    return [line for line in lines if line["kind"] == "trial"]


def slow_function(folder: Path) -> Path:
    return python_file(folder, "import time\ntime.sleep(0.1)\nreturn ablate.Measured(score=self.rate)")


@pytest.mark.parametrize(
    ("study", "arms", "registry", "processes"),
    [
        ("run", 2, script_files, 2),
        *(
            pytest.param("study run features", 8, registry, processes, marks=pytest.mark.slow)
            for registry in (slow_function, script_files)
            for processes in (1, 2)
        ),
    ],
)
def test_a_study_is_resumed_after_it_was_killed(
    here: Path, study: str, arms: int, registry: Registry, processes: int
) -> None:
    words = [*study.split(), "--registry", str(registry(here)), "--trials", "4", "--processes", str(processes)]
    killed_midway(here, *words, lines=5)
    before = (here / "run" / "trials.jsonl").read_bytes()
    resumed(here)
    assert (here / "run" / "trials.jsonl").read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    kept = trial_lines(here / "run")
    assert len({key_of(trial) for trial in kept}) == len(kept) == 4 * arms
    assert statuses(here / "run") == {"ok"}


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
def test_digits_resumed_after_they_were_killed_score_as_if_they_had_not_been(ablate: CommandLine, here: Path) -> None:
    words = ["study", "run", "features"]
    words += ["--registry", str(digits_as_shown(here)), "--trials", "6", "--processes", "2", "--seed", "11"]
    killed_midway(here, *words, lines=25)
    before = {key_of(trial): trial for trial in trial_lines_so_far(here / "run")}
    resumed(here)
    ablate.ok(*words, "--out", "whole")
    kept, whole = trial_lines(here / "run"), trial_lines(here / "whole")
    arms = {"baseline", "all"} | {f"{start} {name}" for name in KNOBS_OF_DIGITS for start in ("all -", "baseline +")}
    assert sorted(map(key_of, kept)) == sorted((arm, block) for arm in arms for block in range(6))
    assert 0 < len(before) < len(kept)
    assert [trial for trial in kept if key_of(trial) in before] == list(before.values())
    assert statuses(here / "run") == {"ok"}
    scores = {key_of(trial): (trial["spec"]["seed"], trial["measurements"]["score"]) for trial in kept}
    assert scores == {key_of(trial): (trial["spec"]["seed"], trial["measurements"]["score"]) for trial in whole}
    # Something was learnt, where chance alone gives a tenth; and another seed gives another score.
    learnt = [scores["all - momentum", block][1] for block in range(6)]
    assert min(learnt) > 0.5
    assert len(set(learnt)) > 1


FAKE_TORCH = """import os, sys
with open(os.environ["ABLATE_TEST_TORCH"], "a") as file:
    file.write("imported\\n")
raise ImportError("there is no torch here")
"""


ONE_AFTER_ANOTHER = """import os
import sys
from ablate.cli import main

for words in {commands!r}:
    try:
        main([*words, "--registry", "own.py"])
    except SystemExit as ended:
        assert not ended.code, (words, ended.code)
    assert "torch" not in sys.modules and not os.path.exists("imported"), words
    from ablate.report import figures

    # Once is enough to see that drawing imports no torch.
    figures.draw_figures = lambda evidence, target: ()
"""
COMMANDS_WITHOUT_TORCH = [
    ["run", "--trials", "2", "--processes", "2"],
    ["run", "--trials", "1", "--timeout", "30"],
    ["run", "--dry-run"],
    ["study", "run", "features", "--trials", "1", "--processes", "1"],
    ["features"],
    ["features", "--slots"],
    ["doctor"],
]


def test_a_training_without_torch_never_imports_it(here: Path) -> None:
    stand_in = here / "modules"
    for name in ("torch", "torchvision"):
        (stand_in / name).mkdir(parents=True)
        (stand_in / name / "__init__.py").write_text(FAKE_TORCH)
    environment = {**os.environ, "PYTHONPATH": f"{stand_in}:{ROOT}", "ABLATE_TEST_TORCH": str(here / "imported")}
    script_files(here)

    def python(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True)

    ended = python("-c", ONE_AFTER_ANOTHER.format(commands=COMMANDS_WITHOUT_TORCH))
    assert ended.returncode == 0, ended.stderr
    assert not (here / "imported").exists(), "torch was imported"
    # The check itself sees torch: the package's own recipes need it.
    assert python("-m", "ablate", "features").returncode
    assert (here / "imported").exists()


def test_the_doctor_looks_at_what_the_recipes_need(ablate: CommandLine, here: Path) -> None:
    found = json.loads(ablate.ok("doctor", "--registry", script_files(here), "--json").out)["findings"]
    checks = {each["check"]: each for each in found}
    assert checks["recipes"]["status"] == "ok"
    assert "c++ compiler" not in checks
    file = here / "own.py"
    file.write_text(file.read_text().replace("sys.executable", "'pyhton'"))
    ended = ablate("doctor", "--registry", file)
    assert ended.code == 1
    assert "'pyhton'" in ended.out
