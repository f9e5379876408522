"""The effect of each verdict on open and on moderated routes, in pages and in JSON, also without a store."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard import Action, Finding, Submission, submission_judged
from captcha_guard.health import REST
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved, wrong

POST = "/posts/one/comments"
LINKS = COMMENT | {"body": "See https://a.example and https://b.example"}
PROBLEM = "application/problem+json"


def json_code(client: FlaskClient, token: str) -> dict[str, str]:
    return {TOKEN: token, ANSWER: solve(client, token)}


class Says:
    """A rule whose findings are in the bodies of the comments."""

    slug = "says"

    def __init__(self, action: Action, score: int = 10) -> None:
        self.finding = Finding(self.slug, score, "<b>It says so.</b>", action)

    def check(self, submission: Submission) -> Finding | None:
        return self.finding if "says" in submission.body else None


def judged_by(blog: Blog, *rules: Says) -> Blog:
    blog.state.judge.rules = rules
    return blog


def test_a_solved_code_settles_a_hold_on_an_open_route(blog: Blog) -> None:
    client = blog.client()
    assert client.post(POST, data=LINKS).status_code == 422
    assert client.post(POST, data=solved(client, client.get("/posts/one"), LINKS)).status_code == 303
    assert [(comment["action"], comment["held"], comment["why"]) for comment in blog.stored] == [
        ("ACCEPT", "False", "links")
    ]


@pytest.mark.parametrize("mode", ["suspicious", "off"])
def test_a_hold_asks_for_one_code_even_if_none_is_shown(blogs: MakeBlog, mode: str) -> None:
    blog = blogs({"CAPTCHA_GUARD_MODE": mode})
    client = blog.client()
    asked = client.post(POST, data=fields_of(client.get("/posts/one")) | LINKS)
    assert asked.status_code == 422
    assert Page(asked.text).pictures
    assert client.post(POST, data=wrong(asked)).status_code == 422
    assert blog.stored == []
    again = client.post(POST, data=fields_of(client.get("/posts/one")) | LINKS)
    assert client.post(POST, data=solved(client, again)).status_code == 303
    assert [comment["body"] for comment in blog.stored] == [LINKS["body"]]


@pytest.mark.parametrize("mode", ["always", "suspicious", "off"])
def test_on_an_open_route_a_solved_code_settles_findings_that_only_suspect_a_program(
    blogs: MakeBlog, mode: str
) -> None:
    blog = blogs({"CAPTCHA_GUARD_MIN_SECONDS": 30, "CAPTCHA_GUARD_MODE": mode})
    client, trapped = blog.client(), COMMENT | {blog.state.honeypot: "filled in by the browser"}
    asked = client.post(POST, data=fields_of(client.get("/posts/one")) | trapped)  # 60 and 30: aside
    assert asked.status_code == 422
    assert client.post(POST, data=solved(client, asked, trapped)).status_code == 303
    assert [(comment["action"], comment["why"]) for comment in blog.stored] == [("ACCEPT", "")]


def test_after_a_solved_code_the_other_findings_can_still_set_it_aside(blog: Blog) -> None:
    judged_by(blog, Says(Action.ACCEPT, 90))
    client, comment = blog.client(), COMMENT | {"body": "It says this", blog.state.honeypot: "x"}
    for sent in (comment, solved(client, client.get("/posts/one"), comment), wrong(client.get("/posts/one"), comment)):
        assert client.post(POST, data=sent).status_code == 403
    assert blog.stored == []


def test_an_unproven_code_settles_nothing(broken: Blog) -> None:
    for path, target in (("/posts/one", POST), ("/quiet", "/quiet")):
        client = broken.client()
        form = client.get(path)
        sent = fields_of(form) if path == "/quiet" else solved(client, form)
        assert client.post(target, data=sent | LINKS).status_code == 503, path
    assert broken.stored == []


def test_links_on_a_moderated_route_are_kept_for_the_moderator(blog: Blog) -> None:
    client = blog.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), LINKS)).status_code == 303
    assert blog.stored[0]["held"] == "True"
    assert "links" in blog.stored[0]["why"]


def test_in_suspicious_mode_links_without_a_code_are_held(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.post("/desk")
    @blog.guard.protect(mode="suspicious", moderated=True)
    def desk() -> str:
        blog.keep("desk")
        return ""

    client = blog.client()
    assert client.post("/desk", data=LINKS).status_code == 200
    assert client.post("/desk", data=COMMENT).status_code == 422
    assert [comment["held"] for comment in blog.stored] == ["True"]


def test_what_is_set_aside_is_refused_on_an_open_route_and_kept_on_a_moderated_one(blog: Blog) -> None:
    judged_by(blog, Says(Action.ASIDE))
    client, comment = blog.client(), COMMENT | {"body": "It says this & that"}
    refused = client.post(POST, data=solved(client, client.get("/posts/one"), comment))
    assert refused.status_code == 403
    assert comment["body"] in Page(refused.text).text
    assert client.post("/queue", data=solved(client, client.get("/queue"), comment)).status_code == 303
    assert [(comment["way"], comment["action"]) for comment in blog.stored] == [("queue", "ASIDE")]


@pytest.mark.parametrize("target", [POST, "/queue"])
def test_a_rejected_comment_is_refused_whatever_the_route(blog: Blog, target: str) -> None:
    judged_by(blog, Says(Action.REJECT))
    client, comment = blog.client(), COMMENT | {"body": "It says this"}
    shown = "/posts/one" if target == POST else target
    refused = client.post(target, data=solved(client, client.get(shown), comment))
    assert refused.status_code == 403
    assert "<b>It" not in refused.text
    assert "<b>It says so.</b>" in Page(refused.text).text
    assert blog.stored == []


def test_a_solved_code_settles_a_challenge(blog: Blog) -> None:
    judged_by(blog, Says(Action.CHALLENGE))
    client, comment = blog.client(), COMMENT | {"body": "It says this"}
    assert client.post(POST, data=solved(client, client.get("/posts/one"), comment)).status_code == 303
    assert blog.stored[0]["action"] == "ACCEPT"
    quiet = fields_of(client.get("/quiet"))
    asked = client.post("/quiet", data=quiet | comment)
    assert asked.status_code == 422
    assert client.post("/quiet", data=solved(client, asked)).status_code == 200


def test_in_suspicious_mode_an_inconspicuous_form_needs_no_code(blog: Blog) -> None:
    client = blog.client()
    page = client.get("/quiet")
    assert Page(page.text).pictures == []
    assert client.post("/quiet", data=fields_of(page) | COMMENT).status_code == 200
    again = client.post("/quiet", data=fields_of(page) | COMMENT | {"body": "The same form again."})
    assert again.status_code == 422
    assert len(blog.stored) == 1


def test_a_filled_honeypot_adds_to_the_score(blog: Blog) -> None:
    client = blog.client()
    fields = solved(client, client.get("/queue"), COMMENT) | {blog.state.honeypot: "cheap pills"}
    assert client.post("/queue", data=fields).status_code == 303
    assert blog.stored[0]["why"] == "honeypot"
    assert blog.stored[0]["held"] == "True"


def test_a_form_that_is_sent_at_once_adds_to_the_score(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_MIN_SECONDS": 30})
    client = blog.client()
    fields = solved(client, client.get("/queue"), COMMENT) | {blog.state.honeypot: "cheap pills"}
    assert client.post("/queue", data=fields).status_code == 303
    assert blog.stored[0]["action"] == "ASIDE"


def test_mode_off_asks_for_no_code_and_keeps_rules_and_limits(blogs: MakeBlog) -> None:
    words = {"CAPTCHA_GUARD_DISALLOWED_WORDS": ["hypnotize"]}
    blog = blogs({"CAPTCHA_GUARD_MODE": "off", "CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute", **words})
    client = blog.client()
    assert client.post(POST, data=COMMENT).status_code == 303
    assert client.post(POST, data=COMMENT | {"body": "hypnotize"}).status_code == 403
    assert client.post(POST, data=COMMENT | {"body": "x"}).status_code == 429


def is_problem(answer: TestResponse, status: int, reason: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.mimetype == PROBLEM
    document: dict[str, Any] = answer.get_json()
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert document["reason"] == reason
    assert ("challenge" in document) == (status == 422)
    if status == 422:
        assert document["challenge"].keys() == {
            *("token", "picture", "picture_2x", "width", "height", "sound", "sound_language", "expires_in")
        }
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) == document["retry_after"] > 0
    return document


def test_a_json_client_gets_every_refusal_as_a_problem_with_a_challenge(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_WRONG_LIMITS": "2 per minute", "CAPTCHA_GUARD_DISALLOWED_WORDS": ["hypnotize"]})
    client = blog.client()

    def post(document: object, **more: str) -> TestResponse:
        assert isinstance(document, dict)
        return client.post("/api/comments", json=document | more)

    missing = is_problem(post(COMMENT), 422, "code_missing")["challenge"]
    assert client.get(missing["picture"]).status_code == 200
    assert client.get(missing["picture_2x"]).status_code == 200
    assert missing["expires_in"] == 900
    wrong = is_problem(post(COMMENT, **{TOKEN: missing["token"], ANSWER: "XXXX"}), 422, "code_wrong")["challenge"]
    used = is_problem(post(COMMENT, **json_code(client, missing["token"])), 422, "code_used")["challenge"]
    is_problem(post(COMMENT, **{TOKEN: "nonsense"}), 422, "token_forged")
    is_problem(post(COMMENT, **{TOKEN: "x" * 2000}), 422, "token_malformed")
    elsewhere = client.post("/captcha-guard/challenge", json={"scope": "other"}).get_json()["token"]
    is_problem(post(COMMENT, **{TOKEN: elsewhere}), 422, "token_scope")
    assert post(COMMENT, **json_code(client, wrong["token"])).status_code == 201
    is_problem(post(COMMENT, **json_code(client, used["token"])), 409, "duplicate")
    long = COMMENT | {"body": "x" * 65_526}
    is_problem(post(long), 413, "too_long")
    assert post(LINKS, **json_code(client, fresh(client))).status_code == 201
    pills = COMMENT | {"body": "hypnotize"}
    is_problem(post(pills, **json_code(client, fresh(client))), 403, "refused")
    is_problem(post(COMMENT, body=""" """, **{TOKEN: fresh(client), ANSWER: "XXXX"}), 422, "code_wrong")
    is_problem(post(COMMENT, **{TOKEN: fresh(client), ANSWER: "XXXX"}), 429, "limited")
    assert len(blog.stored) == 2


def fresh(client: FlaskClient, scope: str = "api") -> str:
    token: str = client.post("/captcha-guard/challenge", json={"scope": scope}).get_json()["token"]
    return token


def test_a_put_is_guarded_as_a_post(blog: Blog) -> None:
    client = blog.client()
    asked = is_problem(client.put("/api/comments", json=COMMENT), 422, "code_missing")["challenge"]
    assert client.put("/api/comments", json=COMMENT | json_code(client, asked["token"])).status_code == 201


def test_a_signal_is_sent_for_every_verdict_without_address_and_answer(blog: Blog) -> None:
    heard: list[tuple[object, Submission, str]] = []

    def listen(sender: object, submission: Submission, verdict: Any) -> None:
        heard.append((sender, submission, verdict.action.name))

    client = blog.client("203.0.113.77")
    with submission_judged.connected_to(listen):
        page = client.post(POST, data=COMMENT)
        fields = solved(client, page)
        client.post(POST, data=fields)
    assert [action for _, _, action in heard] == ["CHALLENGE", "ACCEPT"]
    assert all(sender is blog.app for sender, _, _ in heard)
    assert not any("203.0.113" in repr(submission) or fields[ANSWER] in repr(submission) for _, submission, _ in heard)


@pytest.fixture
def broken(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> Blog:
    """The blog with codes that were issued while its store worked. Now the store always fails."""
    store: Any = blog.state.spent._storage

    def fail(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    for name in ("incr", "get", "clear", "acquire_entry", "acquire_entries", "get_moving_windows"):
        monkeypatch.setattr(store, name, fail)
    monkeypatch.setattr(blog.state.spent, "_count", fail)
    return blog


def test_with_the_store_down_an_open_route_publishes_nothing_and_keeps_the_text_and_the_code(broken: Blog) -> None:
    client = broken.client()
    for shown, target in (("/posts/one", POST), ("/essay", "/essay"), ("/letters", "/letters")):
        sent = solved(client, client.get(shown), COMMENT)
        answer = client.post(target, data=sent)
        assert answer.status_code == 503, target
        assert int(answer.headers["Retry-After"]) > 0
        back = fields_of(answer)
        assert {name: back[name] for name in (TOKEN, ANSWER, "body")} == {
            name: sent[name] for name in (TOKEN, ANSWER, "body")
        }
    is_problem(client.post("/api/comments", json=COMMENT | json_code(client, fresh(client))), 503, "store_unavailable")
    assert broken.stored == []


def test_a_code_kept_while_the_store_was_down_is_valid_when_it_works_again(
    broken: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = broken.client()
    answer = client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT))
    monkeypatch.undo()
    rested = time.monotonic() + REST
    monkeypatch.setattr(broken.state.health, "_clock", lambda: rested)
    assert client.post(POST, data=fields_of(answer)).status_code == 303


def test_with_the_store_down_a_moderated_route_holds_the_comment(broken: Blog) -> None:
    client = broken.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), COMMENT)).status_code == 303
    assert (broken.stored[0]["held"], broken.stored[0]["why"]) == ("True", "store_unavailable")


def test_with_the_store_down_suspicious_mode_publishes_nothing_either(broken: Blog) -> None:
    client = broken.client()
    fields = fields_of(client.get("/quiet")) | COMMENT
    assert [client.post("/quiet", data=fields).status_code for _ in range(2)] == [503, 503]
    assert broken.stored == []


def test_with_the_store_down_a_wrong_code_is_still_wrong_and_pictures_are_still_drawn(broken: Blog) -> None:
    client = broken.client()
    page = client.get("/posts/one")
    assert client.get(Page(page.text).pictures[0]).status_code == 200
    wrong = client.post(POST, data=fields_of(page) | COMMENT | {ANSWER: "WRONGWRONG"})
    assert wrong.status_code == 422
    assert fields_of(wrong)["body"] == COMMENT["body"]
    blank = client.post("/queue", data=COMMENT)
    assert blank.status_code == 422
    assert broken.stored == []


def test_with_the_store_down_a_challenge_with_tries_left_is_counted_again(
    blogs: MakeBlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute"})
    client = blog.client()
    asked = client.post("/queue", data=COMMENT)
    monkeypatch.setattr(blog.state.spent, "_count", _fail)
    monkeypatch.setattr(blog.state.spent._storage, "acquire_entries", _fail)
    fields = solved(client, asked)
    answers = [client.post("/queue", data=fields | {"body": str(number)}).status_code for number in range(4)]
    assert answers == [303, 429, 429, 429]  # the process allows one, although the store's count covered it
    assert [comment["held"] for comment in blog.stored] == ["True"]


def _fail(*_: object) -> None:
    raise sqlite3.OperationalError("database is locked")
