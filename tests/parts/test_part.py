from dataclasses import FrozenInstanceError, dataclass

import pytest

from ablate.formats.values import jsonable
from ablate.parts import BrightnessContrast, NewtonSchulz, Part, Scale


def test_a_part_says_its_name_version_and_parameters() -> None:
    jitter = BrightnessContrast(brightness=0.1, contrast=0.2)
    assert jitter.to_dict() == {"part": "BrightnessContrast", "version": 1, "brightness": 0.1, "contrast": 0.2}
    assert str(jitter) == "BrightnessContrast(brightness=0.1, contrast=0.2)"


def test_a_raised_version_is_another_part() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Revised(NewtonSchulz):
        version = 2

    Revised.__name__ = "NewtonSchulz"
    assert Revised(a=1, b=2, c=3).to_dict() != NewtonSchulz(a=1, b=2, c=3).to_dict()


def test_parts_inside_parts_and_tuples_become_json() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Chain(Part):
        links: tuple[Part, ...]

    links = Chain(links=(Scale(width=0.25),)).to_dict()["links"]
    assert links == [{"part": "Scale", "version": 1, "width": 0.25, "images": 1, "batch": 1, "epochs": 1}]


@pytest.mark.parametrize(("one", "other"), [(8, 8.0), (0, -0.0), ((1.0, 2), (1, 2.0))])
def test_equal_numbers_are_spelled_alike(one: object, other: object) -> None:
    assert repr(jsonable(one)) == repr(jsonable(other))


def test_parts_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Scale().width = 0.5


def test_a_longer_scale_changes_only_the_epochs() -> None:
    assert Scale(width=0.25, epochs=0.5).lengthened(1.2) == Scale(width=0.25, epochs=0.6)
