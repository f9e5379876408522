"""The field that <captcha-guard src> fetches for a page that was made without it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page

SCOPE = "comment:one"
TRUSTED = {"Origin": "https://blog.example"}


def fetch(client: FlaskClient, headers: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
    """Return the challenge with its field."""
    answer = client.post("/captcha-guard/challenge", json={"scope": SCOPE, "field": True, **asked}, headers=headers)
    assert answer.status_code == 200
    fetched: dict[str, Any] = answer.get_json()
    return fetched


def test_its_inputs_complete_a_plain_post(blog: Blog, client: FlaskClient) -> None:
    fields = Page(fetch(client)["field"]).fields
    code = {ANSWER: solve(blog.app, fields[TOKEN])}
    assert client.post("/posts/one/comments", data=fields | COMMENT | code).status_code == 303
    assert len(blog.stored) == 1


def test_it_has_no_script_or_stylesheet_because_the_page_has_both(client: FlaskClient) -> None:
    assert not {"script", "link"} & {tag for tag, _ in Page(fetch(client)["field"]).tags}


def test_it_is_in_the_language_of_the_page(client: FlaskClient) -> None:
    field = fetch(client, {"Accept-Language": "fr"}, language="de-AT")["field"]
    assert 'lang="de"' in field
    assert 'lang="fr"' in fetch(client, {"Accept-Language": "fr"}, language="xx")["field"]


def test_a_page_of_a_trusted_origin_gets_whole_addresses(blogs: MakeBlog) -> None:
    client = blogs({"CAPTCHA_GUARD_TRUSTED_ORIGINS": ["https://blog.example"]}).client()
    fetched = fetch(client, TRUSTED)
    assert fetched["picture"].startswith("http://localhost/captcha-guard/")
    [picture] = Page(fetched["field"]).pictures
    assert picture == fetched["picture"]
    assert fetch(client)["picture"].startswith("/captcha-guard/")


def test_a_form_without_a_picture_gets_one_only_after_it_was_asked_for_a_code(client: FlaskClient) -> None:
    assert Page(fetch(client, scope="quiet")["field"]).pictures == []
    links = COMMENT | {"body": "http://a.example http://b.example http://c.example"}
    asked = client.post("/quiet", json=links)
    assert asked.status_code == 422
    token = asked.get_json()["challenge"]["token"]
    assert len(Page(fetch(client, scope="quiet", token=token)["field"]).pictures) == 1


@pytest.mark.parametrize(("scope", "offered"), [("queue", True), (SCOPE, False)])
def test_the_way_without_a_code_is_offered_on_moderated_routes(client: FlaskClient, scope: str, offered: bool) -> None:
    assert ("captcha_no_code" in fetch(client, scope=scope)["field"]) is offered


def test_a_scope_that_no_form_has_is_refused(client: FlaskClient) -> None:
    answer = client.post("/captcha-guard/challenge", json={"scope": "comments:one", "field": True})
    assert (answer.status_code, answer.get_json()["detail"]) == (400, "No form has the scope 'comments:one'.")
