import contextlib
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from ablate import datasets
from ablate.datasets import official, synthetic
from ablate.datasets.official import OfficialArchive
from ablate.errors import DataError
from tests.datasets.archives import picture_files, write_tar


class Server(HTTPServer):
    """Answers every request with `status` and the first `sent` bytes of `content`."""

    content = b""
    status = 200
    sent: int | None = None


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        # A client that has seen enough hangs up.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(self.server.content[: self.server.sent])

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server(tmp_path: Path, genuine: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine that stands for the official one, with a small archive."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Server(("127.0.0.1", 0), Handler) as made:
        made.content = write_tar(tmp_path / "official.tar.gz", genuine, mode="w:gz").read_bytes()
        md5 = hashlib.md5(made.content).hexdigest()
        url = f"http://127.0.0.1:{made.server_port}/cifar.tar.gz"
        monkeypatch.setattr(official, "ARCHIVE", OfficialArchive(url, len(made.content), md5))
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_fetch_downloads_once_and_keeps_only_the_set(server: Server, home: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    fetched = datasets.fetch(home, lambda *call: calls.append(call))
    assert ("downloading", len(server.content), len(server.content)) in calls
    server.status = 500
    assert datasets.fetch(home).digest == fetched.digest
    assert [entry.name for entry in datasets.installed(home)] == ["cifar10"]
    assert not list(home.glob("download*"))
    assert datasets.resolve("auto", home) == "cifar10"
    assert datasets.load("auto", home).name == "cifar10"


def test_loading_cifar10_downloads_it_where_it_is_not_here(server: Server, home: Path) -> None:
    lines: list[str] = []
    assert datasets.load("cifar10", home, announce=lines.append).name == "cifar10"
    assert len(lines) == 1
    assert "downloading" in lines[0]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"status": 404}, r"answered 404"),
        ({"sent": 100}, r"torn: 100 bytes came, expected"),
        ({"content": b"x" * 10_000_000}, r"torn: more than"),
    ],
)
def test_a_bad_download_keeps_nothing(server: Server, home: Path, fault: dict[str, object], message: str) -> None:
    for name, value in fault.items():
        setattr(server, name, value)
    with pytest.raises(DataError, match=message) as raised:
        datasets.fetch(home)
    assert "ablate data import cifar10 FILE" in str(raised.value)
    assert not list(home.iterdir())


def test_a_download_with_a_wrong_checksum_is_never_read(server: Server, home: Path) -> None:
    server.content = server.content[:-1] + bytes([server.content[-1] ^ 1])
    with pytest.raises(DataError, match=r"has md5 \w{32}, expected \w{32}"):
        datasets.fetch(home)
    assert not list(home.iterdir())


def test_without_a_network_fetch_says_what_to_do(server: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "ARCHIVE", OfficialArchive("http://127.0.0.1:9/none.tar.gz", 1, "0"))
    with pytest.raises(DataError, match=r"cannot reach .*refused.*\n.*ablate data import cifar10 FILE") as raised:
        datasets.load("cifar10", home, announce=lambda line: None)
    assert raised.value.exit_code == 4


def test_auto_without_cifar10_is_synthetic_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = synthetic.generate((100, 20))
    monkeypatch.setattr(synthetic, "generate", lambda: small)
    assert datasets.resolve("auto", home) == "synthetic"
    assert datasets.load("auto", home).name == "synthetic"
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 1
    assert "SYNTHETIC" in printed[0]
    assert "ablate data fetch" in printed[0]
    datasets.load("synthetic", home)
    assert capsys.readouterr().err == ""
    assert not home.exists()


def test_an_unknown_set_names_the_near_match(tmp_path: Path, home: Path) -> None:
    datasets.import_dataset("pets", write_tar(tmp_path / "a.tar", picture_files()), home)
    with pytest.raises(DataError, match=r"No data set 'pet' in .* Did you mean 'pets'\?\n.*ablate data list"):
        datasets.load("pet", home)


def test_the_synthetic_digest_never_changes() -> None:
    small = synthetic.generate((1500, 1000))
    assert small.digest == "25ad4c229e998e17cda2412ca103c18b1b9306e1ea6ae14a8ab90be70e5daba1"
    beginning = synthetic.generate((700, 10))
    np.testing.assert_array_equal(beginning.train_images, small.train_images[:700])
    np.testing.assert_array_equal(beginning.test_labels, small.test_labels[:10])


def test_the_synthetic_set_is_balanced_coloured_and_not_clipped() -> None:
    small = synthetic.generate((2000, 1000))
    assert np.bincount(small.train_labels).tolist() == [200] * 10
    assert small.train_images.shape == (2000, 32, 32, 3)
    spread = small.train_images.std(axis=(0, 1, 2)) / 255
    assert ((spread > 0.1) & (spread < 0.25)).all()
    assert np.isin(small.train_images, (0, 255)).mean() < 0.01
    with pytest.raises(ValueError, match=r"at least 10, got \(9, 10\)"):
        synthetic.generate((9, 10))


@pytest.mark.slow
def test_the_whole_synthetic_set_has_its_digest() -> None:
    assert synthetic.generate().digest == "717113d92a64a77e53286b8be87250561a634ba6d0eae5e251486a7158e29048"


def test_the_digest_depends_on_content_alone() -> None:
    arrays = {"a": np.arange(6, dtype=np.int64), "b": np.arange(4, dtype=np.uint8)}
    digest = datasets.content_digest(arrays)
    assert datasets.content_digest({"b": arrays["b"], "a": arrays["a"].astype(">i8")}) == digest
    assert datasets.content_digest({**arrays, "a": arrays["a"].reshape(2, 3)}) != digest
    assert datasets.content_digest({**arrays, "b": arrays["b"][::-1]}) != digest
