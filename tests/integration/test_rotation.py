"""A secret can be replaced while readers write comments."""

from __future__ import annotations

import secrets

import pytest

from captcha_guard import Submission
from captcha_guard.challenge.image import ImageKind
from captcha_guard.web.post.posted import PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Page, fields_of, solved

POST = "/posts/one/comments"

OLD, NEW = secrets.token_hex(), secrets.token_hex()


def test_open_challenges_stay_valid_after_a_rotation(blogs: MakeBlog) -> None:
    before = blogs({"SECRET_KEY": OLD})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]})
    page = before.client().get("/posts/one")
    (picture,) = Page(page.text).pictures
    drawn = before.client().get(picture).data
    assert after.client().get(picture).data == drawn
    assert after.client().post(POST, data=solved(before.client(), page, COMMENT)).status_code == 303
    assert after.stored[0]["body"] == COMMENT["body"]


def test_a_pass_stays_valid_after_a_rotation(blogs: MakeBlog) -> None:
    before = blogs({"SECRET_KEY": OLD})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [secrets.token_hex(), OLD]})
    client = before.client()
    passed = client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT | {"author": ""}))
    assert PASS in fields_of(passed)
    assert after.client().post(POST, data=fields_of(passed) | {"author": "Ada"}).status_code == 303


def test_spent_tokens_stay_spent_after_a_rotation(blogs: MakeBlog) -> None:
    before = blogs({"SECRET_KEY": OLD})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]})
    fields = solved(before.client(), before.client().get("/posts/one"), COMMENT)
    assert before.client().post(POST, data=fields).status_code == 303
    assert after.client().post(POST, data=fields | {"body": "Another."}).status_code == 422


def test_new_challenges_are_signed_with_the_new_secret_only(blogs: MakeBlog) -> None:
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]})
    only_new, only_old = blogs({"SECRET_KEY": NEW}), blogs({"SECRET_KEY": OLD})
    fields = solved(after.client(), after.client().get("/posts/one"), COMMENT)
    assert only_old.client().post(POST, data=fields).status_code == 422
    assert only_new.client().post(POST, data=fields).status_code == 303


@pytest.mark.parametrize("fallbacks", [[], [secrets.token_hex()]])
def test_without_the_old_secret_the_text_is_kept_and_one_more_code_is_needed(
    blogs: MakeBlog, fallbacks: list[str]
) -> None:
    before = blogs({"SECRET_KEY": OLD})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": fallbacks})
    page = before.client().get("/posts/one")
    assert after.client().get(Page(page.text).pictures[0]).status_code == 404
    again = after.client().post(POST, data=solved(before.client(), page, COMMENT))
    assert again.status_code == 422
    assert {name: fields_of(again)[name] for name in COMMENT} == COMMENT
    assert fields_of(again)[TOKEN] != fields_of(page)[TOKEN]
    assert after.client().post(POST, data=solved(after.client(), again)).status_code == 303


def test_the_style_changes_with_the_secret_and_stays_with_the_seed(blogs: MakeBlog) -> None:
    styles = set()
    for secret, seed in ((OLD, ""), (NEW, ""), (OLD, "the style of this house"), (NEW, "the style of this house")):
        blog = blogs({"SECRET_KEY": secret, "CAPTCHA_GUARD_STYLE_SEED": seed, "CAPTCHA_GUARD_STYLE_ROTATION": 0})
        issuer = blog.state.issuer
        opened = issuer.open(issuer.issue("comment:one", difficulty=blog.state.difficulty))
        image = issuer.kinds["image"]
        assert isinstance(image, ImageKind)
        styles.add(repr(image._style(opened.key, opened.challenge.epoch)))
    assert len(styles) == 3


@pytest.mark.parametrize("fallbacks", [[], [OLD]])
def test_a_new_secret_resets_all_counts(blogs: MakeBlog, fallbacks: list[str]) -> None:
    limited: dict[str, object] = {"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per hour"}
    before = blogs({"SECRET_KEY": OLD, **limited})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": fallbacks, **limited})
    for blog in (before, after):
        client = blog.client()
        assert client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT)).status_code == 303
        assert client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT)).status_code == 429
    # This client is still served with the old secret.
    assert before.client().post(POST, data=COMMENT).status_code == 429


def test_a_ban_outlives_a_rotation_until_the_older_secret_is_removed(blogs: MakeBlog) -> None:
    before = blogs({"SECRET_KEY": OLD})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [secrets.token_hex(), OLD]})
    without = blogs({"SECRET_KEY": NEW})
    with before.app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        key = before.guard.client
        before.guard.ban(key, seconds=3600)
    for blog, status in ((after, 403), (without, 303)):
        client = blog.client("192.0.2.7")
        assert client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT)).status_code == status
        other = blog.client("192.0.2.8")
        typed = COMMENT | {"body": f"Another word about the loop, {status}."}
        assert other.post(POST, data=solved(other, other.get("/posts/one"), typed)).status_code == 303
    with after.app.app_context():
        assert after.guard.unban(key)
    client = after.client("192.0.2.7")
    typed = COMMENT | {"body": "The loop in part three ends too early."}
    assert client.post(POST, data=solved(client, client.get("/posts/one"), typed)).status_code == 303


def test_a_ban_from_before_a_rotation_is_not_found_for_comments_of_others(blogs: MakeBlog) -> None:
    before = blogs({"SECRET_KEY": OLD})
    after = blogs({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]})
    with before.app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        before.guard.ban(before.guard.client, seconds=3600)
    stored = Submission(scope="queue", body=COMMENT["body"], client="f" * 32)
    with after.app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        assert "banned_client" not in after.guard.check(stored).reasons
    with after.app.app_context():
        assert "banned_client" not in after.guard.check(stored).reasons
