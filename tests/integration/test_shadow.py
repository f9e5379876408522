"""The dry run: no well-formed POST is refused or held, and the verdict has the intended action."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient

from captcha_guard import Action, Verdict, submission_judged
from captcha_guard.web.post.posted import TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, TAUGHT_SPAM, Blog, fields_of, solved, teach, wrong

POST = "/posts/one/comments"
LINKS = COMMENT | {"body": "See https://a.example and https://b.example"}


@pytest.fixture
def dry(blogs: MakeBlog) -> Blog:
    return blogs({"CAPTCHA_GUARD_SHADOW": True})


def actions(blog: Blog) -> tuple[str, str]:
    """Return what happened to the last stored comment, and the intended action."""
    return blog.stored[-1]["action"], blog.stored[-1]["meant"]


def test_missing_wrong_used_and_foreign_codes_are_let_through(dry: Blog) -> None:
    client = dry.client()
    page, spent = client.get("/posts/one"), client.get("/posts/one")
    client.post(POST, data=solved(client, spent, COMMENT | {"body": "The first."}))
    assert actions(dry) == ("ACCEPT", "ACCEPT")
    elsewhere = fields_of(client.get("/queue"))[TOKEN]
    for number, fields in enumerate(
        (
            {},
            fields_of(page),
            wrong(client.get("/posts/one")),
            fields_of(spent),
            {TOKEN: "nonsense"},
            {TOKEN: elsewhere},
        )
    ):
        assert client.post(POST, data=fields | COMMENT | {"body": f"Number {number}"}).status_code == 303
        assert actions(dry) == ("ACCEPT", "CHALLENGE"), number


def test_limits_that_are_reached_are_recorded(blogs: MakeBlog) -> None:
    blog = blogs(
        {
            "CAPTCHA_GUARD_SHADOW": True,
            "CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute",
            "CAPTCHA_GUARD_WRONG_LIMITS": "2 per minute",
        }
    )
    client = blog.client()
    bodies = [f"Number {number}" for number in range(4)]
    answers = [client.post(POST, data=COMMENT | {"body": body}).status_code for body in bodies]
    assert answers == [303] * 4
    assert [comment["meant"] for comment in blog.stored] == ["CHALLENGE", "CHALLENGE", "REJECT", "REJECT"]
    assert all(comment["id"] for comment in blog.stored)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (LINKS, "HOLD"),
        (COMMENT | {"body": "x" * 65_526}, "REJECT"),
        (COMMENT | {"body": "cheap pills"}, "REJECT"),
        (COMMENT, "ACCEPT"),
    ],
    ids=["held", "too long", "disallowed", "good"],
)
def test_findings_of_rules_are_recorded_and_not_counted(blogs: MakeBlog, typed: Mapping[str, str], meant: str) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": True, "CAPTCHA_GUARD_DISALLOWED_WORDS": ["cheap pills"]})
    client = blog.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), typed)).status_code == 303
    assert actions(blog) == ("ACCEPT", meant)
    assert (blog.stored[0]["why"], blog.stored[0]["held"]) == ("", "False")


def test_on_an_open_route_nothing_is_refused_either(dry: Blog) -> None:
    client = dry.client()
    assert client.post(POST, data=solved(client, client.get("/posts/one"), LINKS)).status_code == 303
    assert actions(dry) == ("ACCEPT", "ACCEPT")  # the solved code settles it


def test_comments_that_the_filter_would_set_aside_are_published_and_taught_as_usual(dry: Blog) -> None:
    teach(dry)
    client = dry.client()
    sent = solved(client, client.get("/queue"), COMMENT | {"body": TAUGHT_SPAM})
    assert client.post("/queue", data=sent).status_code == 303
    assert actions(dry) == ("ACCEPT", "ASIDE")
    with dry.app.app_context():
        assert dry.guard.teach(dry.stored[0]["id"], spam=True)


def test_the_same_comment_twice_is_recorded(dry: Blog) -> None:
    client = dry.client()
    for _ in range(2):
        assert client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT)).status_code == 303
    assert [comment["meant"] for comment in dry.stored] == ["ACCEPT", "REJECT"]


def test_json_clients_and_wtforms_are_let_through_too(dry: Blog) -> None:
    client = dry.client()
    assert client.post("/api/comments", json=LINKS).status_code == 201
    assert client.post("/letters", data={"author": "Ada", "body": "No code."}).status_code == 303


def test_malformed_posts_are_still_refused(dry: Blog) -> None:
    client = dry.client()
    assert client.post("/api/comments", data="{", content_type="application/json").status_code == 400
    assert client.post(POST, data={TOKEN: ["a", "b"]} | COMMENT).status_code == 400
    assert client.post(POST, data="x", content_type="text/plain").status_code == 415
    assert dry.stored == []


def test_the_form_still_asks_for_its_code(dry: Blog) -> None:
    assert TOKEN in fields_of(dry.client().get("/posts/one"))


def test_a_single_shadowed_rule_records_its_intended_action(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": ["links"]})
    client = blog.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), LINKS)).status_code == 303
    assert actions(blog) == ("ACCEPT", "HOLD")
    client.post("/queue", data=solved(client, client.get("/queue"), COMMENT))
    assert actions(blog) == ("ACCEPT", "")
    assert client.post("/queue", data=COMMENT | {"body": "no code"}).status_code == 422


def test_a_shadowed_rule_that_only_asks_for_a_code_has_no_intended_action_after_it_is_solved(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": ["too_fast"], "CAPTCHA_GUARD_MIN_SECONDS": 30})
    client = blog.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), COMMENT)).status_code == 303
    assert actions(blog) == ("ACCEPT", "ACCEPT")


def test_signals_have_the_intended_action(dry: Blog) -> None:
    heard: list[Verdict] = []

    def listen(_: object, submission: object, verdict: Verdict) -> None:
        heard.append(verdict)

    client: FlaskClient = dry.client()
    with submission_judged.connected_to(listen, dry.app):
        client.post(POST, data=LINKS)
    [verdict] = heard
    assert (verdict.action, verdict.findings, verdict.meant) == (Action.ACCEPT, (), Action.CHALLENGE)
    assert {finding.reason for finding in verdict.shadowed} == {"links", "code_missing"}
