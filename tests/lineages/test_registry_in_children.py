from pathlib import Path

import pytest

import ablate
from ablate.errors import UsageError


def test_a_registry_made_in_python_is_not_lost_on_the_way_to_a_child(tmp_path: Path) -> None:
    registry = ablate.load_registry()
    study = ablate.Study.leave_one_out(registry, ["silu"], blocks=2, processes=1, data="synthetic", preset="mini")
    with pytest.raises(UsageError, match=r"A time limit needs child processes.*registry_file"):
        ablate.run(study, registry=registry, timeout_seconds=60, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())
