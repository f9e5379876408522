"""A moderator bans a client, and edits the lists of words: what visitors get then, on every kind of route."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
import time_machine
from flask import request

from captcha_guard import ConfigError, Submission
from captcha_guard.spam.lists import stored_words
from captcha_guard.web.post.posted import NO_CODE
from captcha_guard.web.state import NAME
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, fields_of, post_comment, teach

DAY = 86_400


def ban(blog: Blog, address: str = "192.0.2.7", seconds: float = DAY) -> str:
    """Ban the client at an address, and return its key."""
    with blog.app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        key = blog.guard.client
    with blog.app.app_context():
        blog.guard.ban(key, seconds=seconds)
    return key


@pytest.mark.parametrize("page", ["/posts/one", "/queue", "/quiet", "/essay"])
def test_a_banned_client_is_refused_with_its_text_and_the_end_of_the_ban_and_others_are_not(
    blog: Blog, page: str, clock: time_machine.Traveller
) -> None:
    clock.shift(1)
    ban(blog)
    answer = post_comment(blog.client(), page)
    assert answer.status_code == 403
    if page != "/essay":  # this route shows its own page
        assert "No comments are accepted from your connection until 2027-01-16 12:01 UTC." in answer.text
        assert COMMENT["body"] in answer.text
    assert blog.stored == []
    assert post_comment(blog.client("192.0.2.8"), page).status_code < 400
    assert len(blog.stored) == 1


def test_a_ban_ends_at_its_second_and_can_be_ended_earlier(blog: Blog, clock: time_machine.Traveller) -> None:
    key = ban(blog, seconds=600)
    clock.shift(599)
    assert post_comment(blog.client()).status_code == 403
    clock.shift(1)
    assert post_comment(blog.client()).status_code == 303
    ban(blog)
    with blog.app.app_context():
        assert [one.client for one in blog.guard.bans()] == [key]
        assert blog.guard.unban(key)
    assert post_comment(blog.client(), body="Another word about the loop.").status_code == 303


def test_a_ban_stops_comments_without_a_code(blog: Blog) -> None:
    ban(blog)
    client = blog.client()
    fields = fields_of(client.get("/queue")) | COMMENT | {NO_CODE: "1"}
    assert client.post("/queue", data=fields).status_code == 403
    assert blog.stored == []
    assert blog.client("192.0.2.8").post("/queue", data=fields).status_code == 303


def test_a_script_gets_the_ban_as_a_problem(blog: Blog) -> None:
    ban(blog)
    answer = blog.client().post("/api/comments", json=COMMENT)
    assert answer.status_code == 403
    assert "until" in answer.get_json()["detail"]


def test_an_exempt_visitor_is_not_affected(blog: Blog) -> None:
    by_owner = replace(blog.state, exempt_when=lambda: request.headers.get("X-Owner") == "1")
    blog.app.extensions[NAME] = by_owner
    ban(blog)
    assert post_comment(blog.client(), headers={"X-Owner": "1"}).status_code == 303
    assert post_comment(blog.client(), body="A second comment.").status_code == 403


def test_a_ban_in_shadow_or_without_weight_lets_every_client_comment(blogs: MakeBlog) -> None:
    shadowed = blogs({"CAPTCHA_GUARD_SHADOW": ["banned_client"]})
    ban(shadowed)
    assert post_comment(shadowed.client()).status_code == 303
    assert shadowed.stored[0]["meant"] == "REJECT"
    off = blogs({"CAPTCHA_GUARD_WEIGHTS": {"banned_client": 0}}, folder="off")
    ban(off)
    assert post_comment(off.client()).status_code == 303


def test_the_key_of_the_client_is_the_one_that_the_comment_has(blog: Blog) -> None:
    with blog.app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        key = blog.guard.client
        assert blog.guard.check(Submission(scope="x", body="A word.", client=key)).reasons == ()
        blog.guard.ban(key, seconds=60)
        assert blog.guard.check(Submission(scope="x", body="A word.", client=key)).reasons == ("banned_client",)
    with blog.app.app_context():
        assert blog.guard.client == ""


def test_clients_without_an_address_cannot_be_banned(blog: Blog) -> None:
    with blog.app.test_request_context(environ_base={"REMOTE_ADDR": "unix:"}):
        assert blog.guard.client == "shared"
        with pytest.raises(ConfigError, match="all clients without a known address"):
            blog.guard.ban(blog.guard.client, seconds=60)


def test_while_the_database_is_down_a_banned_client_is_judged_without_its_ban(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": "sqlite:////dev/null/judge.sqlite3"})
    with blog.app.app_context():
        assert blog.guard.check(Submission(scope="x", body="A word.", client="a" * 32)).reasons == ()
    assert post_comment(blog.client()).status_code == 303


def test_a_decision_about_a_comment_is_not_changed_by_a_ban(blog: Blog) -> None:
    comment = Submission(scope="x", body="A word about lists.", client=ban(blog))
    teach(blog)
    with blog.app.app_context():
        assert blog.guard.teach(comment, spam=False)
        assert blog.guard.explain(comment) != ()


def test_words_that_a_moderator_saves_apply_at_once_and_add_to_the_configured_ones(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_DISALLOWED_WORDS": ["lawn"]})
    assert post_comment(blog.client()).status_code == 303
    with blog.app.app_context():
        blog.guard.save_words("disallowed", ["mowers"])
        blog.guard.save_words("moderated", ["garden"])
        assert blog.guard.words("disallowed") == ("mowers",)
        assert list(blog.guard.try_words(["hedge"], [Submission(scope="x", body="a hedge")])) != [None]
    refused = post_comment(blog.client(), body="Two mowers for sale.")
    assert refused.status_code == 403
    assert "Two mowers for sale." in refused.text
    assert post_comment(blog.client(), body="A lawn, too.").status_code == 403
    assert post_comment(blog.client(), "/queue", body="My garden.").status_code == 303
    assert (blog.stored[-1]["why"], blog.stored[-1]["held"]) == ("moderated_words", "True")
    with blog.app.app_context():
        blog.guard.save_words("disallowed", ())
    assert post_comment(blog.client(), body="Two mowers again.").status_code == 303


def test_words_reach_another_process_within_seconds(blogs: MakeBlog, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = secrets.token_hex()
    first, second = (blogs({"SECRET_KEY": secret}) for _ in range(2))
    monkeypatch.setattr(stored_words, "EVERY", 0.0)  # the three seconds have passed
    assert post_comment(second.client(), body="Two mowers.").status_code == 303
    with first.app.app_context():
        first.guard.save_words("disallowed", ["mowers"])
    assert post_comment(second.client(), body="Three mowers.").status_code == 403


def test_saved_words_follow_the_settings_of_their_rules(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_WORD_FIELDS": ["author"], "CAPTCHA_GUARD_DISALLOWED_MESSAGE": "Not here, please."})
    with blog.app.app_context():
        blog.guard.save_words("disallowed", ["mowers"])
    assert post_comment(blog.client(), body="Two mowers.").status_code == 303
    assert "Not here, please." in post_comment(blog.client(), author="Mowers").text
