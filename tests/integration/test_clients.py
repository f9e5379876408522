"""What counts as one client: the address that Flask knows, a name from the host, or all requests without either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import request
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from captcha_guard import CaptchaGuard, ConfigError
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, fields_of, make_app, post_comment, solved

POST = "/posts/one/comments"
ONE: dict[str, object] = {"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"}

pytestmark = pytest.mark.usefixtures("clock")


def publish(client: FlaskClient, number: object, **headers: str) -> int:
    return post_comment(client, headers=headers, body=f"Comment {number}").status_code


def test_posts_without_codes_from_one_household_do_not_lock_out_its_neighbours(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute; 10 per hour; 30 per day"})
    for subnet in range(8):
        for _ in range(4):
            blog.client(f"2001:db8:1:{subnet:x}::1").post(POST, data=COMMENT)
    assert blog.client("2001:db8:1:9::1").post(POST, data=COMMENT).status_code == 429  # the same /56
    assert publish(blog.client("2001:db8:1:100::1"), "next door") == 303


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Client-IP", "True-Client-IP"])
def test_a_forged_header_makes_no_new_client(blogs: MakeBlog, header: str) -> None:
    client = blogs(ONE).client()
    answers = [
        client.post(POST, data=COMMENT, headers={header: f"198.51.100.{number}"}).status_code for number in range(9)
    ]
    assert answers == [422] + [429] * 8


def test_proxyfix_decides_whose_address_counts(blogs: MakeBlog) -> None:
    blog = blogs(ONE)
    blog.app.wsgi_app = ProxyFix(blog.app.wsgi_app, x_for=1)  # type: ignore[method-assign]
    client = blog.client("127.0.0.1")
    visitors = ["198.51.100.1", "203.0.113.1", "198.51.100.1"]
    answers = [client.post(POST, data=COMMENT, headers={"X-Forwarded-For": f"6.6.6.6, {one}"}) for one in visitors]
    assert [answer.status_code for answer in answers] == [422, 422, 429]


def test_a_64_bit_ipv6_network_and_an_ipv4_mapped_address_are_each_one_client(blogs: MakeBlog) -> None:
    blog = blogs(ONE)
    assert [blog.client(f"2001:db8:1:2::{n:x}").post(POST, data=COMMENT).status_code for n in range(1, 4)] == [
        422,
        429,
        429,
    ]
    assert blog.client("2001:db8:1:3::1").post(POST, data=COMMENT).status_code == 422
    assert blog.client("::ffff:192.0.2.9").post(POST, data=COMMENT).status_code == 422
    assert blog.client("192.0.2.9").post(POST, data=COMMENT).status_code == 429


@pytest.mark.parametrize("address", ["", "unix:", "/run/blog.sock", "not an address"])
def test_requests_with_an_invalid_address_share_one_clients_limits(blogs: MakeBlog, address: str) -> None:
    blog = blogs(ONE)
    assert blog.client(address).post(POST, data=COMMENT).status_code == 422
    assert blog.client("unix:").post(POST, data=COMMENT).status_code == 429
    assert blog.client("192.0.2.9").post(POST, data=COMMENT).status_code == 422


def test_requests_without_an_address_share_the_same_limits(blogs: MakeBlog) -> None:
    client = blogs(ONE).app.test_client()
    del client.environ_base["REMOTE_ADDR"]
    assert [client.post(POST, data=COMMENT).status_code for _ in range(2)] == [422, 429]


def test_counts_continue_after_midnight(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    client = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per hour"}).client()
    clock.shift(43_200 - 5)
    assert publish(client, 1) == 303
    clock.shift(10)
    assert publish(client, 2) == 429


def test_the_judge_recognises_a_client_after_days(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs()
    client = blog.client()
    assert post_comment(client, "/queue").status_code == 303
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
    clock.shift(3 * 86_400)
    again = {"author": "Someone else", "email": "", "body": "Something else altogether."}
    assert client.post("/queue", data=solved(client, client.get("/queue"), again)).status_code == 303
    assert "client_history" in blog.stored[1]["why"]


# Names from the host


def named(blogs: MakeBlog, function: Any) -> FlaskClient:
    return blogs({**ONE, "CAPTCHA_GUARD_CLIENT_KEY": function}).client()


def test_the_host_names_its_clients(blogs: MakeBlog) -> None:
    client = named(blogs, lambda: request.headers["X-Account"])
    assert [
        client.post(POST, data=COMMENT, headers={"X-Account": name}).status_code for name in ("ada", "bob", "ada")
    ] == [422, 422, 429]


def test_an_async_function_may_name_clients(blogs: MakeBlog) -> None:
    async def name() -> str:
        return request.headers["X-Account"]

    client = named(blogs, name)
    answers = [client.post(POST, data=COMMENT, headers={"X-Account": who}).status_code for who in ("ada", "bob")]
    assert answers == [422, 422]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: None, "returned None"),
        (lambda: "", "returned ''"),
        (lambda: "  ", "returned '  '"),
        (lambda: 7, "returned 7"),
        (lambda: request.headers["X-Account"], "raised KeyError"),
        (lambda: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_clients_that_the_host_cannot_name_share_limits_and_are_logged_once(
    blogs: MakeBlog, caplog: pytest.LogCaptureFixture, function: Any, message: str
) -> None:
    blog = blogs({**ONE, "CAPTCHA_GUARD_CLIENT_KEY": function})
    answers = [blog.client(f"192.0.{number}.1").post(POST, data=COMMENT).status_code for number in range(3)]
    assert answers == [422, 429, 429]
    logged = [line for line in caplog.messages if "CAPTCHA_GUARD_CLIENT_KEY" in line]
    assert len(logged) == 1
    assert message in logged[0]


def test_the_log_reports_when_names_work_again(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    names = ["", "", "ada", "bob"]
    client = named(blogs, lambda: names.pop(0))
    for _ in range(4):
        client.post(POST, data=COMMENT)
    logged = [line for line in caplog.messages if "CAPTCHA_GUARD_CLIENT_KEY" in line]
    assert len(logged) == 2
    assert "names clients again" in logged[1]


def test_pictures_and_forms_know_the_client_by_the_same_name(blogs: MakeBlog) -> None:
    config = {"CAPTCHA_GUARD_CLIENT_KEY": lambda: request.headers.get("X-Account", "")}
    client = blogs({**config, "CAPTCHA_GUARD_CHALLENGE_LIMITS": "1 per minute"}).client()
    asked = [
        client.post("/captcha-guard/challenge", json={"scope": "api"}, headers={"X-Account": who}).status_code
        for who in ("ada", "bob", "ada")
    ]
    assert asked == [200, 200, 429]


def test_a_key_that_is_not_a_function_is_refused_at_start_up(blogs: MakeBlog) -> None:
    with pytest.raises(ConfigError, match="CAPTCHA_GUARD_CLIENT_KEY is 'remote_addr'; allowed: a function"):
        blogs({"CAPTCHA_GUARD_CLIENT_KEY": "remote_addr"})


# Exempt clients


def test_exempt_moderators_need_no_code_and_are_not_counted(blogs: MakeBlog) -> None:
    blog = blogs({**ONE, "CAPTCHA_GUARD_DISALLOWED_WORDS": ["pills"]})

    @blog.app.post("/desk")
    @blog.guard.protect(exempt_when=lambda: request.headers.get("X-Role") == "editor")
    def desk() -> tuple[str, int]:
        blog.keep("desk")
        return "", 201

    client, body = blog.client(), COMMENT | {"body": "No pills here, please."}
    editor = {"X-Role": "editor"}
    assert [client.post("/desk", data=body, headers=editor).status_code for _ in range(5)] == [201] * 5
    assert {comment["why"] for comment in blog.stored} == {"exempt"}
    assert {comment["action"] for comment in blog.stored} == {"ACCEPT"}
    assert client.post("/desk", data=body).status_code == 403
    assert client.post("/desk", data=COMMENT).status_code == 429  # the last comment that was counted was the one before


def test_a_form_shows_no_picture_to_exempt_visitors(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.route("/desk", methods=["GET", "POST"])
    @blog.guard.protect(exempt_when=lambda: request.headers.get("X-Role") == "editor")
    def desk() -> str:
        return str(blog.guard.field())

    client = blog.client()
    assert "<img" not in client.get("/desk", headers={"X-Role": "editor"}).text
    assert "<img" in client.get("/desk").text
    assert client.post("/desk", data=fields_of(client.get("/desk")), headers={"X-Role": "editor"}).status_code == 200


def test_a_function_that_fails_or_does_not_return_true_exempts_no_visitor(
    blogs: MakeBlog, caplog: pytest.LogCaptureFixture
) -> None:
    blog = blogs()
    paths = {"/fails": lambda: 1 / 0, "/none": lambda: None, "/object": object}
    for path, function in paths.items():
        blog.app.add_url_rule(path, path, blog.guard.protect(exempt_when=function)(lambda: "stored"), methods=["POST"])
    assert [blog.client().post(path, data=COMMENT).status_code for path in paths] == [422] * 3
    assert "exempt_when failed" in caplog.text


def test_visitors_can_be_exempt_on_the_whole_site(tmp_path: Path) -> None:
    app = make_app(tmp_path, {})
    guard = CaptchaGuard(app, exempt_when=lambda: request.headers.get("X-Role") == "editor")
    app.add_url_rule("/notes", "notes", guard.protect(lambda: "stored"), methods=["POST"])
    client = app.test_client()
    assert client.post("/notes", data=COMMENT, headers={"X-Role": "editor"}).status_code == 200
    assert client.post("/notes", data=COMMENT).status_code == 422


def test_an_exemption_that_is_not_a_function_is_refused(blogs: MakeBlog) -> None:
    with pytest.raises(ConfigError, match="exempt_when=True"):
        blogs().guard.protect(exempt_when=True)  # type: ignore[call-overload]
