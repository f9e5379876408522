"""When services are asked about a comment, and what follows from answers and faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from flask import request
from werkzeug.test import TestResponse

from captcha_guard import Facts, Finding, Tidied, service_answered
from captcha_guard.spam.services import Akismet, StopForumSpam
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, TAUGHT_SPAM, Blog, fields_of, post_comment, solved, teach, wrong
from tests.service_server import KEY, Running, service_server

POST = "/posts/one/comments"
SPAMMER = COMMENT | {"email": "akismet-guaranteed-spam@example.com"}
MINUTE, DAY = 60, 86_400

MakeSite = Callable[..., Blog]


@pytest.fixture
def akismet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with service_server() as server:
        monkeypatch.setattr(Akismet, "base", server.base)
        monkeypatch.setattr(StopForumSpam, "base", server.base)
        yield server


@pytest.fixture
def sites(blogs: MakeBlog, akismet: Running) -> MakeSite:
    """Make blogs that ask Akismet."""

    def make(config: dict[str, object] | None = None) -> Blog:
        blog = blogs(
            {
                "CAPTCHA_GUARD_AKISMET_KEY": KEY,
                "CAPTCHA_GUARD_AKISMET_BLOG": "https://blog.example",
                "CAPTCHA_GUARD_SERVICE_TIMEOUT": 10,
                **(config or {}),
            }
        )

        @blog.app.post("/members")
        @blog.guard.protect(
            mode="off", moderated=True, facts=lambda: Facts(account=request.headers.get("X-Account", ""))
        )
        def members() -> str:
            blog.keep("members")
            return ""

        return blog

    return make


@pytest.fixture
def site(sites: MakeSite) -> Blog:
    return sites()


def post(blog: Blog, typed: dict[str, str], page: str = "/queue") -> TestResponse:
    client = blog.client("203.0.113.9")
    return post_comment(client, page, author=typed["author"], email=typed["email"], body=typed["body"])


def stored(blog: Blog) -> list[tuple[str, str]]:
    return [(comment["action"], comment["why"]) for comment in blog.stored]


def test_akismet_is_asked_only_once_the_code_is_solved(site: Blog, akismet: Running) -> None:
    client = site.client("203.0.113.9:5021")
    page = client.get("/queue")
    for fields in (COMMENT, fields_of(page) | COMMENT, wrong(page, COMMENT)):
        assert client.post("/queue", data=fields).status_code == 422
    assert akismet.asked == []
    assert post_comment(client, "/queue").status_code == 303
    [asked] = akismet.asked
    assert (asked.path, asked.form["user_ip"]) == ("/1.1/comment-check", "203.0.113.9")
    assert asked.form["comment_content"] == COMMENT["body"]


def test_akismet_is_asked_at_once_if_no_code_is_needed(sites: MakeSite, akismet: Running) -> None:
    blog = sites()
    client = blog.client()
    assert client.post("/quiet", data=fields_of(client.get("/quiet")) | COMMENT).status_code == 200
    assert client.post("/members", data=COMMENT | {"body": "Another."}).status_code == 200
    assert len(akismet.asked) == 2


def test_akismet_is_not_asked_if_the_decision_is_clear(sites: MakeSite, akismet: Running) -> None:
    blog = sites({"CAPTCHA_GUARD_DISALLOWED_WORDS": ["hypnotize"]})
    teach(blog)
    assert post(blog, COMMENT | {"body": "Hypnotize them!"}).status_code == 403
    assert post(blog, COMMENT | {"body": TAUGHT_SPAM}).status_code == 303
    assert blog.stored[-1]["action"] == "ASIDE"
    assert akismet.asked == []


def test_akismets_spam_is_set_aside_or_refused_on_an_open_route(site: Blog) -> None:
    assert post(site, SPAMMER).status_code == 303
    assert stored(site) == [("ASIDE", "akismet")]
    refused = post(site, SPAMMER, "/posts/one")
    assert refused.status_code == 403
    assert COMMENT["body"] in refused.text


def test_akismets_ham_is_published(site: Blog) -> None:
    assert post(site, COMMENT).status_code == 303
    assert stored(site) == [("ACCEPT", "")]


def test_blatant_spam_is_refused_with_the_setting(sites: MakeSite) -> None:
    assert post(sites({"CAPTCHA_GUARD_AKISMET_DISCARD": True}), COMMENT | {"body": "blatant"}).status_code == 403


def test_the_score_of_a_listing_is_added_to_the_rules(sites: MakeSite, akismet: Running) -> None:
    blog = sites({"CAPTCHA_GUARD_STOPFORUMSPAM": True, "CAPTCHA_GUARD_WEIGHTS": {"single_link": 30}})
    akismet.server.listed["203.0.113.9"] = {"appears": 1, "frequency": 3, "confidence": 60.0}
    for body in ("No link.", "It is explained at https://a.example in all detail."):
        post(blog, COMMENT | {"body": body})
    assert [action for action, _ in stored(blog)] == ["ACCEPT", "HOLD"]


@pytest.mark.parametrize("fault", ["error_500", "html", "truncated", "redirect", "gone"])
def test_a_fault_holds_new_authors_and_accepts_trusted_accounts(sites: MakeSite, akismet: Running, fault: str) -> None:
    site = sites({"CAPTCHA_GUARD_COMMENT_LIMITS": "99 per minute"})
    client = site.client()
    for number in range(3):
        comment = COMMENT | {"body": f"Kept {number}."}
        assert client.post("/members", data=comment, headers={"X-Account": "ada"}).status_code == 200
    akismet.server.fault = fault
    for account in ("", "new", "ada"):
        comment = COMMENT | {"body": f"By {account}."}
        assert client.post("/members", data=comment, headers={"X-Account": account}).status_code == 200
    new, trusted = ("HOLD", "akismet_fault"), ("ACCEPT", "trusted_author akismet_fault")
    assert stored(site)[3:] == [new, new, trusted]


def test_a_fault_on_an_open_route_loses_no_comment(site: Blog, akismet: Running) -> None:
    akismet.server.fault = "error_500"
    assert post(site, COMMENT, "/posts/one").status_code == 303
    assert stored(site) == [("ACCEPT", "akismet_fault")]


def test_a_fault_makes_a_quiet_open_form_ask_for_a_code(site: Blog, akismet: Running) -> None:
    akismet.server.fault = "error_500"
    client = site.client()
    asked = client.post("/quiet", data=fields_of(client.get("/quiet")) | COMMENT)
    assert asked.status_code == 422
    assert client.post("/quiet", data=solved(client, asked)).status_code == 200


def test_the_signal_of_a_late_answer_has_the_id_of_the_comment(
    site: Blog, akismet: Running, clock: time_machine.Traveller
) -> None:
    heard: list[tuple[object, str, str, str]] = []

    def listen(sender: object, id: str, service: str, finding: Finding | None) -> None:  # noqa: A002
        heard.append((sender, id, service, finding.reason if finding else ""))

    akismet.server.fault = "error_500"
    post(site, SPAMMER)
    post(site, COMMENT, "/posts/one")
    akismet.server.fault = ""
    clock.shift(20 * MINUTE + 61)
    with site.app.app_context(), service_answered.connected_to(listen, site.app):
        assert site.guard.tidy() == Tidied(0, 1)
    assert heard == [(site.app, site.stored[0]["id"], "akismet", "akismet")]


def test_teaching_by_id_sends_akismet_a_correction(site: Blog, akismet: Running, clock: time_machine.Traveller) -> None:
    post(site, SPAMMER)
    post(site, COMMENT)
    with site.app.app_context():
        for comment, spam in zip(site.stored, (False, False), strict=True):
            assert site.guard.teach(comment["id"], spam=spam)
        assert site.guard.tidy() == Tidied(0, 1)
    corrections = [asked for asked in akismet.asked if "submit" in asked.path]
    assert [(asked.path, asked.form["comment_author_email"]) for asked in corrections] == [
        ("/1.1/submit-ham", SPAMMER["email"])
    ]


def test_an_expired_comment_is_not_sent_to_akismet_as_a_decision(
    site: Blog, akismet: Running, clock: time_machine.Traveller
) -> None:
    post(site, SPAMMER)
    clock.shift(31 * DAY)
    with site.app.app_context():
        assert site.guard.tidy() == Tidied(1, 0)
    assert not any("submit" in asked.path for asked in akismet.asked)


def test_forgetting_a_comment_deletes_what_was_sent_about_it(site: Blog) -> None:
    post(site, SPAMMER)
    with site.app.app_context():
        assert site.guard.forget(site.stored[0]["id"])
        with site.state.database.reading() as access:
            assert access.rows("SELECT count(*) FROM service_sent") == [(0,)]


def test_in_shadow_akismets_answer_is_only_recorded(sites: MakeSite, akismet: Running) -> None:
    blog = sites({"CAPTCHA_GUARD_SHADOW": True})
    assert post(blog, SPAMMER).status_code == 303
    assert (blog.stored[0]["action"], blog.stored[0]["meant"]) == ("ACCEPT", "ASIDE")
    assert len(akismet.asked) == 1
