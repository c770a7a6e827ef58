from pathlib import Path

import pytest

from ablate.lineages.airbench94_muon.lineage import GROUPS
from ablate.store.resolved import ResolvedStudy
from ablate.study import Contrast, add_one_in, combine, ladder, leave_one_out, with_twin
from tests.fakes import HIVE_SLUGS
from tests.report.build import failed, resolved, trials_of, write_folder


@pytest.fixture(scope="session")
def ladder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published ladder with a twin of its baseline: nothing to warn of."""
    study = resolved(with_twin(ladder(HIVE_SLUGS)), name="waterfall", blocks=10, processes=5)
    savings = {group.slug: group.published_percent / 100 for group in GROUPS}
    path = tmp_path_factory.mktemp("runs") / "waterfall"
    return write_folder(path, study, trials_of(study, savings=savings, gains={"tuning": 0.004, "tta": -0.003}))


@pytest.fixture(scope="session")
def features_study() -> ResolvedStudy:
    names = ("silu", "selective_tta", "vectorised_crop")
    design = combine(leave_one_out(names), add_one_in(names))
    return resolved(design, name="features", blocks=6, processes=2, preset="mini", data="cifar10-jpeg")


@pytest.fixture(scope="session")
def features_folder(features_study: ResolvedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three features both ways, small: with failures, a smaller preset and other data to warn of."""
    trials = trials_of(features_study, savings={"silu": 0.02, "selective_tta": 0.023}, gains={"silu": 0.004})
    trials[3], trials[10] = failed(trials[3]), failed(trials[10], "took longer than 60 s.", "timeout")
    return write_folder(tmp_path_factory.mktemp("runs") / "features", features_study, trials)


@pytest.fixture
def pair_contrast() -> Contrast:
    return Contrast(subject="silu", with_arm="all", without_arm="baseline", kind="pair")
