import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ablate.cli.data import app
from ablate.datasets import official
from ablate.datasets.official import OfficialArchive
from ablate.errors import DataError
from tests.datasets.archives import picture_files, write_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "pictures", picture_files())


def test_import_prints_a_table_and_list_the_same(tmp_path: Path, source: Path) -> None:
    home = ["--data-dir", str(tmp_path / "home")]
    imported = CliRunner().invoke(app, ["import", "pets", str(source), *home])
    assert imported.exit_code == 0
    assert imported.stderr == ""
    assert "pets" in imported.stdout
    assert "pictures" in imported.stdout
    listed = CliRunner().invoke(app, ["list", *home])
    assert listed.stdout == imported.stdout


def test_json_holds_counts_digest_and_classes(tmp_path: Path, source: Path) -> None:
    home = ["--data-dir", str(tmp_path / "home"), "--json"]
    imported = json.loads(CliRunner().invoke(app, ["import", "pets", str(source), *home]).stdout)
    assert (imported["name"], imported["train_count"], imported["test_count"]) == ("pets", 6, 6)
    assert imported["classes"] == ["ant", "bee", "cow"]
    assert len(imported["digest"]) == 64
    assert json.loads(CliRunner().invoke(app, ["list", *home]).stdout) == [imported]


def test_a_taken_name_needs_replace(tmp_path: Path, source: Path) -> None:
    command = ["import", "pets", str(source), "--data-dir", str(tmp_path / "home")]
    CliRunner().invoke(app, command)
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, DataError)
    assert "--replace" in str(refused.exception)
    assert CliRunner().invoke(app, [*command, "--replace"]).exit_code == 0


def test_an_empty_home_says_how_to_fill_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["list", "--data-dir", str(tmp_path / "none")])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "ablate data fetch" in result.stderr
    as_json = CliRunner().invoke(app, ["list", "--json", "--data-dir", str(tmp_path / "none")])
    assert json.loads(as_json.stdout) == []


def test_a_damaged_set_is_listed_and_is_an_error(tmp_path: Path, source: Path) -> None:
    home = ["--data-dir", str(tmp_path / "home")]
    CliRunner().invoke(app, ["import", "pets", str(source), *home])
    (labels,) = (tmp_path / "home").glob("*/train_labels.npy")
    np.save(labels, np.load(labels)[::-1])
    assert CliRunner().invoke(app, ["list", *home]).exit_code == 0
    verified = CliRunner().invoke(app, ["list", "--verify", *home])
    assert "damaged" in verified.stdout
    assert isinstance(verified.exception, DataError)
    assert "no longer has the digest" in str(verified.exception)


def test_fetch_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(official, "ARCHIVE", OfficialArchive("http://127.0.0.1:9/none.tar.gz", 1, "0"))
    result = CliRunner().invoke(app, ["fetch", "--data-dir", str(tmp_path / "home")])
    assert isinstance(result.exception, DataError)
    assert "ablate data import cifar10 FILE" in str(result.exception)


def test_neither_the_command_nor_the_data_layer_imports_torch() -> None:
    code = "import sys, ablate.cli.data, ablate.datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
