"""A server like Akismet and StopForumSpam on loopback, as they are documented, with a choice of faults."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from captcha_guard.spam.services import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from captcha_guard import Finding, Submission
    from captcha_guard.spam.services import Service

KEY = "a1b2c3d4e5f6"
CERTIFICATE = Path(__file__).with_name("untrusted.pem")

#: Seconds after which a server that hangs gives up. No test waits that long.
FOREVER = 60.0


@dataclass(frozen=True)
class Asked:
    """One request that was received."""

    path: str
    form: dict[str, str]
    headers: dict[str, str]


class Server(ThreadingHTTPServer):
    """Answers as documented until ``fault`` names something else (a key of ``FAULTS``)."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[Asked] = []
        self.fault = ""
        self.extra_headers: dict[str, str] = {}
        self.answer: bytes | None = None
        self.listed: dict[str, dict[str, object]] = {}
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors, because tests make clients close connections."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    form: dict[str, str]

    @property
    def own_server(self) -> Server:
        """The server with its own type."""
        return cast("Server", self.server)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body))
        form = dict(pairs)
        assert len(form) == len(pairs)
        self.own_server.asked.append(
            Asked(self.path, form, {name.lower(): value for name, value in self.headers.items()})
        )
        self.close_connection = True
        self.form = form
        FAULTS[self.own_server.fault](self)

    def do_GET(self) -> None:
        """Record the request of a client that follows a redirect."""
        self.own_server.asked.append(
            Asked(self.path, {}, {name.lower(): value for name, value in self.headers.items()})
        )
        self.close_connection = True
        self.answer_with(b"true")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def answer_with(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in (headers | self.own_server.extra_headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_slowly(self, body: bytes) -> None:
        """Send a byte every 0.05 s until the client closes the connection."""
        for byte in body:
            if self.own_server.released.wait(0.05):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def documented(self) -> None:
        if self.own_server.answer is not None:
            return self.answer_with(self.own_server.answer)
        return ROUTES.get(self.path, Handler.unknown)(self)

    def unknown(self) -> None:
        self.answer_with(b"<!DOCTYPE html><title>Not found</title>", 404)

    def comment_check(self) -> None:
        if self.form.get("api_key") != KEY:
            return self.invalid("api_key")
        if not self.form.get("blog") or not self.form.get("user_ip"):
            return self.invalid("user_ip")
        if self.form.get("user_role") == "administrator":
            return self.answer_with(b"false")
        test_mail = self.form.get("comment_author_email") == "akismet-guaranteed-spam@example.com"
        if "blatant" in self.form.get("comment_content", ""):
            return self.answer_with(b"true", X_akismet_pro_tip="discard")
        return self.answer_with(
            b"true" if test_mail or self.form.get("comment_author") == "viagra-test-123" else b"false"
        )

    def submit(self) -> None:
        if self.form.get("api_key") != KEY:
            return self.invalid("api_key")
        return self.answer_with(b"Thanks for making the web a better place.")

    def invalid(self, what: str) -> None:
        self.answer_with(b"invalid", X_akismet_debug_help=f"We were unable to parse your {what} {KEY[:-1]}6")

    def look_up(self) -> None:
        answer: dict[str, Any] = {"success": 1}
        for name in ("ip", "email", "username"):
            if name in self.form:
                answer[name] = self.own_server.listed.get(self.form[name], {"appears": 0, "frequency": 0})
        self.answer_with(
            json.dumps(answer).encode() if "json" in self.form else b"<response success='true'></response>"
        )

    def hang(self) -> None:
        self.own_server.released.wait(FOREVER)

    def drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
        self.answer_slowly(b"t" * 4000)

    def drip_headers(self) -> None:
        self.answer_slowly(b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 4000)

    def truncated(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfals")

    def cut_chunks(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfalse\r\n")

    def gone(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def redirect(self) -> None:
        host = self.headers["Host"]
        self.answer_with(b"", 302, Location=f"http://{host}/elsewhere")

    def huge(self) -> None:
        self.answer_with(b"false" + b" " * 10_000_000)

    def html(self) -> None:
        self.answer_with(b"<!DOCTYPE html><title>Welcome to the hotel's network</title>", Content_Type="text/html")

    def no_http(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


ROUTES: dict[str, Callable[[Handler], None]] = {
    "/1.1/comment-check": Handler.comment_check,
    "/1.1/submit-spam": Handler.submit,
    "/1.1/submit-ham": Handler.submit,
    "/api": Handler.look_up,
}

FAULTS: dict[str, Callable[[Handler], None]] = {
    "": Handler.documented,
    "hang": Handler.hang,
    "drip": Handler.drip,
    "drip_headers": Handler.drip_headers,
    "truncated": Handler.truncated,
    "cut_chunks": Handler.cut_chunks,
    "gone": Handler.gone,
    "redirect": Handler.redirect,
    "huge": Handler.huge,
    "html": Handler.html,
    "no_http": Handler.no_http,
    "empty": lambda handler: handler.answer_with(b""),
    "error_500": lambda handler: handler.answer_with(b"true", 500),
    "error_403": lambda handler: handler.answer_with(b"false", 403),
    "busy": lambda handler: handler.answer_with(b"false", 429),
}


def check(service: Service, submission: Submission, address: str) -> Finding | Fault | None:
    """Ask a service about a submission at once, without the cache."""
    form = service.form(submission, address)
    return form if form is None or isinstance(form, Fault) else service.ask(form)


@dataclass
class Running:
    """A server that runs in a thread, and its base URL."""

    server: Server
    base: str
    asked: list[Asked] = field(init=False)

    def __post_init__(self) -> None:
        self.asked = self.server.asked


@contextmanager
def service_server(*, tls: bool = False) -> Iterator[Running]:
    """Serve on a free loopback port inside the block."""
    server = Server()
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Running(server, f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}")
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
