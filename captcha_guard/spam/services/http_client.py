"""One question to a service over HTTP: its answer within a fixed time, or a fault that says what went wrong."""

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
from .service import Fault, Form

#: Octets of an answer that are read; the longest documented one has a few hundred.
LONGEST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; names of ``headers`` are in small letters."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Exchange:
    """Asks over HTTP: TLS verified against certifi's roots, no redirect followed, no proxy or netrc of the environment.

    :param timeout: seconds for all of it together: name, connection, question and answer.
    :raises ConfigError: httpx is not installed.
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
        httpx.Client(verify=self.context, trust_env=False).close()  # loads the rest of httpx now, not on the first call
        self.agent = f"Flask/{_version('flask')} | captcha_guard/{_version('captcha-guard')}"

    def post(self, service: str, url: str, form: Form) -> Reply | Fault:
        """Post ``form``; any status but 200 is a fault."""
        return self._ask(service, _Call(self, url, form))

    def _ask(self, service: str, call: _Call) -> Reply | Fault:
        """Return what came back, or what went wrong.

        httpx's own timeouts start anew with every packet, and know nothing of the resolver. So the call runs on a
        thread of its own, which is cut off from its socket when the time is up.
        """
        try:
            threading.Thread(target=call.run, name="captcha_guard-service", daemon=True).start()
            outcome = call.outcome.get(timeout=self.timeout)
        except queue.Empty:
            call.abandon()
            return self._too_slow(service)
        except RuntimeError as error:  # no thread to be had
            return Fault(service, "unreachable", f"{service} could not be asked: {error}.")
        if isinstance(outcome, Exception):
            return self._fault(service, outcome)
        return outcome if outcome.status == 200 else _unwanted(service, outcome.status)

    def _too_slow(self, service: str) -> Fault:
        return Fault(service, "timeout", f"{service} did not answer within {self.timeout:g} s.")

    def _fault(self, service: str, error: Exception) -> Fault:
        import httpx  # noqa: PLC0415

        if isinstance(error, httpx.TimeoutException):
            return self._too_slow(service)
        if isinstance(error, _TooLongError):
            return Fault(service, "too_long", f"{service} answered with more than {LONGEST} bytes.")
        if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            return Fault(service, "insecure", f"{service} could not prove who it is: its certificate is not trusted.")
        if isinstance(error, httpx.ConnectError):
            return Fault(service, "unreachable", f"{service} can't be reached.")
        return Fault(service, "broken", f"{service} broke off before its answer was complete ({type(error).__name__}).")


class _TooLongError(Exception):
    pass


class _Call:
    """One exchange on its own thread; ``outcome`` gets the reply, or the exception in its place."""

    def __init__(self, exchange: Exchange, url: str, form: Form) -> None:
        self._exchange = exchange
        self._url = url
        self._form = form
        self._stream: Any = None
        self._abandoned = False
        self._lock = threading.Lock()
        self.outcome: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()

    def run(self) -> None:
        try:
            self.outcome.put(self._reply())
        except Exception as error:  # whatever it was, it is no verdict
            self.outcome.put(error)

    def abandon(self) -> None:
        """Cut the thread off, so that a server which drips an octet a second does not keep it."""
        with self._lock:
            self._abandoned = True
            _sever(self._stream)

    def _reply(self) -> Reply:
        import httpx  # noqa: PLC0415

        headers = {
            "User-Agent": self._exchange.agent,
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        content = urlencode(self._form, encoding="utf-8", errors="replace").encode("ascii")
        with (
            httpx.Client(verify=self._exchange.context, trust_env=False, timeout=self._exchange.timeout) as client,
            client.stream(
                "POST", self._url, content=content, headers=headers, extensions={"trace": self._trace}
            ) as response,
        ):
            body = b"".join(_capped(response.iter_raw()))
            return Reply(response.status_code, body, {name.lower(): value for name, value in response.headers.items()})

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._stream = info["return_value"]
                if self._abandoned:
                    _sever(self._stream)


def _capped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > LONGEST:
            raise _TooLongError
        yield chunk


def _sever(stream: Any) -> None:
    """Shut a stream's socket down, which wakes the thread that reads it; to close it would free its number."""
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
        return Fault(service, "redirected", f"{service} answered with a redirect ({status}), which is not followed.")
    return Fault(service, "status", f"{service} answered with status {status}.")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "0"
