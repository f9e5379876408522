"""StopForumSpam: what is looked up, how a listing is scored, and which answers are faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from captcha_guard import Action, Finding, Submission
from captcha_guard.spam.services import Fault, HTTPClient, StopForumSpam
from tests.service_server import Running, check, service_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "203.0.113.9"
COMMENT = Submission(scope="comment", author="Max Example", email="max@mail.example", body="A long comment.")


@pytest.fixture
def running() -> Iterator[Running]:
    with service_server() as server:
        yield server


def stopforumspam(running: Running) -> StopForumSpam:
    service = StopForumSpam(HTTPClient(5))
    service.base = running.base
    return service


def entry(confidence: float, frequency: int = 12) -> dict[str, object]:
    return {"appears": 1, "frequency": frequency, "lastseen": "2026-01-01 00:00:00", "confidence": confidence}


def test_only_address_email_and_name_are_posted(running: Running) -> None:
    assert check(stopforumspam(running), COMMENT, ADDRESS) is None
    [asked] = running.asked
    assert asked.path == "/api"
    assert asked.form == {
        "ip": ADDRESS, "email": "max@mail.example", "username": "Max Example", "json": "1", "confidence": "1"
    }  # fmt: skip


def test_invalid_addresses_and_emails_are_not_looked_up_and_a_name_never_alone(running: Running) -> None:
    service = stopforumspam(running)
    typed = Submission(scope="comment", author="Max Example", email="none of your business", body="x")
    assert service.form(typed, "unix") is None
    assert check(service, typed, "unix") is None
    assert running.asked == []
    assert service.form(typed, "2001:db8::7%eth0") == {"ip": "2001:db8::7", "username": "Max Example"}
    assert service.form(COMMENT, "") == {"email": "max@mail.example", "username": "Max Example"}


@pytest.mark.parametrize(
    ("listed", "score", "action"),
    [
        ({ADDRESS: entry(49.9)}, 0, Action.ACCEPT),
        ({ADDRESS: entry(50)}, 30, Action.ACCEPT),
        ({ADDRESS: entry(89.9)}, 30, Action.ACCEPT),
        ({ADDRESS: entry(90)}, 60, Action.HOLD),
        ({"max@mail.example": entry(99.95)}, 60, Action.HOLD),
        ({"Max Example": entry(99.95)}, 0, Action.ACCEPT),
        ({ADDRESS: {"appears": 1, "frequency": 255, "lastseen": "now"}}, 60, Action.HOLD),
        ({ADDRESS: {"appears": 0, "frequency": 0, "confidence": 99}}, 0, Action.ACCEPT),
        ({ADDRESS: entry(10), "max@mail.example": entry(60), "Max Example": entry(99)}, 30, Action.ACCEPT),
    ],
)
def test_the_score_of_a_listing_depends_on_its_confidence(
    running: Running, listed: dict[str, dict[str, object]], score: int, action: Action
) -> None:
    running.server.listed = listed
    finding = check(stopforumspam(running), COMMENT, ADDRESS)
    if score == 0:
        assert finding is None
    else:
        assert isinstance(finding, Finding)
        assert (finding.reason, finding.score, finding.action) == ("stopforumspam", score, action)


def test_the_moderator_reads_what_is_listed_without_personal_data(running: Running) -> None:
    running.server.listed = {ADDRESS: entry(97.3), "Max Example": entry(70)}
    finding = check(stopforumspam(running), COMMENT, ADDRESS)
    assert isinstance(finding, Finding)
    assert finding.sentence == "StopForumSpam lists the address and the name as a spammer's (97 % sure)."


GOOD: dict[str, object] = {"success": 1} | {
    name: {"appears": 0, "frequency": 0} for name in ("ip", "email", "username")
}

BAD: list[dict[str, object]] = [
    {"success": True}, {"success": "1"}, {"success": 2}, {"ip": None}, {"ip": {}}, {"ip": []},
    {"ip": {"appears": 2, "frequency": 0}}, {"ip": {"appears": False, "frequency": 0}},
    {"ip": {"appears": 0}}, {"ip": {"appears": 0, "frequency": -1}},
    {"ip": {"appears": 1, "frequency": 3}}, {"ip": entry(101)}, {"ip": entry(-1)},
    {"ip": entry(float("nan"))}, {"ip": {"appears": 1, "frequency": 3, "confidence": "high"}},
    {"email": {"error": "invalid email"}},
]  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"true", b"{", b"null", b"[]", b"<response success='true'></response>", b"[" * 9000, b"{}",
        *(json.dumps(GOOD | changed).encode() for changed in BAD),
        json.dumps({name: GOOD[name] for name in ("success", "ip", "email")}).encode(),
        json.dumps(GOOD).encode()[:-1],
    ],
)  # fmt: skip
def test_an_undocumented_answer_is_a_fault(running: Running, answer: bytes) -> None:
    running.server.answer = answer
    fault = check(stopforumspam(running), COMMENT, ADDRESS)
    assert isinstance(fault, Fault)
    assert (fault.service, fault.reason) == ("stopforumspam", "unreadable")


def test_control_the_unchanged_answer_is_understood(running: Running) -> None:
    running.server.answer = json.dumps(GOOD).encode()
    assert check(stopforumspam(running), COMMENT, ADDRESS) is None


def test_a_refusal_is_a_fault_with_the_services_words(running: Running) -> None:
    running.server.answer = b'{"success": 0, "error": "rate limit exceeded\\u001b"}'
    fault = check(stopforumspam(running), COMMENT, ADDRESS)
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.sentence) == (
        "refused", "StopForumSpam did not answer; it says: rate limit exceeded."
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["html", "empty", "error_500", "truncated", "redirect", "huge", "gone"])
def test_a_broken_server_is_a_fault(running: Running, fault: str) -> None:
    running.server.fault = fault
    assert isinstance(check(stopforumspam(running), COMMENT, ADDRESS), Fault)
