"""Redis killed, hung, restarted, slow, and lost during a POST: no unproven comment, no lost comment, no 500."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from captcha_guard import store_available, store_unavailable
from captcha_guard.health import REST
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.faulty_redis import FaultyRedis, Proxy, faulty_redis, proxy, until
from tests.integration.conftest import RECOVERY, MakeBlog, health_changes
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved, wrong

POST = "/posts/one/comments"

#: The timeout of a store on the network in seconds, and a little more for the rest of the work on a busy machine.
TIMEOUT, ROOM = 0.25, 2.0

pytestmark = pytest.mark.redis


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[FaultyRedis]:
    """Yield a server that still has its data after it was killed."""
    with faulty_redis(tmp_path, keeps=True) as server:
        yield server


@pytest.fixture
def between(redis: FaultyRedis) -> Iterator[Proxy]:
    with proxy(redis.port) as standing:
        yield standing


def kill(server: FaultyRedis) -> None:
    server.kill()


def hang(server: FaultyRedis) -> None:
    server.stop()


def mend(server: FaultyRedis, fault: Callable[[FaultyRedis], None]) -> None:
    server.go_on() if fault is hang else server.start()


FAULTS = pytest.mark.parametrize("fault", [kill, hang], ids=["killed", "hung"])


def say(client: FlaskClient, number: object, way: str = "/posts/one") -> dict[str, str]:
    return solved(client, client.get(way), COMMENT | {"body": f"Comment {number}"})


@FAULTS
def test_an_open_route_keeps_text_and_code_and_publishes_nothing(
    redis: FaultyRedis, blogs_on: MakeBlog, fault: Callable[[FaultyRedis], None]
) -> None:
    blog = blogs_on(redis.uri)
    client = blog.client()
    assert client.post(POST, data=say(client, 0)).status_code == 303
    fault(redis)
    for way, target in (("/posts/one", POST), ("/essay", "/essay"), ("/letters", "/letters"), ("/quiet", "/quiet")):
        sent = fields_of(client.get(way)) | COMMENT if way == "/quiet" else say(client, way, way)
        answer = client.post(target, data=sent)
        assert answer.status_code == 503, target
        assert answer.headers["Retry-After"] == "30"
        assert fields_of(answer)["body"] == sent["body"]
        assert fields_of(answer)[TOKEN] == sent[TOKEN]
    token = client.post("/captcha-guard/challenge", json={"scope": "api"}).json["token"]  # type: ignore[index]
    problem = client.post("/api/comments", json=COMMENT | {TOKEN: token, ANSWER: solve(client, token)})
    assert (problem.status_code, problem.mimetype) == (503, "application/problem+json")
    assert len(blog.stored) == 1


@FAULTS
def test_a_moderated_route_holds_the_comment(
    redis: FaultyRedis, blogs_on: MakeBlog, fault: Callable[[FaultyRedis], None]
) -> None:
    blog = blogs_on(redis.uri)
    client = blog.client()
    fault(redis)
    assert client.post("/queue", data=say(client, 1, "/queue")).status_code == 303
    assert (blog.stored[0]["held"], blog.stored[0]["why"]) == ("True", "store_unavailable")


def test_a_moderated_route_may_refuse_instead(redis: FaultyRedis, blogs_on: MakeBlog) -> None:
    blog = blogs_on(redis.uri, {"CAPTCHA_GUARD_FAULTS": {"codes": "refuse"}})
    client = blog.client()
    redis.kill()
    answer = client.post("/queue", data=say(client, 1, "/queue"))
    assert answer.status_code == 503
    assert fields_of(answer)["body"] == "Comment 1"
    assert blog.stored == []


@FAULTS
def test_wrong_and_missing_codes_get_the_usual_answers_and_everything_is_still_shown(
    redis: FaultyRedis, blogs_on: MakeBlog, fault: Callable[[FaultyRedis], None]
) -> None:
    blog = blogs_on(redis.uri)
    client = blog.client()
    fault(redis)
    page = client.get("/posts/one")
    assert page.status_code == client.get(Page(page.text).pictures[0]).status_code == 200
    assert client.post("/captcha-guard/challenge", json={"scope": "api"}).status_code == 200
    for target in (POST, "/queue"):
        way = "/posts/one" if target == POST else "/queue"
        missed = client.post(target, data=COMMENT)
        mistyped = client.post(target, data=wrong(client.get(way), COMMENT))
        assert missed.status_code == mistyped.status_code == 422
        assert fields_of(mistyped)["body"] == COMMENT["body"]
    assert blog.stored == []


@FAULTS
def test_a_pass_is_unproven_too(keeping: FaultyRedis, blogs_on: MakeBlog, fault: Callable[[FaultyRedis], None]) -> None:
    blog = blogs_on(keeping.uri)
    client = blog.client()
    earned = fields_of(client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT | {"author": ""})))
    assert PASS in earned
    fault(keeping)
    answer = client.post(POST, data=earned | COMMENT)
    assert answer.status_code == 503
    assert fields_of(answer)[PASS] == earned[PASS]
    mend(keeping, fault)
    until(lambda: client.post(POST, data=fields_of(answer)).status_code == 303, seconds=RECOVERY)
    assert len(blog.stored) == 1


@pytest.mark.parametrize("typed", [False, True], ids=["a quiet form", "the code that was asked for"])
def test_no_visitor_is_asked_for_codes_that_cannot_be_proven_whatever_the_score(
    keeping: FaultyRedis, blogs_on: MakeBlog, *, typed: bool
) -> None:
    blog = blogs_on(keeping.uri, {"CAPTCHA_GUARD_MODERATED_WORDS": ["pills"]})
    client = blog.client()
    sent = fields_of(client.get("/quiet")) | COMMENT | {"body": "Pills."}
    if typed:
        sent = solved(client, client.post("/quiet", data=sent))
    keeping.kill()
    answer = client.post("/quiet", data=sent)
    assert answer.status_code == 503
    assert {name: fields_of(answer)[name] for name in ("body", TOKEN)} == {"body": "Pills.", TOKEN: sent[TOKEN]}
    keeping.start()
    expected = 200 if typed else 422
    until(lambda: client.post("/quiet", data=fields_of(answer)).status_code == expected, seconds=RECOVERY)
    assert len(blog.stored) == int(typed)


def test_a_moderated_route_may_refuse_a_quiet_form_whatever_the_score(redis: FaultyRedis, blogs_on: MakeBlog) -> None:
    config = {"CAPTCHA_GUARD_FAULTS": {"codes": "refuse"}, "CAPTCHA_GUARD_MODERATED_WORDS": ["pills"]}
    blog = blogs_on(redis.uri, {**config, "CAPTCHA_GUARD_MODE": "suspicious"})
    client = blog.client()
    forms = [fields_of(client.get("/queue")) | COMMENT | {"body": body} for body in ("Pills.", "The loop.")]
    redis.kill()
    assert [client.post("/queue", data=form).status_code for form in forms] == [503, 503]
    assert blog.stored == []


def test_in_mode_off_comments_are_accepted_and_limited(redis: FaultyRedis, blogs_on: MakeBlog) -> None:
    config = {"CAPTCHA_GUARD_MODE": "off", "CAPTCHA_GUARD_COMMENT_LIMITS": "8 per minute", "CAPTCHA_GUARD_WORKERS": 4}
    blog = blogs_on(redis.uri, config)
    client = blog.client()
    redis.kill()
    answers = [client.post(POST, data=COMMENT | {"body": f"Comment {number}"}).status_code for number in range(5)]
    assert answers == [303, 303, 429, 429, 429]  # a quarter of eight


def test_limits_may_refuse_everything_instead(redis: FaultyRedis, blogs_on: MakeBlog) -> None:
    blog = blogs_on(redis.uri, {"CAPTCHA_GUARD_FAULTS": {"limits": "refuse"}, "CAPTCHA_GUARD_MODE": "off"})
    client = blog.client()
    token = fields_of(client.get("/posts/one"))[TOKEN]
    redis.kill()
    answer = client.post(POST, data=COMMENT)
    assert answer.status_code == 503
    assert fields_of(answer)["body"] == COMMENT["body"]
    assert client.get(f"/captcha-guard/{token}.png").status_code == 503
    assert client.post("/captcha-guard/challenge", json={"scope": "api"}).status_code == 503
    assert blog.stored == []
    redis.start()
    until(lambda: client.post(POST, data=COMMENT).status_code == 303, seconds=RECOVERY)


@FAULTS
def test_it_recovers_automatically_and_the_same_code_is_valid(
    keeping: FaultyRedis, blogs_on: MakeBlog, fault: Callable[[FaultyRedis], None], caplog: pytest.LogCaptureFixture
) -> None:
    blog, heard = blogs_on(keeping.uri), []
    begin = lambda _, error: heard.append(error)  # noqa: E731 - connected for as long as this test
    end = lambda _: heard.append("")  # noqa: E731
    client = blog.client()
    with store_unavailable.connected_to(begin, blog.app), store_available.connected_to(end, blog.app):
        assert client.post(POST, data=say(client, 0)).status_code == 303
        fault(keeping)
        refused = client.post(POST, data=say(client, 1))
        assert refused.status_code == 503
        for _ in range(20):
            assert client.post(POST, data=fields_of(refused)).status_code == 503
        mend(keeping, fault)
        until(lambda: client.post(POST, data=fields_of(refused)).status_code == 303, seconds=RECOVERY)
    assert [comment["body"] for comment in blog.stored] == ["Comment 0", "Comment 1"]
    assert health_changes(caplog) == ["fails", "answers"]
    assert len(heard) == 2
    assert heard[0]
    assert not heard[1]


def read_on(blog: Blog, way: str, ahead: list[float]) -> None:
    """Load a page after each of three rests."""
    for _ in range(3):
        ahead[0] += REST
        assert blog.client().get(way).status_code == 200


@FAULTS
@pytest.mark.parametrize("way", ["/posts/one", "/quiet"])
def test_page_views_end_the_outage_after_the_fault(
    redis: FaultyRedis,
    blogs_on: MakeBlog,
    fault: Callable[[FaultyRedis], None],
    *,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    blog, ahead = blogs_on(redis.uri), [0.0]
    monkeypatch.setattr(blog.state.health, "_clock", lambda: time.monotonic() + ahead[0])
    sent = say(blog.client(), 1)
    fault(redis)
    assert blog.client().post(POST, data=sent).status_code == 503
    read_on(blog, way, ahead)
    assert health_changes(caplog) == ["fails"]
    mend(redis, fault)
    read_on(blog, way, ahead)
    assert health_changes(caplog) == ["fails", "answers"]


def test_page_views_do_not_end_the_outage_of_a_read_only_server(
    redis: FaultyRedis, blogs_on: MakeBlog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blog, ahead = blogs_on(redis.uri), [0.0]
    monkeypatch.setattr(blog.state.health, "_clock", lambda: time.monotonic() + ahead[0])
    server: Any = blog.state.storage
    sent = say(blog.client(), 1)
    server.storage.config_set("min-replicas-to-write", 1)  # it has none, so it accepts nothing
    assert blog.client().post(POST, data=sent).status_code == 503
    read_on(blog, "/posts/one", ahead)
    assert health_changes(caplog) == ["fails"]
    server.storage.config_set("min-replicas-to-write", 0)
    read_on(blog, "/posts/one", ahead)
    assert health_changes(caplog) == ["fails", "answers"]


def test_a_hung_store_does_not_cost_its_timeout_on_every_request(redis: FaultyRedis, blogs_on: MakeBlog) -> None:
    blog = blogs_on(redis.uri)
    client = blog.client()
    sent = [say(client, number) for number in range(40)]
    redis.stop()
    begun = time.monotonic()
    assert {client.post(POST, data=one).status_code for one in sent} == {503}
    took = time.monotonic() - begun
    probes = 1 + took / REST
    assert took < probes * TIMEOUT + ROOM  # each alone would be 40 times the timeout, 10 s
    assert took < 20 * TIMEOUT


def test_a_store_that_answers_after_two_seconds_counts_as_hung(
    between: Proxy, blogs_on: MakeBlog, redis: FaultyRedis
) -> None:
    blog = blogs_on(between.uri)
    client = blog.client()
    assert client.post(POST, data=say(client, 0)).status_code == 303
    sent = [say(client, number) for number in range(1, 20)]
    between.delay = 2.0
    begun = time.monotonic()
    answers = [client.post(POST, data=one) for one in sent]
    assert {answer.status_code for answer in answers} == {503}
    assert time.monotonic() - begun < 10 * TIMEOUT + ROOM
    between.delay = 0.0
    until(lambda: client.post(POST, data=fields_of(answers[0])).status_code == 303, seconds=RECOVERY)
    assert len(blog.stored) == 2


# The number of requests to the store, and a fault in the middle


def test_a_guarded_post_needs_four_requests_to_the_store_and_five_after_another_post(
    between: Proxy, blogs_on: MakeBlog
) -> None:
    config = {
        "CAPTCHA_GUARD_SURGE": 1000,
        "CAPTCHA_GUARD_WRONG_WAITS": (30, 3600),
        "CAPTCHA_GUARD_COMMENT_LIMITS": "1000 per minute; 1000 per hour; 1000 per day",
    }
    blog = blogs_on(between.uri, config)
    client, asked = blog.client(), Counter[str]()

    def post(what: str, sent: dict[str, str], status: int, target: str = POST) -> None:
        between.asked = 0
        assert client.post(target, data=sent).status_code == status
        asked[what] = between.asked

    for warm in range(2):  # opens connections and loads scripts
        client.post(POST, data=say(client, f"warm {warm}"))
        client.post(POST, data=wrong(client.get("/posts/one"), COMMENT))
    reader = blog.client("198.51.100.2")
    sent = say(reader, 0)
    between.asked = 0
    assert reader.post(POST, data=sent).status_code == 303
    assert between.asked == 4
    first = say(client, 1)
    post("accepted", first, 303)
    post("sent twice", first, 409)
    post("code used", first | {"body": "another"}, 422)
    post("no code", COMMENT, 422)
    post("blank code", fields_of(client.get("/posts/one")) | COMMENT, 422)
    client = blog.client("198.51.100.1")
    mistyped = client.post(POST, data=wrong(client.get("/posts/one"), COMMENT))
    post("paid for, right", solved(client, mistyped), 303)
    mistyped = client.post(POST, data=wrong(client.get("/posts/one"), COMMENT | {"body": "not said before"}))
    post("paid for, wrong", wrong(mistyped), 422)
    post("paid for, used", solved(client, mistyped) | {"body": "yet another"}, 422)
    post("wrong", wrong(client.get("/posts/one"), COMMENT | {"body": "nor this"}), 422)
    post("quiet", fields_of(client.get("/quiet")) | COMMENT, 200, "/quiet")
    between.asked = 0
    client.get("/posts/one")
    asked["a form"] = between.asked
    # After a wrong code it's also checked whether the comment is already stored.
    assert {what: asked.pop(what) for what in ("wrong", "paid for, wrong")} == {"wrong": 6, "paid for, wrong": 5}
    assert max(asked.values()) == 5, asked  # checks whether it is a double click
    assert asked["accepted"] == 5
    assert asked["a form"] == 0
    post("not stored by the view", say(client, "x") | {"author": ""}, 422)
    assert asked["not stored by the view"] == 6  # its fingerprint is released


@pytest.mark.parametrize(("question", "status"), [(1, 503), (2, 503), (3, 503), (4, 303)])
def test_wherever_the_store_is_lost_no_unproven_comment_is_published_and_none_twice(
    between: Proxy, blogs_on: MakeBlog, question: int, status: int
) -> None:
    """1: the state, 2: the charge, 3: the nonce, 4: the fingerprint. Each is executed, but its answer is lost."""
    blog = blogs_on(between.uri)
    client = blog.client()
    for number in range(2):
        assert client.post(POST, data=say(client, number)).status_code == 303
    client = blog.client("198.51.100.2")
    sent = say(client, "in doubt")
    between.lose_from(question)
    answer = client.post(POST, data=sent)
    assert answer.status_code == status
    between.lose_from(None)
    again = fields_of(answer) if status == 503 else sent
    statuses: list[int] = []
    until(lambda: _post(client, again, statuses) != 503, seconds=RECOVERY)
    stored = [comment["body"] for comment in blog.stored].count("Comment in doubt")
    if question in (1, 2):  # the nonce was not spent
        assert (statuses[-1], stored) == (303, 1)
    elif question == 3:  # it was spent: one more code, with the text kept
        assert (statuses[-1], stored) == (422, 0)
        assert client.post(POST, data=solved(client, client.post(POST, data=again))).status_code == 303
    else:
        assert (statuses[-1], stored) == (409, 1)
    assert [comment["body"] for comment in blog.stored].count("Comment in doubt") == 1


def _post(client: FlaskClient, sent: dict[str, str], statuses: list[int]) -> int:
    statuses.append(client.post(POST, data=sent).status_code)
    return statuses[-1]


@pytest.mark.parametrize("question", [1, 2, 3, 4])
def test_a_moderated_post_during_which_the_store_is_lost_is_stored_once(
    between: Proxy, blogs_on: MakeBlog, question: int
) -> None:
    blog = blogs_on(between.uri)
    client = blog.client()
    for number in range(2):
        assert client.post("/queue", data=say(client, number, "/queue")).status_code == 303
    client = blog.client("198.51.100.2")
    sent = say(client, "in doubt", "/queue")
    between.lose_from(question)
    assert client.post("/queue", data=sent).status_code == 303
    assert blog.stored[-1]["held"] == str(question != 4)
    assert [comment["body"] for comment in blog.stored].count("Comment in doubt") == 1


# Under load


@FAULTS
def test_under_load_no_comment_is_lost_or_published_unproven_and_nothing_is_a_500(
    redis: FaultyRedis, blogs_on: MakeBlog, fault: Callable[[FaultyRedis], None]
) -> None:
    blog = blogs_on(redis.uri)
    answers: list[tuple[str, int]] = []
    over = threading.Event()

    def write(writer: int) -> None:
        client, number = blog.client(f"10.0.{writer}.1"), 0
        while not over.is_set():
            number += 1
            sent = say(client, f"{writer}/{number}")
            answer = client.post(POST, data=sent)
            while answer.status_code == 503 and not over.is_set():
                assert fields_of(answer)["body"] == sent["body"]
                answer = client.post(POST, data=fields_of(answer))
            while answer.status_code == 422:
                answer = client.post(POST, data=solved(client, answer))
            answers.append((sent["body"], answer.status_code))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    until(lambda: len(answers) > 20, seconds=30)
    fault(redis)
    until(lambda: blog.state.health.down, seconds=10)
    before = len(blog.stored)
    mend(redis, fault)
    recovered = until(lambda: len(blog.stored) > before + 4, seconds=RECOVERY)
    over.set()
    for writer in writers:
        writer.join(30)
    statuses = Counter(status for _, status in answers)
    assert statuses.keys() <= {303, 503}, statuses  # 503: comments that were being sent at the end
    accepted = sorted(body for body, status in answers if status == 303)
    assert sorted(comment["body"] for comment in blog.stored) == accepted
    assert recovered < RECOVERY
