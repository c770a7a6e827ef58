"""Each field of study.json and of each kind of line in trials.jsonl, added to, removed and mistyped: said in the file's words."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.engine.status import study_status
from ablate.errors import AblateError
from ablate.formats.json_objects import ShapeError, parse
from ablate.formats.printable import printable_lines
from ablate.report import Evidence
from ablate.report.machine import csv_report, json_report
from ablate.report.markdown import markdown_report
from ablate.store.records import Environment
from ablate.store.resolved import ResolvedStudy, SourceFile
from ablate.store.run_folder import RunFolder
from ablate.study import Design
from ablate.study.arms import Arm, Contrast
from ablate.study.schedule import TrialSpec
from tests.report.build import resolved, trials_of, write_folder
from tests.resealing import write_lines, write_study

PYTHONS_WORDS = re.compile(
    r"__init__|\w+Error|positional|argument|NoneType|object at 0x|\bdict\b|'(str|int|float|list)'|subscript|attribute|<class|numpy"
)
SOME_WRONG: tuple[Any, ...] = (None, -1, [], 10**400, "\x1b[31m\n\ud800")
WRONG: tuple[Any, ...] = (*SOME_WRONG, "text", 7, 1.5, True, {}, [[]], {"a": 1}, 2**70, float("nan"))
PAIR = Design(
    arms=(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"}))),
    contrasts=(Contrast(subject="silu", with_arm="all", without_arm="baseline", kind="pair"),),
    left_out=(("impossible", "'a' and 'b' both set 'c'"),),
)
Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that has something in every field."""
    study = resolved(PAIR, blocks=2, processes=2)
    folder = tmp_path_factory.mktemp("sound")
    (folder / "mine.py").write_text("")
    study = replace(
        study,
        features=study.features[5:6],
        groups=study.groups[:1],
        files=(SourceFile(option="--registry", path=str(folder / "mine.py"), sha256="0" * 64),),
        overrides={"curves": True},
        versions={"torch": "2.11.0", "commit": None},
    )

    environment = Environment(
        facts={"device_name": "Imaginary GPU", "memory_bytes": 2**36, "compiling": True, "hip": None}
    )

    def full(trial: Any) -> Any:
        return replace(
            trial,
            measurements=replace(trial.measurements, curve=(0.5, 0.9), compile_seconds=1.0),
            device_before={"power_w": 300.5, "throttle_reasons": ["power_cap"]},
            marks=("warm",),
            error="none, really",
            environment=environment.digest,
        )

    return write_folder(folder / "run", study, trials_of(study), change=full, environments=(environment,))


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where something stands in a JSON value, itself first; of long lists the first and the last entry."""
    yield place
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*place, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*place, index))


def damaged(value: Any, wrongs: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The JSON value with one thing wrong, in every way, and what was done to it."""
    for place in places(value):
        for wrong in wrongs if place else wrongs[1:]:
            whole, parent = _copied(value, place)
            if place:
                parent[place[-1]] = wrong
            yield f"{place} = {wrong!r:.40}", whole if place else wrong
        whole, parent = _copied(value, place)
        if place:
            del parent[place[-1]]
            yield f"{place} removed", whole
        whole, here = _copied(value, (*place, "surprise"))
        if isinstance(here, dict):
            here["surprise"] = 1
            yield f"{place} with a surprise", whole


def _copied(value: Any, place: Place) -> tuple[Any, Any]:
    """A copy, and in it what holds the place."""
    whole = copy.deepcopy(value)
    parent = whole
    for step in place[:-1]:
        parent = parent[step]
    return whole, parent


def read_everything(folder: Path) -> str:
    """What a reader of the folder is told: the error that refuses it, else "" once every text came out harmless."""
    try:
        evidence = Evidence.read(folder)
        study_status(RunFolder.open(folder))
    except AblateError as error:
        return str(error)
    for text in (markdown_report(evidence), csv_report(evidence), json_report(evidence)):
        text.encode()
        assert printable_lines(text) == text
    return ""


@pytest.mark.parametrize("wrongs", [SOME_WRONG, pytest.param(WRONG, marks=pytest.mark.slow)], ids=["some", "every"])
@pytest.mark.parametrize("kind", ["study", "environment", "recipe", "trial"])
def test_whatever_is_wrong_with_a_field_is_said_in_the_files_words(
    sound: Path, tmp_path: Path, kind: str, wrongs: tuple[Any, ...]
) -> None:
    study = json.loads((sound / "study.json").read_text())
    lines = [json.loads(line) for line in (sound / "trials.jsonl").read_text().splitlines()]
    number = next((index for index, line in enumerate(lines) if line["kind"] == kind), -1)
    write_study(tmp_path, study)
    write_lines(tmp_path, lines)
    assert read_everything(tmp_path) == ""
    refused = 0
    for what, value in damaged(study if kind == "study" else lines[number], wrongs):
        if kind == "study":
            write_study(tmp_path, value)
        else:
            write_lines(tmp_path, [value if index == number else line for index, line in enumerate(lines)])
        message = read_everything(tmp_path)
        refused += bool(message)
        assert not PYTHONS_WORDS.search(message), (what, message)
        assert printable_lines(message) == message, (what, message)
        assert not message or message.startswith(str(tmp_path)), (what, message)
        assert not message or kind == "study" or re.search(r"trials.jsonl, line \d+", message), (what, message)
        # These objects may hold any names.
        if "surprise" in what and not re.search(
            r"facts|fields|device_|overrides|versions|arm_features|fingerprints", what
        ):
            assert "has an unknown field 'surprise'" in message, what
    assert refused > 3 * len(wrongs)


SAID = {
    "schedule, entry 2 has an unknown field 'sed'. Did you mean 'seed'?": (("schedule", 1, "seed"), "sed"),
    "schedule, entry 1 lacks 'block'.": (("schedule", 0, "block"), None),
    "the file has an unknown field 'presets'. Did you mean 'preset'?": (("preset",), "presets"),
    "study, arms, entry 2 has an unknown field 'lenght'. Did you mean 'length'?": (
        ("study", "arms", 1, "length"),
        "lenght",
    ),
    "study, contrasts, entry 1 lacks 'kind'.": (("study", "contrasts", 0, "kind"), None),
    "'fingerprints' has no entry for arm 'all'.": (("fingerprints", "all"), None),
}


@pytest.mark.parametrize("said", SAID)
def test_the_place_in_study_json_is_named(sound: Path, tmp_path: Path, said: str) -> None:
    study = json.loads((sound / "study.json").read_text())
    place, name = SAID[said]
    parent = _copied(study, place)[1]
    study, parent = _copied(study, place)
    value = parent.pop(place[-1])
    if name is not None:
        parent[name] = value
    write_study(tmp_path, study)
    with pytest.raises(AblateError) as caught:
        RunFolder.open(tmp_path)
    assert f"study.json does not describe a study: {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("block", "x", "field 'block' is 'x', not a whole number."),
        ("block", 1.0, "field 'block' is 1.0, not a whole number."),
        ("seed", 2**64, "field 'seed' is 18446744073709551616, not a whole number of 64 bits."),
        ("seed", True, "field 'seed' is true, not a whole number."),
        ("arm", None, "field 'arm' is null, not a text."),
        ("arm", "long " * 20, ""),
        ("position", {"a": 1}, "field 'position' is an object, not a whole number."),
    ],
)
def test_a_value_is_shown_beside_what_belongs_there(field: str, value: Any, said: str) -> None:
    line = {"arm": "a", "block": 0, "position": 0, "process": 0, "seed": 1, field: value}
    if not said:
        assert getattr(parse(TrialSpec, line, "the trial"), field) == value
        return
    with pytest.raises(ShapeError) as caught:
        parse(TrialSpec, line, "the trial")
    assert str(caught.value) == said


def test_texts_come_out_printable_but_for_paths_and_commands(sound: Path) -> None:
    study = json.loads((sound / "study.json").read_text())
    study["study"]["question"] = "one\ntwo \x1b[31m"
    study["command"] = ["ablate", "one\ntwo"]
    study["files"][0]["path"] = "/odd\nname.py"
    del study["crc"]
    read = ResolvedStudy.from_json(study)
    assert read.study.question == "one two \\x1b[31m"
    assert read.command == ("ablate", "one\ntwo")
    assert read.files[0].path == "/odd\nname.py"


def test_a_study_may_have_been_seeded_with_a_number_of_any_size(tmp_path: Path) -> None:
    study = resolved(PAIR, seed=2**200, blocks=2, processes=1)
    folder = write_folder(tmp_path / "run", replace(study, overrides={"seed": 2**200}))
    read = RunFolder.open(folder).resolved
    assert read == replace(study, overrides={"seed": 2**200})
    assert str(2**200) in markdown_report(Evidence.read(folder))


def test_a_path_that_is_not_utf8_is_kept_as_it_is(tmp_path: Path) -> None:
    study = replace(resolved(PAIR, blocks=2, processes=1), command=("ablate", "run", "--out", "caf\udce9"))
    folder = write_folder(tmp_path / "run", study)
    assert RunFolder.open(folder).resolved.command[-1] == "caf\udce9"
    markdown_report(Evidence.read(folder)).encode()
