"""A comment that is set aside: its author sees no difference, it can be rescued, and it expires after 30 days."""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from captcha_guard import Submission, Tidied, aside_expired
from captcha_guard.spam.memory import judged_comments
from captcha_guard.spam.memory.judged_comments import JudgedComments
from captcha_guard.web import maintenance as housekeeping
from captcha_guard.web.timetable import EVERY, Timetable
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, DOUBTFUL, TAUGHT_SPAM, Blog, ids_sent, post_comment, solved, teach

DAY = 86_400


def post(blog: Blog, body: str, address: str = "192.0.2.7") -> TestResponse:
    client = blog.client(address)
    return post_comment(client, "/queue", body=body)


def aside(blog: Blog, body: str = TAUGHT_SPAM) -> str:
    """Return the id of a comment that was set aside."""
    assert post(blog, body).status_code == 303
    assert blog.stored[-1]["action"] == "ASIDE"
    return blog.stored[-1]["id"]


def seen(answers: list[TestResponse]) -> list[object]:
    """Return what a visitor gets, without tokens, codes and session cookies, which are always new."""
    return [
        (
            answer.status_code,
            sorted((name, value) for name, value in answer.headers if name != "Content-Length"),
            re.sub(
                r"[A-Za-z0-9_.-]{60,}|[A-Za-z0-9_-]{8}(?=#captcha)|(?<=captcha-guard-1-)[A-Za-z0-9_-]{8}",
                "TOKEN",
                answer.text,
            ),
        )
        for answer in answers
    ]


def test_authors_of_held_comments_and_of_ones_set_aside_see_the_same(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.route("/desk", methods=["GET", "POST"])
    @blog.guard.protect(moderated=True)
    def desk() -> ResponseReturnValue:
        if blog.guard.verdict.held:
            blog.keep("desk")
            return f"<p>An editor reads your comment first.</p>{blog.guard.field()}"
        return f"<p>Welcome.</p>{blog.guard.field()}"

    teach(blog)

    def visit(client: FlaskClient, body: str) -> list[TestResponse]:
        page = client.get("/desk")
        asked = client.post("/desk", data={"author": "Ada", "body": body})
        done = client.post("/desk", data=solved(client, asked, {"author": "Ada", "body": body}))
        return [page, done, client.get("/desk")]

    held, set_aside = (visit(blog.client(address), body) for address, body in (
        ("192.0.2.1", DOUBTFUL), ("192.0.2.2", TAUGHT_SPAM)
    ))  # fmt: skip
    assert [comment["action"] for comment in blog.stored] == ["HOLD", "ASIDE"]
    assert "An editor reads" in held[1].text
    assert seen(held) == seen(set_aside)


def test_after_30_days_it_counts_as_spam_and_the_signal_is_sent_once(blog: Blog, clock: time_machine.Traveller) -> None:
    teach(blog)
    name = aside(blog)
    with blog.app.app_context(), ids_sent(blog, aside_expired) as names:
        before = blog.guard.filter_stats().spam
        clock.shift(30 * DAY - 1)
        assert blog.guard.tidy() == Tidied(0, 0)
        clock.shift(2)
        assert blog.guard.tidy() == Tidied(1, 0)
        assert blog.guard.tidy() == Tidied(0, 0)
        assert blog.guard.filter_stats().spam == before + 1
    assert names == [name]


def test_a_damaged_comment_does_not_stop_the_others(blog: Blog, clock: time_machine.Traveller) -> None:
    teach(blog)
    names = [aside(blog, f"{TAUGHT_SPAM} {number}") for number in range(3)]
    with closing(sqlite3.connect(Path(blog.app.instance_path, "captcha_guard.sqlite3"))) as connection:
        connection.execute("UPDATE judge_cases SET tokens = x'00' WHERE id = ?", (names[1],))
        connection.execute("UPDATE judge_cases SET found = '[[1]]' WHERE id = ?", (names[2],))
        connection.commit()
    clock.shift(31 * DAY)
    with blog.app.app_context(), ids_sent(blog, aside_expired) as expired:
        assert not blog.guard.teach(names[1], spam=True)
        assert blog.guard.tidy() == Tidied(1, 0)
    assert expired == names[:1]


def test_the_log_names_the_comment_that_expired(
    blog: Blog, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    teach(blog)
    name = aside(blog)
    clock.shift(31 * DAY)
    with caplog.at_level(logging.INFO, logger="captcha_guard"), blog.app.app_context():
        blog.guard.tidy()
    assert f"the comment {name} was set aside 30 days ago and not rescued" in caplog.text


@pytest.mark.parametrize("way", ["id", "submission"])
@pytest.mark.parametrize("spam", [True, False])
def test_a_decided_comment_does_not_expire(blog: Blog, clock: time_machine.Traveller, way: str, spam: bool) -> None:
    teach(blog)
    name = aside(blog)
    comment = Submission(scope="queue", author="Ada", email="ada@example.org", body=TAUGHT_SPAM)
    with blog.app.app_context(), ids_sent(blog, aside_expired) as names:
        assert blog.guard.teach(name if way == "id" else comment, spam=spam)
        clock.shift(31 * DAY)
        assert blog.guard.tidy() == Tidied(0, 0)
    assert names == []


def test_an_expired_comment_can_still_be_rescued(blog: Blog, clock: time_machine.Traveller) -> None:
    teach(blog)
    name = aside(blog)
    with blog.app.app_context():
        clock.shift(31 * DAY)
        assert blog.guard.tidy().learned_aside == 1
        ham = blog.guard.filter_stats().ham
        assert blog.guard.teach(name, spam=False)
        assert blog.guard.filter_stats().ham == ham + 1


def test_comments_that_were_held_or_published_never_expire_as_spam(blog: Blog, clock: time_machine.Traveller) -> None:
    teach(blog)
    post(blog, DOUBTFUL)
    post(blog, "The loop in part two is quite all right.")
    assert [comment["action"] for comment in blog.stored] == ["HOLD", "ACCEPT"]
    clock.shift(31 * DAY)
    with blog.app.app_context():
        assert blog.guard.tidy() == Tidied(0, 0)


def test_a_receiver_that_fails_is_called_again_and_does_not_stop_the_others(
    blog: Blog, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    teach(blog)
    names = [aside(blog)]
    clock.shift(1)
    names.append(aside(blog, f"{TAUGHT_SPAM}!"))
    told: list[str] = []

    def fails_at_first(sender: object, id: str) -> None:  # noqa: A002
        told.append(id)
        if told == [names[0]]:
            raise RuntimeError("the disc is full")

    clock.shift(31 * DAY)
    with blog.app.app_context(), aside_expired.connected_to(fails_at_first, blog.app):
        assert blog.guard.tidy().learned_aside == 1
        assert "the disc is full" in caplog.text
        assert blog.guard.tidy().learned_aside == 1
    assert told == [names[0], names[1], names[0]]


def test_two_processes_tidy_each_comment_once(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    secret = {"SECRET_KEY": "a secret that two processes share 1"}
    one, other = blogs(secret), blogs(secret)
    teach(one)
    aside(one)
    clock.shift(31 * DAY)
    with one.app.app_context():
        cases = JudgedComments(one.state.database)
        [case] = cases.overdue(one.state.clock())
        assert cases.claim(case)
    with other.app.app_context():
        assert other.guard.tidy() == Tidied(0, 0)


def test_judged_comments_are_kept_for_60_days_up_to_a_maximum(
    blog: Blog, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judged_comments.RETENTION, "most", 2)
    names = []
    for number in range(3):
        post(blog, f"Number {number}")
        names.append(blog.stored[-1]["id"])
        clock.shift(1)
    with blog.app.app_context():
        blog.guard.tidy()
        assert [bool(blog.guard.teach(name, spam=False)) for name in names] == [False, True, True]
        clock.shift(61 * DAY)
        blog.guard.tidy()
        assert not blog.guard.teach(names[2], spam=False)


# Maintenance


def test_a_timetable_allows_one_run_a_minute() -> None:
    table = Timetable(100.0)
    assert [table.claim(100.0 + seconds) for seconds in (0, 59, 60, 61, 119, 121)] == [
        False, False, True, False, False, True,
    ]  # fmt: skip


def test_a_timetable_runs_when_the_time_of_day_has_moved() -> None:
    """The computer was asleep, or a test moves the clock."""
    now = [1_000_000.0]
    table = Timetable(100.0, clock=lambda: now[0])
    assert not table.claim(101.0)
    now[0] += EVERY
    assert table.claim(101.0)
    assert not table.claim(102.0)
    now[0] -= 10 * EVERY
    assert table.claim(103.0)
    assert not table.claim(104.0)
    assert table.claim(103.0 + EVERY)


def test_maintenance_runs_in_a_thread_after_a_post(
    blog: Blog, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(blog)
    name = aside(blog)
    clock.shift(31 * DAY)
    threads: list[threading.Thread] = []

    class Noted(threading.Thread):
        def start(self) -> None:
            threads.append(self)
            super().start()

    monkeypatch.setattr("captcha_guard.web.maintenance.threading.Thread", Noted)
    monkeypatch.setattr(blog.state.timetable, "_due", 0.0)
    with ids_sent(blog, aside_expired) as names:
        client = blog.client()
        client.get("/queue")
        assert threads == []
        for _ in range(3):
            assert client.post("/queue", data=COMMENT).status_code == 422
        [thread] = threads
        thread.join(10)
    assert thread.daemon
    assert names == [name]


def test_no_post_fails_if_the_thread_or_the_maintenance_fails(
    blog: Blog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_thread(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(blog.state.timetable, "_due", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        assert post(blog, "Hello.").status_code == 303
    assert "can't start new thread" in caplog.text

    def fail(_: object) -> None:
        raise ValueError("out of order")

    with caplog.at_level(logging.ERROR, logger="captcha_guard"):
        monkeypatch.setattr(housekeeping, "tidy", fail)
        housekeeping._tidy(blog.app)
    assert "maintenance failed" in caplog.text


def test_no_maintenance_runs_in_the_first_minute_of_a_process(blog: Blog) -> None:
    assert EVERY == 60
    with blog.app.app_context():
        assert housekeeping.start_maintenance() is None
