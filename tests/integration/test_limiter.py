"""Flask-Limiter and the guard: the host's limiter passed in, the guard's own one, and a disabled one."""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_limiter import Limiter

import captcha_guard
from captcha_guard import CaptchaGuard, ConfigError
from captcha_guard.testing import solved_form
from tests.faulty_redis import FaultyRedis


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask("blog", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = f"s{secrets.token_hex()}"

    @app.get("/")
    def front() -> str:
        return "front"

    return app


def guard_comments(app: Flask, guard: CaptchaGuard) -> None:
    app.add_url_rule("/comments", "comments", guard.protect(lambda: "kept"), methods=["POST"])


def statuses(app: Flask, posts: int) -> list[int]:
    client = app.test_client()
    return [client.post("/comments", data={"body": f"comment {number}"}).status_code for number in range(posts)]


def test_the_guard_uses_the_hosts_storage_and_the_hosts_limits_stay(app: Flask) -> None:
    limiter = Limiter(lambda: "everyone", app=app, storage_uri="memory://", default_limits=["4 per minute"])
    guard_comments(app, CaptchaGuard(app, limiter=limiter))
    assert statuses(app, 5) == [422, 422, 429, 429, 429]
    keys = list(limiter.storage.events)  # type: ignore[attr-defined]
    assert any("comments" in key for key in keys)
    # The file for what the filter learns. Nothing is counted there.
    with closing(sqlite3.connect(Path(app.instance_path) / "captcha_guard.sqlite3")) as kept:
        tables = {name for (name,) in kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables
    assert not [name for name in tables if name.startswith("limits_")]


def test_a_limiter_that_is_not_set_up_is_refused_with_the_fix(app: Flask) -> None:
    with pytest.raises(ConfigError, match=r"limiter\.init_app\(app\) first"):
        CaptchaGuard(app, limiter=Limiter(lambda: "everyone", storage_uri="memory://"))


def test_the_guards_own_limiter_applies_none_of_the_hosts_limits(app: Flask) -> None:
    app.config["RATELIMIT_DEFAULT"] = "1 per minute"
    guard_comments(app, CaptchaGuard(app))
    client = app.test_client()
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("shared", [True, False])
def test_codes_and_comments_are_counted_with_flask_limiter_switched_off(app: Flask, shared: bool) -> None:
    app.config["RATELIMIT_ENABLED"] = False
    limiter = Limiter(lambda: "everyone", app=app, storage_uri="memory://") if shared else None
    guard_comments(app, CaptchaGuard(app, limiter=limiter))
    client = app.test_client()
    form = solved_form(app, client.post("/comments", data={"body": "once"}).text)
    assert client.post("/comments", data={"body": "once", **form}).status_code == 200
    assert client.post("/comments", data={"body": "twice", **form}).status_code == 422
    assert statuses(app, 1) == [429]


def guard_first(app: Flask, limiter: Limiter) -> None:
    guard = CaptchaGuard(app)
    limiter.init_app(app)
    guard_comments(app, guard)


def limiter_first(app: Flask, limiter: Limiter) -> None:
    limiter.init_app(app)
    guard_comments(app, CaptchaGuard(app))


def passed_in(app: Flask, limiter: Limiter) -> None:
    limiter.init_app(app)
    guard_comments(app, CaptchaGuard(app, limiter=limiter))


SetUp = Callable[[Flask, Limiter], None]
in_every_order = pytest.mark.parametrize("set_up", [guard_first, limiter_first, passed_in])


@in_every_order
def test_app_extensions_has_only_the_hosts_limiter(app: Flask, set_up: SetUp) -> None:
    limiter = Limiter(lambda: "everyone", storage_uri="memory://", default_limits=["3 per minute"])
    set_up(app, limiter)
    assert app.extensions["limiter"] == {limiter}
    client = app.test_client()
    assert [client.get("/").status_code for _ in range(4)] == [200, 200, 200, 429]


@in_every_order
def test_a_limiter_that_the_host_has_switched_off_stays_off_and_the_guard_on(app: Flask, set_up: SetUp) -> None:
    limiter = Limiter(lambda: "everyone", storage_uri="memory://", default_limits=["1 per minute"], enabled=False)
    set_up(app, limiter)
    assert not limiter.enabled
    client = app.test_client()
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 200]
    assert statuses(app, 3) == [422, 422, 429]


@in_every_order
def test_the_hosts_limiter_stays_on_beside_the_guard(app: Flask, set_up: SetUp) -> None:
    limiter = Limiter(lambda: "everyone", storage_uri="memory://")
    set_up(app, limiter)
    assert limiter.enabled
    assert app.config["RATELIMIT_ENABLED"] is True


def test_the_guard_alone_writes_nothing_into_the_hosts_configuration(app: Flask) -> None:
    before = set(app.config)
    CaptchaGuard(app)
    assert set(app.config) == before
    assert "limiter" not in app.extensions


@pytest.mark.redis
@pytest.mark.parametrize("set_up", [guard_first, limiter_first])
@pytest.mark.parametrize("store", ["sqlite", "memory", "redis"])
def test_the_hosts_limiter_settings_do_not_affect_the_guards_store(
    app: Flask, redis: FaultyRedis, set_up: SetUp, store: str
) -> None:
    app.config.update(
        RATELIMIT_STORAGE_OPTIONS={"socket_timeout": 30, "password": "wrong", "key_prefix": "host", "options": {}},
        RATELIMIT_STORAGE_URI="memory://",
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_KEY_PREFIX="host",
        RATELIMIT_APPLICATION="1 per minute",
        RATELIMIT_DEFAULT="1 per minute",
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        CAPTCHA_GUARD_STORAGE_URI={"sqlite": "", "memory": "memory://", "redis": redis.uri}[store],
    )
    limiter = Limiter(lambda: "everyone", enabled=False)
    set_up(app, limiter)
    assert statuses(app, 3) == [422, 422, 429]
    storage: Any = app.extensions["captcha_guard"].storage
    if store == "redis":
        connection = storage.storage.connection_pool.make_connection()
        assert (connection.socket_timeout, connection.password) == (0.25, None)
        assert storage.key_prefix == "LIMITS"
        storage.storage.close()


def test_no_private_module_of_flask_limiter_or_limits_is_imported() -> None:
    code = "\n".join(path.read_text("utf-8") for path in Path(captcha_guard.__file__).parent.rglob("*.py"))
    assert set(re.findall(r"(?:from|import) (flask_limiter[\w.]*)", code)) == {"flask_limiter"}
    assert re.findall(r"(?:from|import) limits\.[\w.]*\b_\w+", code) == []
    assert "_check_request_limit" not in code


def test_an_impossible_store_is_refused_at_start_up(app: Flask) -> None:
    app.config["CAPTCHA_GUARD_STORAGE_URI"] = "bogus://here"
    with pytest.raises(ConfigError, match="bogus://here"):
        CaptchaGuard(app)


def test_setting_one_application_up_twice_is_refused(app: Flask) -> None:
    guard = CaptchaGuard(app)
    with pytest.raises(ConfigError, match="once"):
        guard.init_app(app)
