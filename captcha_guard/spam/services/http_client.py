"""One question to a service over HTTP: its answer within a fixed time, or a fault that says what went wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from urllib.parse import urlencode

from ...errors import ConfigError
from .service import Fault, Form

#: Bytes of an answer that are read; the longest documented one has a few hundred.
LONGEST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back with status 200; names of ``headers`` are in small letters."""

    body: bytes
    headers: Mapping[str, str]


class Exchange:
    """Asks over HTTP: TLS verified against certifi's roots, no redirect followed, no proxy or netrc of the environment.

    httpx's own timeouts start anew with every packet. So each question is a task of asyncio, which is cancelled when
    the time is up, and it runs on a thread of its own, because the caller may be in an event loop already. The one call
    that can't be cancelled is the system's name lookup: the caller doesn't wait for it, but its thread does.

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
        httpx.AsyncClient(verify=self.context, trust_env=False)  # loads the rest of httpx now, not on the first call
        self.agent = f"Flask/{_version('flask')} | captcha_guard/{_version('captcha-guard')}"

    def post(self, service: str, url: str, form: Form) -> Reply | Fault:
        """Post ``form``; any status but 200 is a fault."""
        thread = ThreadPoolExecutor(1, "captcha_guard-service")
        try:
            return thread.submit(lambda: asyncio.run(self._asked(url, form))).result(self.timeout)
        except Exception as error:  # anything that goes wrong is a fault, never a verdict
            return self._fault(service, error)
        finally:
            thread.shutdown(wait=False)

    async def _asked(self, url: str, form: Form) -> Reply:
        try:
            return await self._reply(url, form)
        finally:
            await asyncio.sleep(0)  # a closed connection lets go of its socket in the loop's next round

    async def _reply(self, url: str, form: Form) -> Reply:
        import httpx  # noqa: PLC0415

        headers = {
            "User-Agent": self.agent,
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        content = urlencode(form, encoding="utf-8", errors="replace")
        async with (
            asyncio.timeout(self.timeout),
            httpx.AsyncClient(verify=self.context, trust_env=False, timeout=None) as client,  # noqa: S113 - bounded above
            client.stream("POST", url, content=content, headers=headers) as response,
        ):
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > LONGEST:
                    raise _BadAnswerError("too_long", f"answered with more than {LONGEST} bytes")
            if 300 <= (status := response.status_code) < 400:
                raise _BadAnswerError("redirected", f"answered with a redirect ({status}), which is not followed")
            if status != 200:
                raise _BadAnswerError("status", f"answered with status {status}")
            return Reply(body, {name.lower(): value for name, value in response.headers.items()})

    def _fault(self, service: str, error: Exception) -> Fault:
        import httpx  # noqa: PLC0415

        match error:
            case _BadAnswerError():
                reason, said = error.reason, error.said
            case TimeoutError():
                reason, said = "timeout", f"did not answer within {self.timeout:g} s"
            case RuntimeError():  # no thread to be had, or the process is ending
                reason, said = "unreachable", f"could not be asked: {error}"
            case _ if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
                reason, said = "insecure", "could not prove who it is: its certificate is not trusted"
            case httpx.ConnectError():
                reason, said = "unreachable", "can't be reached"
            case _:
                reason, said = "broken", f"broke off before its answer was complete ({type(error).__name__})"
        return Fault(service, reason, f"{service} {said}.")


class _BadAnswerError(Exception):
    """An answer came, but not one to read: the fault's ``reason``, and what the service did."""

    def __init__(self, reason: str, said: str) -> None:
        self.reason = reason
        self.said = said


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "0"
