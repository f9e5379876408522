"""How many round trips a guarded POST needs with a real redis-server. The server counts them."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_limiter import Limiter

from captcha_guard import CaptchaGuard
from captcha_guard.config.settings import Settings
from captcha_guard.config.validators import PREFIX
from captcha_guard.counters.storages.data_loss import BUCKETS
from captcha_guard.web.state import NAME
from tests.integration.host_blog import COMMENT, Blog, Page, make_app, make_blog, solved, wrong
from tests.memcached_server import memcached_server
from tests.redis_cluster import Cluster, redis_cluster
from tests.redis_server import redis_server

pytestmark = pytest.mark.redis

#: A command in the output of MONITOR. Commands of scripts have "lua" in the place of the client.
TOLD = re.compile(rb'\+[0-9.]+ \[\d+ (?P<client>[^\]]+)\] "(?P<command>\w+)"')


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


@contextmanager
def watched(uri: str) -> Iterator[list[str]]:
    """Collect the names of the commands that clients send to the server during the block, without those of scripts."""
    host, port = uri.removeprefix("redis://").partition("/")[0].split(":")
    commands: list[str] = []
    with socket.create_connection((host, int(port))) as ends, ends.makefile("rb") as stream:
        ends.sendall(b"MONITOR\r\n")
        assert stream.readline() == b"+OK\r\n"
        yield commands
        with socket.create_connection((host, int(port))) as last:
            last.sendall(b"ECHO over\r\n")
            last.recv(64)
        for line in stream:
            command = TOLD.match(line)
            assert command is not None, line
            if command["command"] == b"ECHO":
                break
            if command["client"] != b"lua":
                commands.append(command["command"].decode().lower())


@pytest.fixture
def make(tmp_path: Path, uri: str) -> Iterator[Callable[..., Blog]]:
    """Make a blog that counts in Redis, and post to it once, so that it is connected and the server has the scripts."""
    with ExitStack() as stack:

        def made(**config: object) -> Blog:
            blog = make_blog(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": uri, **config})
            storage: Any = blog.state.storage
            stack.callback(storage.storage.close)
            storage.storage.flushdb()
            post(blog, "192.0.2.1")
            return blog

        yield made


def post(blog: Blog, address: str, *, right: bool = True) -> int:
    """Fetch a form, and post a comment with a right or a wrong code."""
    fields, client = form(blog, address, right=right)
    return client.post("/posts/one/comments", data=fields).status_code


def form(blog: Blog, address: str, *, right: bool = True) -> tuple[dict[str, str], FlaskClient]:
    client = blog.client(address)
    page = client.get("/posts/one")
    typed = COMMENT | {"body": f"The loop in part {address} never ends."}
    return (solved(client, page, typed) if right else wrong(page, typed)), client


def asked(blog: Blog, uri: str, *, right: bool = True) -> tuple[int, list[str]]:
    """Post a comment. Returns the status, and the commands of the POST alone."""
    fields, client = form(blog, "192.0.2.2", right=right)
    with watched(uri) as commands:
        status = client.post("/posts/one/comments", data=fields).status_code
    return status, commands


def test_a_comment_with_a_right_code_costs_four_round_trips(make: Callable[..., Blog], uri: str) -> None:
    blog = make(CAPTCHA_GUARD_COMMENT_LIMITS="9 per minute; 90 per hour; 900 per day")
    # The state, the charge of all windows, the nonce, the comment's fingerprint.
    assert asked(blog, uri) == (303, ["evalsha"] * 4)


def test_a_comment_with_a_wrong_code_costs_at_most_five(make: Callable[..., Blog], uri: str) -> None:
    status, commands = asked(make(), uri, right=False)
    assert status == 422
    assert len(commands) <= 5  # the fifth checks whether the comment is already stored


def test_a_comment_that_the_limits_refuse_costs_four(make: Callable[..., Blog], uri: str) -> None:
    blog = make(CAPTCHA_GUARD_COMMENT_LIMITS="1 per minute")
    assert post(blog, "192.0.2.2") == 303
    # The state, whether it is a double click, the charge, and which limit it was.
    assert asked(blog, uri) == (429, ["evalsha", "get", "evalsha", "evalsha"])


def test_a_form_and_its_picture_cost_at_most_three(make: Callable[..., Blog], uri: str) -> None:
    blog = make()
    with watched(uri) as commands:
        page = blog.client("192.0.2.2").get("/posts/one")
        assert blog.client("192.0.2.2").get(Page(page.text).pictures[0]).status_code == 200
    assert len(commands) <= 3


#: Settings that determine the number of windows, with their defaults. Some storages need a request for each window.
USUAL = {
    f"{PREFIX}{name}": getattr(Settings(), name.lower())
    for name in ("COMMENT_LIMITS", "WRONG_LIMITS", "WRONG_WAITS", "SURGE")
}


def test_on_a_cluster_a_comment_with_a_right_code_costs_eight_and_remember_a_script_for_each_hash_tag(
    tmp_path: Path,
) -> None:
    with redis_cluster(tmp_path) as cluster:
        blog = make_blog(tmp_path / "blog", {**USUAL, "CAPTCHA_GUARD_STORAGE_URI": cluster.uri})
        storage: Any = blog.state.storage
        for number in range(40):  # then each node has run every script
            post(blog, f"198.51.{number}.1")
        fields, client = form(blog, "192.0.2.2")
        with watched_cluster(cluster) as commands:
            assert client.post("/posts/one/comments", data=fields).status_code == 303
        assert commands == {"evalsha": 8}
        with watched_cluster(cluster) as commands:
            storage.remember()
        assert commands == {"evalsha": BUCKETS}
        storage.storage.close()


@contextmanager
def watched_cluster(cluster: Cluster) -> Iterator[Counter[str]]:
    """Count the commands that clients send to all primaries during the block."""
    commands: Counter[str] = Counter()
    with ExitStack() as stack:
        asked = [stack.enter_context(watched(node.uri)) for node in cluster.primaries]
        yield commands
    commands.update(command for one in asked for command in one)


def posts(app: Flask, guard: CaptchaGuard, number: int) -> Iterator[Callable[[], int]]:
    """Yield functions that each post a comment with a right code."""
    app.add_url_rule("/one", "one", guard.protect(lambda: "kept"), methods=["POST"])
    app.add_url_rule("/form", "form", lambda: f"<form>{guard.field('one')}</form>")
    client = app.test_client()
    for part in range(number):
        fields = solved(client, client.get("/form"), {"body": f"The loop in part {part} never ends."})
        yield partial(lambda data: client.post("/one", data=data).status_code, fields)


def test_a_hosts_own_redis_storage_is_as_exact_with_more_round_trips(tmp_path: Path, uri: str) -> None:
    app = make_app(tmp_path, USUAL)
    limiter = Limiter(lambda: "everyone", app=app, storage_uri=uri, strategy="moving-window", key_prefix="own")
    guard = CaptchaGuard(app, limiter=limiter)
    statuses, asked = [], []
    for post in posts(app, guard, 3):
        with watched(uri) as commands:
            statuses.append(post())
        asked.append(len(commands))
    assert statuses == [200, 200, 429]
    assert asked[1] == 21
    storage: Any = limiter.storage
    assert type(storage).__module__.startswith("limits.")
    storage.storage.close()


@pytest.mark.memcached
def test_memcached_needs_a_request_for_each_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []
    client: Any = import_module("pymemcache.client.base").Client
    for name in ("_fetch_cmd", "_store_cmd", "_misc_cmd"):
        monkeypatch.setattr(client, name, counted(getattr(client, name), commands))
    with memcached_server() as uri:
        app = make_app(tmp_path, {**USUAL, "CAPTCHA_GUARD_STORAGE_URI": uri})
        guard, asked = CaptchaGuard(app), []
        for post in posts(app, guard, 2):
            commands.clear()
            assert post() == 200
            asked.append(len(commands))
        app.extensions[NAME].storage.storage.close()
    assert asked == [36, 31]


def counted(method: Callable[..., Any], commands: list[str]) -> Callable[..., Any]:
    """Return a method that records each of its calls."""

    def call(*arguments: Any, **named: Any) -> Any:
        commands.append(method.__name__)
        return method(*arguments, **named)

    return call
