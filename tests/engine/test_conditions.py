from dataclasses import replace
from pathlib import Path

import pytest

from ablate.engine.conditions import differences, marks_for
from ablate.errors import UsageError
from ablate.store.records import Environment
from ablate.store.resolved import FeatureRecord, SourceFile
from tests.fakes import resolved_study

FACTS = {"commit": "a" * 40, "torch": "2.11.0", "device_name": "A100", "hostname": "one", "cpp_compiler": None}


def feature(name: str, digest: str = "1" * 64) -> FeatureRecord:
    return FeatureRecord(name=name, group="g", summary="Does it.", source="here", digest=digest)


RECORDED = replace(
    resolved_study(),
    features=(feature("a"), feature("b")),
    versions={"ablate": "0.1.0", "commit": "a" * 40, "python": "3.12.1", "torch": "2.11.0"},
)


def shown(now, **environments) -> list[str]:  # type: ignore[no-untyped-def]
    return [str(difference) for difference in differences(RECORDED, now, **environments)]


def test_nothing_differs_and_nothing_is_marked() -> None:
    same = Environment(facts=FACTS)
    assert differences(RECORDED, RECORDED, environments=[same], environment=same) == ()
    assert marks_for((), allow_mixed=False) == ()


def test_a_changed_feature_is_refused_by_name() -> None:
    now = replace(
        RECORDED,
        features=(feature("a"), feature("b", "2" * 64)),
        fingerprints={**RECORDED.fingerprints, "all": "other", "all - a": "other"},
    )
    found = differences(RECORDED, now)
    assert [str(one) for one in found] == ["feature 'b' was 111111111111, is 222222222222"]
    with pytest.raises(UsageError, match=r"feature 'b' was .*--allow-mixed"):
        marks_for(found, allow_mixed=False)
    assert marks_for(found, allow_mixed=True) == ("mixed: features",)


def test_a_feature_that_is_gone_is_named() -> None:
    assert shown(replace(RECORDED, features=(feature("a"),))) == ["feature 'b' was 111111111111, is gone"]


def test_a_changed_baseline_is_found_where_no_feature_explains_it() -> None:
    now = replace(RECORDED, fingerprints={arm: "other" for arm in RECORDED.fingerprints})
    assert [line.split(" was ")[0] for line in shown(now)] == [
        *("recipe of arm 'all'", "recipe of arm 'all - a'", "recipe of arm 'all - b'"),
    ]


def test_other_data_are_found() -> None:
    now = replace(RECORDED, data_digest="e" * 64)
    assert shown(now) == ["data set synthetic was dddddddddddd, is eeeeeeeeeeee"]
    assert marks_for(differences(RECORDED, now), allow_mixed=True) == ("mixed: data",)


def test_the_environment_of_the_last_trials_is_compared_where_there_is_one() -> None:
    first = Environment(facts={**FACTS, "torch": "1.0"})
    last, here = Environment(facts=FACTS), Environment(facts={**FACTS, "torch": "2.15.0", "commit": "b" * 40})
    found = differences(RECORDED, RECORDED, environments=[first, last], environment=here)
    assert [str(one) for one in found] == ["commit was aaaaaaaaaaaa, is bbbbbbbbbbbb", "torch was 2.11.0, is 2.15.0"]
    assert marks_for(found, allow_mixed=True) == ("mixed: code", "mixed: torch")


def test_facts_that_do_not_matter_are_not_compared() -> None:
    here = Environment(facts={**FACTS, "hostname": "two", "new_fact": 1, "cuda": "12.4"})
    assert differences(RECORDED, RECORDED, environments=[Environment(facts=FACTS)], environment=here) == ()


def test_before_the_first_trial_the_versions_in_the_study_are_compared() -> None:
    now = replace(RECORDED, versions={**RECORDED.versions, "torch": "2.15.0", "commit": None}, device="cpu")
    assert shown(now) == [
        "commit was aaaaaaaaaaaa, is unknown",
        "torch was 2.11.0, is 2.15.0",
        "device was fake, is cpu",
    ]


def test_an_edited_registry_file_is_told_although_no_parameter_changed(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text("x = 1\n")
    recorded = replace(RECORDED, files=(SourceFile.of("--registry", path),))
    path.write_text("x = 2\n")
    now = replace(recorded, files=(SourceFile.of("--registry", path),))
    (found,) = differences(recorded, now)
    assert found.kind == "recipe"
    assert str(path) in str(found)
    assert differences(recorded, recorded) == ()
