"""What a dry run says of intervals, minutes and other commands; whose spreads it goes by."""

import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ablate.engine.precedent import SPREADS_OPTION
from ablate.lineages.loading import load_registry
from ablate.lineages.study_files import load_study
from ablate.training.kinds import kind_of
from tests.engine.test_precedent import folder
from tests.losses import LOSS
from tests.own_kinds import command_file
from tests.tiny_study import CommandLine, tiny_dataset, untouched

DATA = Path(__file__).parents[2] / "figures" / "data"
"""Real run folders: screenings and ladders by the interleaved clock, features by the trial clock."""

SOME = """
from ablate.study import Study

def study(catalogue):
    return Study.leave_one_out(catalogue, ["tuning", "silu", "compile", "selective_tta"], name="some", blocks=20, processes=5)
"""


def planned(ablate: CommandLine, *words: object, spreads_from: str = "screening") -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        ablate.ok(*words, "--dry-run", "--json", SPREADS_OPTION, DATA / spreads_from).out
    )
    return answer


def commands(said: str) -> list[str]:
    """The commands that a dry run names."""
    return re.findall(r"`(ablate [^`]*)`", said)


def test_what_a_dry_run_tells_to_run_first_keeps_its_conditions(here: Path, ablate: CommandLine) -> None:
    words = ["--recipe", "airbench94", "--clock", "interleaved", "--parallel", "2", "--preset", "mini"]
    said = ablate.ok("study", "run", "features", *words, "--data", "synthetic", "--dry-run").out
    (pilot,) = commands(said)
    assert pilot == (
        "ablate run --trials 3 --processes 3 --recipe airbench94 --clock interleaved --parallel 2 --preset mini --data synthetic"
    )
    with untouched(here):
        first = ablate.ok(*shlex.split(pilot)[1:], "--dry-run").out
    assert "6 rounds of times" in first
    said = ablate.ok("study", "run", "features", "--data-dir", "my sets", "--dry-run").out
    assert commands(said) == ["ablate run --trials 3 --processes 3 --data-dir 'my sets'"]
    own = command_file(here, "[sys.executable, '-S', 'train.py', self.rate]").relative_to(here)
    (here / "train.py").touch()
    said = ablate.ok("study", "run", "features", "--registry", own, "--dry-run").out
    pilot = f"ablate run --trials 3 --processes 3 --registry {own}"
    # How long it takes nobody knows either.
    assert commands(said) == [pilot, pilot]
    ablate.ok(*shlex.split(pilot)[1:], "--dry-run")


def test_a_screening_is_as_wide_as_it_was(here: Path, ablate: CommandLine) -> None:
    """The folder's own three blocks gave half-widths of 0.36 pp and, in the middle, 0.9 % of time."""
    words = [
        "study",
        "run",
        "screening",
        "--clock",
        "interleaved",
        "--parallel",
        "2",
        "--trials",
        "3",
        "--preset",
        "mini",
    ]
    outlook = planned(ablate, *words)["outlook"]
    assert [moment["blocks"] for moment in outlook["moments"]] == [2, 3]
    *averages, total = outlook["effects"]
    assert {each["kind"] for each in averages} == {"screening"}
    assert [each["score"][-1] for each in averages] == pytest.approx([0.36] * 10, rel=0.05)
    assert [each["time_percent"][-1] for each in averages] == pytest.approx([0.9] * 10, rel=0.1)
    # The total has two arms to go by, not twenty-four.
    assert (total["subject"], total["kind"]) == ("all", "total")
    assert total["score"][-1] > 5 * averages[0]["score"][-1]
    assert total["time_percent"][-1] > 2 * averages[0]["time_percent"][-1]
    said = ablate.ok(*words, "--dry-run", SPREADS_OPTION, DATA / "screening").out
    assert re.search(r"^each of 10 averages .*±0\.35 pp ±0\.97 %$", said, re.MULTILINE)
    assert re.search(r"^all  .*±2\.61 pp ±3\.4 %$", said, re.MULTILINE)
    assert "as those of " in said
    assert "figures/data/screening, 3 blocks and 10 rounds of times:" in said


def test_the_screening_named_runs_what_was_sized_and_reaches_the_margins(here: Path, ablate: CommandLine) -> None:
    Path("some.py").write_text(SOME)
    sooner = planned(ablate, "study", "run", "some.py", "--clock", "interleaved", "--preset", "mini")["sooner"]
    assert sooner["goal"] == {"score": 0.05, "time_percent": 0.5, "is_margins": True}
    size, this = sooner["size"], sooner["this"]
    assert sooner["command"] == (
        f"ablate study run screening --trials {size['blocks']} --processes {size['processes']} --clock interleaved --preset mini"
    )
    told = planned(ablate, *shlex.split(sooner["command"])[1:])
    # All ten, although four were asked: that is what the command runs.
    assert len(told["outlook"]["effects"]) == 11
    assert told["minutes"] == pytest.approx(size["minutes"])
    for reached in told["outlook"]["effects"][:-1]:
        assert 0.045 < reached["score"][-1] <= 0.05
        assert reached["time_percent"][-1] <= 0.5
    resized = ["some.py", "--trials", this["blocks"], "--processes", this["processes"]]
    told = planned(ablate, "study", "run", *resized, "--clock", "interleaved", "--preset", "mini")
    assert told["minutes"] == pytest.approx(this["minutes"])
    assert 0.045 < told["outlook"]["effects"][0]["score"][-1] <= 0.05
    assert size["minutes"] < 0.8 * this["minutes"]


def test_times_of_another_clock_are_not_taken(here: Path, ablate: CommandLine) -> None:
    features = ["study", "run", "features", "--preset", "mini"]
    by_trial = planned(ablate, *features)
    assert by_trial["visible"]["time_percent"] is None
    assert by_trial["visible"]["score_change"] > 0
    assert by_trial["sooner"]["goal"]["time_percent"] is None
    assert planned(ablate, *features, spreads_from="features")["visible"]["time_percent"] > 0
    ladder = ["study", "run", "waterfall", "--clock", "interleaved", "--preset", "mini"]
    assert planned(ablate, *ladder, spreads_from="waterfall")["visible"]["time_percent"] is None
    assert planned(ablate, *ladder, spreads_from="waterfall_interleaved")["visible"]["time_percent"] > 0
    said = ablate.ok(*ladder, "--dry-run", SPREADS_OPTION, DATA / "waterfall")
    assert (
        f"{DATA / 'waterfall'} has times by the clock 'trial', which tell nothing of those by 'interleaved'."
        in said.err
    )
    assert "; device_name " in said.err


def test_folders_that_tell_no_spreads_are_refused(here: Path, ablate: CommandLine) -> None:
    folder(here / "loss", score=LOSS)
    folder(here / "short", blocks=2)
    refused = {
        "loss": "--spreads-from loss has scores of ",
        "short": "--spreads-from short tells no spreads: that takes 3 whole blocks of two arms or more, as `ablate run --trials 3 "
        "--processes 3` makes them.",
        "nowhere": "nowhere",
    }
    for name, message in refused.items():
        ended = ablate("run", "--dry-run", SPREADS_OPTION, name)
        ended.refused(2, message)
        assert len([line for line in ended.err.splitlines() if "SYNTHETIC" not in line]) <= 2
    with untouched(here):
        ablate("run", SPREADS_OPTION, "loss").refused(2, "--spreads-from loss changes nothing without --dry-run")


def test_no_gain_of_trainings_side_by_side_is_made_up(here: Path, ablate: CommandLine) -> None:
    words = ["study", "run", "waterfall", "--preset", "mini", "--dry-run"]
    assert "; no gain by 2 at a time is assumed)" in ablate.ok(*words, "--parallel", "2").out
    assert "at a time is assumed" not in ablate.ok(*words).out


def test_a_time_is_priced_by_the_steps_that_the_recipe_runs_for_it(here: Path) -> None:
    registry = load_registry()
    kind, arms = kind_of(registry), load_study("waterfall", registry)
    images = tiny_dataset(num_train=40)
    shares = kind.piece_shares(arms, "mini", images)
    for arm in arms.arms:
        plan = kind.compose(arm, "mini").plan(40)
        assert shares[arm.name] * plan.num_steps == pytest.approx(sum(map(len, plan.sampled().windows)))
    # Of a training of two hundred steps, fifteen.
    every = SimpleNamespace(train_images=range(50_000))
    assert kind.piece_shares(arms, "full", every)["baseline"] == 15 / 200
    # No batch of two thousand can be filled; running says so.
    assert kind.piece_shares(arms, "full", images) == {}


def test_times_alone_are_foreseen_without_a_word_of_scores(here: Path, ablate: CommandLine) -> None:
    words = ["study", "run", "features", "--trials", "0", "--clock", "interleaved", "--preset", "mini"]
    foreseen = planned(ablate, *words)
    (moment,) = foreseen["outlook"]["moments"]
    assert moment["minutes"] == pytest.approx(foreseen["minutes"])
    assert all(effect["score"] == [None] for effect in foreseen["outlook"]["effects"])
    assert all(0 < effect["time_percent"][0] < 10 for effect in foreseen["outlook"]["effects"])
    assert foreseen["visible"]["score_change"] is None
    assert foreseen["sooner"] is None
    said = ablate.ok(*words, "--dry-run", SPREADS_OPTION, DATA / "screening").out
    assert ": 22 arms × 10 rounds of times in 5 processes, " in said
    assert re.search(r"^This study can see [\d.]+ % of time \(80 % power, ", said, re.MULTILINE)
    assert re.search(r"^effect +.*all rounds$", said, re.MULTILINE)
    assert " pp" not in said
    alone = ablate.ok(*words, "--processes", "1", "--dry-run", SPREADS_OPTION, DATA / "screening").out
    assert "This study gives no interval of time: that takes at least two processes, better five." in alone
    unknown = ablate.ok(*words, "--data-dir", "elsewhere", "--data", "synthetic", "--dry-run").out
    assert "What this study can see of time is unknown here; `ablate run --trials 3 --processes 3 --clock" in unknown
