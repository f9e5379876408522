"""Scripts on the pages of trusted origins can use the guard. To all other origins nothing is open."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, abort, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from werkzeug.test import TestResponse
from wtforms import TextAreaField

from captcha_guard import CaptchaGuard, ConfigError
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, NO_CODE, TOKEN
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog

STATIC = "https://static.example"
TRUSTED = {"CAPTCHA_GUARD_TRUSTED_ORIGINS": [STATIC, "http://127.0.0.1:8000"]}
FROM = {"Origin": STATIC, "Sec-Fetch-Site": "cross-site"}
CHALLENGE = "/captcha-guard/challenge"
PATHS = (CHALLENGE, "/api/comments", "/posts/one/comments", "/queue")

STRANGERS = pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "null", "https://www.static.example", "https://static.example.evil.example",
        "https://evilstatic.example", "http://static.example", "https://static.example:8443", "https://static.example/",
        "HTTPS://STATIC.EXAMPLE", "http://127.0.0.1", "http://127.0.0.1:80", "https://a@static.example", "*", "",
    ],
)  # fmt: skip


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    return blogs(TRUSTED)


@pytest.fixture
def client(blog: Blog) -> FlaskClient:
    return blog.client()


def preflight(client: FlaskClient, path: str, origin: str = STATIC, method: str = "POST") -> TestResponse:
    """Send what a browser sends before a script's request with JSON and our headers."""
    headers = {
        "Origin": origin, "Sec-Fetch-Site": "cross-site", "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "captcha-token,content-type",
    }  # fmt: skip
    return client.options(path, headers=headers)


def words(response: TestResponse, name: str) -> set[str]:
    """Return the values of a header that is a list. It must be there once."""
    assert len(response.headers.getlist(name)) == 1, name
    return {word.strip() for word in response.headers[name].split(",")}


def is_open(response: TestResponse) -> bool:
    """Return whether a browser lets the script of the trusted origin read the response."""
    assert "Access-Control-Allow-Credentials" not in response.headers
    return response.headers.getlist("Access-Control-Allow-Origin") == [STATIC]


def is_closed(response: TestResponse) -> bool:
    """Return whether no header opens the response."""
    return not any(name.startswith("Access-Control-") for name, _ in response.headers)


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_from_a_trusted_origin_is_answered(client: FlaskClient, path: str) -> None:
    answer = preflight(client, path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert is_open(answer)
    assert "POST" in words(answer, "Access-Control-Allow-Methods")
    asked = {"Content-Type", "Captcha-Token", "Captcha-Answer", "Captcha-Pass", "Captcha-No-Code"}
    assert asked <= words(answer, "Access-Control-Allow-Headers")
    assert answer.headers["Access-Control-Max-Age"] == "600"
    assert "Origin" in words(answer, "Vary")


@STRANGERS
def test_other_origins_get_no_header_at_all(client: FlaskClient, origin: str) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    for path in PATHS:
        assert is_closed(preflight(client, path, origin))
        assert is_closed(client.post(path, json=COMMENT, headers=headers))
    assert is_closed(client.get("/captcha-guard/static/captcha_guard.js", headers=headers, buffered=True))


def test_nothing_is_open_by_default(blogs: MakeBlog) -> None:
    client = blogs().client()
    for path in PATHS:
        assert is_closed(preflight(client, path))
        assert is_closed(client.post(path, json=COMMENT, headers=FROM))
        assert is_closed(client.post(path, json=COMMENT, headers={"Origin": "http://localhost"}))
    script = client.get("/captcha-guard/static/captcha_guard.js", headers=FROM, buffered=True)
    assert is_closed(script)
    assert "Cross-Origin-Resource-Policy" not in script.headers
    assert "Origin" not in script.headers.get("Vary", "")


def test_pages_without_a_guard_stay_closed(client: FlaskClient) -> None:
    assert is_closed(client.get("/posts/one", headers=FROM))
    assert is_closed(client.get("/queue", headers=FROM))
    assert is_closed(client.get("/letters", headers=FROM))
    assert is_closed(preflight(client, "/queue", method="GET"))
    assert is_closed(client.get("/nowhere", headers=FROM))
    assert is_closed(client.options("/queue", headers=FROM))


def test_a_script_gets_a_challenge_with_its_files_and_posts_the_comment(blog: Blog, client: FlaskClient) -> None:
    asked = client.post("/api/comments", json=COMMENT, headers=FROM)
    assert (asked.status_code, is_open(asked)) == (422, True)
    assert {"Retry-After", "Captcha-Guard", "Captcha-Pass"} <= words(asked, "Access-Control-Expose-Headers")
    challenge = client.post(CHALLENGE, json={"scope": "api"}, headers=FROM)
    assert is_open(challenge)
    for name in ("picture", "picture_2x"):
        picture = client.get(challenge.get_json()[name], headers=FROM)
        assert is_open(picture)
        assert picture.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    token = challenge.get_json()["token"]
    posted = client.post("/api/comments", json={**COMMENT, TOKEN: token, ANSWER: solve(client, token)}, headers=FROM)
    assert (posted.status_code, posted.get_json(), is_open(posted)) == (201, {"stored": 1}, True)
    assert "Origin" in words(posted, "Vary")


def test_headers_of_ours_arrive_from_the_other_origin(blog: Blog, client: FlaskClient) -> None:
    answer = client.post("/queue", json=COMMENT, headers={**FROM, "Captcha-No-Code": "1"})
    assert (answer.status_code, is_open(answer)) == (303, True)
    assert blog.stored[-1]["held"] == "True"
    assert NO_CODE not in blog.stored[-1]


def test_limits_and_errors_can_be_read_too(blogs: MakeBlog) -> None:
    client = blogs({**TRUSTED, "CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"}).client()
    client.post("/api/comments", json=COMMENT, headers=FROM)
    limited = client.post("/api/comments", json=COMMENT, headers=FROM)
    assert (limited.status_code, is_open(limited)) == (429, True)
    missing = client.get("/captcha-guard/x.png", headers=FROM)
    assert (missing.status_code, is_open(missing)) == (404, True)
    damaged = client.post("/api/comments", data="{", content_type="application/json", headers=FROM)
    assert is_open(damaged)


def test_script_and_stylesheet_load_on_any_page(client: FlaskClient) -> None:
    for name in ("captcha_guard.js", "captcha_guard.css"):
        answer = client.get(f"/captcha-guard/static/{name}", headers=FROM, buffered=True)
        assert is_open(answer)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Origin" in words(answer, "Vary")


def site(bare: Any, **config: object) -> tuple[Flask, CaptchaGuard]:
    """Return an application with a guard that trusts ``STATIC``."""
    app: Flask = bare(**TRUSTED, **config)
    return app, CaptchaGuard(app)


def test_a_path_whose_methods_have_different_views_is_answered(bare: Any) -> None:
    app, guard = site(bare)
    app.get("/comments", endpoint="listed")(lambda: "list")
    app.post("/comments", endpoint="posted")(guard.protect(lambda: "stored"))
    answer = preflight(app.test_client(), "/comments")
    assert (answer.status_code, words(answer, "Access-Control-Allow-Methods")) == (204, {"POST"})


def test_a_handler_of_the_hosts_for_options_is_kept(bare: Any) -> None:
    app, guard = site(bare)

    @app.route("/comments", methods=["OPTIONS"])
    def asked() -> Response:
        return Response("mine", headers={"Access-Control-Allow-Origin": "https://mine.example"})

    app.post("/comments", endpoint="posted")(guard.protect(lambda: "stored"))
    answer = preflight(app.test_client(), "/comments")
    assert (answer.text, answer.headers["Access-Control-Allow-Origin"]) == ("mine", "https://mine.example")
    assert "Access-Control-Allow-Headers" not in answer.headers


def test_a_host_that_asks_for_a_login_does_not_stop_the_preflight(bare: Any) -> None:
    app, guard = site(bare)
    app.before_request(lambda: abort(401) if request.method == "OPTIONS" else None)
    app.post("/comments", endpoint="posted")(guard.protect(lambda: "stored"))
    assert preflight(app.test_client(), "/comments").status_code == 204


@pytest.mark.parametrize("late", [True, False], ids=["after the guard", "before the guard"])
@pytest.mark.parametrize("allowed", ["*", STATIC])
def test_headers_of_the_hosts_own_extension_are_not_doubled(bare: Any, late: bool, allowed: str) -> None:
    app: Flask = bare(**TRUSTED)

    def extension(response: Response) -> Response:
        if "Access-Control-Allow-Origin" not in response.headers:
            response.headers.add("Access-Control-Allow-Origin", allowed)
            response.headers.add("Access-Control-Allow-Headers", "X-Own")
            response.headers.add("Access-Control-Expose-Headers", "X-Own")
        return response

    if not late:
        app.after_request(extension)
    guard = CaptchaGuard(app)
    if late:
        app.after_request(extension)
    app.post("/comments", endpoint="posted")(guard.protect(lambda: "stored"))
    asked, posted = (
        preflight(app.test_client(), "/comments"),
        app.test_client().post("/comments", json=COMMENT, headers=FROM),
    )
    for answer in (asked, posted):
        assert answer.headers.getlist("Access-Control-Allow-Origin") == [allowed]
    assert {"X-Own", "Captcha-Token"} <= words(asked, "Access-Control-Allow-Headers")
    assert {"X-Own", "Captcha-Pass"} <= words(posted, "Access-Control-Expose-Headers")


@pytest.mark.parametrize(("allowed", "cookies"), [("https://mine.example", False), (STATIC, True)])
def test_cookies_that_the_host_allows_for_one_origin_are_not_allowed_for_another(
    bare: Any, allowed: str, cookies: bool
) -> None:
    app, guard = site(bare)

    @app.after_request
    def extension(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    app.post("/comments", endpoint="posted")(guard.protect(lambda: "stored"))
    client = app.test_client()
    for answer in (preflight(client, "/comments"), client.post("/comments", json=COMMENT, headers=FROM)):
        assert answer.headers.getlist("Access-Control-Allow-Origin") == [STATIC]
        assert ("Access-Control-Allow-Credentials" in answer.headers) == cookies


def test_the_views_own_error_page_can_be_read(bare: Any) -> None:
    app, guard = site(bare, PROPAGATE_EXCEPTIONS=False, CAPTCHA_GUARD_MODE="off")

    @app.post("/comments")
    @guard.protect
    def comments() -> ResponseReturnValue:
        raise ValueError

    answer = app.test_client().post("/comments", json=COMMENT, headers=FROM)
    assert (answer.status_code, is_open(answer)) == (500, True)


def test_beside_csrf_protect_an_exempt_route_takes_json(bare: Any) -> None:
    app: Flask = bare(**TRUSTED, WTF_CSRF_ENABLED=True)
    csrf, guard = CSRFProtect(app), CaptchaGuard(app)

    @app.post("/comments")
    @csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF has no types
    @guard.protect(scope="comments")
    def comments() -> ResponseReturnValue:
        return {"stored": True}, 201

    app.post("/strict", endpoint="strict")(guard.protect(lambda: "stored"))
    client = app.test_client()
    assert preflight(client, "/comments").status_code == 204
    assert is_open(client.post(CHALLENGE, json={"scope": "comments"}, headers=FROM))
    token = client.post(CHALLENGE, json={"scope": "comments"}, headers=FROM).get_json()["token"]
    form = {**COMMENT, TOKEN: token, ANSWER: solve(client, token)}
    posted = client.post("/comments", json=form, headers=FROM)
    assert (posted.status_code, is_open(posted)) == (201, True)
    strict = client.post("/strict", json=form, headers=FROM)
    assert (strict.status_code, is_open(strict)) == (400, True)


def test_a_view_with_a_captcha_field_takes_json(bare: Any) -> None:
    app, _ = site(bare)

    class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
        body = TextAreaField()
        captcha = CaptchaField()

    @app.route("/letters", methods=["GET", "POST"])
    def letters() -> ResponseReturnValue:
        form = Letter()
        if form.validate_on_submit():
            return {"stored": True}, 201
        return render_template_string("{{ form.captcha }}", form=form)

    app.post("/unguarded", endpoint="unguarded")(lambda: "secret")
    client = app.test_client()
    assert preflight(client, "/letters").status_code == 204
    token = client.post(CHALLENGE, json={"scope": "letters"}, headers=FROM).get_json()["token"]
    answer = client.post("/letters", json={"body": "Hi", TOKEN: token, ANSWER: solve(client, token)}, headers=FROM)
    assert (answer.status_code, is_open(answer)) == (201, True)
    assert is_closed(client.post("/unguarded", json={}, headers=FROM))


@pytest.mark.parametrize("wrong", ["*", "https://static.example/", "https://static.example/blog", "static.example"])
def test_a_trusted_origin_that_is_none_is_refused_at_the_start(bare: Any, wrong: str) -> None:
    app: Flask = bare(CAPTCHA_GUARD_TRUSTED_ORIGINS=[wrong])
    with pytest.raises(ConfigError, match=r"CAPTCHA_GUARD_TRUSTED_ORIGINS is .*without path or wildcard") as caught:
        CaptchaGuard(app)
    assert ("Write 'https://static.example'" in str(caught.value)) == ("static.example/" in wrong)
