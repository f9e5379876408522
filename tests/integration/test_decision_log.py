"""The log line of each decision, and the fail2ban filter for it in the documents."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from captcha_guard import CaptchaGuard, Verdict
from captcha_guard.spam.verdict import Action, Finding
from captcha_guard.web.decision_log import LOGGER, LONGEST_SCOPE, log_decision
from captcha_guard.web.post.refusal import Refusal
from captcha_guard.web.post.result import Result
from captcha_guard.web.protection import Protection
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, make_app, post_comment, solved, wrong

POST = "/posts/one/comments"
DOCUMENT = (Path(__file__).parents[2] / "docs/judging.md").read_text()
LINKS = COMMENT | {"body": "See https://a.example and https://b.example"}

#: Like fail2ban's: an IPv4 or IPv6 address, or a name (which `usedns = no` ignores).
HOST = r"(?:(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})|\[?(?P<ip6>[0-9a-fA-F:]*:[0-9a-fA-F:.]+)\]?|(?P<dns>[\w\-.^_]*\w))"


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER.name)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LOGGER.name]


def fields(line: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in line.removeprefix("decision ").split(" "))


def banned(line: str) -> list[str]:
    """Return the addresses that fail2ban's filter in the documents finds in a line of the log."""
    [section] = re.findall(r"```ini\n(\[Definition\].*?)```", DOCUMENT, re.DOTALL)
    [expressions] = re.findall(r"failregex = (.*?)(?=\n\w|\n*$)", section, re.DOTALL)
    found = (re.search(one.strip().replace("<HOST>", HOST), line) for one in expressions.strip().splitlines())
    return [next(group for group in match.group("ip4", "ip6", "dns") if group) for match in found if match]


def as_logged(message: str) -> str:
    """Return the rest of a line after fail2ban has removed the time, in the format that the documents recommend."""
    [form] = re.findall(r'Formatter\("(.*?)"\)', DOCUMENT)
    record = logging.LogRecord(LOGGER.name, logging.WARNING, "", 0, message, (), None)
    return re.sub(r"^[\d-]+ [\d:,]+", "", logging.Formatter(form).format(record))


def test_every_decision_is_one_line(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "6 per minute"})
    client = blog.client("203.0.113.9")
    client.post("/queue", data=wrong(client.get("/queue"), COMMENT))
    post_comment(client, "/queue")
    post_comment(client, "/queue")
    client.post("/queue", data=solved(client, client.get("/queue"), LINKS))
    client.post("/queue", data="x", content_type="text/plain")
    client.post("/queue", data=COMMENT)
    client.post("/queue", data=COMMENT)
    decisions = [fields(line) for line in lines(caplog)]
    assert [(one["action"], one["status"], one["reasons"]) for one in decisions] == [
        ("challenge", "422", "code_wrong"),
        ("accept", "-", "-"),
        ("reject", "409", "duplicate"),
        ("hold", "-", "links"),
        ("reject", "415", "unsupported"),
        ("reject", "409", "duplicate"),
        ("reject", "429", "limited"),
    ]
    assert {one["address"] for one in decisions} == {"203.0.113.9"}
    assert {one["scope"] for one in decisions} == {"queue"}
    assert [one["id"] for one in decisions if one["action"] in ("accept", "hold")] == [one["id"] for one in blog.stored]


def test_the_dry_run_logs_the_intended_action(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    client = blogs({"CAPTCHA_GUARD_SHADOW": True}).client()
    client.post("/queue", data=solved(client, client.get("/queue"), LINKS))
    [decision] = map(fields, lines(caplog))
    assert (decision["action"], decision["meant"], decision["shadowed"], decision["status"]) == (
        "accept",
        "hold",
        "links",
        "-",
    )


def test_a_form_with_decorator_and_field_leaves_one_line(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    client = blog.client()
    client.post("/letters", data=solved(client, client.get("/letters"), {"author": "Ada", "body": "Dear editor."}))
    assert len(lines(caplog)) == 1


def test_json_lines_have_the_same_content(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    blog = blogs({"CAPTCHA_GUARD_LOG": "json"})
    client = blog.client("2001:db8::1")
    client.post("/queue", data=solved(client, client.get("/queue"), LINKS))
    [line] = lines(caplog)
    assert json.loads(line) == {
        "address": "2001:db8::1", "action": "hold", "meant": None, "score": 30, "reasons": ["links"], "shadowed": [],
        "status": None, "id": blog.stored[0]["id"], "scope": "queue",
    }  # fmt: skip


def test_it_can_be_switched_off(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    blogs({"CAPTCHA_GUARD_LOG": "off"}).client().post("/queue", data=COMMENT)
    assert lines(caplog) == []


def test_no_line_contains_the_text_or_its_author(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    client = blog.client()
    client.post("/queue", data=solved(client, client.get("/queue"), LINKS))
    [line] = lines(caplog)
    assert not any(word in line for word in ("a.example", "Ada", "ada@", "See"))


@pytest.mark.parametrize(
    ("status", "action", "caught"),
    [(403, Action.REJECT, True), (429, Action.REJECT, True), (403, Action.ASIDE, True), (None, Action.ASIDE, False),
     (422, Action.CHALLENGE, False), (None, Action.ACCEPT, False), (None, Action.HOLD, False),
     (409, Action.REJECT, False), (413, Action.REJECT, False)],
)  # fmt: skip
@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9"])
def test_fail2ban_finds_exactly_the_refused_clients(
    caplog: pytest.LogCaptureFixture, status: int | None, action: Action, caught: bool, address: str
) -> None:
    log_decision(decided(status, action), address, form="text")
    [line] = lines(caplog)
    assert banned(as_logged(line)) == ([address] if caught else [])


@pytest.mark.parametrize("written", ["203.0.113.9:5021", "::ffff:203.0.113.9", "[::ffff:203.0.113.9]:443"])
def test_fail2ban_finds_the_address_without_its_port(caplog: pytest.LogCaptureFixture, written: str) -> None:
    log_decision(decided(403, Action.REJECT), written, form="text")
    [line] = lines(caplog)
    assert banned(as_logged(line)) == ["203.0.113.9"]


def test_fail2ban_does_not_ban_visitors_of_another_sites_form(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    blog.client("203.0.113.9").post("/queue", data=COMMENT, headers={"Sec-Fetch-Site": "cross-site"})
    [line] = lines(caplog)
    assert (fields(line)["reasons"], fields(line)["status"]) == ("cross_site", "403")
    assert banned(as_logged(line)) == []


HOSTILE = (
    "a address=198.51.100.1 action=reject",
    "x\ndecision address=198.51.100.1 action=reject meant=- score=9 reasons=limited shadowed=- status=429 id=- scope=-",
    "\r\n2030-01-01 00:00:00 WARNING captcha_guard.decisions: decision address=198.51.100.1 action=reject status=403",
    'x" decision address="198.51.100.1',
    "captcha_guard.decisions: decision address=198.51.100.1 action=reject status=403",
    "\u2028decision address=198.51.100.1 status=429",
    "\\u003d \x85 \x00 \ud800",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", ["text", "json"])
def test_scopes_and_addresses_cannot_forge_a_line_or_a_field(
    caplog: pytest.LogCaptureFixture, text: str, form: str
) -> None:
    for scope, address in ((text, "203.0.113.9"), ("queue", text), (text, None)):
        caplog.clear()
        log_decision(decided(403, Action.REJECT, scope), address, form=form)
        [line] = lines(caplog)
        assert len(line.splitlines()) == 1
        assert line.isascii()
        assert banned(as_logged(line)) == (["203.0.113.9"] if address == "203.0.113.9" and form == "text" else [])
        if form == "text":
            assert len(re.findall("address=", line)) == len(re.findall("action=", line)) == 1
            assert json.loads(scope_of(line)) == scope if scope == text else scope_of(line) == "queue"
        else:
            assert json.loads(line)["scope"] == scope


def scope_of(line: str) -> str:
    return line.partition(" scope=")[2]


def test_a_real_request_to_a_hostile_scope_is_logged_safely(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(tmp_path, {"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    guard = CaptchaGuard(app)

    @app.post("/posts/<path:slug>")
    @guard.protect(scope="comment:{slug}")
    def comment(slug: str) -> str:
        return ""

    client = app.test_client()
    url = "/posts/x address=198.51.100.1 action=reject status=429%22"
    for _ in range(2):
        client.post(url, data=COMMENT, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert [banned(as_logged(line)) for line in lines(caplog)] == [[], ["203.0.113.9"]]


def test_a_long_scope_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    log_decision(decided(403, Action.REJECT, "x" * 10_000), "203.0.113.9", form="text")
    assert len(lines(caplog)[0]) < LONGEST_SCOPE + 200


def test_without_a_handler_only_refusals_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    for action in Action:
        log_decision(decided(None, action), "203.0.113.9", form="text")
    assert [record.levelno >= logging.WARNING for record in caplog.records] == [False, False, False, True, True]


def decided(status: int | None, action: Action, scope: str = "queue") -> Result:
    more: Mapping[str, Any] = {} if status is None else {"refusal": Refusal("limited", "No.", status)}
    return Result(scope, Protection(), Verdict(action, (Finding("limited", 0, "No.", action),), id="x" * 22), **more)
