import json

import pytest
import typer
from typer.testing import CliRunner

from ablate.cli.doctor import doctor
from ablate.doctor.finding import Finding, ok, problem, warning


def run(findings: list[Finding], *words: str, monkeypatch: pytest.MonkeyPatch, columns: str = "160") -> tuple[int, str]:
    monkeypatch.setattr("ablate.cli.doctor.examine", lambda device, data_dir, *, recipe, registry: findings)
    app = typer.Typer()
    app.command()(doctor)
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": columns})
    return result.exit_code, result.stdout


def test_the_command_prints_a_table_and_the_verdict_last(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [ok("disk", "'runs' [old], 9 GiB free"), warning("load", "3.0 tasks", "wait")]
    code, out = run(findings, monkeypatch=monkeypatch)
    assert code == 0
    # Square brackets in what was seen are text, not Rich's markup.
    assert "'runs' [old], 9 GiB free" in out
    assert out.rstrip().endswith("Trials can run here, but load may spoil their numbers.")


def test_a_narrow_terminal_cuts_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    remedy = f"set TORCHINDUCTOR_CACHE_DIR to {'/'.join(['/long'] * 20)}"
    _, out = run([warning("compile cache", "unwritable", remedy)], monkeypatch=monkeypatch, columns="60")
    assert "…" not in out
    assert out.count("/") == remedy.count("/")


def test_the_command_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out = run([problem("disk", "none", "free some")], "--json", monkeypatch=monkeypatch)
    assert code == 1
    assert json.loads(out) == {
        "verdict": "Trials cannot run here as asked: disk.",
        "findings": [{"check": "disk", "status": "problem", "seen": "none", "remedy": "free some"}],
    }
