import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ablate.design import Study
from ablate.errors import UsageError
from ablate.study_files import load_study, study_files
from tests.fakes import HIVE_FEATURES, FakeCatalogue

OWN = tuple(study_files())
ROOT = Path(__file__).parent.parent


def test_the_package_has_its_studies() -> None:
    assert set(OWN) == {"aa", "features", "shapley", "smoke", "waterfall", "waterfall_equal_accuracy"}


@pytest.mark.parametrize("name", OWN)
class TestEveryStudy:
    def test_is_named_after_its_file_and_says_what_it_asks(self, name: str) -> None:
        study = load_study(name)
        assert study.name == name
        assert study.question.endswith("?")

    def test_imports_the_designs_only(self, name: str) -> None:
        tree = ast.parse(study_files()[name].read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert [getattr(node, "module", None) for node in imports] == ["ablate.design"]

    def test_names_features_that_exist_and_loses_no_arm(self, name: str) -> None:
        study = load_study(name)
        assert study.possible(FakeCatalogue()) == study

    def test_every_arm_once_a_block(self, name: str) -> None:
        study = load_study(name)
        assert Counter(spec.arm for spec in study.schedule()) == {arm.name: study.blocks for arm in study.arms}


SIZES = {"aa": (4, 2), "features": (22, 21), "shapley": (64, 7), "smoke": (2, 1), "waterfall": (7, 7)}


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str) -> None:
    study = load_study(name)
    assert (len(study.arms), len(study.contrasts)) == SIZES[name]


def test_the_waterfall_is_the_published_one() -> None:
    steps = [contrast.subject for contrast in load_study("waterfall").contrasts if contrast.kind == "ladder"]
    assert steps == ["optimiser", "augmentation", "compilation", "architecture", "tuning", "tta"]
    equal = load_study("waterfall_equal_accuracy")
    assert len(equal.arms) == 21
    assert equal.contrasts == load_study("waterfall").contrasts


def test_the_features_study_asks_each_feature_twice() -> None:
    kinds = Counter((contrast.kind, contrast.subject) for contrast in load_study("features").contrasts)
    twice = [(kind, name) for kind in ("leave_one_out", "add_one_in") for name in HIVE_FEATURES]
    assert kinds == Counter([*twice, ("total", "all")])


def test_a_file_of_ones_own_works_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from ablate.design import Study, leave_one_out\n"
        "STUDY = Study.of(leave_one_out(['silu', 'tuning']), name='mine', question='Why?', blocks=3, processes=1)\n"
    )
    study = load_study(path)
    assert isinstance(study, Study)
    assert [arm.name for arm in study.arms] == ["all", "all - silu", "all - tuning"]


BROKEN = {
    "line 2: NameError: name 'undefined' is not defined": "x = 1\nundefined\n",
    "line 3: SyntaxError: invalid syntax": "x = 1\ny = 2\nx = = 3\n",
    "line 2: ModuleNotFoundError: No module named 'nowhere_at_all'": "\nimport nowhere_at_all\n",
    "line 2: A seed is 0 or more, not -1": "from ablate.design import *\n"
    "STUDY = Study.of(ladder(), name='x', question='?', seed=-1)\n",
    "line 1: SystemExit: 3": "raise SystemExit(3)\n",
    "STUDY is a int, not a Study": "STUDY = 3\n",
    "defines no STUDY. It defines STUDIES; rename that.": "STUDIES = 3\n",
    "defines no STUDY. Write `STUDY = ": "",
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_study_file_is_named_with_its_line(tmp_path: Path, message: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(BROKEN[message])
    with pytest.raises(UsageError) as caught:
        load_study(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_an_unknown_study_is_named_with_the_near_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"Unknown study 'waterfal'. Did you mean 'waterfall'"):
        load_study("waterfal")
    with pytest.raises(UsageError, match=r"Cannot read .*mine.py: No such file"):
        load_study(tmp_path / "mine.py")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("")
    with pytest.raises(UsageError, match=r"Unknown study 'mine'.*For a file of your own: mine.py"):
        load_study("mine")


def test_loading_a_study_does_not_import_torch() -> None:
    code = (
        "import sys; from ablate.study_files import load_study; load_study('shapley'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
