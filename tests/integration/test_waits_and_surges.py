"""Growing waits, and a surge, for visitors."""

from __future__ import annotations

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard import ConfigError
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, level, post_comment, solved, wrong

POST = "/posts/one/comments"

pytestmark = pytest.mark.usefixtures("clock")


def guess(client: FlaskClient) -> TestResponse:
    return client.post(POST, data=wrong(client.get("/posts/one"), COMMENT))


def say(client: FlaskClient, number: object) -> TestResponse:
    return post_comment(client, body=f"Comment {number}")


# Waits


def test_a_client_that_guesses_waits_longer_each_time(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    client = blogs({"CAPTCHA_GUARD_WRONG_WAITS": (30, 3600)}).client()
    assert [guess(client).status_code for _ in range(5)] == [422] * 5
    waits = []
    for _ in range(8):
        stopped = guess(client)
        assert stopped.status_code == 429
        waits.append(int(stopped.headers["Retry-After"]))
        clock.shift(waits[-1] + 0.001)
        assert guess(client).status_code == 422
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600]


def test_a_reader_who_waits_sends_the_same_code_and_text_again(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_WRONG_WAITS": (30, 3600)})
    client = blog.client()
    for _ in range(5):
        guess(client)
    sent = solved(client, client.get("/posts/one"), COMMENT)
    stopped = client.post(POST, data=sent)
    assert stopped.status_code == 429
    assert stopped.headers["Retry-After"] == "30"
    assert fields_of(stopped) == {name: value for name, value in sent.items() if value}
    clock.shift(30.001)
    assert client.post(POST, data=fields_of(stopped)).status_code == 303
    assert [comment["body"] for comment in blog.stored] == [COMMENT["body"]]


def test_a_wait_applies_only_to_codes_and_only_to_this_client(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_WRONG_WAITS": (30, 3600)})
    client = blog.client()
    for _ in range(5):
        guess(client)
    page = client.get("/posts/one")
    assert page.status_code == client.get(Page(page.text).pictures[0]).status_code == 200
    assert client.post(POST, data=fields_of(page) | COMMENT).status_code == 422  # no code typed
    assert guess(blog.client("192.0.2.8")).status_code == 422


@pytest.mark.parametrize("value", [(60, 30), (-1, 5), "30", (30, 90_000), 5000])
def test_impossible_waits_are_refused_at_start_up(blogs: MakeBlog, value: object) -> None:
    with pytest.raises(ConfigError, match="CAPTCHA_GUARD_WRONG_WAITS"):
        blogs({"CAPTCHA_GUARD_WRONG_WAITS": value})


# Retry-After


def test_every_429_has_the_wait_rounded_up(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    config = {
        "CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute",
        "CAPTCHA_GUARD_CHALLENGE_LIMITS": "1 per minute",
        "CAPTCHA_GUARD_PICTURE_LIMITS": "1 per minute",
    }
    client = blogs(config).client()
    picture = Page(client.get("/posts/one").text).pictures[0]

    def ask() -> list[TestResponse]:
        return [
            client.post(POST, data=COMMENT),
            client.post("/api/comments", json=COMMENT),
            client.post("/captcha-guard/challenge", json={"scope": "api"}),
            client.get(picture),
        ]

    ask()
    clock.shift(19.25)
    refused = ask()
    assert [answer.status_code for answer in refused] == [429] * 4
    assert {answer.headers["Retry-After"] for answer in refused} == {"41"}
    clock.shift(40.75)
    assert {answer.status_code for answer in ask()} == {429}
    clock.shift(0.002)
    assert ask()[0].status_code == 422


# A surge


SURGE: dict[str, object] = {"CAPTCHA_GUARD_SURGE": 5}


def flood(blog: Blog, times: int) -> None:
    """Post without a code, each time from another address."""
    for number in range(times):
        blog.client(f"10.{number}.0.1").post("/api/comments", json=COMMENT | {"body": f"Flood {number}"})


@pytest.mark.parametrize("mode", ["always", "suspicious"])
def test_in_a_surge_suspicious_mode_asks_for_a_code_and_nothing_is_refused_for_it(blogs: MakeBlog, mode: str) -> None:
    blog = blogs({**SURGE, "CAPTCHA_GUARD_MODE": mode})
    early = blog.client().get("/posts/one")
    flood(blog, 5)
    client = blog.client()
    asked = client.post(POST, data=fields_of(early) | COMMENT)
    assert asked.status_code == 422
    assert level(blog, fields_of(asked)[TOKEN]) == "medium"
    assert fields_of(asked)["body"] == COMMENT["body"]
    assert client.post(POST, data=solved(client, asked)).status_code == 303
    assert blog.stored[-1]["body"] == COMMENT["body"]


def test_in_a_surge_codes_from_before_stay_valid(blogs: MakeBlog) -> None:
    blog = blogs(SURGE)
    client = blog.client()
    early = client.get("/posts/one")
    flood(blog, 6)
    assert client.post(POST, data=solved(client, early, COMMENT)).status_code == 303


def test_a_surge_asks_for_no_code_in_mode_off(blogs: MakeBlog) -> None:
    blog = blogs({**SURGE, "CAPTCHA_GUARD_MODE": "off"})
    flood(blog, 9)
    client = blog.client()
    assert Page(client.get("/posts/one").text).pictures == []
    assert client.post(POST, data=COMMENT).status_code == 303


def test_nothing_changes_below_the_surge_and_after_it(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({**SURGE, "CAPTCHA_GUARD_MODE": "suspicious"})

    def post(body: str) -> int:
        client = blog.client()
        return client.post(POST, data=fields_of(client.get("/posts/one")) | COMMENT | {"body": body}).status_code

    flood(blog, 3)
    assert post("Before.") == 303
    flood(blog, 9)
    assert post("During.") == 422
    clock.shift(61)
    assert post("After.") == 303


def test_a_flood_never_stops_a_reader(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SURGE": 5, "CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute; 10 per hour"})
    flood(blog, 100)
    reader = blog.client("203.0.113.5")
    assert say(reader, 1).status_code == 303
    assert say(reader, 2).status_code == 303
    assert say(reader, 3).status_code == 429  # its own limit, as on any other day


def test_in_a_surge_forms_show_the_picture_from_the_beginning(blogs: MakeBlog) -> None:
    blog = blogs(SURGE)
    flood(blog, 6)
    client = blog.client()
    for path in ("/posts/one", "/quiet", "/essay"):
        page = client.get(path)
        assert Page(page.text).pictures, path
    assert say(client, 1).status_code == 303


def test_in_a_surge_a_pass_stays_valid(blogs: MakeBlog) -> None:
    blog = blogs(SURGE)
    client = blog.client()
    passed = post_comment(client, author="")
    assert PASS in fields_of(passed)
    flood(blog, 9)
    assert client.post(POST, data=fields_of(passed) | COMMENT).status_code == 303


def test_in_a_surge_json_clients_need_a_code_too(blogs: MakeBlog) -> None:
    blog = blogs({**SURGE, "CAPTCHA_GUARD_MODE": "suspicious"})
    flood(blog, 6)
    client = blog.client()
    token = blog.state.issuer.issue("api", difficulty=blog.state.difficulty)
    problem = client.post("/api/comments", json=COMMENT | {TOKEN: token}).json
    assert problem is not None
    token = problem["challenge"]["token"]
    sent = COMMENT | {TOKEN: token, ANSWER: solve(client, token)}
    assert client.post("/api/comments", json=sent).status_code == 201


def test_all_processes_of_a_site_see_the_surge(blogs: MakeBlog) -> None:
    secret = {"SECRET_KEY": "a secret that two processes of one site share"}
    one, other = (blogs({**SURGE, **secret, "CAPTCHA_GUARD_MODE": "suspicious"}) for _ in range(2))
    client = other.client()
    form = fields_of(client.get("/posts/one"))
    flood(one, 5)
    assert client.post(POST, data=form | COMMENT).status_code == 422
