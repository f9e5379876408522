"""A reader with their own address, over real sockets: reads the page, types the code, sends the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from urllib.parse import urlencode

from tests.integration.host_blog import Page

#: Each visitor's own /24 of the loopback, so that visitors don't share limits.
_networks = count(77 * 256)


@dataclass(frozen=True)
class Answer:
    """The answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """The fields of its form."""
        return Page(self.body.decode()).fields


@dataclass
class Visitor:
    """A client of ``port`` on this machine. ``solve`` returns the code in a token's picture."""

    port: int
    solve: Callable[[str], str]
    page: str = "/"
    address: str = field(default_factory=lambda: "127.{}.{}.1".format(*divmod(next(_networks), 256)))

    def ask(self, method: str, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Send one request. Headers are named with underscores."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(self.address, 0))
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if fields is None else urlencode(fields)
        if body is not None:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, given)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def read(self) -> Answer:
        """Get the page."""
        page = self.ask("GET", self.page)
        assert page.status == 200, page
        return page

    def filled(self, page: Answer, body: str) -> dict[str, str]:
        """Return the page's form with a comment and the right code."""
        return {**page.fields, "body": body, "captcha_answer": self.solve(page.fields["captcha_token"])}

    def comment(self, body: str, **headers: str) -> Answer:
        """Read the page and post a comment with a solved code."""
        return self.ask("POST", self.page, self.filled(self.read(), body), **headers)
