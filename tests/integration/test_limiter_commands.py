"""Flask-Limiter's own commands show the guard's limits and clear them, by the address that is typed."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_limiter import Limiter
from flask_limiter.commands import cli

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solved_form

CONFIG: dict[str, object] = {
    "CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute; 10 per hour; 30 per day",
    "CAPTCHA_GUARD_PICTURE_LIMITS": "3 per minute",
    "CAPTCHA_GUARD_CHALLENGE_LIMITS": "5 per minute",
    "CAPTCHA_GUARD_WRONG_LIMITS": "10 per 10 minutes",
}


def make(tmp_path: Path, limiter: Limiter | None = None, **config: object) -> Flask:
    app = Flask("blog", instance_path=str(tmp_path))
    app.config.update({"SECRET_KEY": f"s{secrets.token_hex()}", **CONFIG, **config})
    if limiter is not None:
        limiter.init_app(app)
    guard = CaptchaGuard(app, limiter=limiter)

    @app.get("/")
    def front() -> str:
        return "front"

    @app.post("/comments")
    @guard.protect
    def comments() -> str:
        return "kept"

    @app.post("/guestbook")
    @guard.protect(limits="7 per hour")
    def guestbook() -> str:
        return "kept"

    return app


def run(app: Flask, *words: str) -> str:
    answer = app.test_cli_runner().invoke(cli, [*words], env={"COLUMNS": "200"})
    assert answer.exception is None, answer.output
    assert answer.exit_code == 0, answer.output
    return answer.output


def visitor(app: Flask, address: str = "192.0.2.7") -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


def post(app: Flask, address: str = "192.0.2.7", path: str = "/comments") -> int:
    return visitor(app, address).post(path, data={"body": secrets.token_hex()}).status_code


def branch(shown: str, endpoint: str) -> list[str]:
    """Return what stands below an endpoint in the tree."""
    lines, found = shown.splitlines(), []
    start = next(number for number, line in enumerate(lines) if f"{endpoint}: " in line and "/" in line)
    depth = len(lines[start]) - len(lines[start].lstrip("│├└─ "))
    for line in lines[start + 1 :]:
        if len(line) - len(line.lstrip("│├└─ ")) <= depth:
            break
        found.append(line.lstrip("│├└─ "))
    return found


def test_limits_are_shown_for_each_route(tmp_path: Path) -> None:
    shown = run(make(tmp_path), "limits")
    comments = branch(shown, "comments")
    for limit in ("comments: 2 per 1 minute", "comments: 10 per 1 hour", "comments: 30 per 1 day"):
        assert limit in comments
    assert "comments: 64 per 1 minute, of its network (/24, /48)" in comments
    assert "comments: 8 per 1 minute, of its /56 (IPv6)" in comments
    assert "wrong: 10 per 10 minute" in comments
    assert "wrong: 5 per 30 second" in comments
    assert "comments: 7 per 1 hour" in branch(shown, "guestbook")
    assert "comments: 2 per 1 minute" not in branch(shown, "guestbook")
    assert "pictures: 3 per 1 minute" in branch(shown, "captcha_guard.picture")
    assert "challenges: 5 per 1 minute" in branch(shown, "captcha_guard.challenge")
    assert branch(shown, "front") == []


def test_the_standing_of_an_address_is_shown(tmp_path: Path) -> None:
    app = make(tmp_path)
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    mine = branch(run(app, "limits", "--key", "192.0.2.7"), "comments")
    assert "comments: 2 per 1 minute: Fail (0 out of 2 remaining)" in mine
    assert "comments: 10 per 1 hour: Pass (8 out of 10 remaining)" in mine
    assert "comments: 64 per 1 minute, of its network (/24, /48): Pass (62 out of 64 remaining)" in mine
    neighbours = branch(run(app, "limits", "--key", "192.0.2.8"), "comments")
    assert "comments: 2 per 1 minute: Pass (2 out of 2 remaining)" in neighbours
    assert "comments: 64 per 1 minute, of its network (/24, /48): Pass (62 out of 64 remaining)" in neighbours


def test_clearing_an_address_lets_it_post_again_and_nobody_else(tmp_path: Path) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_COMMENT_LIMITS="2 per day")
    for address in ("192.0.2.7", "198.51.100.1"):
        assert [post(app, address) for _ in range(3)] == [422, 422, 429]
    assert "Cleared" in run(app, "clear", "--key", "192.0.2.7", "-y")
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    assert post(app, "198.51.100.1") == 429


def test_what_was_cleared_before_midnight_stays_cleared_after_it(tmp_path: Path) -> None:
    with time_machine.travel(1_800_014_400.0, tick=False) as clock:  # 12:00 UTC
        app = make(tmp_path, CAPTCHA_GUARD_COMMENT_LIMITS="2 per day")
        assert [post(app) for _ in range(3)] == [422, 422, 429]
        assert "comments: 2 per 1 day, since midnight" in branch(run(app, "limits"), "comments")
        run(app, "clear", "--key", "192.0.2.7", "-y")
        clock.shift(43_200 + 60)
        assert [post(app) for _ in range(3)] == [422, 422, 429]


def test_clearing_an_address_forgets_its_wrong_codes(tmp_path: Path) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_WRONG_LIMITS="1 per day", CAPTCHA_GUARD_COMMENT_LIMITS="100 per day")

    def guess() -> int:
        client = visitor(app)
        form = solved_form(app, client.post("/comments", data={"body": "x"}).text)
        return client.post("/comments", data={"body": "x", **form, "captcha_answer": "WRONGWRONG"}).status_code

    assert [guess(), guess()] == [422, 429]
    run(app, "clear", "--key", "192.0.2.7", "-y")
    assert guess() == 422


def test_one_endpoint_may_be_cleared_alone(tmp_path: Path) -> None:
    app = make(tmp_path)
    picture = visitor(app).post("/captcha-guard/challenge", json={"scope": "comments"}).get_json()["picture"]
    assert [visitor(app).get(picture).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    run(app, "clear", "--key", "192.0.2.7", "--endpoint", "captcha_guard.picture", "-y")
    assert visitor(app).get(picture).status_code == 200
    assert post(app) == 429


def test_without_yes_it_shows_and_asks_first(tmp_path: Path) -> None:
    app = make(tmp_path)
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    answer = app.test_cli_runner().invoke(cli, ["clear", "--key", "192.0.2.7"], input="n\n", env={"COLUMNS": "200"})
    assert "Fail (0 out of 2 remaining)" in answer.output
    assert post(app) == 429


def test_all_without_an_address_are_cleared_by_their_word(tmp_path: Path) -> None:
    app = make(tmp_path)
    assert [post(app, "unix:") for _ in range(3)] == [422, 422, 429]
    run(app, "clear", "--key", "shared", "-y")
    assert post(app, "") == 422


@pytest.mark.parametrize("words", [["clear", "--key", "203.0.113", "-y"], ["limits", "--key", "203.0.113"]])
def test_a_mistyped_address_is_refused_and_clears_nothing(tmp_path: Path, words: list[str]) -> None:
    app = make(tmp_path)
    assert [post(app, "") for _ in range(3)] == [422, 422, 429]
    answer = app.test_cli_runner().invoke(cli, words)
    assert answer.exit_code == 2
    assert "'203.0.113' is no address" in answer.output
    assert post(app, "") == 429


def test_a_client_that_the_host_names_is_cleared_by_its_name(tmp_path: Path) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_CLIENT_KEY=lambda: "ada")
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    run(app, "clear", "--key", "bob", "-y")
    assert post(app) == 429
    run(app, "clear", "--key", "ada", "-y")
    assert post(app) == 422


def test_the_configuration_shows_the_guards_store(tmp_path: Path) -> None:
    app = make(tmp_path)
    post(app)
    shown = run(app, "config")
    assert "SQLiteStorage" in shown
    assert "MovingWindowRateLimiter" in shown
    assert "OK" in shown


@pytest.mark.parametrize("strategy", ["moving-window", "fixed-window"])
def test_a_limiter_that_is_handed_in_shows_both_and_charges_only_its_own(tmp_path: Path, strategy: str) -> None:
    limiter = Limiter(lambda: "everyone", storage_uri="memory://", strategy=strategy, default_limits=["50 per hour"])
    app = make(tmp_path, limiter)
    shown = branch(run(app, "limits"), "comments")
    assert "50 per 1 hour" in shown
    assert "comments: 2 per 1 minute" in shown
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    run(app, "clear", "--key", "192.0.2.7", "-y")
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    storage: Any = limiter.storage
    assert not any("everyone/comments/2" in key for key in [*storage.events, *storage.storage])
