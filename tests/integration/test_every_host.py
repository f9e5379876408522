"""Applications with several hosts, subdomains or sub-paths: a page's picture, script and codes are on its own host."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, request
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

from captcha_guard import CaptchaGuard
from captcha_guard.web.views.assets import hashed_name
from tests.integration.host_blog import CALM, COMMENT, Page, solved

FORM = '<form method="post"><input type="hidden" name="csrf_token" value="{{ csrf }}">{{ captcha_guard() }}</form>'
BOTH = ("GET", "POST")
FILES = tuple(f"static/{hashed_name(name)}" for name in ("captcha_guard.css", "captcha_guard.js"))


def talk(**_: str) -> str:
    """Show the form, or confirm that a comment is stored."""
    return "stored" if request.method == "POST" else render_template_string(FORM, csrf=generate_csrf())


def make(folder: Path, config: dict[str, object] | None = None, **options: Any) -> tuple[Flask, CaptchaGuard]:
    """Return an application made with Flask's ``options``, and its guard."""
    app = Flask("several", instance_path=str(folder), **options)
    app.config.update({**CALM, "SECRET_KEY": secrets.token_hex(), **(config or {})})
    return app, CaptchaGuard(app)


def addresses(page: TestResponse) -> set[str]:
    """Return every address in a page that a browser would request."""
    return set(re.findall(r'(?:src|href|action|srcset|data-url)="([^" ]*)', page.text))


def assert_works(app: Any, host: str, path: str = "/talk", below: str = "") -> None:
    """Comment on a host as a browser does, which fetches every file of the pages."""
    client = app.test_client() if isinstance(app, Flask) else Client(app)
    where = {"base_url": f"http://{host}"}
    shown = client.get(path, **where)
    refused = client.post(path, data=COMMENT | {"csrf_token": Page(shown.text).fields["csrf_token"]}, **where)
    assert (shown.status_code, refused.status_code) == (200, 422)
    assert path in addresses(refused)
    for page in (shown, refused):
        ours = {address for address in addresses(page) if "/captcha-guard/" in address}
        kinds = {re.sub(r"[\w.-]{20,}(?=@|\.png|\.wav)", "", address.removeprefix(below)) for address in ours}
        assert kinds == {f"/captcha-guard/{name}" for name in (*FILES, ".png", "@2x.png", ".wav", "challenge")}
        for address in ours:
            assert_serves(client, page, address, where)
    assert client.post(path, data=solved_by(app, refused), **where).text == "stored"


def assert_serves(client: Client, page: TestResponse, address: str, where: dict[str, str]) -> None:
    """Fetch an address in a page, from the page's own host."""
    if not address.endswith("/challenge"):
        answer = client.get(address, buffered=True, **where)
        assert answer.status_code == 200, address
        assert answer.headers.get("Cross-Origin-Resource-Policy", "same-origin") == "same-origin"
        return
    (scope,) = [given["data-scope"] for _, given in Page(page.text).tags if "data-scope" in given]
    renewed = client.post(address, json={"scope": scope}, **where)
    assert renewed.status_code == 200
    assert renewed.json is not None
    assert client.get(renewed.json["picture"], **where).status_code == 200


def solved_by(app: Any, page: TestResponse) -> dict[str, str]:
    inner = app if isinstance(app, Flask) else app.mounts["/blog"]
    return solved(inner.test_client(), page)


@pytest.mark.parametrize(
    "host", ["blog.example", "BLOG.example", "de.blog.example:8000", "other.example", "127.0.0.1:5000", "[::1]:5000"]
)
def test_it_works_on_each_host_of_an_application_that_matches_hosts(tmp_path: Path, host: str) -> None:
    app, guard = make(tmp_path, host_matching=True, static_host="files.example")
    view = guard.protect(talk)
    for name in ("blog.example", "<site>.blog.example:8000", "other.example", "127.0.0.1:5000", "[::1]:5000"):
        app.add_url_rule("/talk", "talk", view, methods=BOTH, host=name)
    assert_works(app, host)


@pytest.mark.parametrize("host", ["blog.example", "de.blog.example", "a.b.blog.example", "fr.blog.example"])
@pytest.mark.parametrize("port", ["", ":8000"])
def test_it_works_on_each_subdomain(tmp_path: Path, host: str, port: str) -> None:
    app, guard = make(tmp_path, {"SERVER_NAME": f"blog.example{port}"}, subdomain_matching=True)
    view = guard.protect(talk)
    app.add_url_rule("/talk", "talk", view, methods=BOTH)
    app.add_url_rule("/talk", "talk", view, methods=BOTH, subdomain="<site>")
    french = Blueprint("french", "french", subdomain="fr")
    french.add_url_rule("/talk", "talk", view, methods=BOTH)
    app.register_blueprint(french)
    assert_works(app, f"{host}{port}")


@pytest.mark.parametrize(
    "options", [{"host_matching": True, "static_host": "files.example"}, {"subdomain_matching": True}]
)
def test_a_host_with_a_catch_all_route_has_our_pages_too(tmp_path: Path, options: dict[str, Any]) -> None:
    app, guard = make(tmp_path, {"SERVER_NAME": "blog.example"}, **options)
    where: dict[str, Any] = {"host": "de.blog.example"} if "host_matching" in options else {"subdomain": "de"}
    tenant = Blueprint("tenant", "tenant")
    tenant.add_url_rule("/talk", "talk", guard.protect(talk), methods=BOTH, **where)
    tenant.add_url_rule("/<year>/<path:page>", "page", lambda **_: "a page of the tenant's", methods=BOTH, **where)
    tenant.url_value_preprocessor(lambda _, values: (values or {}).pop("year", None))
    app.register_blueprint(tenant)
    assert_works(app, "de.blog.example")
    answer = app.test_client().get("/captcha-guard/static/none.css", base_url="http://de.blog.example")
    assert answer.status_code == 404
    answer = app.test_client().get("/captcha-guarded/page", base_url="http://de.blog.example")
    assert answer.text == "a page of the tenant's"


@pytest.mark.parametrize("first", [True, False])
def test_csrf_protection_lets_new_codes_through_on_every_host(tmp_path: Path, first: bool) -> None:
    app = Flask("several", instance_path=str(tmp_path), subdomain_matching=True)
    app.config.update(
        {**CALM, "SECRET_KEY": secrets.token_hex(), "SERVER_NAME": "blog.example", "WTF_CSRF_ENABLED": True}
    )
    guard = CaptchaGuard()
    for extension in (CSRFProtect(), guard) if first else (guard, CSRFProtect()):
        extension.init_app(app)
    app.add_url_rule("/talk", "talk", guard.protect(talk), methods=BOTH, subdomain="de")
    assert_works(app, "de.blog.example")


@pytest.mark.parametrize("prefix", ["/blog", "/a b/ü", "//evil.example"])
def test_it_works_below_a_sub_path(tmp_path: Path, prefix: str) -> None:
    app, guard = make(tmp_path)
    app.add_url_rule("/talk", "talk", guard.protect(talk), methods=BOTH)
    script_name = prefix.encode().decode("latin-1")
    page = app.test_client().post("/talk", data=COMMENT, environ_overrides={"SCRIPT_NAME": script_name})
    below = {"/blog": "/blog", "/a b/ü": "/a%20b/%C3%BC", "//evil.example": "/evil.example"}[prefix]
    assert all(address.startswith(f"{below}/") for address in addresses(page))
    assert f"{below}/talk" in addresses(page)


def test_it_works_where_another_application_mounts_this_one(tmp_path: Path) -> None:
    app, guard = make(tmp_path, {"SERVER_NAME": "blog.example"}, subdomain_matching=True)
    app.add_url_rule("/talk", "talk", guard.protect(talk), methods=BOTH, subdomain="de")
    assert_works(DispatcherMiddleware(Flask("outer"), {"/blog": app}), "de.blog.example", "/blog/talk", below="/blog")


@pytest.mark.parametrize(
    ("asked", "action"),
    [
        ("/talk", "/talk"),
        ("/talk?page=2&sort=new%20first", "/talk?page=2&sort=new%20first"),
        ("/talk?q=%26%3d%2B+%C3%BC", "/talk?q=%26%3d%2B+%C3%BC"),
        ('/talk?q="><script>', "/talk?q=%22%3E%3Cscript%3E"),
        ("/talk?", "/talk"),
        ("/talk?//evil.example", "/talk?//evil.example"),
        ("/talk/%C3%BC%20b", "/talk/%C3%BC%20b"),
        ("/talk/a%3Fb%23c%25d", "/talk/a%3Fb%23c%25d"),
        ("/talk/%5Cevil.example", "/talk/%5Cevil.example"),
        ("//evil.example/comments", "/evil.example/comments"),
        ("///evil.example/comments", "/evil.example/comments"),
        ("/%5Cevil.example/comments", "/%5Cevil.example/comments"),
        ("/%09/evil.example/comments", "/%09/evil.example/comments"),
    ],
)
def test_a_page_of_ours_sends_its_form_to_the_requested_address_on_this_host(
    tmp_path: Path, asked: str, action: str
) -> None:
    app, guard = make(tmp_path)
    app.url_map.merge_slashes = False
    app.add_url_rule("/<path:page>", "talk", guard.protect(talk), methods=BOTH)
    client = app.test_client()
    path, _, query = asked.partition("?")
    answer = client.post(path, query_string=query, data=COMMENT) if not path.startswith("//") else raw_post(app, path)
    (form,) = [given for tag, given in Page(answer.text).tags if tag == "form"]
    assert form["action"] == action


def raw_post(app: Flask, path: str) -> TestResponse:
    """Post to a path that the test client would read as a host."""
    return app.test_client().post("/", data=COMMENT, environ_overrides={"PATH_INFO": path})


def test_a_picture_is_found_by_the_first_request_of_a_process(tmp_path: Path) -> None:
    config: dict[str, object] = {"SERVER_NAME": "blog.example", "SECRET_KEY": secrets.token_hex()}

    def process() -> Flask:
        app, guard = make(tmp_path, config, subdomain_matching=True)
        app.add_url_rule("/talk", "talk", guard.protect(talk), methods=BOTH, subdomain="de")
        return app

    client: FlaskClient = process().test_client()
    (picture,) = Page(client.get("/talk", base_url="http://de.blog.example").text).pictures
    assert process().test_client().get(picture, base_url="http://de.blog.example").status_code == 200


def test_an_untrusted_host_is_still_refused(tmp_path: Path) -> None:
    config: dict[str, object] = {"SERVER_NAME": "blog.example", "TRUSTED_HOSTS": [".blog.example"]}
    app, guard = make(tmp_path, config, subdomain_matching=True)
    app.add_url_rule("/talk", "talk", guard.protect(talk), methods=BOTH, subdomain="de")
    page = app.test_client().get("/talk", base_url="http://de.blog.example")
    for host, status in (("fr.blog.example", 200), ("evil.example", 400)):
        for address in addresses(page):
            if address.endswith((".css", ".js", ".png")):
                assert app.test_client().get(address, base_url=f"http://{host}", buffered=True).status_code == status
