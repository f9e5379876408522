"""Applications that serve several hosts, subdomains or sub-paths: a page's picture, script and codes are on its host."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, request
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import TestResponse

from captcha_guard import CaptchaGuard
from tests.integration.host_blog import COMMENT, Page, fields_of, solved

FORM = '<form method="post">{{ captcha_guard() }}</form>'
HOSTS = ("blog.example", "de.blog.example:8000", "other.example", "[2001:db8::1]:5000", "BLOG.example")


def talk() -> str:
    """Show the form, or say that a comment is stored."""
    return "stored" if request.method == "POST" else render_template_string(FORM)


def by_host(bare: Any, hosts: tuple[str, ...] = HOSTS, **config: object) -> Flask:
    """Return an application that matches hosts, with a guarded form on each of them."""
    app: Flask = bare(**config)
    app.url_map.host_matching = True
    guard = CaptchaGuard(app)
    view = guard.protect(talk)
    for host in {host.lower() for host in hosts}:
        app.add_url_rule("/talk", "talk", view, methods=["GET", "POST"], host=host)
    return app


def by_subdomain(bare: Any, **config: object) -> Flask:
    """Return an application whose main site and subdomains each have a guarded form."""
    app: Flask = bare(SERVER_NAME="blog.example", **config)
    app.subdomain_matching = True
    view = CaptchaGuard(app).protect(talk)
    app.add_url_rule("/talk", "talk", view, methods=["GET", "POST"])
    app.add_url_rule("/talk", "talk", view, methods=["GET", "POST"], subdomain="<site>", defaults=None)
    return app


def addresses(page: str) -> list[str]:
    """Return every address in a page."""
    return re.findall(r'(?:src|href|action|srcset|data-url)="([^" ]*)', page)


def assert_works(client: FlaskClient, path: str = "/talk", below: str = "", **where: Any) -> TestResponse:
    """Comment on a host as a browser does that fetches all that the page names; return the interstitial on the way."""
    shown = client.get(path, **where)
    assert shown.status_code == 200
    for page in (shown, client.post(path, data=COMMENT, **where)):
        found = addresses(page.text)
        assert len(found) >= 5
        assert all(re.match(rf"{below}/(?!/)", address) for address in found)
        fetched = [address.removeprefix(below) for address in found if "captcha-guard/" in address]
        for address in fetched:
            if address.endswith("/challenge"):
                renewed = client.post(address, json={"scope": fields_scope(page)}, **where)
                assert renewed.status_code == 200
                assert client.get(renewed.get_json()["picture"].removeprefix(below), **where).status_code == 200
            else:
                answer = client.get(address, **where)
                assert answer.status_code == 200
                if address.endswith(".png"):
                    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert client.post(path, data=solved(client, shown, COMMENT), **where).text == "stored"
    return page


def fields_scope(page: TestResponse) -> str:
    (scope,) = [given["data-scope"] for _, given in Page(page.text).tags if "data-scope" in given]
    return scope
