"""Records of POSTs, and what other settings would have done with them: through real requests."""

from __future__ import annotations

import json
import random
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_guard import Replay, Submission
from captcha_guard.web.post.posted import NO_CODE
from tests.conftest import NOON
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, fields_of, make_blog, post_comment, solved, teach, wrong

LINKS = "See https://a.example and https://b.example for more of the same."
PHRASES = "Make money online with free gift cards, ask me on telegram @rich77 now!"


class NoZone(tzinfo):
    """A zone that doesn't know its offset, so that a time in it has no zone."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


def replay(blog: Blog, **other: Any) -> Replay:
    with blog.app.app_context():
        now = datetime.now(UTC)
        return blog.guard.replay(now - timedelta(days=60), now + timedelta(seconds=1), **other)


def submission(scope: str, body: str) -> Submission:
    return Submission(scope=scope, author=COMMENT["author"], email=COMMENT["email"], body=body)


def rows(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM judge_records ORDER BY judged_at")]


def test_each_post_is_recorded_without_its_text_and_address(blog: Blog, tmp_path: Path) -> None:
    post_comment(blog.client(), "/queue", body=f"{LINKS} unmistakable")
    blog.client().post("/posts/one/comments", data=COMMENT)
    result = replay(blog)
    assert result.submissions == 2
    assert result.before == {"accept": 0, "challenge": 1, "hold": 1, "aside": 0, "reject": 0}
    path = tmp_path / "instance" / "captcha_guard.sqlite3"
    held, asked = rows(path)
    assert [name for name, *_ in json.loads(held["findings"])] == ["links"]
    assert held["id"] == blog.stored[0]["id"]
    assert (len(held["client"]), len(held["networks"]), len(held["scope"]), len(held["mark"])) == (16, 16, 8, 16)
    assert (held["code"], asked["code"]) == ("", "code_missing")
    whole = b"".join(str(value).encode() for row in rows(path) for value in row.values())
    assert all(word not in whole for word in (b"192.0.2", b"unmistakable", b"Ada", b"example", b"comment:one"))


def test_a_lower_threshold_would_have_held_what_was_accepted(blog: Blog) -> None:
    post_comment(blog.client(), "/queue", body="My number is +1 555 010 0100.")
    post_comment(blog.client(), "/queue", body="An ordinary word.")
    result = replay(blog, thresholds={"challenge": 10, "hold": 20})
    assert (result.before["accept"], result.after["accept"], result.after["hold"]) == (2, 1, 1)
    [change] = result.changed
    assert (change.id, change.was, change.would) == (blog.stored[0]["id"], "accept", "hold")
    assert abs(datetime.now(UTC) - change.judged_at) < timedelta(minutes=5)


def test_a_weight_changes_scores_and_0_turns_a_rule_off(blog: Blog) -> None:
    post_comment(blog.client(), "/queue", body="My number is +1 555 010 0100.")
    post_comment(blog.client(), "/queue", body=LINKS)
    assert replay(blog, weights={"contact": 100}).after["aside"] == 1
    assert replay(blog, weights={"links": 0}).after == {"accept": 2} | dict.fromkeys(
        ("challenge", "hold", "aside", "reject"), 0
    )


def test_the_recorded_score_is_the_rules_own_so_that_weights_do_not_multiply(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_WEIGHTS": {"contact": 100}})
    post_comment(blog.client(), "/queue", body="My number is +1 555 010 0100.")
    assert replay(blog).before["aside"] == 1
    assert replay(blog).changed == ()
    assert replay(blog, weights={"contact": 25}).after["accept"] == 1


def test_stricter_limits_would_have_refused_and_looser_ones_leave_the_rest_unknown(
    blogs: MakeBlog, clock: time_machine.Traveller
) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute; 30 per day"})
    for number in range(4):
        clock.shift(10)
        post_comment(blog.client(), body=f"Word number {number}.")
    clock.shift(120)
    post_comment(blog.client("192.0.2.8"), body="Another reader.")
    assert replay(blog).before == {"accept": 3, "challenge": 0, "hold": 0, "aside": 0, "reject": 2}
    assert replay(blog, comment_limits="2 per minute; 30 per day").changed == ()
    stricter = replay(blog, comment_limits="1 per minute")
    assert [(one.was, one.would) for one in stricter.changed] == [("accept", "reject")]
    looser = replay(blog, comment_limits="3 per minute")
    assert [(one.id, one.was, one.would) for one in looser.changed] == [("", "reject", "unknown")]
    assert (looser.after["unknown"], looser.after["reject"]) == (1, 1)


def test_the_time_before_the_span_counts_for_the_limits_only(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs()
    for number in range(2):
        post_comment(blog.client(), body=f"Word number {number}.")
        clock.shift(30)
    with blog.app.app_context():
        since = datetime.fromtimestamp(NOON + 15, UTC)
        result = blog.guard.replay(since, since + timedelta(hours=1), comment_limits="1 per minute")
    assert (result.submissions, result.after["reject"]) == (1, 1)


def test_limits_of_a_route_are_not_the_sites_limits(blog: Blog) -> None:
    @blog.app.post("/guestbook")
    @blog.guard.protect(limits="5 per minute", mode="off")
    def guestbook() -> str:
        return "kept"

    for number in range(3):
        assert blog.client().post("/guestbook", data={"body": f"Word {number}."}).status_code == 200
    assert replay(blog, comment_limits="1 per minute").changed == ()


def test_networks_count_in_a_replay_too(blog: Blog) -> None:
    for number in range(40):
        blog.client(f"192.0.2.{number}").post("/posts/one/comments", data=COMMENT | {"body": f"Word {number}."})
    assert replay(blog, comment_limits="1 per day").after["reject"] == 40 - 32


def test_exempt_visitors_are_not_recorded(blog: Blog) -> None:
    object.__setattr__(blog.state, "exempt_when", lambda: True)
    post_comment(blog.client())
    assert replay(blog).submissions == 0


def test_shadow_mode_accepts_in_a_replay_too(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": True})
    post_comment(blog.client(), "/queue", body=PHRASES)
    assert replay(blog, thresholds={"challenge": 1, "hold": 1, "aside": 1}).changed == ()


@pytest.mark.parametrize("by_id", [True, False])
def test_a_comment_that_is_forgotten_has_no_record_any_more(blog: Blog, by_id: bool) -> None:
    post_comment(blog.client(), "/queue")
    post_comment(blog.client(), "/queue", body="Another comment.")
    comment = submission("queue", COMMENT["body"])
    with blog.app.app_context():
        assert blog.guard.forget(blog.stored[0]["id"] if by_id else comment)
        assert not blog.guard.forget(comment)
    assert replay(blog).submissions == 1


def test_a_comment_of_a_route_without_a_moderator_is_forgotten_by_its_id(blog: Blog) -> None:
    post_comment(blog.client())
    with blog.app.app_context():
        assert blog.guard.forget(blog.stored[0]["id"])
    assert replay(blog).submissions == 0


def test_a_refused_comment_is_forgotten_with_its_record(blog: Blog) -> None:
    blog.client().post("/quiet", data=COMMENT | {"body": PHRASES})
    with blog.app.app_context():
        assert replay(blog).submissions == 1
        assert blog.guard.forget(submission("quiet", PHRASES))
    assert replay(blog).submissions == 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"thresholds": {"hold": 20}}, r"THRESHOLDS is .*whole numbers from 1 to 101, each at least the one before"),
        ({"thresholds": {"holt": 70}}, "THRESHOLDS"),
        ({"thresholds": 5}, "THRESHOLDS is 5"),
        ({"weights": {"links": 101}}, "WEIGHTS"),
        ({"weights": {"lynks": 10}}, r"names the rule 'lynks', which doesn't exist.*links"),
        ({"comment_limits": "often"}, "write them like '2 per minute"),
        ({"comment_limits": ""}, "COMMENT_LIMITS"),
    ],
)
def test_values_that_no_setting_may_have_are_refused(blog: Blog, other: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replay(blog, **other)


def test_the_span_needs_time_zones_and_a_length(blog: Blog) -> None:
    now = datetime.now(UTC)
    with blog.app.app_context():
        with pytest.raises(ValueError, match=r"since is .* a datetime with a time zone is needed"):
            blog.guard.replay(now.replace(tzinfo=None), now)
        with pytest.raises(ValueError, match=r"until is .* a datetime with a time zone is needed"):
            blog.guard.replay(now, now.replace(tzinfo=NoZone()))
        with pytest.raises(ValueError, match="isn't later than since"):
            blog.guard.replay(now, now)


def test_the_hour_that_clocks_repeat_is_a_span_as_any_other(blog: Blog) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    after = datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=1)
    with blog.app.app_context():
        assert blog.guard.replay(before, after).submissions == 0
        with pytest.raises(ValueError, match="isn't later than since"):
            blog.guard.replay(after, before)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", 9),
        ("flags", 3),
        ("networks", b"x" * 33),
        ("findings", ""),
        ("findings", "null"),
        ("findings", "[[1]]"),
        ("findings", '[["links","many",0,0]]'),
    ],
)
def test_a_damaged_record_is_left_out_of_a_replay_and_the_log_says_so(
    blog: Blog, tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, value: object
) -> None:
    for number in range(3):
        post_comment(blog.client(), body=f"The loop in part {number}.")
    assert replay(blog).submissions == 3
    with closing(sqlite3.connect(tmp_path / "instance" / "captcha_guard.sqlite3")) as connection, connection:
        id_of_one = "SELECT min(id) FROM judge_records"
        connection.execute(f"UPDATE judge_records SET {column} = ? WHERE id = ({id_of_one})", (value,))  # noqa: S608
    assert replay(blog, comment_limits="9 per minute").submissions == 2
    assert "1 damaged rows of the table judge_records were left out of a replay" in caplog.text


#: What a visitor does: on which page, with which text, and how.
ACTS = st.tuples(
    st.sampled_from(["/posts/one", "/queue", "/quiet", "/essay", "/letters", "/api/comments"]),
    st.sampled_from(["An ordinary word.", LINKS, PHRASES, "", "My number is +1 555 010 0100.", "x" * 70_000]),
    st.sampled_from(["solve", "wrong", "none", "no code", "trap", "again", "from elsewhere"]),
    st.integers(0, 3),
)
SETTINGS = st.fixed_dictionaries(
    {
        "CAPTCHA_GUARD_MODE": st.sampled_from(["always", "suspicious", "off"]),
        "CAPTCHA_GUARD_SHADOW": st.sampled_from([False, ["links"], ["honeypot", "contact"]]),
        "CAPTCHA_GUARD_COMMENT_LIMITS": st.sampled_from(["2 per minute; 10 per hour", "1000 per minute"]),
        "CAPTCHA_GUARD_MIN_SECONDS": st.sampled_from([0, 30]),
        "CAPTCHA_GUARD_LEARNING": st.sampled_from(["on", "strict"]),
        "CAPTCHA_GUARD_WEIGHTS": st.sampled_from([{}, {"links": 70, "contact": 95}, {"phrases": 0, "honeypot": 90}]),
        "CAPTCHA_GUARD_THRESHOLDS": st.sampled_from(
            [{"challenge": 30, "hold": 60, "aside": 90}, {"challenge": 5, "hold": 40, "aside": 60}]
        ),
    }
)


@given(acts=st.lists(ACTS, min_size=4, max_size=14), config=SETTINGS, taught=st.booleans())
@settings(max_examples=40)
def test_a_replay_with_unchanged_settings_returns_the_recorded_actions(
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[str, str, str, int]],
    config: dict[str, object],
    taught: bool,
) -> None:
    folder = tmp_path_factory.mktemp("blog")
    with time_machine.travel(NOON, tick=False) as clock:
        blog = make_blog(folder, config)
        if taught:
            teach(blog, spam=PHRASES)
        for number, (page, body, way, seconds) in enumerate(acts):
            clock.shift(seconds)
            act(blog, page, body and f"{body} {number // 2}", way)
        limits = str(config["CAPTCHA_GUARD_COMMENT_LIMITS"])
        for result in (replay(blog), replay(blog, comment_limits=limits)):
            assert result.changed == ()
            assert result.before == result.after
        assert result.submissions > 0
        blog.state.storage.close()  # type: ignore[attr-defined]


def act(blog: Blog, page: str, body: str, way: str) -> None:
    """Post a comment in one of the ways of ``ACTS``."""
    client = blog.client(f"192.0.2.{random.Random(body).randrange(3)}")
    target = f"{page}/comments" if page.startswith("/posts/") else page
    typed = COMMENT | {"body": body}
    if page.startswith("/api"):
        client.post(target, json=typed)
        return
    form = client.get(page)
    if way == "solve":
        data = solved(client, form, typed)
    else:
        data = wrong(form, typed) if way == "wrong" else fields_of(form) | typed
    if way == "no code":
        data[NO_CODE] = "1"
    if way == "trap":
        data[blog.state.honeypot] = "x"
    headers = {"Origin": "https://elsewhere.example"} if way == "from elsewhere" else {}
    answer = client.post(target, data=data, headers=headers)
    if way == "again" and answer.status_code == 422:
        client.post(target, data=solved(client, answer, typed))


def test_that_property_fails_if_the_code_is_left_out_of_the_replay(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    post_comment(blog.client(), body=LINKS)
    assert replay(blog).changed == ()
    monkeypatch.setattr("captcha_guard.replay.replay.settled", lambda action, **_: action)
    assert len(replay(blog).changed) == 1


def test_records_are_read_from_every_process(blogs: MakeBlog) -> None:
    secret = secrets.token_hex()
    first, second = (blogs({"SECRET_KEY": secret}) for _ in range(2))
    post_comment(first.client())
    first.state.writer.write()
    assert replay(second).submissions == 1
