"""Posts one form to a service: returns its reply within a fixed time, or a fault that says what went wrong."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Any
from urllib.parse import urlencode

from ...errors import ConfigError
from ...messages import message
from .service import Fault, Form

#: The most bytes of a reply that are read. The longest documented one has a few hundred.
LONGEST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply of a service. Names of ``headers`` are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class HTTPClient:
    """Posts forms. Verifies TLS with certifi's roots, follows no redirect, and uses no proxy of the environment.

    :param timeout: seconds for everything together: name lookup, connection, request and reply.
    :raises ConfigError: httpx isn't installed.
    """

    def __init__(self, timeout: float = 1.5) -> None:
        try:
            import httpx  # noqa: PLC0415 - only sites that ask a service need it
        except ModuleNotFoundError as error:
            raise ConfigError(
                "Akismet and StopForumSpam are asked with httpx, which isn't installed: pip install httpx"
            ) from error
        self.timeout = timeout
        self.context = httpx.create_ssl_context(trust_env=False)
        httpx.Client(verify=self.context, trust_env=False).close()  # imports the rest of httpx now
        self.agent = f"Flask/{_version('flask')} | captcha_guard/{_version('captcha-guard')}"

    def post(self, service: str, url: str, form: Form) -> Reply | Fault:
        """Post a form. Any status but 200 is a fault."""
        call = _Call(self, url, form)
        try:
            call.start()
            result = call.result.get(timeout=self.timeout)
        except queue.Empty:
            call.cut_off()
            return self._too_slow(service)
        except RuntimeError as error:  # no thread can be started
            return Fault(
                service,
                "unreachable",
                message("%(service)s could not be asked: %(error)s.", service=service, error=str(error)),
            )
        if isinstance(result, Exception):
            return self._fault(service, result)
        return result if result.status == 200 else _unwanted(service, result.status)

    def _too_slow(self, service: str) -> Fault:
        return Fault(
            service,
            "timeout",
            message("%(service)s did not answer within %(seconds)d s.", service=service, seconds=self.timeout),
        )

    def _fault(self, service: str, error: Exception) -> Fault:
        import httpx  # noqa: PLC0415

        if isinstance(error, httpx.TimeoutException):
            return self._too_slow(service)
        if isinstance(error, _TooLongError):
            return Fault(
                service,
                "too_long",
                message("%(service)s sent an answer of more than %(size)d KB.", service=service, size=LONGEST // 1024),
            )
        if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            return Fault(
                service, "insecure", message("%(service)s has a certificate that isn't trusted.", service=service)
            )
        if isinstance(error, httpx.ConnectError):
            return Fault(service, "unreachable", message("%(service)s can't be reached.", service=service))
        broken = message(
            "%(service)s closed the connection before its answer was complete (%(error)s).",
            service=service,
            error=type(error).__name__,
        )
        return Fault(service, "broken", broken)


class _TooLongError(Exception):
    pass


class _Call(threading.Thread):
    """One request. ``result`` gets the reply, or the exception that was raised.

    It has a thread of its own, because httpx's timeouts begin again with each packet and don't cover the name lookup.
    """

    def __init__(self, client: HTTPClient, url: str, form: Form) -> None:
        super().__init__(name="captcha_guard-service", daemon=True)
        self.result: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()
        self._client = client
        self._url = url
        self._form = form
        self._connection_lock = threading.Lock()
        self._stream: Any = None
        self._is_cut_off = False

    def run(self) -> None:
        try:
            self.result.put(self._reply())
        except Exception as error:
            self.result.put(error)

    def cut_off(self) -> None:
        """End the connection, so that the thread ends even if the server sends a byte now and then."""
        with self._connection_lock:
            self._is_cut_off = True
            _shut_down(self._stream)

    def _reply(self) -> Reply:
        import httpx  # noqa: PLC0415

        headers = {
            "User-Agent": self._client.agent,
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        content = urlencode(self._form, encoding="utf-8", errors="replace").encode("ascii")
        extensions = {"trace": self._trace}
        with (
            httpx.Client(verify=self._client.context, trust_env=False, timeout=self._client.timeout) as client,
            client.stream("POST", self._url, content=content, headers=headers, extensions=extensions) as response,
        ):
            body = b"".join(_limited(response.iter_raw()))
            return Reply(response.status_code, body, dict(response.headers))

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the connection. httpx calls this with each step that it takes."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._connection_lock:
                self._stream = info["return_value"]
                if self._is_cut_off:
                    _shut_down(self._stream)


def _limited(chunks: Iterator[bytes]) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > LONGEST:
            raise _TooLongError
        yield chunk


def _shut_down(stream: Any) -> None:
    """Shut a stream's socket down, which wakes the thread that reads it. Closing it here would free its number."""
    connection = None if stream is None else stream.get_extra_info("socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _unwanted(service: str, status: int) -> Fault:
    if 300 <= status < 400:
        return Fault(
            service,
            "redirected",
            message(
                "%(service)s answered with a redirect (%(status)s), which isn't followed.",
                service=service,
                status=str(status),
            ),
        )
    return Fault(
        service, "status", message("%(service)s answered with status %(status)s.", service=service, status=str(status))
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "0"
