"""Flask-Limiter beside the guard: handed in, made here, switched off."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask_limiter import Limiter

from captcha_guard import CaptchaGuard, ConfigError
from captcha_guard.testing import solved_form


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


def test_the_hosts_limiter_lends_its_storage_and_keeps_its_own_limits(app: Flask) -> None:
    limiter = Limiter(lambda: "everyone", app=app, storage_uri="memory://", default_limits=["4 per minute"])
    guard_comments(app, CaptchaGuard(app, limiter=limiter))
    assert statuses(app, 5) == [422, 422, 429, 429, 429]
    keys = list(limiter.storage.events)  # type: ignore[attr-defined]
    assert any("comments" in key for key in keys)
    # What the filter learns is kept in this file; nothing is counted there.
    with closing(sqlite3.connect(Path(app.instance_path) / "captcha_guard.sqlite3")) as kept:
        tables = {name for (name,) in kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables
    assert not [name for name in tables if name.startswith("limits_")]


def test_a_limiter_that_is_not_set_up_is_refused_with_the_way_to_mend_it(app: Flask) -> None:
    with pytest.raises(ConfigError, match=r"limiter\.init_app\(app\) first"):
        CaptchaGuard(app, limiter=Limiter(lambda: "everyone", storage_uri="memory://"))


def test_the_guards_own_limiter_applies_none_of_the_hosts_limits(app: Flask) -> None:
    app.config["RATELIMIT_DEFAULT"] = "1 per minute"
    guard_comments(app, CaptchaGuard(app))
    client = app.test_client()
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("handed_in", [True, False])
def test_codes_and_comments_are_counted_with_flask_limiter_switched_off(app: Flask, handed_in: bool) -> None:
    app.config["RATELIMIT_ENABLED"] = False
    limiter = Limiter(lambda: "everyone", app=app, storage_uri="memory://") if handed_in else None
    guard_comments(app, CaptchaGuard(app, limiter=limiter))
    client = app.test_client()
    form = solved_form(app, client.post("/comments", data={"body": "once"}).text)
    assert client.post("/comments", data={"body": "once", **form}).status_code == 200
    assert client.post("/comments", data={"body": "twice", **form}).status_code == 422
    assert statuses(app, 1) == [429]


def test_a_store_that_can_not_be_is_refused_at_start_up(app: Flask) -> None:
    app.config["CAPTCHA_GUARD_STORAGE_URI"] = "bogus://here"
    with pytest.raises(ConfigError, match="bogus://here"):
        CaptchaGuard(app)


def test_setting_one_application_up_twice_is_refused(app: Flask) -> None:
    guard = CaptchaGuard(app)
    with pytest.raises(ConfigError, match="once"):
        guard.init_app(app)
