"""``flask captcha-guard limits`` shows and clears the guard's limits, and Flask-Limiter's own commands the host's."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from click import Command
from flask import Flask
from flask.testing import FlaskClient
from flask_limiter import Limiter
from flask_limiter.commands import cli

from captcha_guard import CaptchaGuard
from captcha_guard.cli import group
from captcha_guard.testing import solved_form
from tests.servers import free_port

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


def run(app: Flask, *words: str, command: Command = group) -> str:
    answer = app.test_cli_runner().invoke(command, [*words], env={"COLUMNS": "200"})
    assert answer.exception is None, answer.output
    assert answer.exit_code == 0, answer.output
    return answer.output


def clear(app: Flask, key: str) -> str:
    return run(app, "limits", "--key", key, "--clear")


def visitor(app: Flask, address: str = "192.0.2.7") -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


def post(app: Flask, address: str = "192.0.2.7", path: str = "/comments") -> int:
    return visitor(app, address).post(path, data={"body": secrets.token_hex()}).status_code


def listed(shown: str, heading: str) -> list[str]:
    """Return the lines below a heading."""
    lines = shown.splitlines()
    start = lines.index(heading) + 1
    end = next((n for n, line in enumerate(lines[start:], start) if not line.startswith("  ")), len(lines))
    return [line.strip() for line in lines[start:end]]


def test_limits_are_shown_for_each_route(tmp_path: Path) -> None:
    shown = run(make(tmp_path), "limits")
    assert listed(shown, "comments (comments)") == [
        "2 per 1 minute",
        "10 per 1 hour",
        "30 per 1 day",
        "8 per 1 minute, for its whole /56 (IPv6)",
        "120 per 1 day, for its whole /56 (IPv6)",
        "64 per 1 minute, for its whole /24 or /48",
        "960 per 1 day, for its whole /24 or /48",
    ]
    assert listed(shown, "comments (guestbook)")[0] == "7 per 1 hour"
    assert listed(shown, "pictures (pictures)")[0] == "3 per 1 minute"
    assert listed(shown, "challenges (new codes)")[0] == "5 per 1 minute"
    assert {"10 per 10 minute", "5 per 30 second"} <= set(listed(shown, "wrong (wrong codes)"))


@pytest.mark.parametrize("storage", ["", "memory://", pytest.param("redis", marks=pytest.mark.redis)])
def test_the_counts_of_an_address_are_shown_and_cleared_in_every_store(
    tmp_path: Path, storage: str, request: pytest.FixtureRequest
) -> None:
    if storage == "redis":
        storage = request.getfixturevalue("redis").uri
    app = make(tmp_path, CAPTCHA_GUARD_STORAGE_URI=storage)
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    mine = listed(run(app, "limits", "--key", "192.0.2.7"), "comments (comments)")
    assert mine[0].startswith("2 per 1 minute: 0 left, the next one in ")
    assert "10 per 1 hour: 8 left" in mine
    assert "64 per 1 minute, for its whole /24 or /48: 62 left" in mine
    neighbours = listed(run(app, "limits", "--key", "192.0.2.8"), "comments (comments)")
    assert neighbours[0] == "2 per 1 minute: 2 left"
    assert "64 per 1 minute, for its whole /24 or /48: 62 left" in neighbours
    assert "2 per 1 minute: 2 left" in listed(clear(app, "192.0.2.7:5021"), "comments (comments)")
    assert [post(app) for _ in range(3)] == [422, 422, 429]


def test_clearing_an_address_does_not_affect_others(tmp_path: Path) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_COMMENT_LIMITS="2 per day")
    for address in ("192.0.2.7", "198.51.100.1"):
        assert [post(app, address) for _ in range(3)] == [422, 422, 429]
    assert "Cleared: 192.0.2.7" in clear(app, "192.0.2.7")
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    assert post(app, "198.51.100.1") == 429


def test_counts_cleared_before_midnight_stay_cleared_after_it(tmp_path: Path, clock: time_machine.Traveller) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_COMMENT_LIMITS="2 per day")
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    clear(app, "192.0.2.7")
    clock.shift(43_200 + 60)
    assert [post(app) for _ in range(3)] == [422, 422, 429]


def test_clearing_an_address_clears_its_wrong_codes(tmp_path: Path) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_WRONG_LIMITS="1 per day", CAPTCHA_GUARD_COMMENT_LIMITS="100 per day")

    def guess() -> int:
        client = visitor(app)
        form = solved_form(app, client.post("/comments", data={"body": "x"}).text)
        return client.post("/comments", data={"body": "x", **form, "captcha_answer": "WRONGWRONG"}).status_code

    assert [guess(), guess()] == [422, 429]
    clear(app, "192.0.2.7")
    assert guess() == 422


def test_clients_without_an_address_are_cleared_with_their_key(tmp_path: Path) -> None:
    app = make(tmp_path)
    assert [post(app, "unix:") for _ in range(3)] == [422, 422, 429]
    clear(app, "shared")
    assert post(app, "") == 422


@pytest.mark.parametrize("words", [["--key", "203.0.113", "--clear"], ["--key", "203.0.113"], ["--key", " "]])
def test_a_mistyped_address_is_refused_and_clears_nothing(tmp_path: Path, words: list[str]) -> None:
    app = make(tmp_path)
    assert [post(app, "") for _ in range(3)] == [422, 422, 429]
    answer = app.test_cli_runner().invoke(group, ["limits", *words])
    assert answer.exit_code == 2
    assert f"{words[1]!r} isn't an address" in answer.output
    assert post(app, "") == 429


def test_nothing_is_cleared_without_a_key(tmp_path: Path) -> None:
    answer = make(tmp_path).test_cli_runner().invoke(group, ["limits", "--clear"])
    assert answer.exit_code == 2
    assert "--key ADDRESS" in answer.output


def test_a_client_that_the_host_names_is_cleared_by_its_name(tmp_path: Path) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_CLIENT_KEY=lambda: "ada")
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    clear(app, "bob")
    assert post(app) == 429
    clear(app, "ada")
    assert post(app) == 422


@pytest.mark.parametrize("words", [[], ["--clear"]])
def test_a_failing_store_is_reported_and_not_shown_as_empty(tmp_path: Path, words: list[str]) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_STORAGE_URI=f"redis://127.0.0.1:{free_port()}/0")
    answer = app.test_cli_runner().invoke(group, ["limits", "--key", "192.0.2.7", *words])
    assert answer.exit_code == 1
    assert "store" in answer.output
    assert "left" not in answer.output


def test_the_hosts_store_is_shown_if_its_limiter_is_passed_in(tmp_path: Path) -> None:
    limiter = Limiter(lambda: "everyone", storage_uri="memory://", strategy="fixed-window")
    app = make(tmp_path, limiter)
    assert [post(app) for _ in range(3)] == [422, 422, 429]
    clear(app, "192.0.2.7")
    assert [post(app) for _ in range(3)] == [422, 422, 429]


# Flask-Limiter's own commands


def guard_first(app: Flask, limiter: Limiter) -> None:
    CaptchaGuard(app)
    limiter.init_app(app)


def limiter_first(app: Flask, limiter: Limiter) -> None:
    limiter.init_app(app)
    CaptchaGuard(app)


@pytest.mark.parametrize("storage", ["", "memory://"])
@pytest.mark.parametrize("set_up", [guard_first, limiter_first])
def test_flask_limiters_commands_show_the_hosts_limiter_and_no_other(
    tmp_path: Path, set_up: Callable[[Flask, Limiter], None], storage: str
) -> None:
    app = Flask("blog", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY=secrets.token_hex(), CAPTCHA_GUARD_STORAGE_URI=storage)
    app.add_url_rule("/", "front", lambda: "front")
    set_up(app, Limiter(lambda: "everyone", storage_uri="memory://", default_limits=["50 per hour"]))
    shown = run(app, "config", command=cli)
    assert "MemoryStorage" in shown
    assert "FixedWindowRateLimiter" in shown
    assert "captcha_guard" not in shown
    assert "50 per 1 hour" in run(app, "limits", command=cli)
    assert "Cleared" in run(app, "clear", "--key", "everyone", "-y", command=cli)


@pytest.mark.parametrize("storage", ["", "memory://"])
def test_without_a_limiter_of_the_host_flask_limiters_commands_report_that(tmp_path: Path, storage: str) -> None:
    app = make(tmp_path, CAPTCHA_GUARD_STORAGE_URI=storage)
    for command in ("config", "limits"):
        assert "No Flask-Limiter extension installed" in run(app, command, command=cli)
