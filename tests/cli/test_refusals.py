"""Bad input, which is refused before anything is written: the message, its stream, the exit code, and the folder left alone."""

import os
from pathlib import Path

import pytest

from tests.tiny_study import CommandLine, untouched

USAGE = {
    "an unknown feature": (
        ["--disable", "selectiv_tta"],
        ["Unknown feature or group 'selectiv_tta'.", "Did you mean 'selective_tta'?", "`ablate features` lists them"],
    ),
    "an unknown group": (["--disable", "architectur"], ["'architectur'", "Did you mean 'architecture'?"]),
    "an unknown preset": (
        ["--preset", "mini2"],
        ["Unknown preset 'mini2'.", "Did you mean 'mini'? There are: auto, full, mini."],
    ),
    "an unknown device": (
        ["--device", "cudda"],
        ["Unknown device 'cudda'.", "Did you mean 'cuda'? There are: auto, cpu, cuda, mps."],
    ),
    "no trials": (["--trials", "0"], ["at least 1 trial", "not 0", "--trials", "--clock interleaved"]),
    "no trials to settle by": (
        ["--trials", "0", "--clock", "interleaved", "--until-settled"],
        ["--until-settled has nothing to save in 0 blocks"],
    ),
    "fewer than no trials": (["--trials", "-1"], ["not -1", "--trials"]),
    "a negative seed": (["--seed", "-1"], ["A seed is 0 or more, not -1", "--seed"]),
    "no processes": (["--processes", "0"], ["at least 1 process, not 0", "--processes"]),
    "more processes than blocks": (["--trials", "2", "--processes", "3"], ["--processes 2 at most", "--trials"]),
    "none at a time": (["--parallel", "0"], ["At least 1 trial runs at a time, not 0", "--parallel"]),
    "no kind of seat": (["--seats", "locla:4"], ["--seats locla:4 is no kind of seat.", "Did you mean 'local'?"]),
    "seats and trainings at a time": (
        ["--parallel", "2", "--seats", "local:2"],
        ["--parallel 2 and --seats local:2", "--parallel N is --seats local:N"],
    ),
    "an unknown clock": (
        ["--clock", "interleafed"],
        ["Unknown clock 'interleafed'", "--clock", "Did you mean 'interleaved'?"],
    ),
    "no minutes": (["--minutes", "0"], ["--minutes", "positive number, not 0"]),
    "minutes that are no number": (["--minutes", "nan"], ["--minutes", "positive number, not nan"]),
    "no time for a trial": (["--timeout", "0"], ["--timeout", "positive number", "not 0"]),
    "enabling what is on": (
        ["--enable", "silu"],
        ["--enable silu changes nothing", "Try --from baseline --enable silu."],
    ),
    "disabling what is off": (["--from", "baseline", "--disable", "silu"], ["--disable silu changes nothing"]),
    "a start without a toggle": (["--from", "all"], ["--from all alone changes nothing", "--enable or --disable"]),
    "toggles that cancel": (["--from", "baseline", "--enable", "silu", "--disable", "silu"], ["cancel each other"]),
    "an unknown start": (["--from", "nowhere"], ["--from takes 'all' or 'baseline', not 'nowhere'"]),
    "only beside a toggle": (["--only", "silu", "--disable", "tta"], ["--only", "cannot be combined"]),
    "an empty name": (["--disable", "silu,"], ["--disable got an empty name"]),
    "a missing features file": (["--features-from", "mine.py"], ["mine.py"]),
    "a missing registry file": (["--registry", "mine.py"], ["mine.py"]),
    "an option that does not exist": (["--disabel", "silu"], ["--disabel", "--disable"]),
    "a word where a number should be": (["--trials", "five"], ["--trials", "integer"]),
    "an argument too many": (["extra"], ["extra"]),
}


@pytest.mark.parametrize("words", [pytest.param(words, id=case) for case, (words, _) in USAGE.items()])
def test_wrong_usage_of_run(here: Path, ablate: CommandLine, words: list[str]) -> None:
    parts = next(parts for given, parts in USAGE.values() if given == words)
    with untouched(here):
        ablate("run", *words).refused(2, *parts)


COMMANDS = {
    "an unknown command": (["runn"], 2, ["runn"]),
    "an unknown command of a group": (["study", "rnu"], 2, ["rnu"]),
    "an unknown study": (["study", "run", "waterfal"], 2, ["Unknown study 'waterfal'.", "Did you mean 'waterfall'?"]),
    "a missing study file": (["study", "run", "mine.py"], 2, ["Cannot read mine.py: No such file"]),
    "no trials of a study": (["study", "run", "smoke", "--trials", "0"], 2, ["not 0", "--trials"]),
    "a negative seed of a study": (["study", "run", "smoke", "--seed", "-2"], 2, ["not -2", "--seed"]),
    "an unknown preset of a study": (["study", "run", "smoke", "--preset", "ful"], 2, ["Did you mean 'full'?"]),
    "no folder to resume": (["study", "resume", "runs/x"], 2, ["There is no run folder 'runs/x'.", "`ablate list`"]),
    "no run folder to resume": (["study", "resume", "."], 2, ["no study.json"]),
    "no folder to look at": (["study", "status", "runs/x"], 2, ["There is no run folder 'runs/x'."]),
    "an unknown kind of figure": (
        ["figure", "waterfal"],
        2,
        [
            "'waterfal'. Did you mean 'waterfall'? There are: waterfall, effects, frontier, distribution, curves, interactions, ",
            "interactions, shapley, history.",
        ],
    ),
    "an unknown theme": (
        ["figure", "waterfall", "--published", "--theme", "drak", "-o", "x.svg"],
        2,
        ["'drak'. Did you mean 'dark'? There are: light, dark."],
    ),
    "an unknown format of a report": (
        ["report", ".", "--format", "htm"],
        2,
        ["'htm'. Did you mean 'html'? There are: ", "table", "csv", "json", "latex"],
    ),
    "a name that a feature and its group share": (
        ["features", "xyzzy"],
        2,
        ["Choose from: ", " tta, tuning, two_step_newton_schulz"],
    ),
    "no folder to report": (["report", "runs/x"], 2, ["There is no run folder 'runs/x'."]),
    "an unknown feature to show": (["features", "sillu"], 2, ["'sillu'", "Did you mean 'silu'?"]),
    "an unknown data set": (
        ["run", "--data", "cifar1"],
        4,
        ["No data set 'cifar1'", "Did you mean 'cifar10'?", "`ablate data list`", "`ablate data import NAME PATH`"],
    ),
    "an unknown data set of a study": (["study", "run", "smoke", "--data", "synthetik"], 4, ["'synthetic'?"]),
    "nothing to import": (["data", "import", "pets", "pets.tar"], 4, ["pets.tar"]),
    "a reserved name to import": (["data", "import", "auto", "."], 4, ["'auto' is made by the package"]),
    "no logs to import": (["import", "nowhere.log", "--out", "run"], 2, ["nowhere.log"]),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_wrong_usage_of_other_commands(here: Path, ablate: CommandLine, case: str) -> None:
    words, code, parts = COMMANDS[case]
    with untouched(here):
        ablate(*words).refused(code, *parts)


@pytest.mark.parametrize("command", [["run"], ["study", "run", "smoke"]])
def test_a_gpu_that_is_not_here(
    here: Path, ablate: CommandLine, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.training.session.torch.cuda.is_available", lambda: False)
    with untouched(here):
        ablate(*command, "--device", "cuda").refused(
            2, "Device 'cuda' is not available on this machine.", "--device cpu", "ablate doctor"
        )


class TestOut:
    @pytest.mark.parametrize("command", [["run"], ["study", "run", "smoke"]])
    def test_a_run_folder_that_exists(self, here: Path, ablate: CommandLine, command: list[str]) -> None:
        (here / "old").mkdir()
        (here / "old" / "study.json").write_text("{}")
        (here / "old" / "trials.jsonl").write_text("torn")
        with untouched(here):
            ablate(*command, "--out", "old").refused(2, "old exists already", "ablate study resume old")

    def test_something_else_that_exists(self, here: Path, ablate: CommandLine) -> None:
        (here / "notes.txt").write_text("mine")
        with untouched(here):
            ablate("run", "--out", "notes.txt").refused(2, "notes.txt exists already", "Choose another name.")

    def test_a_place_below_a_file(self, here: Path, ablate: CommandLine) -> None:
        (here / "notes.txt").write_text("mine")
        with untouched(here):
            ablate("run", "--out", "notes.txt/run").refused(2, "Cannot create notes.txt/run", "is not a folder")

    def test_a_place_without_permission(self, here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        # Root may write anywhere, and tests are often run by root.
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with untouched(here):
            ablate("run", "--out", "deep/run").refused(2, "Cannot create deep/run", "no permission to write in")

    def test_the_default_place_without_permission(
        self, here: Path, ablate: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with untouched(here):
            ablate("run").refused(2, "Cannot create runs/", "no permission to write in")


FILES = {
    "that raises": (
        "x = 1\n\nraise RuntimeError('no [GPU] here')\n",
        ["mine.py, line 3", "RuntimeError: no [GPU] here"],
    ),
    "that is not Python": ("x = 1\ny = = 2\n", ["mine.py, line 2", "SyntaxError"]),
    "without a feature": ("x = 1\n", ["mine.py defines no Feature", "FEATURE = ablate.Feature("]),
    "with an unknown field": (
        "import ablate\n"
        "FEATURE = ablate.Feature(name='hot', group='architecture', summary='Hot.', patch={'filter_rat': 1.0}, source='here')\n",
        ["mine.py", "'hot'", "unknown field 'filter_rat'", "Did you mean 'filter_rate'?"],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_features_file(here: Path, ablate: CommandLine, case: str) -> None:
    text, parts = FILES[case]
    (here / "mine.py").write_text(text)
    for command in (["run"], ["features"]):
        ablate(*command, "--features-from", "mine.py").refused(2, *parts)
    assert not (here / "runs").exists()


def test_a_registry_file_that_raises(here: Path, ablate: CommandLine) -> None:
    (here / "mine.py").write_text("import ablate\nablate.Registri\n")
    ablate("run", "--registry", "mine.py").refused(2, "mine.py, line 2", "AttributeError", "Registri")


def test_two_features_that_patch_one_field(here: Path, ablate: CommandLine) -> None:
    (here / "mine.py").write_text(
        "import ablate\n"
        "FEATURE = ablate.Feature(name='hot', group='architecture', summary='Hot.', patch={'filter_rate': 0.5}, source='here')\n"
    )
    ablate("run", "--only", "hot,tuning", "--features-from", "mine.py").refused(
        2, "'hot' and 'tuning' both set 'filter_rate'"
    )
    # The default's "all" would hold both.
    ablate("run", "--disable", "silu", "--features-from", "mine.py").refused(
        2, "'hot' and 'tuning' both set 'filter_rate'", "--enable hot --disable tuning", "--from baseline --enable hot"
    )
    said = ablate.ok("run", "--enable", "hot", "--disable", "tuning", "--features-from", "mine.py", "--dry-run")
    assert "all + hot - tuning" in said.out
    assert not (here / "runs").exists()
