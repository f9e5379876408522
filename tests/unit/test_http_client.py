"""Whatever a service's server does, the client returns a reply or a fault in time."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from captcha_guard.errors import ConfigError
from captcha_guard.spam.services import Fault, HTTPClient
from captcha_guard.spam.services.http_client import Reply
from tests.service_server import CERTIFICATE, Running, service_server

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The timeout in seconds, and how much longer a busy machine may take.
TIMEOUT, SLACK = 0.4, 2.0


@pytest.fixture
def running() -> Iterator[Running]:
    with service_server() as server:
        yield server


@pytest.fixture
def http_client() -> HTTPClient:
    return HTTPClient(TIMEOUT)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "captcha_guard-service"]


def post(http_client: HTTPClient, base: str) -> Reply | Fault:
    return http_client.post(
        "example", f"{base}/1.1/comment-check", {"key": "a1b2c3d4e5f6", "blog": "https://blog.example"}
    )


def test_a_form_arrives_unchanged_and_the_reply_is_returned(http_client: HTTPClient, running: Running) -> None:
    form = {"key": "a & b = c", "empty": "", "body": "Grüße,\n\u200b+ 100 %", "half": "\ud800"}
    reply = http_client.post("example", f"{running.base}/1.1/comment-check", form)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (200, b"invalid")
    assert reply.headers["x-akismet-debug-help"]
    [asked] = running.asked
    assert asked.form == form | {"half": "?"}  # a lone surrogate can't be sent
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert asked.headers["user-agent"].startswith("Flask/")
    assert " | captcha_guard/" in asked.headers["user-agent"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("truncated", "broken"), ("cut_chunks", "broken"), ("gone", "broken"), ("no_http", "broken"),
        ("redirect", "redirected"), ("huge", "too_long"),
        ("error_500", "status"), ("error_403", "status"), ("busy", "status"),
    ],
)  # fmt: skip
def test_an_unusable_reply_is_a_fault(http_client: HTTPClient, running: Running, fault: str, reason: str) -> None:
    running.server.fault = fault
    answer = post(http_client, running.base)
    assert isinstance(answer, Fault)
    assert (answer.reason, answer.again) == (reason, True)
    assert answer.sentence.startswith("example ")
    assert answer.sentence.endswith(".")


def test_a_redirect_is_not_followed(http_client: HTTPClient, running: Running) -> None:
    running.server.fault = "redirect"
    post(http_client, running.base)
    assert [asked.path for asked in running.asked] == ["/1.1/comment-check"]


@pytest.mark.parametrize("fault", ["hang", "drip", "drip_headers"])
@pytest.mark.parametrize("tls", [False, True])
def test_no_server_delays_a_visitor_beyond_the_timeout_or_keeps_a_thread(
    http_client: HTTPClient, fault: str, tls: bool
) -> None:
    http_client.context.load_verify_locations(CERTIFICATE)
    with service_server(tls=tls) as running:
        running.server.fault = fault
        begun = time.monotonic()
        answer = post(http_client, running.base)
        took = time.monotonic() - begun
        assert isinstance(answer, Fault)
        assert (answer.reason, answer.sentence) == ("timeout", "example did not answer within 0.4 s.")
        assert TIMEOUT <= took < TIMEOUT + SLACK
        for thread in threads():
            thread.join(SLACK)
        assert threads() == [], "the thread still reads while the server sends"


def test_a_server_that_accepts_and_sends_nothing_is_a_timeout(http_client: HTTPClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):
            answer = post(http_client, f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")
            assert isinstance(answer, Fault)
            assert answer.reason == "timeout"


def test_a_resolver_that_hangs_is_a_timeout(http_client: HTTPClient, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        released.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begun = time.monotonic()
    answer = post(http_client, "https://rest.akismet.example")
    assert isinstance(answer, Fault)
    assert (answer.reason, time.monotonic() - begun < TIMEOUT + SLACK) == ("timeout", True)
    released.set()
    for thread in threads():
        thread.join(SLACK)


def test_a_closed_port_can_not_be_reached(http_client: HTTPClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for base in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}"):
        answer = post(http_client, base)
        assert isinstance(answer, Fault)
        assert answer.reason == "unreachable"


def test_an_untrusted_certificate_is_refused_before_anything_is_sent() -> None:
    http_client = HTTPClient(5)
    with service_server(tls=True) as running:
        answer = post(http_client, running.base)
        assert isinstance(answer, Fault)
        assert (answer.reason, running.asked) == ("insecure", [])
        http_client.context.load_verify_locations(CERTIFICATE)
        assert isinstance(post(http_client, running.base), Reply), "it is accepted once it is trusted"
    assert http_client.context.verify_mode == ssl.CERT_REQUIRED
    assert http_client.context.check_hostname


def test_proxies_and_certificates_of_the_environment_are_not_used(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    http_client = HTTPClient(5)
    assert isinstance(post(http_client, running.base), Reply)
    with service_server(tls=True) as untrusted:
        answer = post(http_client, untrusted.base)
    assert isinstance(answer, Fault)
    assert answer.reason == "insecure"


def test_a_thread_that_can_not_be_started_is_a_fault(http_client: HTTPClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    answer = post(http_client, "http://127.0.0.1:9")
    assert isinstance(answer, Fault)
    assert answer.reason == "unreachable"


def test_without_httpx_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ConfigError, match=r"pip install httpx"):
        HTTPClient()
