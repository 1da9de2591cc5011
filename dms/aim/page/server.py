"""Serves the page: plain HTTP from the standard library, one address, one code, some minutes.

Takes a ``Board`` and a ``Guard``. What is served stands in ``static``; nothing else of the disk can be asked for.
"""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dms.aim.page.board import Board
from dms.aim.page.guard import Guard, TooSoonError
from dms.errors import UserError, WorldError

LASTS_S = 600.0
"""Seconds after which the page ends by itself."""

_COOKIE = "dms_aim"
_MOST_CONNECTIONS = 16
_LONGEST_BODY = 256
_IDLE_S = 15.0
_NEWS_S = 1.0
"""A request for something newer is answered after so long at the latest."""
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_FILES = ("code.html", "page.html", "page.css", "page.js")
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

TestAlert = Callable[[], Iterable[str]]
"""Tries an alert; yields a line for each thing that came of it, as it comes. Raises ``WorldError``."""


def parse_address(text: str) -> tuple[str, int]:
    """``ADDRESS:PORT`` as a machine's own address and a port; an IPv6 address stands in brackets.

    Raises:
        UserError: It is none.
    """
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        address, number = ip_address(bare), int(port)
        # every network at once is more than anybody asked for, and no address that a phone could open
        is_meant = (address.version == 6) == host.startswith("[") and not address.is_unspecified
    except ValueError:
        is_meant, number = False, 0
    if not is_meant or not 0 < number < 65536:
        raise UserError(f"{text}: a page is served at an address of this machine and a port, such as 192.168.4.1:8088")
    return bare, number


class PageServer:
    """Serves the page from ``start`` to ``stop``.

    Args:
        address: Where, as ``parse_address`` returns it.
        board: What is shown.
        guard: Who is let in.
        test_alert: Tries an alert; None where no daemon runs that could.
        lasts_s: Seconds after which it ends, as the page says; ``LASTS_S`` at most.

    Raises:
        WorldError: The address is not this machine's, or the port is taken.
    """

    def __init__(
        self,
        address: tuple[str, int],
        board: Board,
        guard: Guard,
        test_alert: TestAlert | None,
        lasts_s: float = LASTS_S,
    ) -> None:
        self.lasts_s = min(lasts_s, LASTS_S)
        """Seconds from now to its end; whoever serves it keeps to it."""
        self.ends_at = time.monotonic() + self.lasts_s
        """When it ends, monotonic seconds."""
        self.board, self.guard, self.test_alert = board, guard, test_alert
        folder = files(__package__).joinpath("static")
        self.static = {name: folder.joinpath(name).read_bytes() for name in _FILES}
        host, port = address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._server = _Server((host, port), family, self)
        except OSError as error:
            raise WorldError(f"no page can be served at {host}:{port} ({error.strerror})") from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{port}/"
        """Where a browser finds it."""
        self.is_over = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="page", daemon=True)

    def start(self) -> None:
        """Serve, in a thread of its own, and tell the code."""
        self._thread.start()
        self.guard.begin()

    def stop(self) -> None:
        """End it; whoever still looks sees the end of the connection."""
        self.is_over = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, page: PageServer) -> None:
        self.address_family = family
        self.page = page
        self._free = threading.Semaphore(_MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, unless too many are open."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A phone that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: _Server

    def do_GET(self) -> None:
        """Serve a page, or what is newer."""
        path = urlsplit(self.path).path
        if path == "/":
            self._page()
        elif path in {"/page.css", "/page.js"}:
            self._file(path[1:])
        elif path == "/seen":
            self._seen()
        else:
            self._text(404, "there is no such page")

    def do_POST(self) -> None:
        """Take a code, or try an alert."""
        body = self._body()
        if body is None:
            return
        path = urlsplit(self.path).path
        if path == "/code":
            self._code(body)
        elif path == "/test-alert":
            self._test_alert()
        else:
            self._text(404, "there is no such page")

    def _page(self) -> None:
        if not self._is_let_in():
            self._file("code.html")
            return
        self.server.page.board.expect()
        self._file("page.html")

    def _code(self, body: str) -> None:
        try:
            token = self.server.page.guard.try_code(parse_qs(body).get("code", [""])[0])
        except TooSoonError as error:
            wait_s = int(error.wait_s) + 1
            message = f"Too fast after a wrong code: wait {wait_s} s."
            self._file("code.html", 429, message, {"Retry-After": str(wait_s)})
            return
        if token is None:
            self._file("code.html", 403, "That is not the code on the terminal.")
            return
        self.server.page.board.expect()
        cookie = f"{_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={LASTS_S:.0f}"
        self._send(303, "text/plain", b"", {"Location": "/", "Set-Cookie": cookie})

    def _seen(self) -> None:
        if not self._is_let_in():
            self._text(403, "the code is asked for at /")
            return
        page = self.server.page
        after = parse_qs(urlsplit(self.path).query).get("after", ["0"])[0]
        if page.is_over:
            self.close_connection = True
            self._text(410, "this page has ended")
            return
        number, seen = page.board.newer(int(after) if after.isdecimal() else 0, _NEWS_S)
        aim = seen.aim
        told = {
            "number": number,
            "verdict": None if aim is None else aim.verdict,
            "headline": None if aim is None else aim.headline(),
            "advice": [] if aim is None else [one.text for one in aim.advice],
            "picture": None if seen.picture is None else base64.b64encode(seen.picture).decode("ascii"),
            "fault": seen.fault,
            "ends_in_s": max(0, round(page.ends_at - time.monotonic())),
            "can_test": page.test_alert is not None,
        }
        self._send(200, "application/json", json.dumps(told).encode())

    def _test_alert(self) -> None:
        if not self._is_let_in() or self.server.page.test_alert is None:
            self._text(403, "no alert can be tried")
            return
        # lines as they come: the connection's end is the answer's
        self.close_connection = True
        self.send_response(200)
        for name, value in {**_HEADERS, "Content-Type": "text/plain; charset=utf-8", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for line in self.server.page.test_alert():
                self.wfile.write(f"{line}\n".encode())
                self.wfile.flush()
        except (UserError, WorldError) as error:
            self.wfile.write(f"{error}\n".encode())

    def _body(self) -> str | None:
        """Return what was sent with the request; None when it was answered already: too long, or from another page."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            self._text(413, "too long")
            return None
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.headers.get("Host"):
            self._text(403, "asked by another page")
            return None
        return body

    def _is_let_in(self) -> bool:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except CookieError:
            return False
        return cookie is not None and self.server.page.guard.knows(cookie.value)

    def _file(self, name: str, status: int = 200, message: str = "", more: dict[str, str] | None = None) -> None:
        content = self.server.page.static[name].replace(b"<!-- message -->", message.encode())
        self._send(status, _TYPES[name.rpartition(".")[2]], content, more)

    def _text(self, status: int, text: str) -> None:
        self._send(status, "text/plain; charset=utf-8", text.encode())

    def _send(self, status: int, kind: str, content: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(content)), **(more or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        """Return what serves, without its version."""
        return "dms"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """A request is no news: it would fill the terminal."""
