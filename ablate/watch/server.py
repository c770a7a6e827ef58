"""The page served to browsers on this machine, and to nobody else."""

import errno
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from urllib.parse import urlsplit

from ablate.errors import UsageError
from ablate.watch.page import LivePage, Page

LOOPBACK = "127.0.0.1"
OWN_NAMES = frozenset({LOOPBACK, "localhost"})
"""The hosts that a browser on this machine, or behind a tunnel to it, may have asked for."""

USUAL_PORT = 8723
PORTS_TRIED = 20
"""How many ports from the usual one are tried where none was named."""

_NEVER_ELSEWHERE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer:
    """Serves a page on the loopback address while it is entered, each request in a thread of its own.

    Requests for other hosts than this machine are refused: a page elsewhere whose name is made to point here cannot read it. Without
    `port` the first free one from `USUAL_PORT` is taken.

    Raises:
        UsageError: the named port is in use or not allowed, or none is free.
    """

    def __init__(self, page: LivePage, port: int | None = None) -> None:
        handler = type("_Handler", (_PageHandler,), {"live": page})
        wanted = range(USUAL_PORT, USUAL_PORT + PORTS_TRIED) if port is None else (port,)
        self._server = _first_free(wanted, handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self._server.server_port}/"

    def __enter__(self) -> "PageServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _LoopbackServer(ThreadingHTTPServer):
    # A page being made for somebody need not be waited for at the end.
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # The base class asks a name service for the host's name, which may take seconds where there is none.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that is closed while it reads is no fault."""


def _first_free(ports: "range | tuple[int, ...]", handler: type[BaseHTTPRequestHandler]) -> _LoopbackServer:
    for port in ports:
        try:
            return _LoopbackServer((LOOPBACK, port), handler)
        except OverflowError:
            raise UsageError(f"A port is a number from 0 to 65535, not {port} (--port).") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise UsageError(f"Cannot serve on port {port}: {error.strerror}. Take another --port.") from error
    if len(ports) == 1:
        raise UsageError(f"Port {ports[0]} is in use. Take another --port, or leave it out for one that is free.")
    raise UsageError(f"Ports {ports[0]} to {ports[-1]} are all in use. Name a free one with --port; 0 takes any.")


class _PageHandler(BaseHTTPRequestHandler):
    live: LivePage
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ablate", ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer with the page, or with "not modified" to whoever has it."""
        if not self._is_for_this_machine():
            self._answer(HTTPStatus.FORBIDDEN, b"This page is for this machine only; ask for localhost.\n")
            return
        if urlsplit(self.path).path != "/":
            self._answer(HTTPStatus.NOT_FOUND, b"There is one page, at /.\n")
            return
        try:
            page = self.live.page()
        except Exception as error:
            # Told where somebody looks: in this terminal it would break the table.
            reason = f"Unexpected {type(error).__name__}: {error}\n"
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, reason.encode(errors="replace"))
            return
        if self.headers.get("If-None-Match", "") == _quoted(page):
            self._answer(HTTPStatus.NOT_MODIFIED, None, page)
        else:
            self._answer(HTTPStatus.OK, page.content, page)

    do_HEAD = do_GET

    def _is_for_this_machine(self) -> bool:
        hosts = self.headers.get_all("Host") or []
        try:
            return len(hosts) == 1 and urlsplit(f"//{hosts[0]}").hostname in OWN_NAMES
        except ValueError:
            return False

    def _answer(self, status: HTTPStatus, content: bytes | None, page: Page | None = None) -> None:
        self.send_response(status)
        for name, value in _NEVER_ELSEWHERE.items():
            self.send_header(name, value)
        if page is not None:
            self.send_header("ETag", _quoted(page))
        if content is not None:
            kind = "text/html" if status is HTTPStatus.OK else "text/plain"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if content is not None and self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet: the terminal belongs to the table."""


def _quoted(page: Page) -> str:
    return f'"{page.tag}"'
