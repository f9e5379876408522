"""Wrong codes make a client's next pictures harder: nobody gets round it, nobody else is punished, no text is lost."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import render_template_string
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard import Difficulty
from captcha_guard.connections import Connections
from captcha_guard.counters.sqlite import SQLiteStorage
from captcha_guard.testing import solve
from captcha_guard.web.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, level, solved, wrong

POST = "/posts/one/comments"
SECRET = "a secret that two processes of one site share"

pytestmark = pytest.mark.usefixtures("clock")


def guess(client: FlaskClient, times: int = 3, shown: str = "/posts/one", target: str = POST) -> TestResponse:
    """Type so many wrong codes, each into a fresh form; return the last answer."""
    for _ in range(times):
        page = client.post(target, data=wrong(client.get(shown), COMMENT))
        assert page.status_code == 422
    return page


def shown_level(blog: Blog, client: FlaskClient, path: str = "/posts/one") -> str | None:
    return level(blog, fields_of(client.get(path))[TOKEN])


@pytest.mark.parametrize(
    ("base", "above"), [("classica", "easy"), ("easy", "medium"), ("medium", "hard"), ("hard", "hard")]
)
def test_the_third_wrong_code_is_answered_with_a_harder_picture(blogs: MakeBlog, base: str, above: str) -> None:
    blog = blogs({"CAPTCHA_GUARD_DIFFICULTY": base})
    client = blog.client()
    pages = [guess(client, 1) for _ in range(5)]
    assert [level(blog, fields_of(page)[TOKEN]) for page in pages] == [base, base, above, above, above]
    assert client.post(POST, data=solved(client, pages[4])).status_code == 303
    assert blog.stored[0]["body"] == COMMENT["body"]


def test_a_difficulty_of_ones_own_rises_to_the_level_above_its_rank_and_keeps_its_length(blogs: MakeBlog) -> None:
    own = Difficulty(lines=3, length=(4, 5))
    blog = blogs({"CAPTCHA_GUARD_DIFFICULTY": own})
    client, issuer = blog.client(), blog.state.issuer
    page = guess(client)
    assert issuer.difficulty(issuer.open(fields_of(page)[TOKEN])) == replace(Difficulty.hard, length=(4, 5))
    assert client.post(POST, data=solved(client, page)).status_code == 303


@pytest.mark.parametrize(("shown", "target"), [("/posts/one", POST), ("/essay", "/essay"), ("/letters", "/letters")])
def test_every_way_in_shows_the_harder_picture(blog: Blog, shown: str, target: str) -> None:
    client = blog.client()
    page = guess(client, 3, shown, target)
    assert level(blog, fields_of(page)[TOKEN]) == "hard"
    assert shown_level(blog, client, shown) == "hard"
    assert client.post(target, data=solved(client, client.get(shown), COMMENT)).status_code == 303


def test_json_clients_and_scripts_get_it_too(blog: Blog) -> None:
    client = blog.client()
    answers = [client.post("/api/comments", json=COMMENT)]
    for _ in range(3):
        token = answers[-1].get_json()["challenge"]["token"]
        answers.append(client.post("/api/comments", json=COMMENT | {TOKEN: token, ANSWER: "WRONGWRONG"}))
    asked = [level(blog, answer.get_json()["challenge"]["token"]) for answer in answers]
    assert asked == ["medium", "medium", "medium", "hard"]
    fresh = client.post("/captcha-guard/challenge", json={"scope": "api"}).get_json()["token"]
    assert level(blog, fresh) == "hard"
    again = client.post("/captcha-guard/challenge", json={"scope": "api", "token": fresh}).get_json()["token"]
    assert level(blog, again) == "hard"


def test_new_codes_do_not_climb_level_by_level(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_DIFFICULTY": "easy"})
    client = blog.client()
    token = fields_of(guess(client, 5))[TOKEN]
    for _ in range(3):
        asked = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": token})
        token = asked.get_json()["token"]
    assert level(blog, token) == "medium"


def test_the_routes_own_difficulty_is_what_rises(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.route("/simple", methods=["GET", "POST"])
    @blog.guard.protect(difficulty="easy")
    def simple() -> str:
        return render_template_string("{{ captcha_guard() }}")

    client = blog.client()
    assert shown_level(blog, client, "/simple") == "easy"
    assert level(blog, fields_of(guess(client, 3, "/simple", "/simple"))[TOKEN]) == "medium"
    assert shown_level(blog, client, "/simple") == "medium"
    assert shown_level(blog, client) == "hard"
    assert client.post("/simple", data=solved(client, client.get("/simple"), COMMENT)).status_code == 200


# Hoarded codes, other tabs, caches, passes


def test_a_right_but_easier_code_from_before_is_asked_once_more_and_nothing_is_lost(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "4 per minute"})
    client = blog.client()
    other_tab = client.get("/posts/one")
    guess(client)
    asked = client.post(POST, data=solved(client, other_tab, COMMENT))
    assert asked.status_code == 422
    assert "harder code" in Page(asked.text).text
    assert fields_of(asked)["body"] == COMMENT["body"]
    assert level(blog, fields_of(asked)[TOKEN]) == "hard"
    assert blog.stored == []
    assert client.post(POST, data=solved(client, asked)).status_code == 303  # and that was no fifth comment
    assert [comment["body"] for comment in blog.stored] == [COMMENT["body"]]


def test_hoarded_codes_publish_nothing_until_the_wrong_ones_are_forgotten(
    blogs: MakeBlog, clock: time_machine.Traveller
) -> None:
    blog = blogs()
    client = blog.client()
    hoard = [client.get("/posts/one") for _ in range(6)]
    guess(client)
    for number, page in enumerate(hoard[:5]):
        sent = solved(client, page, COMMENT | {"body": f"Comment {number}"})
        assert client.post(POST, data=sent).status_code == 422
    assert blog.stored == []
    clock.shift(601)
    assert client.post(POST, data=solved(client, hoard[5], COMMENT)).status_code == 303


def test_a_form_out_of_a_cache_ends_in_a_stored_comment(blog: Blog, clock: time_machine.Traveller) -> None:
    cached = blog.client("198.51.100.1").get("/posts/one")
    client = blog.client()
    guess(client)
    for seconds in (0, 900, 86_400):
        clock.shift(seconds)
        said = COMMENT | {"body": f"After {seconds} s"}
        asked = client.post(POST, data=wrong(cached, said))
        assert asked.status_code == 422
        assert client.post(POST, data=solved(client, asked)).status_code == 303
        assert blog.stored[-1]["body"] == said["body"]


def test_a_pass_stays_worth_what_it_was(blog: Blog) -> None:
    client = blog.client()
    earned = fields_of(client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT | {"author": ""})))
    assert PASS in earned
    guess(client)
    assert client.post(POST, data=earned | {"author": "Ada"}).status_code == 303
    assert len(blog.stored) == 1


def test_a_code_asked_for_only_now_and_then_rises_too(blog: Blog) -> None:
    client = blog.client()
    page = client.post("/quiet", data=COMMENT)
    for _ in range(3):
        page = client.post("/quiet", data=wrong(page))
    assert level(blog, fields_of(page)[TOKEN]) == "hard"
    silent = client.get("/quiet")
    assert Page(silent.text).pictures == []
    asked = client.post("/quiet", data=fields_of(silent) | COMMENT | {ANSWER: solve(client, fields_of(silent)[TOKEN])})
    assert asked.status_code == 422
    assert client.post("/quiet", data=solved(client, asked)).status_code == 200


# Who is meant, and for how long


def test_a_slip_or_two_costs_nothing(blog: Blog) -> None:
    client = blog.client()
    page = guess(client, 2)
    assert level(blog, fields_of(page)[TOKEN]) == "medium"
    assert client.post(POST, data=solved(client, page)).status_code == 303


def test_blank_expired_and_used_codes_do_not_count(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    stale = [client.get("/posts/one") for _ in range(4)]
    clock.shift(901)
    used = client.get("/posts/one")
    assert client.post(POST, data=solved(client, used, COMMENT | {"body": "The first."})).status_code == 303
    for page in stale:
        assert client.post(POST, data=wrong(page, COMMENT)).status_code == 422
        assert client.post(POST, data=fields_of(client.get("/posts/one")) | COMMENT).status_code == 422
        assert client.post(POST, data=wrong(used, COMMENT)).status_code == 422
    assert shown_level(blog, client) == "medium"


def test_neighbours_and_their_whole_network_keep_their_pictures(blog: Blog) -> None:
    for number in range(1, 31):
        guess(blog.client(f"192.0.2.{number}"))
    assert shown_level(blog, blog.client("192.0.2.30")) == "hard"
    reader = blog.client("192.0.2.77")
    assert shown_level(blog, reader) == "medium"
    assert reader.post(POST, data=solved(reader, reader.get("/posts/one"), COMMENT)).status_code == 303


def test_it_is_forgotten_after_ten_minutes(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    guess(client)
    clock.shift(599)
    assert shown_level(blog, client) == "hard"
    clock.shift(2)
    assert shown_level(blog, client) == "medium"


def test_who_goes_on_guessing_gets_no_easier_picture(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    guess(client)
    for _ in range(40):
        clock.shift(60)
        assert level(blog, fields_of(guess(client, 1))[TOKEN]) == "hard"


def test_all_processes_of_a_site_agree(blogs: MakeBlog) -> None:
    one, other = blogs({"SECRET_KEY": SECRET}), blogs({"SECRET_KEY": SECRET})
    guess(one.client(), 2)
    assert level(other, fields_of(guess(other.client(), 1))[TOKEN]) == "hard"
    assert shown_level(one, one.client()) == "hard"


# What it costs, and when it is off


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is asked of the stores of blogs that are made from now on."""
    calls: Counter[str] = Counter()

    def counted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            calls[name] += 1
            return method(*arguments, **named)

        return call

    for name in ("incr", "get", "clear", "acquire_entries", "get_moving_windows"):
        monkeypatch.setattr(SQLiteStorage, name, counted(name, getattr(SQLiteStorage, name)))
    return calls


def test_it_can_be_turned_off_and_then_nothing_is_counted(blogs: MakeBlog, calls: Counter[str]) -> None:
    blog = blogs({"CAPTCHA_GUARD_ESCALATE": False})
    client = blog.client()
    assert level(blog, fields_of(guess(client, 6))[TOKEN]) == "medium"
    assert shown_level(blog, client) == "medium"
    assert calls["acquire_entries"] == 6 * 2  # the comment and the wrong code


def test_a_reader_without_a_slip_costs_one_read_a_form_and_none_a_comment(blogs: MakeBlog, calls: Counter[str]) -> None:
    counts = []
    for escalate in (False, True):
        blog = blogs({"CAPTCHA_GUARD_ESCALATE": escalate}, folder=str(escalate))
        client = blog.client()
        calls.clear()
        page = client.get("/posts/one")
        shown = calls.copy()
        calls.clear()
        assert client.post(POST, data=solved(client, page, COMMENT)).status_code == 303
        client.get("/quiet")
        counts.append((shown, calls.copy()))
    (shown_off, posted_off), (shown_on, posted_on) = counts
    assert shown_on - shown_off == Counter(get_moving_windows=1)
    assert posted_on == posted_off
    assert not shown_off - shown_on


def test_where_the_pictures_are_hard_anyway_nothing_is_looked_up(blogs: MakeBlog, calls: Counter[str]) -> None:
    blog = blogs({"CAPTCHA_GUARD_DIFFICULTY": "hard"})
    blog.client().get("/posts/one")
    assert not calls


def test_a_code_that_is_hard_enough_in_any_case_needs_no_look(blogs: MakeBlog, calls: Counter[str]) -> None:
    reads = []
    for escalate in (False, True):
        blog = blogs({"CAPTCHA_GUARD_ESCALATE": escalate}, folder=str(escalate))
        client = blog.client()
        with blog.app.test_request_context():
            token = blog.state.issuer.issue("api", difficulty=Difficulty.hard)
        calls.clear()
        sent = COMMENT | {TOKEN: token, ANSWER: solve(client, token)}
        assert client.post("/api/comments", json=sent).status_code == 201
        reads.append(calls["get_moving_windows"])
    assert reads[0] == reads[1]


def test_while_the_store_fails_nothing_rises_and_nothing_breaks(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    client = blog.client()
    guess(client)
    page = client.get("/posts/one")
    assert level(blog, fields_of(page)[TOKEN]) == "hard"

    def fail(*_: object, **__: object) -> object:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Connections, "reading", fail)
    assert shown_level(blog, client) == "medium"
    asked = client.post("/captcha-guard/challenge", json={"scope": "comment:one"})
    assert level(blog, asked.get_json()["token"]) == "medium"
    answer = client.post(POST, data=wrong(page, COMMENT))
    assert (answer.status_code, fields_of(answer)["body"]) == (422, COMMENT["body"])
