"""`--until-settled` on a recipe of one's own whose trials are a line of arithmetic."""

import json
from pathlib import Path

import pytest

from tests.own_kinds import command_file
from tests.tiny_study import CommandLine, study_json, trial_lines, untouched

SCRIPT = """import json, os, random, sys
rate, layers, width = map(float, sys.argv[1:])
draw = random.Random(os.environ["ABLATE_SEED"] + os.environ["ABLATE_ARM"])
score = 0.7 - 0.5 * abs(rate - 0.1) + 0.02 * layers + 0.004 * width + draw.gauss(0, 0.001)
json.dump({"score": score, "seconds": 0.1 * layers * draw.gauss(1, 0.0001)}, open(os.environ["ABLATE_RESULT"], "w"))
"""


@pytest.fixture
def registry(here: Path) -> list[str]:
    (here / "train.py").write_text(SCRIPT)
    own = command_file(here, "[sys.executable, '-S', 'train.py', self.rate, self.layers, self.width]")
    return ["--registry", str(own), "--out", "out"]


def blocks_of(folder: Path) -> int:
    return len({trial["spec"]["block"] for trial in trial_lines(folder)})


def test_a_dry_run_names_the_looks_and_their_price(here: Path, ablate: CommandLine, registry: list[str]) -> None:
    with untouched(here):
        said = ablate.ok("study", "run", "features", *registry, "--until-settled", "--dry-run").out
        answer = ablate.ok("study", "run", "features", *registry, "--until-settled", "--dry-run", "--json").out
        plain = ablate.ok("study", "run", "features", *registry, "--dry-run", "--json").out
    assert "Looks after 8, 12, 16 of 20 blocks; it stops at the first with every verdict settled." in said
    assert "1.20 times as wide" in said
    assert json.loads(answer)["looks"] == [8, 12, 16]
    assert "looks" not in json.loads(plain)


def test_a_run_stops_when_settled_and_is_resumed_in_vain(here: Path, ablate: CommandLine, registry: list[str]) -> None:
    words = ["run", *registry, "--disable", "deep", "--trials", "20", "--until-settled"]
    ended = ablate.ok(*words)
    assert "Look 1 of 4, after 5 blocks: settled." in ended.err
    assert "Settled: every verdict is there, so nothing more is run." in ended.err
    assert "5 of 20 blocks (look 1 of 4): 99.9911 % intervals, valid for 4 looks." in ended.out
    assert "Only verdicts on Accuracy were waited for" in ended.out
    assert study_json(here / "out")["study"]["looks"] == [5, 10, 15]
    assert blocks_of(here / "out") == 5
    before = (here / "out" / "trials.jsonl").read_bytes()
    again = ablate.ok("study", "resume", "out")
    assert "Settled: every verdict is there, so nothing more is run." in again.err
    assert (here / "out" / "trials.jsonl").read_bytes() == before
    assert again.out == ended.out
    assert ablate.ok("study", "status", "out").out.endswith("Settled; nothing is left to run.\n")
    assert json.loads(ablate.ok("study", "status", "out", "--json").out)["state"] == "settled"
    assert (
        "This study is settled: resuming runs nothing more of it"
        in ablate.ok("study", "resume", "out", "--dry-run").err
    )


def test_the_option_is_recorded_beside_the_others(here: Path, ablate: CommandLine, registry: list[str]) -> None:
    ablate.ok("study", "run", "features", *registry, "--until-settled", "--processes", "1", "--minutes", "0.00001")
    recorded = study_json(here / "out")
    assert recorded["overrides"]["until_settled"] is True
    assert recorded["study"]["looks"] == [5, 10, 15]
    # ended by its minutes, it may go on
    assert blocks_of(here / "out") == 1
    assert "before the first look" in ablate.ok("report", "out").out
    ended = ablate.ok("study", "resume", "out", "--minutes", "0.00001")
    assert "This study stands between its looks, after 1 of 20 blocks." in ended.err
    assert "as long as what it has shown so far is not why it goes on" in ended.err
    assert blocks_of(here / "out") == 2


@pytest.mark.parametrize("command", [["run"], ["study", "run", "features", "--trials", "5"]])
def test_too_few_blocks_to_stop_early_are_refused(
    here: Path, ablate: CommandLine, registry: list[str], command: list[str]
) -> None:
    with untouched(here):
        ablate(*command, *registry, "--until-settled").refused(
            2,
            "--until-settled has nothing to save in 5 blocks: no verdict comes before block 5. Give more, as --trials 20.",
        )


def test_a_study_of_twins_alone_is_refused(here: Path, ablate: CommandLine, registry: list[str]) -> None:
    with untouched(here):
        ablate("study", "run", "aa", *registry, "--until-settled").refused(
            2, "--until-settled has nothing to wait for: study 'aa' asks for no effect, only for its arms."
        )
