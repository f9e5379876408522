"""Fetches pages and their files over the network, as a visitor's browser does."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPErrorProcessor, ProxyHandler, Request, build_opener

from werkzeug.datastructures import Headers, ResponseCacheControl
from werkzeug.http import parse_cache_control_header, parse_options_header
from werkzeug.urls import iri_to_uri

#: The time limit for one answer in seconds, and its maximum size in bytes.
TIMEOUT: Final = 10.0
LARGEST: Final = 4_000_000

#: The maximum number of redirects that are followed. Browsers follow more.
MOST_REDIRECTS: Final = 10


class FetchError(Exception):
    """There was no answer. The message has the reason, as the rest of a sentence that starts with the URL."""


@dataclass(frozen=True)
class Answer:
    """The answer from ``url``, which is the address after all redirects."""

    url: str
    status: int
    headers: Headers
    body: bytes

    @property
    def mimetype(self) -> str:
        """The MIME type without its parameters, in lower case."""
        return parse_options_header(self.headers.get("Content-Type"))[0].lower()

    @property
    def text(self) -> str:
        """The body as text. Invalid UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def cache_control(self) -> ResponseCacheControl:
        """The ``Cache-Control`` header, parsed."""
        return parse_cache_control_header(self.headers.get("Cache-Control"), cls=ResponseCacheControl)


class _AnyStatus(HTTPErrorProcessor):
    """Returns every answer unchanged. ``Browser`` follows redirects itself, and error pages are answers too."""

    def http_response(self, request: Request, response: HTTPResponse) -> HTTPResponse:  # noqa: ARG002
        return response

    https_response = http_response


class Browser:
    """A visitor's browser. It keeps cookies, follows redirects, never posts, and ignores the environment's proxies."""

    def __init__(self) -> None:
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(), _AnyStatus())

    def get(self, url: str, *, referrer: str = "", kind: str = "document") -> Answer:
        """Return the answer after all redirects. ``kind`` is the value of ``Sec-Fetch-Dest``.

        :raises FetchError: there was no answer, or there were too many redirects.
        """
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._once(url, referrer, kind)
            if answer.status not in (301, 302, 303, 307, 308) or "Location" not in answer.headers:
                return answer
            url = urljoin(answer.url, answer.headers["Location"])
        raise FetchError(f"redirects more than {MOST_REDIRECTS} times, last to {shown(url)}")

    def _once(self, url: str, referrer: str, kind: str) -> Answer:
        headers = {
            "User-Agent": "Mozilla/5.0 (captcha_guard doctor)",
            "Accept": "text/html,*/*;q=0.8" if kind == "document" else "*/*",
            "Accept-Encoding": "identity",
            "Sec-Fetch-Dest": kind,
            "Sec-Fetch-Mode": "navigate" if kind == "document" else "no-cors",
            "Sec-Fetch-Site": relation(url, referrer),
        }
        if referrer:
            headers["Referer"] = referrer
        try:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise FetchError("can't be fetched over HTTP")
            with self._opener.open(Request(iri_to_uri(url), headers=headers), timeout=TIMEOUT) as response:  # noqa: S310 - only http and https
                return Answer(url, response.status, Headers(response.getheaders()), _read(response))
        except (OSError, HTTPException, ValueError) as error:
            raise FetchError(_reason(error)) from error


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def shown(url: str) -> str:
    """Return a URL for display, without its query and with shortened tokens."""
    head, _, tail = url.partition("?")[0].rpartition("/")
    if len(tail) > 60:
        tail = f"{tail[:6]}….{tail.rpartition('.')[2][:20]}"
    return f"{head}/{tail}"


def relation(url: str, referrer: str) -> str:
    """Return the value of ``Sec-Fetch-Site`` for a request for ``url`` from the page ``referrer``.

    A host and its subdomain count as the same site. Browsers use the public suffix list instead.
    """
    if not referrer:
        return "none"
    if origin_of(url) == origin_of(referrer):
        return "same-origin"
    hosts = [origin_of(one)[1] for one in (url, referrer)]
    related = any(one == other or one.endswith(f".{other}") for one, other in (hosts, hosts[::-1]))
    return "same-site" if related else "cross-site"


def _read(response: Any) -> bytes:
    """Read a body within the time and size limits, even if it arrives slowly."""
    end, body = time.monotonic() + TIMEOUT, b""
    while chunk := response.read1(65_536):
        body += chunk
        if time.monotonic() > end:
            raise TimeoutError
        if len(body) > LARGEST:
            raise FetchError(f"answers with more than {LARGEST // 1_000_000} MB")
    return body


def _reason(error: Exception) -> str:
    """Return what went wrong with a connection, as the rest of a sentence that starts with the URL."""
    reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    match reason:
        case ssl.SSLCertVerificationError():
            return f"has a certificate that browsers refuse: {reason.verify_message}"
        case ssl.SSLError():
            return f"can't be reached by TLS ({reason.reason or reason})"
        case ConnectionRefusedError():
            return "can't be reached: the connection was refused, so no server listens there"
        case TimeoutError():
            return f"doesn't answer within {TIMEOUT:.0f} s"
        case socket.gaierror():
            return "can't be reached: the host name can't be resolved"
        case _:
            return f"can't be fetched: {type(reason).__name__}: {reason}"
