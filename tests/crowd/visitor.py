"""A visitor who sends HTTP over sockets from a given loopback address.

It uses as little Python as possible, because the server runs on the same cores.
"""

from __future__ import annotations

import html
import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from urllib.parse import urlencode

#: Seconds for one answer.
PATIENCE = 60

#: Linux: bind the port when connecting, so that it must be free only for this server.
IP_BIND_ADDRESS_NO_PORT = 24

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    """One HTTP response. The names of its ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str
    content: bytes = b""
    cookies: tuple[tuple[str, str], ...] = ()

    def shows(self, text: str) -> bool:
        """Return whether a reader of this page sees ``text`` in it."""
        return text in html.unescape(self.text)

    def fields(self) -> dict[str, str]:
        """Return the named inputs that a browser would send, the first of each name."""
        found: dict[str, str] = {}
        for tag in _INPUT.findall(self.text):
            given = dict(_ATTRIBUTE.findall(tag))
            unticked = given.get("type") == "checkbox" and " checked" not in tag
            if "name" in given and not unticked:
                found.setdefault(given["name"], html.unescape(given.get("value", "")))
        return found


@dataclass
class Visitor:
    """A visitor at ``address`` of the server at ``port``, who keeps cookies. Each request has its own connection."""

    port: int
    address: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        """Fetch a page."""
        return self.send(request("GET", path, headers=self._headers()))

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form."""
        return self.send(request("POST", path, fields, {**self._headers(), **(headers or {})}))

    def post_json(self, path: str, document: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a document in JSON."""
        body = json.dumps(document).encode()
        given = {"Accept": "application/json", **self._headers(), **(headers or {})}
        return self.send(message("POST", path, body, "application/json", given))

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def send(self, message: bytes) -> Answer:
        """Send a request as it is. Cookies of the response are kept."""
        with connect(self.port, self.address) as connection:
            connection.sendall(message)
            answer = read_answer(connection)
        self.cookies.update(answer.cookies)
        return answer


def request(
    method: str, path: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a request as bytes. With ``fields`` it is a form."""
    given = {"Accept": "text/html", **(headers or {})}
    return message(method, path, urlencode(fields or {}).encode(), "application/x-www-form-urlencoded", given)


def message(method: str, path: str, body: bytes, content_type: str, headers: Mapping[str, str]) -> bytes:
    """Return a request with any body as bytes. Only a POST has a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if method == "POST":
        lines += [f"Content-Length: {len(body)}", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body if method == "POST" else b"")


def connect(port: int, address: str) -> socket.socket:
    """Open a connection to a server on this host, from ``address``."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    try:
        connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


def read_answer(connection: socket.socket) -> Answer:
    """Read one response. Raises ``ConnectionError`` if the server closes the connection too early."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    headers = dict(pairs)
    parts, missing = [body], int(headers.get("content-length", 0)) - len(body)
    while missing > 0:
        parts.append(_more(connection))
        missing -= len(parts[-1])
    cookies = [value.partition(";")[0].partition("=") for name, value in pairs if name == "set-cookie"]
    content = b"".join(parts)
    text = content.decode("utf-8", "replace")
    return Answer(int(first.split()[1]), headers, text, content, tuple((name, value) for name, _, value in cookies))


def _more(connection: socket.socket) -> bytes:
    if received := connection.recv(262_144):
        return received
    raise ConnectionError("the server closed the connection before its answer was complete")


def addresses(first: int = 1) -> Iterator[str]:
    """Yield loopback addresses, each in its own network (/24): 127.``first``.0.7 and on; 64,000 from 1."""
    for second, third in product(range(first, 251), range(256)):
        yield f"127.{second}.{third}.7"
