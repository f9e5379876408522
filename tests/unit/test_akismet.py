"""Akismet: exactly the documented fields are sent, and only the documented answers are verdicts."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from captcha_guard import Action, Finding, Submission
from captcha_guard.spam.services import Akismet, Context, Fault, HTTPClient
from tests.service_server import KEY, Running, check, service_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

ADDRESS = "203.0.113.9"
BLOG = "https://blog.example"
COMMENT = Submission(
    scope="comment:tea",
    author="Ada Example",
    email="ada@mail.example",
    url="https://ada.example",
    body="Grüße & thanks",
    client="5f1c",
    user_agent="Mozilla/5.0 (made up)",
    referrer="https://blog.example/posts/tea",
    posted_at=1_760_000_000.0,
    honeypot="",
)


@pytest.fixture
def running() -> Iterator[Running]:
    with service_server() as server:
        yield server


def akismet(running: Running, key: str = KEY, **options: Any) -> Akismet:
    service = Akismet(key, BLOG, HTTPClient(5), **options)
    service.base = running.base
    return service


def test_all_texts_except_passwords_are_sent(running: Running) -> None:
    posted = replace(COMMENT, other=("Second field", "third"), private=("hunter2",))
    check(akismet(running), posted, ADDRESS)
    [asked] = running.asked
    assert asked.form["comment_content"] == "Grüße & thanks\n\nSecond field\n\nthird"
    assert "hunter2" not in str(asked.form)


def test_a_question_has_exactly_these_fields(running: Running) -> None:
    assert check(akismet(running), COMMENT, ADDRESS) is None
    [asked] = running.asked
    assert asked.path == "/1.1/comment-check"
    assert asked.form == {
        "api_key": KEY,
        "blog": BLOG,
        "user_ip": ADDRESS,
        "user_agent": "Mozilla/5.0 (made up)",
        "referrer": "https://blog.example/posts/tea",
        "comment_type": "comment",
        "comment_author": "Ada Example",
        "comment_author_email": "ada@mail.example",
        "comment_author_url": "https://ada.example",
        "comment_content": "Grüße & thanks",
        "comment_date_gmt": "2025-10-09T08:53:20+00:00",
        "blog_charset": "UTF-8",
        "honeypot_field_name": "captcha_guard_honeypot",
        "captcha_guard_honeypot": "",
    }


def test_the_hosts_context_of_the_page_is_sent(running: Running) -> None:
    context = Context(
        permalink="https://blog.example/posts/tea",
        comment_type="reply",
        comment_parent="17",
        post_modified=1_750_000_000.0,
        user_role="editor",
        languages="en, fr_ca",
        topics="tea, water",
    )
    service = akismet(running, describe=lambda _: context, test=True)
    service.ask(service.form(COMMENT, "2001:db8::7"), "edit")  # type: ignore[arg-type]
    [asked] = running.asked
    further = {
        "user_ip": "2001:db8::7",
        "permalink": "https://blog.example/posts/tea",
        "comment_type": "reply",
        "comment_parent": "17",
        "comment_post_modified_gmt": "2025-06-15T15:06:40+00:00",
        "user_role": "editor",
        "blog_lang": "en, fr_ca",
        "comment_context": "tea, water",
        "is_test": "1",
        "recheck_reason": "edit",
    }
    assert asked.form == asked.form | further


def test_the_content_of_the_honeypot_is_sent(running: Running) -> None:
    check(akismet(running), Submission(scope="comment", body="x", honeypot="cheap pills"), ADDRESS)
    [asked] = running.asked
    assert asked.form[asked.form["honeypot_field_name"]] == "cheap pills"


def test_spam_is_set_aside_and_administrators_are_ham(running: Running) -> None:
    spam = Submission(scope="comment", author="viagra-test-123", body="x")
    assert check(akismet(running), spam, ADDRESS) == Finding(
        "akismet", 90, "Akismet says that this is spam.", Action.ASIDE
    )
    administrator = akismet(running, describe=lambda _: Context(user_role="administrator"))
    assert check(administrator, spam, ADDRESS) is None


@pytest.mark.parametrize(("discard", "action"), [(False, Action.ASIDE), (True, Action.REJECT)])
def test_blatant_spam_is_rejected_only_with_the_option(running: Running, discard: bool, action: Action) -> None:
    finding = check(akismet(running, discard=discard), Submission(scope="comment", body="blatant"), ADDRESS)
    assert isinstance(finding, Finding)
    assert (finding.reason, finding.score, finding.action) == ("akismet_blatant", 100, action)


@pytest.mark.parametrize(
    "answer",
    [b"True", b"true\n", b" true", b"true ", b"tru", b"fals", b"false\r\n", b"FALSE", b"0", b"1", b"ham", b"valid", b"",
     b"\xef\xbb\xbffalse", b"falsefalse", b"true,false", b'"false"', b"null", b"<html>false</html>", b"\xff\xfe"],
)  # fmt: skip
def test_only_the_exact_answers_true_and_false_are_verdicts(running: Running, answer: bytes) -> None:
    running.server.answer = answer
    fault = check(akismet(running), COMMENT, ADDRESS)
    assert isinstance(fault, Fault)
    assert (fault.service, fault.reason) == ("akismet", "unreadable")
    corrected = akismet(running).correct(running.asked[0].form, spam=True)
    assert isinstance(corrected, Fault)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("html", "unreadable"), ("empty", "unreadable"), ("error_500", "status"), ("error_403", "status"),
        ("truncated", "broken"), ("redirect", "redirected"), ("huge", "too_long"), ("busy", "status"),
    ],
)  # fmt: skip
def test_every_call_returns_a_fault_as_a_fault(running: Running, fault: str, reason: str) -> None:
    running.server.fault = fault
    service = akismet(running)
    answers = [check(service, COMMENT, ADDRESS), service.correct({"user_ip": ADDRESS}, spam=True)]
    assert [answer.reason for answer in answers if isinstance(answer, Fault)] == [reason] * 2


def test_a_wrong_key_is_a_fault_with_akismets_words_and_without_the_key(running: Running) -> None:
    wrong = KEY[:-1] + "7"
    service = akismet(running, wrong)
    running.server.extra_headers = {"X-akismet-error": "ignored", "X-akismet-alert-msg": f"{wrong} is unknown"}
    for fault in (check(service, COMMENT, ADDRESS), service.correct({"user_ip": ADDRESS}, spam=True)):
        assert isinstance(fault, Fault)
        assert fault.reason == "invalid"
        assert "We were unable to parse your" in fault.sentence
    right = akismet(running)
    running.server.answer = b"invalid"
    running.server.extra_headers = {"X-akismet-debug-help": f"the key {KEY} was revoked \x1b[31m" + "!" * 500}
    fault = check(right, COMMENT, ADDRESS)
    assert isinstance(fault, Fault)
    assert "the key (key) was revoked [31m!" in fault.sentence
    assert KEY not in repr(fault)
    assert len(fault.sentence) < 400


@pytest.mark.parametrize(("spam", "path"), [(True, "/1.1/submit-spam"), (False, "/1.1/submit-ham")])
def test_a_correction_sends_the_same_fields_as_the_check(running: Running, spam: bool, path: str) -> None:
    service = akismet(running)
    form = service.form(COMMENT, ADDRESS)
    assert not isinstance(form, Fault)
    service.ask(form)
    assert service.correct(form, spam=spam) is None
    check, correction = running.asked
    assert correction.path == path
    assert correction.form == check.form


def test_an_alert_is_logged_once_and_the_verdict_stays(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "captcha_guard")
    running.server.extra_headers = {"X-akismet-alert-code": "10010", "X-akismet-alert-msg": f"Plan of {KEY} too small."}
    service = akismet(running)
    assert check(service, COMMENT, ADDRESS) is None
    assert check(service, COMMENT, ADDRESS) is None
    assert [record.getMessage() for record in caplog.records] == ["akismet alert 10010: Plan of (key) too small."]


@pytest.mark.parametrize("address", ["", "unix", "203.0.113.9:443", "203.0.113.9, 10.0.0.1", "localhost"])
def test_without_the_visitors_address_nothing_is_asked_and_the_answer_is_a_fault(
    running: Running, address: str
) -> None:
    fault = check(akismet(running), COMMENT, address)
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.again) == ("no_address", False)
    assert running.asked == []
