"""What tests of whole commands share."""

from pathlib import Path

import pytest

from tests.tiny_study import CommandLine, make_everything_tiny, without_figures


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory in which studies are tiny and reports have no figures."""
    make_everything_tiny(monkeypatch, tmp_path)
    without_figures(monkeypatch)
    return tmp_path


@pytest.fixture
def ablate(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, called in this process."""
    return CommandLine(capsys)
