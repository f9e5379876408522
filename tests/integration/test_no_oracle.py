"""No answer distinguishes a right code from a wrong one unless the POST was charged, or the comment was accepted."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import time_machine

from captcha_guard import Action
from captcha_guard.challenge.token import LEEWAY, Challenge
from captcha_guard.web.post.captcha_check import spend
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, post_comment, solved, wrong
from tests.integration.test_verdicts import Says, judged_by

POST = "/posts/one/comments"
NAMED = {"body": "It says this."}


def answers(blog: Blog, sent: Mapping[str, str], path: str = "/posts/one", target: str = POST) -> list[tuple[int, str]]:
    """Post with a right and with a wrong code. Returns the status and the visible text of each answer."""
    client = blog.client()
    found = []
    for fields in (solved(client, client.get(path), sent), wrong(client.get(path), sent)):
        answer = client.post(target, data=fields)
        page = Page(answer.text)
        found.append((answer.status_code, page.text.replace(fields[TOKEN], "").replace(fields[ANSWER], "")))
    return found


@pytest.mark.parametrize(("path", "target"), [("/posts/one", POST), ("/queue", "/queue"), ("/letters", "/letters")])
def test_a_repetition_gets_the_same_refusal_with_a_right_and_a_wrong_code(blog: Blog, path: str, target: str) -> None:
    client = blog.client()
    assert client.post(target, data=solved(client, client.get(path), COMMENT)).status_code == 303
    for fields in (solved(client, client.get(path), COMMENT), wrong(client.get(path), COMMENT)):
        answer = client.post(target, data=fields)
        assert "already been posted" in answer.text
        assert answer.status_code == 409
    assert len(blog.stored) == 1


@pytest.mark.parametrize("action", [Action.ASIDE, Action.REJECT])
def test_refusals_are_the_same_with_a_right_and_a_wrong_code(blog: Blog, action: Action) -> None:
    judged_by(blog, Says(action))
    right, mistyped = answers(blog, COMMENT | NAMED)
    assert right == mistyped
    assert right[0] == 403
    assert blog.stored == []


def test_every_answer_to_a_new_code_is_charged(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "4 per hour"})
    judged_by(blog, Says(Action.ASIDE))
    statuses = [status for _ in range(3) for status, _ in answers(blog, COMMENT | NAMED)]
    assert statuses == [403] * 4 + [429] * 2


def test_a_wrong_code_for_a_repetition_is_not_counted_as_wrong(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_WRONG_LIMITS": "1 per hour"})
    client = blog.client()
    assert post_comment(client).status_code == 303
    tried = [client.post(POST, data=wrong(client.get("/posts/one"), COMMENT)).status_code for _ in range(3)]
    assert tried == [409] * 3


# Nonces


@pytest.mark.parametrize("ahead", [0, LEEWAY])
def test_a_spent_code_stays_spent_to_the_end_of_its_time_to_live(
    blog: Blog, clock: time_machine.Traveller, ahead: int
) -> None:
    client, state = blog.client(), blog.state
    at = int(state.clock()) + ahead  # on a server whose clock is as far ahead as allowed
    challenge = Challenge.new("comment:one", difficulty="medium", epoch=state.issuer.epoch(at), at=at)
    token = state.issuer.tokens.sign(challenge)
    sent = {TOKEN: token, ANSWER: state.issuer.answers(state.issuer.open(token))["image"][0]}
    assert client.post(POST, data=COMMENT | sent).status_code == 303
    clock.shift(ahead + state.settings.ttl)
    state.issuer.open(token)  # still valid
    again = client.post(POST, data=COMMENT | sent | {"body": "Another text."})
    assert again.status_code == 422
    assert "already been used" in again.text
    assert not spend(state, challenge)
    renewed = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": token})
    assert renewed.status_code == 200
    assert len(blog.stored) == 1


def test_two_applications_with_one_secret_do_not_accept_each_others_codes(blogs: MakeBlog) -> None:
    shared: dict[str, object] = {"SECRET_KEY": "a secret that two applications have in common"}
    one, other = blogs(shared, folder="one"), blogs(shared, folder="other")
    assert one.app.name == other.app.name  # two processes of the same application
    client = one.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    assert other.client().post(POST, data=fields).status_code == 303
    renamed = blogs(shared, folder="renamed", name="another_blog")
    fields = solved(client, client.get("/posts/one"), COMMENT | {"body": "Another text."})
    refused = renamed.client().post(POST, data=fields)
    assert refused.status_code == 422
    earned = fields_of(client.post(POST, data=fields | {"author": ""}))[PASS]
    assert renamed.client().post(POST, data=COMMENT | {PASS: earned}).status_code == 422
    assert renamed.stored == []
