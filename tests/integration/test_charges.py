"""What the limits count: a reader's mistake costs nothing, and an attacker can't publish more than the limits allow."""

from __future__ import annotations

import random

import pytest
import time_machine
from flask import render_template_string
from flask.testing import FlaskClient

from captcha_guard.testing import solve
from captcha_guard.web.post.captcha_check import TRIES
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, post_comment, solved, wrong

POST = "/posts/one/comments"
LIMITED: dict[str, object] = {"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute"}

pytestmark = pytest.mark.usefixtures("clock")


def say(number: object) -> dict[str, str]:
    return COMMENT | {"body": f"Comment {number}"}


def publish(client: FlaskClient, number: object) -> int:
    return post_comment(client, body=say(number)["body"]).status_code


@pytest.mark.parametrize(("shown", "target"), [("/posts/one", POST), ("/essay", "/essay"), ("/letters", "/letters")])
def test_the_third_comment_in_a_minute_waits_and_keeps_its_code(
    blogs: MakeBlog, clock: time_machine.Traveller, shown: str, target: str
) -> None:
    blog = blogs(LIMITED)
    client = blog.client()
    for number in (1, 2):
        assert client.post(target, data=solved(client, client.get(shown), say(number))).status_code == 303
    clock.shift(10)
    sent = solved(client, client.get(shown), say(3))
    early = client.post(target, data=sent)
    assert early.status_code == 429
    assert 45 <= int(early.headers["Retry-After"]) <= 50
    assert early.headers["Cache-Control"] == "private, no-cache"
    resent = {name: value for name, value in fields_of(early).items() if value}
    assert resent == {name: value for name, value in sent.items() if value and name in resent}
    assert {TOKEN, ANSWER, "author", "body"} <= resent.keys()
    assert len(blog.stored) == 2
    clock.shift(51)
    assert client.post(target, data=fields_of(early)).status_code == 303
    assert blog.stored[2]["body"] == "Comment 3"


def test_a_typing_error_does_not_cost_a_comment(blogs: MakeBlog) -> None:
    client = blogs(LIMITED).client()
    for number in (1, 2):
        page = client.post(POST, data=wrong(client.get("/posts/one"), say(number)))
        page = client.post(POST, data=wrong(page))
        assert page.status_code == 422
        assert client.post(POST, data=solved(client, page)).status_code == 303
    assert publish(client, 3) == 429


def test_a_new_code_after_a_typing_error_does_not_cost_a_comment_either(blogs: MakeBlog) -> None:
    client = blogs(LIMITED).client()
    for number in (1, 2):
        page = client.post(POST, data=wrong(client.get("/posts/one"), say(number)))
        fields = fields_of(page)
        fresh = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": fields[TOKEN]})
        fields |= {TOKEN: fresh.json["token"], ANSWER: solve(client, fresh.json["token"])}  # type: ignore[index]
        assert client.post(POST, data=fields).status_code == 303
    assert publish(client, 3) == 429


def test_replays_never_publish_more_than_the_limit(blogs: MakeBlog) -> None:
    blog = blogs(LIMITED)
    client, chance = blog.client(), random.Random(20)
    tokens = [fields_of(client.get("/posts/one"))[TOKEN] for _ in range(3)]
    for step in range(400):
        token = chance.choice(tokens)
        act = chance.choice(["right", "wrong", "blank", "none", "renew", "other"])
        if act == "renew":
            answer = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": token})
            tokens.append(answer.json["token"])  # type: ignore[index]
            continue
        typed = {"right": solve(client, token), "wrong": "WRONGWRONG", "other": solve(client, chance.choice(tokens))}
        sent = {} if act == "none" else {TOKEN: token, ANSWER: typed.get(act, "")}
        answer = client.post(POST, data=say(step) | sent)
        assert answer.status_code in (303, 422, 429)
        if found := fields_of(answer).get(TOKEN):
            tokens.append(found)
    assert 0 < len(blog.stored) <= 2


def test_blank_codes_have_a_limited_number_of_tries(blogs: MakeBlog) -> None:
    client = blogs(LIMITED).client()
    page, answers = client.get("/posts/one"), []
    for _ in range(40):
        page = client.post(POST, data=fields_of(page) | COMMENT)
        answers.append(page.status_code)
    assert answers.count(422) == 2 * (1 + TRIES)
    assert set(answers) == {422, 429}


def test_renewing_a_challenge_with_tries_left_does_not_multiply_the_tries(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    client = blog.client()
    token = fields_of(client.post(POST, data=COMMENT))[TOKEN]
    for _ in range(TRIES):
        answer = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": token})
        token = answer.json["token"]  # type: ignore[index]
    late = client.post(POST, data=COMMENT | {TOKEN: token, ANSWER: solve(client, token)})
    assert late.status_code == 429


def test_a_page_that_shows_a_refused_form_twice_gets_the_tries_once(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})

    @blog.app.post("/twice")
    @blog.guard.protect(on_challenge=lambda _: render_template_string("{{ captcha_guard() }}{{ captcha_guard() }}"))
    def twice() -> str:
        blog.keep("twice")
        return ""

    client = blog.client()
    page = client.post("/twice", data=COMMENT)
    tokens = [given["value"] for tag, given in Page(page.text).tags if given.get("name") == TOKEN]
    assert len(tokens) == len(set(tokens)) == 2
    answers = [
        client.post("/twice", data=say(token) | {TOKEN: token, ANSWER: solve(client, token)}).status_code
        for token in tokens
    ]
    assert answers == [200, 429]


def test_a_view_that_shows_its_form_after_storing_gives_no_free_posts(blogs: MakeBlog) -> None:
    blog = blogs(LIMITED)
    client = blog.client()
    page, answers = client.get("/quiet"), []
    for number in range(4):
        page = client.post("/quiet", data=fields_of(page) | say(number))
        answers.append(page.status_code)
    assert answers == [200, 200, 429, 429]
    assert len(blog.stored) == 2


def test_ten_wrong_codes_are_enough(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_WRONG_LIMITS": "10 per 10 minutes"})
    client = blog.client()
    for number in range(10):
        assert client.post(POST, data=wrong(client.get("/posts/one"), say(number))).status_code == 422
    right = solved(client, client.get("/posts/one"), COMMENT)
    stopped = client.post(POST, data=right)
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0
    assert fields_of(stopped) == {name: value for name, value in right.items() if value}
    assert blog.client("198.51.100.9").post(POST, data=wrong(client.get("/posts/one"))).status_code == 422
    clock.shift(601)
    assert client.post(POST, data=fields_of(stopped)).status_code == 303


def test_wrong_codes_are_counted_on_challenges_with_tries_left_too(blogs: MakeBlog) -> None:
    client = blogs({"CAPTCHA_GUARD_WRONG_LIMITS": "3 per 10 minutes"}).client()
    page, answers = client.get("/posts/one"), []
    for _ in range(5):
        page = client.post(POST, data=wrong(page, COMMENT))
        answers.append(page.status_code)
    assert answers == [422, 422, 422, 429, 429]


def test_a_limited_pass_is_still_valid_after_the_wait(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    client = blog.client()
    passed = post_comment(client, "/essay", author="")
    assert PASS in fields_of(passed)
    early = client.post("/essay", data=fields_of(passed) | COMMENT)
    assert early.status_code == 429
    assert fields_of(early)[PASS] == fields_of(passed)[PASS]
    clock.shift(61)
    assert client.post("/essay", data=fields_of(early)).status_code == 303


def test_an_unspent_code_that_is_shown_again_has_its_remaining_time(
    blogs: MakeBlog, clock: time_machine.Traveller
) -> None:
    client = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"}).client()
    client.post("/essay", data=COMMENT)
    form = client.get("/essay")
    clock.shift(20)
    early = client.post("/essay", data=solved(client, form, COMMENT | {"body": "another"}))
    assert early.status_code == 429
    assert 'data-expires-in="880"' in early.text


def test_damaged_posts_are_counted(blogs: MakeBlog) -> None:
    client = blogs(LIMITED).client()
    twice = [client.post(POST, data=COMMENT | {TOKEN: ["a", "b"]}) for _ in range(3)]
    assert [answer.status_code for answer in twice] == [400, 400, 429]
    assert COMMENT["body"] in Page(twice[2].text).text


def test_pictures_and_new_codes_are_limited(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_PICTURE_LIMITS": "2 per minute", "CAPTCHA_GUARD_CHALLENGE_LIMITS": "2 per minute"})
    client = blog.client()
    (picture,) = Page(client.get("/posts/one").text).pictures
    assert [client.get(picture).status_code for _ in range(3)] == [200, 200, 429]
    asked = [client.post("/captcha-guard/challenge", json={"scope": "api"}) for _ in range(3)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert asked[2].mimetype == "application/problem+json"
    assert int(asked[2].headers["Retry-After"]) == asked[2].json["retry_after"] > 0  # type: ignore[index]


def test_one_network_cannot_lock_out_the_others(blogs: MakeBlog) -> None:
    blog = blogs(LIMITED)
    answers = [publish(blog.client(f"192.0.2.{number % 40}"), number) for number in range(66)]
    assert answers == [303] * 64 + [429] * 2
    assert publish(blog.client("198.51.100.1"), "elsewhere") == 303


def test_a_wrong_code_is_never_accepted_in_suspicious_mode(blog: Blog) -> None:
    client = blog.client()
    asked = client.post("/quiet", data=COMMENT)
    assert asked.status_code == 422
    again = client.post("/quiet", data=wrong(asked))
    assert again.status_code == 422
    blank = client.post("/quiet", data=fields_of(again))
    assert blank.status_code == 422
    assert blog.stored == []
    assert client.post("/quiet", data=solved(client, blank)).status_code == 200
    assert len(blog.stored) == 1
