import ast
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from ablate.errors import UsageError
from ablate.formats.canonical import digest
from ablate.lineages.lookup import find_lineage
from ablate.lineages.study_files import load_study, recipe_of, study_files
from ablate.study import Study
from ablate.study.ladders import Ladder, Rung
from tests.fakes import HIVE_FEATURES, FakeCatalogue

OWN = tuple(study_files())
FOR_EVERY_RECIPE = tuple(name for name in OWN if recipe_of(name) is None)
ROOT = Path(__file__).parents[2]


def test_the_package_has_its_studies() -> None:
    assert set(OWN) == {
        *("aa", "features", "published", "screening", "shapley", "smoke", "waterfall", "waterfall_equal_accuracy"),
        *("airbench94_features", "beyond", "data_order", "data_selection", "fastcifar10", "germer", "past_the_record"),
        *(
            "past_the_record_equal_accuracy",
            "past_the_record_screening",
            "past_the_record_shapley",
            "past_the_record_steps",
        ),
        "precision",
    }


def test_some_studies_are_about_a_recipe_of_their_own() -> None:
    assert {name: recipe_of(name) for name in OWN if recipe_of(name)} == {
        "airbench94_features": "airbench94",
        "beyond": "airbench94_muon",
        "data_order": "airbench94",
        "data_selection": "airbench94",
        "fastcifar10": "fastcifar10",
        "germer": "germer",
        "past_the_record": "airbench94_muon",
        "past_the_record_equal_accuracy": "airbench94_muon",
        "past_the_record_screening": "airbench94_muon",
        "past_the_record_shapley": "airbench94_muon",
        "past_the_record_steps": "airbench94_muon",
        "precision": "hlb",
    }


@pytest.mark.parametrize("name", OWN)
class TestEveryStudy:
    def test_is_named_after_its_file_and_says_what_it_asks(self, name: str) -> None:
        study = load_study(name)
        assert study.name == name
        assert study.question.endswith("?")

    def test_imports_the_designs_only(self, name: str) -> None:
        tree = ast.parse(study_files()[name].read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert [getattr(node, "module", None) for node in imports] == ["ablate.study"]

    def test_names_features_that_exist_and_loses_no_arm(self, name: str) -> None:
        study = load_study(name)
        assert study.possible(find_lineage(recipe_of(name))) == study

    def test_every_arm_once_a_block(self, name: str) -> None:
        study = load_study(name)
        assert Counter(spec.arm for spec in study.schedule()) == {arm.name: study.blocks for arm in study.arms}


AS_EVER = {
    "airbench94_features": "0c4d0c2cf667c4df781219a93b984fc3ac9778ead52661a252946531a2bc3f24",
    "aa": "0100c88dce59bbfee43736424a765382cc4858b556c2da94ad539f56dea9cea9",
    "beyond": "0b94e6c05f453243c099fd2946f1f4855f25597cb81aba9cc70e9e502fa8fafc",
    "data_order": "4668ec9a09263cf463ec287b501646646f632fa74165e0f8bae8a6e4ece6f571",
    "data_selection": "5dd2d2071d0200aa13d35fc4c0698417e58de830e1b3b969f5b72e1eeb888445",
    "features": "677a8962eab07f1d7b7c55aac09a8cb2ae287b633b85ac6c420dcf6aaf4faa6c",
    "fastcifar10": "39f087e872e783133a238308a6f3621da493d914b42695aa96523b27d1bcdbd2",
    "germer": "f749a5b17197fcb756f883821e6f691758a1a307ddef4f8db663e2e78002fe20",
    "past_the_record": "3ceb2f55d6cbbb5331d3031b5d91f5baaae9af134bfad556c0744106b96445c2",
    "past_the_record_equal_accuracy": "f9ab1140ddc20cf0041cdab3c8beb516a9352009453d3f1750b1e84d95e73b81",
    "past_the_record_screening": "ba715aa68bbada67e2f368d9d3a5f83534a6546d4316a91eb8294a572227f608",
    "past_the_record_shapley": "c20ab9b14d7675ab9b5365d7df722b89df714bf95657ed9aec871047bcd82abf",
    "past_the_record_steps": "8e938154d5f6161868c048547dc556655fc833e6c7ea772ac7e57173f3b06796",
    "precision": "2c033770ff15b46b34d5cea08f0d665bd543246639c46462a25bdcd98adcfd7b",
    "published": "c60d215654461ac61c8d84ed3c5ec215b6a4d580eb2f9652eb80b966ffaac819",
    "screening": "ee9f828456ca399af339344fa11ab50768a8ea48a3b87ca915ad743195c37adf",
    "shapley": "3f5d496cb67717cc6b541defc8fb4150a16aaea2c289e82897f00872b559d46f",
    "smoke": "e9f9d40a56756b91c2a9f4f3fb3509a944fb9f177e53b484b588efa64613d01c",
    "waterfall": "5e3c9960905ef8693e3cc95de7de19a04096205bc88322113ed6e6359af992e4",
    "waterfall_equal_accuracy": "11ccbbbba5f9d993a0fdbe073b659f2df29224c28dbbc1843bf6c71b3fdb47d9",
}
"""Arms, contrasts and settings of the time when the files named the Hive's features themselves."""


@pytest.mark.parametrize("name", OWN)
def test_the_packages_own_registry_gives_the_studies_it_always_gave(name: str) -> None:
    assert digest(load_study(name).to_json()) == AS_EVER[name]


class TestAnotherCatalogue:
    OTHER: ClassVar = {"soft": "shape", "hot": "rates", "cold": "rates", "sharp": "shape"}

    def arms(self, name: str, catalogue: FakeCatalogue) -> list[str]:
        return [arm.name for arm in load_study(name, catalogue).arms]

    def test_its_own_groups_are_the_steps(self) -> None:
        catalogue = FakeCatalogue(self.OTHER)
        assert self.arms("waterfall", catalogue) == ["baseline", "+ shape", "+ rates"]
        assert self.arms("shapley", catalogue) == ["baseline", "{shape}", "{rates}", "all"]
        assert self.arms("smoke", catalogue) == ["all", "all - rates"]
        assert self.arms("aa", catalogue) == ["baseline", "all", "baseline (twin)", "all (twin)"]
        assert len(self.arms("waterfall_equal_accuracy", catalogue)) == 9
        for name in ("aa", "smoke"):
            whole = next(arm for arm in load_study(name, catalogue).arms if arm.name == "all")
            assert whole.features == {"shape", "rates"}

    def test_its_own_features_are_asked_twice_each(self) -> None:
        contrasts = load_study("features", FakeCatalogue(self.OTHER)).contrasts
        assert {(contrast.kind, contrast.subject) for contrast in contrasts} == {
            ("total", "all"),
            *((kind, name) for kind in ("leave_one_out", "add_one_in") for name in self.OTHER),
        }

    def test_a_feature_that_cannot_join_the_others_is_asked_about_alone(self) -> None:
        study = load_study("features", FakeCatalogue(self.OTHER, excludes={"cold": "hot"}))
        kinds = {contrast.kind for contrast in study.contrasts if contrast.subject == "cold"}
        assert kinds == {"add_one_in"}
        assert study.left_out == (("all + cold", "'cold' excludes 'hot'"),)
        whole = next(arm for arm in study.arms if arm.name == "all")
        assert whole.features == {"soft", "hot", "sharp"}

    def test_a_group_that_cannot_join_is_left_out_with_what_to_do(self) -> None:
        study = load_study("waterfall", FakeCatalogue(self.OTHER, excludes={"hot": "sharp"}))
        # `sharp` was added last, so its group goes.
        assert [arm.name for arm in study.arms] == ["baseline", "+ rates"]
        reason = "'hot' excludes 'sharp'; give 'sharp' a Group of its own to keep 'shape'"
        assert study.left_out == (("all + shape", reason),)

    def test_one_group(self) -> None:
        catalogue = FakeCatalogue({"hot": "rates", "cold": "rates"})
        assert self.arms("waterfall", catalogue) == ["baseline", "+ rates"]
        assert self.arms("shapley", catalogue) == ["baseline", "all"]
        assert self.arms("smoke", catalogue) == ["all", "baseline"]

    def test_only_published_steps_are_called_so(self) -> None:
        assert "published" in load_study("waterfall").question
        assert "published" not in load_study("waterfall", FakeCatalogue(self.OTHER)).question

    def test_too_many_groups_for_shapley(self) -> None:
        many = FakeCatalogue({f"feature_{number}": f"group_{number}" for number in range(8)})
        with pytest.raises(
            UsageError, match=r"^Study 'shapley': Exact Shapley values take 7 names at most, here are 8"
        ):
            load_study("shapley", many)

    def test_the_published_study_takes_its_first_ladder(self) -> None:
        rungs = (
            Rung(title="plain", epochs=16.0, source="there"),
            Rung(title="Rates", adds=("rates",), epochs=12.0, source="there"),
        )
        ladder = Ladder(slug="steps", title="Steps", unit="epochs", device="there", rungs=rungs)
        study = load_study("published", FakeCatalogue(self.OTHER, published=[ladder]))
        assert [(arm.name, arm.length) for arm in study.arms] == [("baseline", 2.0), ("+ rates", 1.5)]
        with pytest.raises(UsageError, match="Study 'published': Nothing was published about this registry"):
            load_study("published", FakeCatalogue(self.OTHER))

    def test_the_published_study_takes_the_ladder_that_is_named(self) -> None:
        rungs = (
            Rung(title="plain", seconds=2.0, source="there"),
            Rung(title="a", adds=("rates",), seconds=1, source="there"),
        )
        first = Ladder(slug="steps", title="Steps", unit="seconds", device="there", rungs=rungs)
        other = replace(first, slug="other", rungs=(rungs[0], replace(rungs[1], adds=("shape",))))
        catalogue = FakeCatalogue(self.OTHER, published=[first, other])
        assert [arm.name for arm in load_study("published", catalogue, ladder="other").arms] == ["baseline", "+ shape"]
        assert load_study("published", catalogue, ladder="steps") == load_study("published", catalogue)
        with pytest.raises(
            UsageError, match=r"Study 'published': There is no published ladder 'othr'\. Did you mean 'other'"
        ):
            load_study("published", catalogue, ladder="othr")

    @pytest.mark.parametrize("text", [None, "from ablate.study import Study\nSTUDY = None\n"])
    def test_a_study_of_no_ladder_takes_none(self, tmp_path: Path, text: str | None) -> None:
        path = tmp_path / "waterfall.py"
        if text is not None:
            path.write_text(text)
        with pytest.raises(
            UsageError, match="Study 'waterfall' is not made of a published ladder, so --ladder steps changes"
        ):
            load_study("waterfall" if text is None else path, FakeCatalogue(self.OTHER), ladder="steps")

    def test_the_screening_takes_a_resolution_and_no_other_study_does(self) -> None:
        catalogue = FakeCatalogue()
        assert len(load_study("screening", catalogue).arms) == 24
        assert len(load_study("screening", catalogue, resolution=5).arms) == 32
        with pytest.raises(UsageError, match=r"Study 'screening': A screening has resolution 4 or 5, not 6"):
            load_study("screening", catalogue, resolution=6)
        with pytest.raises(
            UsageError, match="'aa' is no screening, so --resolution 5 changes nothing; study 'screening'"
        ):
            load_study("aa", catalogue, resolution=5)

    @pytest.mark.parametrize("name", sorted({*FOR_EVERY_RECIPE} - {"published"}))
    def test_a_registry_without_features_has_nothing_to_study(self, name: str) -> None:
        with pytest.raises(UsageError, match="This registry has no features that a study could put on"):
            load_study(name, FakeCatalogue({}))


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
        "from ablate.study import Study, leave_one_out\n"
        "STUDY = Study.of(leave_one_out(['silu', 'tuning']), name='mine', question='Why?', blocks=3, processes=1)\n"
    )
    study = load_study(path)
    assert isinstance(study, Study)
    assert [arm.name for arm in study.arms] == ["all", "all - silu", "all - tuning"]


def test_a_function_of_the_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from ablate.study import Catalogue, Study\n"
        "def study(catalogue: Catalogue) -> Study:\n"
        "    return Study.ladder(catalogue, name='mine', blocks=5)\n"
    )
    assert len(load_study(path).arms) == 7
    assert [arm.name for arm in load_study(path, FakeCatalogue({"hot": "rates"})).arms] == ["baseline", "+ rates"]


FUNCTION = "def study(catalogue):\n    "

BROKEN = {
    "line 2: ZeroDivisionError: division by zero": f"{FUNCTION}return 1 / 0\n",
    "line 3: A seed is 0 or more, not -1": f"from ablate.study import *\n{FUNCTION}return Study.ladder(catalogue, seed=-1)\n",
    "line 2: Unknown feature or group 'silo'. Did you mean 'silu'?": f"{FUNCTION}return catalogue.expand(['silo'])\n",
    "study(catalogue) returned a NoneType, not a Study": f"{FUNCTION}pass\n",
    "study() is called with the registry's catalogue: write `def study(catalogue": "def study():\n    pass\n",
    "defines no STUDY. It defines study; rename that.": "study = 3\n",
    "line 2: NameError: name 'undefined' is not defined": "x = 1\nundefined\n",
    "line 3: SyntaxError: invalid syntax": "x = 1\ny = 2\nx = = 3\n",
    "line 2: ModuleNotFoundError: No module named 'nowhere_at_all'": "\nimport nowhere_at_all\n",
    "line 2: A seed is 0 or more, not -1": "from ablate.study import *\n"
    "STUDY = Study.of(ladder(['tta']), name='x', question='?', seed=-1)\n",
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
    code = "import sys; from ablate.lineages.study_files import load_study; load_study('shapley'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


class TestTheRecipeAStudyIsAbout:
    def test_is_read_without_running_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.py"
        path.write_text('RECIPE = "airbench95"\nraise SystemExit("run")\n')
        assert recipe_of(path) == "airbench95"
        path.write_text("RECIPE = some_name\n")
        assert recipe_of(path) is None
        path.write_text("RECIPE = (\n")
        assert recipe_of(path) is None

    def test_makes_its_study(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.py"
        path.write_text(
            'from ablate.study import Study\nRECIPE = "airbench95"\n'
            "def study(catalogue):\n    return Study.leave_one_out(catalogue)\n"
        )
        assert "all - wider" in [arm.name for arm in load_study(path).arms]

    def test_of_a_file_that_is_not_there(self) -> None:
        with pytest.raises(UsageError, match=r"Cannot read nowhere/at_all\.py"):
            recipe_of("nowhere/at_all.py")
