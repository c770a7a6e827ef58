"""What tests of exports share: a run folder, and a tracker that remembers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.export import destinations
from ablate.study import Arm, pair
from tests.export import fake_tracker
from tests.export.fake_tracker import KEPT, KIND, Kept
from tests.report.build import failed, resolved, trials_of, write_folder

PAIR = pair(Arm(name="baseline", features=frozenset()), Arm(name="all", features=frozenset({"silu"})))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pair in three blocks: one trial failed for good, one was run again, one has a curve and numbers of its own."""
    study = resolved(PAIR, blocks=3, processes=3)
    trials = trials_of(study)
    trials[1] = failed(trials[1], "out of memory: lower the batch.")
    measured = trials[2].measurements
    assert measured is not None
    trials[2] = replace(
        trials[2],
        measurements=replace(measured, curve=(0.5, 0.93), extra={"perplexity, on held-out text": 3.25}),
        device_before={"temperature_c": 61, "throttle_reasons": ["idle"]},
    )
    first = replace(failed(trials[0]), started_at="2026-01-02T03:04:00+00:00")
    return write_folder(tmp_path / "run", study, [first, *trials])


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """What the tracker "fake" keeps; there is one while the test lasts."""
    kind = destinations._Kind("The fake", fake_tracker.__name__, ("json",), "fake")
    monkeypatch.setattr(destinations, "_KINDS", {**destinations._KINDS, KIND: kind})
    KEPT.clear()
    yield KEPT[""]
    KEPT.clear()
