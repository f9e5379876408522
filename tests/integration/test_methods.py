"""A guarded view can't be reached with an unexpected method."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Response, make_response, request
from flask.testing import FlaskClient
from flask.views import MethodView

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.host_blog import COMMENT, solved

BODY = b"body=The+loop+in+part+two+never+ends."
FORM = "application/x-www-form-urlencoded"
METHODS = ["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "PROPFIND", "LINK"]


class Site:
    """A site whose one view treats every method except GET as a comment, and its stored comments."""

    def __init__(self, app: Flask, **options: Any) -> None:
        self.stored: list[str] = []
        self.seen: list[str] = []
        self.client: FlaskClient = app.test_client()
        guard = CaptchaGuard(app)

        @app.route("/comments", methods=METHODS, provide_automatic_options=False, **options)
        @guard.protect
        def comments() -> str:
            self.seen.append(request.method)
            if request.method == "GET":
                return "the form"
            self.stored.append(request.form.get("body", ""))
            return "stored"


@pytest.fixture
def site(bare: Any) -> Site:
    return Site(bare())


def test_head_answers_like_get(site: Site) -> None:
    answer = site.client.head("/comments")
    assert (answer.status_code, answer.text, answer.content_length) == (200, "", len("the form"))
    assert (site.seen, site.stored) == (["GET"], [])


def test_head_is_head_again_when_the_view_has_answered(bare: Any) -> None:
    app: Flask = bare()
    seen = []

    @app.after_request
    def note(response: Response) -> Response:
        seen.append(request.method)
        return response

    Site(app).client.head("/comments")
    assert seen == ["HEAD"]


def test_head_is_head_again_when_the_view_fails(bare: Any) -> None:
    app: Flask = bare()
    guard = CaptchaGuard(app)
    app.errorhandler(ZeroDivisionError)(lambda _: (request.method, 400))
    app.get("/", endpoint="fails")(guard.protect(lambda: str(1 / 0)))
    answer = app.test_client().head("/")
    assert (answer.status_code, answer.content_length) == (400, len("HEAD"))


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("GET", "HEAD")])
def test_every_method_but_get_and_head_needs_a_code(site: Site, method: str) -> None:
    answer = site.client.open("/comments", method=method, data=COMMENT)
    assert (answer.status_code, site.stored) == (422, [])
    assert site.client.open("/comments", method=method).status_code == 422
    if method == "POST":
        sent = solved(site.client, answer)
    else:  # an HTML form can't send it, so a page with a form would be useless
        assert answer.mimetype == "application/problem+json"
        token = answer.get_json()["challenge"]["token"]
        sent = COMMENT | {TOKEN: token, ANSWER: solve(site.client, token)}
    assert site.client.open("/comments", method=method, data=sent).status_code == 200
    assert site.stored == [COMMENT["body"]]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("content_type", [FORM, "text/plain", None])
@pytest.mark.parametrize(
    "environ",
    [
        {"CONTENT_LENGTH": str(len(BODY))}, {"CONTENT_LENGTH": f" 0{len(BODY)} "},
        {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
        {"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
        {"CONTENT_LENGTH": "0", "wsgi.input_terminated": True}, {"CONTENT_LENGTH": "x", "wsgi.input_terminated": True},
    ],
    ids=["length", "odd length", "chunked", "server ends it", "false length", "no number"],
)  # fmt: skip
def test_a_body_makes_get_and_head_a_post(
    bare: Any, method: str, content_type: str | None, environ: dict[str, Any]
) -> None:
    app: Flask = bare()
    stored = []
    guard = CaptchaGuard(app)

    @app.get("/")
    @guard.protect
    def view() -> str:
        stored.append(request.form.get("body") or request.get_data(as_text=True))
        return ""

    answer = app.test_client().open(
        "/", method=method, input_stream=BytesIO(BODY), content_type=content_type, environ_overrides=environ
    )
    assert answer.status_code in (400, 415, 422)
    assert stored == []


def test_a_get_with_a_body_of_unknown_length_is_not_read_to_its_end(bare: Any) -> None:
    app: Flask = bare()
    app.get("/", endpoint="view")(CaptchaGuard(app).protect(lambda: "shown"))
    stream = BytesIO(b"x" * 3_000_000)
    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    answer = app.test_client().get("/", input_stream=stream, content_type=FORM, environ_overrides=environ)
    assert answer.status_code != 200
    assert stream.tell() <= 1_500_000  # three bytes for each byte of a form


@pytest.mark.parametrize(
    "environ", [{}, {"wsgi.input_terminated": True}, {"CONTENT_LENGTH": "0"}, {"CONTENT_LENGTH": ""}]
)
@pytest.mark.parametrize("content_type", [None, "application/json", FORM])
def test_a_get_without_a_body_needs_no_code(site: Site, environ: dict[str, Any], content_type: str | None) -> None:
    answer = site.client.get("/comments", content_type=content_type, environ_overrides=environ)
    assert (answer.status_code, answer.text) == (200, "the form")


def test_a_get_with_a_body_and_a_solved_code_runs_the_view(site: Site) -> None:
    page = site.client.get("/comments", data=COMMENT)
    assert page.status_code == 422
    assert site.client.get("/comments", data=solved(site.client, page)).text == "the form"


def test_class_based_views_answer_head_with_get_wherever_the_guard_is(bare: Any) -> None:
    app: Flask = bare()
    guard, stored = CaptchaGuard(app), []

    class ByMethod(MethodView):
        def get(self) -> str:
            return "the form"

        @guard.protect
        def post(self) -> str:
            stored.append(request.form["body"])
            return "stored"

    class Whole(ByMethod):
        decorators = [guard.protect]  # noqa: RUF012 - declared so by Flask

        def head(self) -> str:
            stored.append("by head")
            return ""

    app.add_url_rule("/method", view_func=ByMethod.as_view("method"))
    app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
    for path in ("/method", "/whole"):
        answer = app.test_client().head(path)
        assert (answer.status_code, answer.content_length) == (200, len("the form"))
    assert stored == []


def test_a_preflight_answered_by_flask_or_above_the_guard_needs_no_code(bare: Any) -> None:
    app: Flask = bare()
    guard = CaptchaGuard(app)
    allow = {"Access-Control-Allow-Origin": "https://other.example"}
    asked = {"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site", "Access-Control-Request-Method": "POST"}

    def cross_origin(view: Any) -> Any:
        def answered() -> Response:
            preflight = request.method == "OPTIONS"
            response = app.make_default_options_response() if preflight else make_response(view())
            response.headers.update(allow)
            return response

        return answered

    app.post("/flask", endpoint="flask")(guard.protect(lambda: "stored"))
    above = cross_origin(guard.protect(lambda: "stored"))
    app.route("/above", endpoint="above", methods=["POST", "OPTIONS"])(above)
    client = app.test_client()
    assert client.options("/flask", headers=asked).status_code == 200
    preflight = client.options("/above", headers=asked)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "https://other.example")
    assert client.post("/above", data=COMMENT).status_code == 422
