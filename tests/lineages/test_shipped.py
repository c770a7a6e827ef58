"""The names that need no torch are those of the registry that does."""

from itertools import combinations

import pytest

from ablate.errors import UsageError
from ablate.lineages import shipped
from ablate.lineages.loading import load_registry
from ablate.lineages.shipped import ShippedCatalogue, installed_features

REGISTRY = load_registry()
CATALOGUE = ShippedCatalogue()


def test_it_is_the_registry_by_name() -> None:
    assert tuple(CATALOGUE.names) == REGISTRY.names, "a new feature of the package is named in groups.HIVE_FEATURES too"
    assert list(CATALOGUE.features) == list(REGISTRY.features)
    assert list(CATALOGUE.groups.items()) == list(REGISTRY.groups.items())
    for name in (*REGISTRY.names, *REGISTRY.groups):
        assert CATALOGUE.expand((name,)) == REGISTRY.expand((name,))


def test_every_combination_is_as_possible_as_the_registry_says() -> None:
    for chosen in (*combinations(REGISTRY.names, 2), REGISTRY.names):
        assert REGISTRY.reason_impossible(chosen) is None
        assert CATALOGUE.reason_impossible(chosen) is None


def test_an_unknown_name_has_its_near_match() -> None:
    with pytest.raises(UsageError, match=r"Unknown feature or group 'sillu'\. Did you mean 'silu'\?"):
        CATALOGUE.reason_impossible(["sillu"])


@pytest.mark.parametrize("found", [(), ("a plug-in",)])
def test_whether_packages_add_features(found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "entry_points", lambda group: found if group == "ablate.features" else ())
    assert installed_features() == bool(found)
