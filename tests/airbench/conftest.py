"""Small sets in airbench's own files."""

from pathlib import Path

import pytest
import torch

from ablate.airbench import source
from ablate.datasets import Dataset, synthetic
from ablate.datasets.home import HOME_VARIABLE
from tests.airbench.little_sets import NUM_TEST, NUM_TRAIN, write


@pytest.fixture(scope="session")
def little() -> Dataset:
    """The beginning of the synthetic set."""
    return synthetic.generate((NUM_TRAIN, NUM_TEST))


@pytest.fixture
def folder(tmp_path: Path, little: Dataset) -> Path:
    """A folder with train.pt and test.pt."""
    return write(
        tmp_path / "cifar10",
        (torch.tensor(little.train_images), torch.tensor(little.train_labels)),
        (torch.tensor(little.test_images), torch.tensor(little.test_labels)),
    )


@pytest.fixture(autouse=True)
def no_data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data home, and a synthetic set that is nobody else's."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    source._synthetic.cache_clear()
    return tmp_path / "home"
