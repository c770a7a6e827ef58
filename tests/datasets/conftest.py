import hashlib
from pathlib import Path

import pytest

from ablate.datasets import official
from tests.datasets.archives import official_files


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def genuine(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Official files small enough for a test, taken for the published ones."""
    files = official_files()
    checksums = {name.rpartition("/")[2]: hashlib.md5(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(official, "FILE_MD5", checksums)
    return files
