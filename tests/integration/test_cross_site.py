"""A page of another site can't make a visitor's browser post, fetch codes or use up limits."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

from captcha_guard import CaptchaGuard
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved

POST = "/posts/one/comments"
SHOW = "/posts/one"
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
OTHER = {"Origin": "https://evil.example"}
NULL = {"Origin": "null"}

FOREIGN = pytest.mark.parametrize("headers", [CROSS, OTHER, NULL], ids=["fetch metadata", "origin", "null"])
WAYS = pytest.mark.parametrize("path", [POST, "/essay", "/queue", "/quiet", "/letters"])


def code(client: FlaskClient, scope: str = "comment:one") -> str:
    """Return the path of a new picture for ``scope``."""
    picture: str = client.post("/captcha-guard/challenge", json={"scope": scope}).get_json()["picture"]
    return picture


@FOREIGN
@WAYS
def test_a_form_of_another_site_is_shown_as_text_without_a_button(
    blog: Blog, client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, data=COMMENT, headers=headers)
    assert answer.status_code == 403
    page = Page(answer.text)
    assert "open the form on this site and send it from there" in page.text
    assert COMMENT["body"] in page.text
    assert [tag for tag, _ in page.tags if tag in ("form", "input", "button", "textarea", "img")] == []
    assert blog.stored == []


@FOREIGN
def test_a_solved_code_changes_nothing_and_stays_valid(
    blog: Blog, client: FlaskClient, headers: dict[str, str]
) -> None:
    form = solved(client, client.get(SHOW), COMMENT)
    assert client.post(POST, data=form, headers=headers).status_code == 403
    assert client.post(POST, data=form).status_code == 303
    assert len(blog.stored) == 1


@FOREIGN
def test_another_site_uses_up_none_of_the_visitors_limits(blogs: MakeBlog, headers: dict[str, str]) -> None:
    blog = blogs(
        {f"CAPTCHA_GUARD_{name}_LIMITS": "2 per minute" for name in ("COMMENT", "CHALLENGE", "PICTURE", "WRONG")}
    )
    client = blog.client()
    picture = code(client)
    for _ in range(5):
        assert client.post(POST, data={**COMMENT, ANSWER: "WRONG"}, headers=headers).status_code == 403
        assert client.post(POST, data="{", content_type="application/json", headers=headers).status_code == 403
        assert client.post("/captcha-guard/challenge", json={"scope": "x"}, headers=headers).status_code == 403
        assert client.get(picture, headers=headers).status_code == 403
    assert client.get(picture).status_code == 200
    assert code(client)
    assert client.post(POST, data=COMMENT).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Origin": "http://localhost"}, {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://www.localhost"}, {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "tomorrow"}, {"Referer": "https://evil.example/"},
    ],
)  # fmt: skip
def test_this_sites_forms_and_programs_are_accepted(blog: Blog, headers: dict[str, str]) -> None:
    client = blog.client()
    form = solved(client, client.get(SHOW), COMMENT)
    assert client.get(code(client), headers=headers).status_code == 200
    assert client.post("/captcha-guard/challenge", json={"scope": "x"}, headers=headers).status_code == 200
    assert client.post(POST, data=form, headers=headers).status_code == 303


def test_programs_get_a_problem_without_a_challenge(client: FlaskClient) -> None:
    for path in ("/api/comments", "/captcha-guard/challenge"):
        answer = client.post(path, json=COMMENT, headers=CROSS)
        assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
        assert answer.get_json()["reason"] == "cross_site"
        assert "challenge" not in answer.get_json()


def test_exempt_moderators_are_protected_too(bare: Any) -> None:
    app: Flask = bare()
    guard, stored = CaptchaGuard(app, exempt_when=lambda: True), []

    @app.post("/comments")
    @guard.protect
    def comments() -> str:
        stored.append(request.form["body"])
        return "stored"

    assert app.test_client().post("/comments", data=COMMENT, headers=CROSS).status_code == 403
    assert stored == []
    assert app.test_client().post("/comments", data=COMMENT).status_code == 200


def test_a_form_that_is_too_large_is_refused_for_its_size(blogs: MakeBlog) -> None:
    blog = blogs({"MAX_CONTENT_LENGTH": 1000, "CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    client = blog.client()
    for _ in range(3):
        assert client.post("/queue", data={"body": "x" * 2000}, headers=CROSS).status_code == 413
    assert client.post("/queue", data=COMMENT).status_code == 422


def test_a_dry_run_lets_it_through_and_records_the_refusal(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": True})
    assert blog.client().post("/queue", data=COMMENT, headers=CROSS).status_code == 303
    assert blog.stored[0]["meant"] == "REJECT"


def test_trusted_origins_may_send_forms_and_show_pictures(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_TRUSTED_ORIGINS": ["https://Other.example:443"]})
    client = blog.client()
    trusted = {"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"}
    image = {"Sec-Fetch-Site": "cross-site", "Referer": "https://other.example/page"}
    form = solved(client, client.get(SHOW), COMMENT)
    shown = client.get(code(client), headers=image)
    assert (shown.status_code, shown.headers["Cross-Origin-Resource-Policy"]) == (200, "cross-origin")
    assert client.get(code(client)).headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert client.post("/captcha-guard/challenge", json={"scope": "x"}, headers=trusted).status_code == 200
    assert client.post(POST, data=form, headers=trusted).status_code == 303
    for untrusted in ("http://other.example", "https://other.example:8443", "https://www.other.example", "null"):
        answer = client.post(POST, data=COMMENT, headers={**CROSS, "Origin": untrusted})
        assert answer.status_code == 403


def test_a_host_that_a_proxy_has_replaced_is_reported_once(
    blog: Blog, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="captcha_guard")
    for _ in range(3):
        form = solved(client, client.get(SHOW), {**COMMENT, "body": f"{len(blog.stored)} loops."})
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://blog.example"}
        assert client.post(POST, data=form, headers=headers).status_code == 303
    hints = [record.getMessage() for record in caplog.records if "ProxyFix" in record.getMessage()]
    assert len(hints) == 1
    assert "'https://blog.example'" in hints[0]
    assert "'localhost'" in hints[0]
    assert "x_host=1, x_port=1" in hints[0]


def test_an_ordinary_form_gives_no_such_hint(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for origin in ("http://localhost", "null", ""):
        client.post(POST, data=COMMENT, headers={"Sec-Fetch-Site": "same-origin", "Origin": origin})
    assert not any("ProxyFix" in message for message in caplog.messages)


def test_a_csrf_handler_that_shows_the_form_again_never_gets_the_other_sites_text(bare: Any) -> None:
    app: Flask = bare(WTF_CSRF_ENABLED=True)
    CSRFProtect(app)
    guard = CaptchaGuard(app)
    form = '<form method="post"><input name="body" value="{{ body }}">{{ csrf }}{{ captcha_guard() }}</form>'

    @app.errorhandler(CSRFError)
    def again(_: CSRFError) -> tuple[str, int]:
        return render_template_string(form, csrf=generate_csrf(), body=request.form.get("body", "")), 400

    app.post("/comments", endpoint="comments")(guard.protect(lambda: "stored"))
    foreign = app.test_client().post("/comments", data=COMMENT, headers=CROSS)
    assert foreign.status_code == 403
    assert fields_of(foreign) == {}
    assert fields_of(app.test_client().post("/comments", data=COMMENT))["body"] == COMMENT["body"]


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}], ids=["plain", "cross-site"])
def test_pictures_that_do_not_exist_are_not_counted(blogs: MakeBlog, headers: dict[str, str]) -> None:
    blog = blogs({"CAPTCHA_GUARD_PICTURE_LIMITS": "2 per minute"})
    client = blog.client()
    picture = code(client)
    forged = picture.replace(picture[-12:], "AAAAAAAA.png")
    expected = 403 if headers else 404
    for path in ("/captcha-guard/x.png", "/captcha-guard/x@2x.png", forged) * 3:
        assert client.get(path, headers=headers).status_code == expected
    assert [client.get(picture).status_code for _ in range(3)] == [200, 200, 429]


def test_used_codes_are_counted_as_pictures(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_PICTURE_LIMITS": "2 per minute"})
    client = blog.client()
    page = client.get(SHOW)
    token = fields_of(page)[TOKEN]
    client.post(POST, data=solved(client, page, COMMENT))
    answers = [client.get(f"/captcha-guard/{token}.png").status_code for _ in range(3)]
    assert answers == [410, 410, 429]


POLICY = "Content-Security-Policy"


def test_other_sites_cannot_frame_our_pages(client: FlaskClient) -> None:
    for answer in (client.post(POST, data=COMMENT), client.post(POST, data=COMMENT, headers=CROSS)):
        assert answer.headers[POLICY] == "frame-ancestors 'self'"
    for answer in (client.get(SHOW), client.post("/essay", data=COMMENT), client.post("/api/comments", json=COMMENT)):
        assert POLICY not in answer.headers


@pytest.mark.parametrize("registered", ["before the guard", "after the guard"])
@pytest.mark.parametrize("how", ["set", "by default"])
@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ("default-src 'self'", "default-src 'self'; frame-ancestors 'self'"),
        ("default-src 'self';", "default-src 'self'; frame-ancestors 'self'"),
        ("default-src 'none'; Frame-Ancestors 'none'", "default-src 'none'; Frame-Ancestors 'none'"),
        ("img-src 'self', frame-ancestors https://a.example", "img-src 'self', frame-ancestors https://a.example"),
    ],
)
def test_a_policy_of_the_host_is_kept(bare: Any, registered: str, how: str, own: str, sent: str) -> None:
    app: Flask = bare()
    guard = CaptchaGuard()
    if registered == "after the guard":
        guard.init_app(app)

    @app.after_request
    def add(response: Any) -> Any:
        if how == "set":
            response.headers[POLICY] = own
        else:
            response.headers.setdefault(POLICY, own)
        return response

    if registered == "before the guard":
        guard.init_app(app)
    app.post("/comments", endpoint="comments")(guard.protect(lambda: "stored"))
    answer = app.test_client().post("/comments", data=COMMENT)
    assert (answer.status_code, answer.headers.getlist(POLICY)) == (422, [sent])


def test_a_host_that_forbids_all_frames_still_does(bare: Any) -> None:
    app: Flask = bare()
    guard = CaptchaGuard(app)

    @app.after_request
    def deny(response: Any) -> Any:
        response.headers["X-Frame-Options"] = "DENY"
        return response

    app.post("/comments", endpoint="comments")(guard.protect(lambda: "stored"))
    assert POLICY not in app.test_client().post("/comments", data=COMMENT).headers
