import sys
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.study.user_files import run_user_file


def test_a_file_runs_as_a_module_that_dataclasses_find(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import KW_ONLY, dataclass\n"
        "@dataclass\nclass Mine:\n    _: KW_ONLY\n    number: int = 3\n"
    )
    names = run_user_file(file)
    assert is_dataclass(names["Mine"])
    assert sys.modules[names["__name__"]].Mine is names["Mine"]
    assert names["__file__"] == str(file.resolve())


def test_files_of_one_name_do_not_stand_in_for_each_other(tmp_path: Path) -> None:
    modules = set()
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        file = tmp_path / str(number) / "mine.py"
        file.write_text(f"NUMBER = {number}\n")
        names = run_user_file(file)
        assert names["NUMBER"] == number
        modules.add(names["__name__"])
    assert len(modules) == 2


def test_an_edit_within_the_same_second_counts(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    for number in range(3):
        file.write_text(f"NUMBER = {number}\n")
        assert run_user_file(file)["NUMBER"] == number


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "x = 1\nraise SystemExit(3)\n": "line 2: SystemExit: 3",
        "def f():\n    open('nowhere')\n\nf()\n": "line 2: FileNotFoundError: ",
        "import json\n\njson.loads('')\n": "line 3: JSONDecodeError: ",
        "x = = 1\n": "line 1: SyntaxError: invalid syntax",
        "raise ValueError('two\\nlines')\n": "line 1: ValueError: two lines",
    }.items(),
)
def test_what_raises_is_named_with_the_users_own_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        run_user_file(file)
    assert str(caught.value).startswith(f"{file}, {said}")


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read .*: Is a directory\."):
        run_user_file(tmp_path)


MAKERS = """from dataclasses import dataclass, field
import sys
@dataclass(frozen=True, kw_only=True)
class Mine:
    rate: float
    names: dict[str, int] = field(default_factory=dict)
    count: int = 3
neighbour = sys.modules[__name__]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "Mine()": "line 9: TypeError: Mine.__init__() missing 1 required keyword-only argument: 'rate'. "
        "Mine takes rate: float, names: dict[str, int] (optional), count: int = 3, each by its name.",
        "neighbour.Mine(0.1)": "takes 1 positional argument but 2 were given. Mine takes rate: float, ",
        "Mine(rat=0.1)": "got an unexpected keyword argument 'rat'. Did you mean 'rate'? Mine takes rate: float",
        "@dataclass\nclass Other(Mine):\n    low: float = 0.1": "line 9: TypeError: cannot inherit non-frozen dataclass from a "
        "frozen one. Write `@dataclass(frozen=True, kw_only=True)` above the class.",
        "from ablate.store.records import *\nfrom ablate.stats import wilsn": "line 10: ImportError: cannot import name 'wilsn'",
        "@dataclass\nclass Other:\n    low: list = []": "for field low is not allowed: use default_factory. Give a tuple.",
        "from ablate.parts import GeLU": "ImportError: cannot import name 'GeLU' from 'ablate.parts'",
        "class Plain:\n    def __init__(self, x): pass\nPlain()": "missing 1 required positional argument: 'x'",
    }.items(),
)
def test_a_class_that_is_made_wrongly_says_what_it_takes(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"{MAKERS}{text}\n")
    with pytest.raises(UsageError) as caught:
        run_user_file(file)
    assert said in str(caught.value)


def test_a_name_that_a_module_lacks_has_its_near_match(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from ablate.parts import GeLU\n")
    with pytest.raises(UsageError, match=r"Did you mean 'Gelu'\?$"):
        run_user_file(file)
