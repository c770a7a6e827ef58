import pytest

from ablate.cli.state import command_line, set_command_line
from ablate.formats.secrets import without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:p%40ss@host:5432/runs", "postgresql://me:...@host:5432/runs"),
        ("http://:only@host", "http://:...@host"),
        ("https://host/?a=b&write_token=abc&c=d", "https://host/?a=b&write_token=...&c=d"),
        ("https://host:8080/path", "https://host:8080/path"),
        ("sqlite:////home/me/runs.db", "sqlite:////home/me/runs.db"),
        ("all - silu @ 0.85: a:b@c", "all - silu @ 0.85: a:b@c"),
    ],
)
def test_passwords_and_tokens_are_not_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def test_the_record_of_a_command_has_none() -> None:
    before = command_line()[1:]
    set_command_line(["run", "--track-uri", "http://me:secret@host"])
    try:
        assert command_line() == ("ablate", "run", "--track-uri", "http://me:...@host")
    finally:
        set_command_line(before)
