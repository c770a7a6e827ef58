"""The page as it is served: to this machine only, and only when it is another."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from ablate.errors import UsageError
from ablate.watch.page import Page
from ablate.watch.server import LOOPBACK, USUAL_PORT, PageServer


class OnePage:
    """A page that a test changes, or that cannot be made."""

    def __init__(self) -> None:
        self.text = "<p>one"

    def page(self) -> Page:
        if not self.text:
            raise RuntimeError("no text\x1b[0m")
        return Page.of(self.text)


class Client:
    """Asks a server as a browser does, or as one should not."""

    def __init__(self, server: PageServer, page: OnePage) -> None:
        self.port = urlsplit(server.url).port
        self.page = page

    def __call__(
        self, path: str = "/", *, method: str = "GET", host: str | None = "", **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)) as connection:
            connection.putrequest(method, path, skip_host=True)
            if host is not None:
                connection.putheader("Host", host or f"{LOOPBACK}:{self.port}")
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer, answer.read().decode()


@pytest.fixture
def ask() -> Iterator[Client]:
    page = OnePage()
    with PageServer(page, 0) as server:  # type: ignore[arg-type]
        yield Client(server, page)


def test_the_page_is_sent_once_and_again_when_it_is_another(ask: Client) -> None:
    answer, text = ask()
    assert (answer.status, text, answer.headers["Content-Type"]) == (200, "<p>one", "text/html; charset=utf-8")
    tag = answer.headers["ETag"]
    again, nothing = ask(If_None_Match=tag)
    assert (again.status, nothing) == (304, "")
    ask.page.text = "<p>two"
    assert ask(If_None_Match=tag)[1] == "<p>two"
    head, nothing = ask(method="HEAD")
    assert (head.status, nothing, head.headers["Content-Length"]) == (200, "", "6")


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "LOCALHOST:8723", "127.0.0.1"])
def test_this_machine_may_ask_through_a_tunnel_too(ask: Client, host: str) -> None:
    assert ask(host=host)[0].status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.", "[::1", "a@b:c", None])
def test_a_name_that_was_made_to_point_here_reads_nothing(ask: Client, host: str | None) -> None:
    answer, text = ask(host=host)
    assert (answer.status, text) == (403, "This page is for this machine only; ask for localhost.\n")


def test_no_page_elsewhere_can_show_or_read_it(ask: Client) -> None:
    headers = ask()[0].headers
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers
    assert ask("/../../etc/passwd")[0].status == 404
    assert ask("/?again")[0].status == 200
    assert ask(method="POST")[0].status == 501


def test_a_fault_is_told_and_the_next_request_is_answered(ask: Client, capfd: pytest.CaptureFixture[str]) -> None:
    ask.page.text = ""
    answer, text = ask()
    assert (answer.status, text) == (500, "Unexpected RuntimeError: no text\x1b[0m\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    ask.page.text = "<p>better"
    assert ask()[1] == "<p>better"
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_the_loopback_address_only(ask: Client) -> None:
    with closing(socket.create_connection((LOOPBACK, ask.port))) as connection:
        assert connection.getpeername()[0] == LOOPBACK
    others = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {LOOPBACK}
    for address in others:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, ask.port), timeout=5)


def test_without_a_port_the_next_free_one_is_taken_and_a_named_one_is_refused() -> None:
    with closing(socket.socket()) as taken:
        try:
            taken.bind((LOOPBACK, USUAL_PORT))
        except OSError:
            pass  # By somebody else: as good.
        else:
            taken.listen()
        with PageServer(OnePage()) as server:  # type: ignore[arg-type]
            assert urlsplit(server.url).port != USUAL_PORT
        with pytest.raises(UsageError, match=rf"Port {USUAL_PORT} is in use\. Take another --port, or leave it out"):
            PageServer(OnePage(), USUAL_PORT)  # type: ignore[arg-type]
    for wrong in (-1, 65536):
        with pytest.raises(UsageError, match=f"A port is a number from 0 to 65535, not {wrong}"):
            PageServer(OnePage(), wrong)  # type: ignore[arg-type]
