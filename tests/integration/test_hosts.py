"""The guard in all kinds of applications: factories, blueprints, prefixes, classes, async views, CSRF protection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from flask import Blueprint, Flask, redirect, render_template_string, request, url_for
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from captcha_guard import CaptchaGuard, ConfigError
from captcha_guard.web.post.posted import TOKEN
from captcha_guard.web.post.refusal import Refusal
from captcha_guard.web.state import NAME
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Page, fields_of, solved

FORM = '<form method="post" action="{{ action }}">{{ extra }}{{ captcha_guard() }}</form>'


def comment_with(client: FlaskClient, path: str, shown: str | None = None) -> int:
    """Post without a code, then with it. Returns the last status if the first was right."""
    page = client.get(shown) if shown else client.post(path, data=COMMENT)
    assert page.status_code == (200 if shown else 422)
    return client.post(path, data=solved(client, page, COMMENT)).status_code


def test_one_guard_serves_two_applications_made_by_a_factory(bare: Any) -> None:
    guard = CaptchaGuard()
    stored: dict[str, list[str]] = {}

    def create_app(name: str) -> Flask:
        app: Flask = bare()
        guard.init_app(app)
        stored[name] = []

        @app.post("/comments")
        @guard.protect
        def comments() -> str:
            stored[name].append(request.form["body"])
            return ""

        return app

    one, two = create_app("one"), create_app("two")
    assert comment_with(one.test_client(), "/comments") == 200
    assert stored == {"one": [COMMENT["body"]], "two": []}
    assert comment_with(two.test_client(), "/comments") == 200
    page = one.test_client().post("/comments", data=COMMENT | {"body": "x"})
    foreign = two.test_client().post("/comments", data=solved(one.test_client(), page))
    assert foreign.status_code == 422
    assert one.extensions[NAME] is not two.extensions[NAME]


def test_the_guard_is_set_up_once(bare: Any) -> None:
    app = bare()
    guard = CaptchaGuard(app)
    with pytest.raises(ConfigError, match="once"):
        guard.init_app(app)


def test_a_guarded_view_in_an_application_without_the_guard_raises_an_error(bare: Any) -> None:
    app, guard = bare(TESTING=True), CaptchaGuard()
    app.post("/comments")(guard.protect(lambda: ""))
    with pytest.raises(ConfigError, match="init_app"):
        app.test_client().post("/comments", data=COMMENT)


def test_a_blueprint_may_be_mounted_twice_under_prefixes(bare: Any) -> None:
    guard, blueprint = CaptchaGuard(), Blueprint("talk", __name__)

    @blueprint.route("/<slug>", methods=["GET", "POST"])
    @guard.protect
    def talk(slug: str) -> str:
        return render_template_string(FORM, action=url_for(".talk", slug=slug))

    app = bare()
    guard.init_app(app)
    app.register_blueprint(blueprint, url_prefix="/de/talk")
    app.register_blueprint(blueprint, url_prefix="/en/talk", name="english")
    client = app.test_client()
    assert comment_with(client, "/de/talk/one", "/de/talk/one") == 200
    assert comment_with(client, "/en/talk/one", "/en/talk/one") == 200
    page = client.get("/de/talk/one")
    assert client.post("/en/talk/one", data=solved(client, page, COMMENT | {"body": "x"})).status_code == 422


@pytest.mark.parametrize("how", ["script name", "application root"])
def test_an_application_may_live_under_a_prefix(bare: Any, how: str) -> None:
    app: Flask = bare(**({"APPLICATION_ROOT": "/blog"} if how == "application root" else {}))
    guard = CaptchaGuard(app)

    @app.route("/comments", methods=["GET", "POST"])
    @guard.protect
    def comments() -> str:
        return render_template_string(FORM, action=url_for("comments"))

    client, mount = app.test_client(), ""
    if how == "script name":  # the test client puts the other prefix before every path
        app.wsgi_app = DispatcherMiddleware(Flask("nothing"), {"/blog": app.wsgi_app})  # type: ignore[method-assign]
        mount = "/blog"
    page = client.get(f"{mount}/comments")
    (picture,) = Page(page.text).pictures
    assert picture.startswith("/blog/captcha-guard/")
    links = [picture, *(given["href"] for tag, given in Page(page.text).tags if tag in ("a", "link"))]
    links += [given["src"] for tag, given in Page(page.text).tags if tag == "script"]
    assert len(links) >= 3
    for link in links:
        with client.get(mount + link.removeprefix("/blog").partition("#")[0]) as answer:
            assert (link.startswith("/blog/"), answer.status_code) == (True, 200)
    (box,) = (given for _, given in Page(page.text).tags if "data-url" in given)
    assert box["data-url"].startswith("/blog/")
    fresh = client.post(mount + box["data-url"].removeprefix("/blog"), json={"scope": box["data-scope"]})
    assert fresh.get_json()["picture"].startswith("/blog/")
    assert comment_with(client, f"{mount}/comments", f"{mount}/comments") == 200


def test_the_guards_own_pages_may_be_moved(bare: Any) -> None:
    app = bare(CAPTCHA_GUARD_URL_PREFIX="/security/code")
    guard = CaptchaGuard(app)
    app.route("/comments", methods=["GET", "POST"])(guard.protect(_show))
    client = app.test_client()
    (picture,) = Page(client.get("/comments").text).pictures
    assert picture.startswith("/security/code/")
    assert client.get(picture).status_code == 200


def _show() -> str:
    return render_template_string(FORM, action=request.path)


def test_async_views_and_an_async_on_challenge(bare: Any) -> None:
    app: Flask = bare()
    guard = CaptchaGuard(app)

    async def show_again(refusal: Refusal) -> str:
        await asyncio.sleep(0)
        return f"<p>{refusal.reason}</p>" + _show()

    @app.route("/comments", methods=["GET", "POST"])
    @guard.protect(on_challenge=show_again)
    async def comments() -> str:
        await asyncio.sleep(0)
        return f"{guard.verdict.action.name}" if request.method == "POST" else _show()

    client = app.test_client()
    assert "code_missing" in client.post("/comments", data=COMMENT).text
    assert comment_with(client, "/comments", "/comments") == 200


def test_class_based_views_are_guarded_as_a_whole_or_by_method(bare: Any) -> None:
    app = bare()
    guard = CaptchaGuard(app)

    class Whole(MethodView):
        decorators = [guard.protect(scope="whole:{slug}")]  # noqa: RUF012 - declared so by Flask

        def get(self, slug: str) -> str:  # noqa: ARG002 - the route's
            return _show()

        def post(self, slug: str) -> str:
            return slug

    class ByMethod(MethodView):
        def get(self, slug: str) -> str:  # noqa: ARG002 - the route's
            return _show()

        @guard.protect(scope="method:{slug}", on_challenge=lambda refusal, slug: f"{slug}: {refusal.reason}{_show()}")
        def post(self, slug: str) -> str:
            return slug

        @guard.protect
        async def delete(self, slug: str) -> str:
            return slug

    app.add_url_rule("/whole/<slug>", view_func=Whole.as_view("whole"))
    app.add_url_rule("/method/<slug>", view_func=ByMethod.as_view("method"))
    client = app.test_client()
    for path in ("/whole/one", "/method/one"):
        assert comment_with(client, path, path) == 200
        assert comment_with(client, path, path) == 409
        other = client.post(path.replace("one", "two"), data=solved(client, client.get(path), COMMENT))
        assert other.status_code == 422
    assert "two: token_scope" in other.text
    assert client.delete("/method/one", data=COMMENT).status_code == 422


def test_a_view_that_serves_get_and_post_shows_its_form_on_get(bare: Any) -> None:
    app = bare()
    guard = CaptchaGuard(app)
    app.route("/comments", methods=["GET", "POST"])(guard.protect(_show))
    client = app.test_client()
    assert client.get("/comments").status_code == 200
    assert client.head("/comments").status_code == 200
    assert client.options("/comments").status_code == 200
    assert client.post("/comments", data=COMMENT).status_code == 422


def test_csrf_protection_works_and_the_guards_own_pages_are_exempt(bare: Any) -> None:
    app: Flask = bare(WTF_CSRF_ENABLED=True)
    CSRFProtect(app)
    guard = CaptchaGuard(app)
    stored = []

    @app.route("/comments", methods=["GET", "POST"])
    @guard.protect
    def comments() -> ResponseReturnValue:
        if request.method == "POST":
            stored.append(request.form["body"])
            return redirect(url_for("comments"), 303)
        return render_template_string(
            '<form method="post"><input name="csrf_token" value="{{ csrf }}">{{ captcha_guard() }}</form>',
            csrf=generate_csrf(),
        )

    client = app.test_client()
    page = client.get("/comments")
    old = fields_of(page)[TOKEN]
    fresh = client.post("/captcha-guard/challenge", json={"scope": "comments", "token": old})
    assert fresh.status_code == 200
    without = solved(client, client.get("/comments"), COMMENT) | {"csrf_token": "forged"}
    assert client.post("/comments", data=without).status_code == 400
    assert client.post("/comments", data=COMMENT).status_code == 400
    again = client.post("/comments", data=fields_of(page) | COMMENT)
    assert again.status_code == 422
    assert fields_of(page)["csrf_token"] not in Page(again.text).text
    assert client.post("/comments", data=solved(client, again)).status_code == 303
    assert stored == [COMMENT["body"]]


def test_csrf_protection_set_up_after_the_guard_works_too(bare: Any) -> None:
    app = bare(WTF_CSRF_ENABLED=True)
    CaptchaGuard(app)
    CSRFProtect(app)
    assert app.test_client().post("/captcha-guard/challenge", json={"scope": "x"}).status_code == 200


def test_a_route_that_bypasses_its_guard_is_refused_by_name(bare: Any) -> None:
    app = bare(TESTING=True)
    guard = CaptchaGuard(app)

    def comments() -> str:
        return "stored"

    guard.protect(app.post("/comments")(comments))  # @guard.protect above @app.post: the bare view gets registered
    with pytest.raises(ConfigError, match=r"'/comments' bypasses its guard: write @guard\.protect below"):
        app.test_client().post("/comments", data=COMMENT)


def test_a_guarded_view_may_show_its_form_on_an_unguarded_route(bare: Any) -> None:
    app = bare(TESTING=True)

    def comments() -> str:
        return "form or stored"

    app.post("/comments", endpoint="post")(CaptchaGuard(app).protect(comments))
    app.get("/comments", endpoint="show")(comments)
    assert app.test_client().get("/comments").text == "form or stored"
    assert app.test_client().post("/comments", data=COMMENT).status_code == 422


def test_a_page_built_in_python_gets_its_field_from_the_guard(bare: Any) -> None:
    app = bare()
    guard = CaptchaGuard(app)
    app.get("/")(lambda: f"<form method=post>{guard.field('comments')}</form>")
    app.post("/comments", endpoint="comments")(guard.protect(lambda: "stored"))
    client = app.test_client()
    assert client.post("/comments", data=solved(client, client.get("/"), COMMENT)).text == "stored"


def test_a_form_on_another_page_needs_no_name_while_one_route_is_guarded(bare: Any) -> None:
    app = bare()
    guard = CaptchaGuard(app)
    app.get("/<slug>", endpoint="show")(lambda slug: render_template_string("{{ s }}{{ captcha_guard() }}", s=slug))
    app.post("/notes/<slug>", endpoint="notes")(guard.protect(scope="note:{slug}")(lambda slug: slug))
    client = app.test_client()
    assert client.post("/notes/a", data=solved(client, client.get("/a"), COMMENT)).status_code == 200
    assert client.post("/notes/b", data=solved(client, client.get("/a"), COMMENT)).status_code == 422


@pytest.mark.parametrize(
    ("guarded", "message"), [((), "no route is guarded.*@guard.protect"), (("one", "two"), "2 routes are guarded")]
)
def test_a_form_whose_scope_is_not_clear_raises_an_error(bare: Any, guarded: tuple[str, ...], message: str) -> None:
    app = bare(TESTING=True)
    guard = CaptchaGuard(app)
    app.get("/")(lambda: render_template_string("{{ captcha_guard() }}"))
    for name in guarded:
        app.post(f"/{name}", endpoint=name)(guard.protect(lambda: "stored"))
    with pytest.raises(ConfigError, match=message):
        app.test_client().get("/")


def test_every_view_has_a_verdict_which_accepts_if_nothing_was_judged(blogs: MakeBlog) -> None:
    blog = blogs()
    assert blog.guard.verdict.action.name == "ACCEPT"
    with blog.app.test_request_context("/"):
        assert not blog.guard.verdict.held
