"""Who asks a site for pages: a visitor inside the application, or one who comes over the network as all others do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.datastructures import Headers, ResponseCacheControl
from werkzeug.http import parse_cache_control_header, parse_options_header

from ..errors import ConfigError

#: An address of RFC 5737 that is nobody's, so that no visitor's limits are charged.
ADDRESS = "192.0.2.1"

#: Seconds that a site may take to answer over the network.
PATIENCE = 10.0


@dataclass(frozen=True)
class Answer:
    """What was answered; ``failure`` says why there is no answer, and the status is 0 then."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    failure: str = ""

    @property
    def mimetype(self) -> str:
        """The type without its parameters."""
        return parse_options_header(self.headers.get("Content-Type"))[0]

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 in it is replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def cache_control(self) -> ResponseCacheControl:
        """The Cache-Control header, read."""
        return parse_cache_control_header(self.headers.get("Cache-Control"), cls=ResponseCacheControl)

    def __str__(self) -> str:
        to = f" to {self.headers['Location']}" if "Location" in self.headers else ""
        return self.failure or f"{self.status}{to}, {self.mimetype or 'no type'}"


class Visitor(ABC):
    """Asks for pages at ``origin`` by GET, follows no redirects, keeps no cookies and never posts."""

    origin: str

    @abstractmethod
    def get(self, path: str) -> Answer:
        """Ask for a path of the site; whatever goes wrong is an answer too."""


class InProcess(Visitor):
    """Asks the application itself, over what looks like HTTPS, from an address that is nobody's."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        trusted = [str(host).lstrip(".") for host in app.config.get("TRUSTED_HOSTS") or ()]
        self.origin = f"https://{app.config.get('SERVER_NAME') or next(iter(trusted), 'localhost')}/"

    def get(self, path: str) -> Answer:
        """Ask; what the application raises under TESTING is told."""
        client = self._app.test_client(use_cookies=False)
        client.environ_base["REMOTE_ADDR"] = ADDRESS
        try:
            response = client.get(path, base_url=self.origin, buffered=True)
        except Exception as error:
            return Answer(failure=f"{type(error).__name__}: {error}")
        return Answer(response.status_code, response.headers, response.data)


class OverNetwork(Visitor):
    """Asks whatever serves the site at ``url``, with all that stands before the application.

    :raises ConfigError: this is no address of a site.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ConfigError(f"{url!r} is no address of a site; write it like https://blog.example")
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.origin = f"{parts.scheme}://{parts.netloc}/"
        self._place = (parts.hostname, parts.port)
        self._prefix = parts.path.rstrip("/")

    def get(self, path: str) -> Answer:
        """Ask; a path may begin with that of the site's address, or leave it out."""
        connection = self._kind(*self._place, timeout=PATIENCE)
        target = path if path.startswith(f"{self._prefix}/") else f"{self._prefix}{path}"
        try:
            connection.request("GET", target, headers={"User-Agent": "captcha_guard doctor", "Accept": "*/*"})
            response = connection.getresponse()
            return Answer(response.status, Headers(response.getheaders()), response.read())
        except (OSError, HTTPException, ValueError) as error:
            return Answer(failure=f"{type(error).__name__}: {error}")
        finally:
            connection.close()
