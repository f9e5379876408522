"""What a site counts: each event once, by the name that a host sees, for every way to guard a form."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import Result
from prometheus_client import CollectorRegistry

from captcha_guard import Alert, ConfigError, Counts, Period, Statistics, Submission
from captcha_guard.cli import group
from captcha_guard.errors import DatabaseUnavailableError
from captcha_guard.metrics import observe
from captcha_guard.signals import store_available, store_unavailable
from captcha_guard.testing import relax
from captcha_guard.web.post.posted import ANSWER, NO_CODE, TOKEN
from captcha_guard.web.state import NAME
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, post_comment, solved, wrong

POST = "/posts/one/comments"
LINKS = "See https://one.example and https://two.example and https://three.example for more about the loop."
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
DAY = timedelta(days=1)


def counts(blog: Blog) -> Counts:
    """Return what the last two days have counted."""
    now = datetime.fromtimestamp(blog.state.clock(), UTC)
    with blog.app.app_context():
        return blog.guard.statistics(now - DAY, now).total


def nonzero(numbers: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in numbers.items() if number}


# Codes


def test_a_code_counts_as_shown_and_as_solved_with_its_seconds(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    for number, seconds in enumerate((4, 20, 100)):
        page = client.get("/posts/one")
        clock.shift(seconds)
        fields = solved(client, page, COMMENT | {"body": f"The loop in part {number} never ends."})
        assert client.post(POST, data=fields).status_code == 303
    client.get("/posts/one")
    counted = counts(blog)
    assert (counted.shown, counted.solved, counted.failed) == (4, {"image": 3}, {})
    assert (counted.median_seconds, counted.median_by_kind, counted.pass_rate) == (20, {"image": 20}, 1)
    assert nonzero(counted.verdicts) == {"accept": 3}


def test_a_spoken_code_is_a_kind_of_its_own(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    token = fields_of(client.get("/posts/one"))[TOKEN]
    clock.shift(30)
    answer = blog.state.issuer.answers(blog.state.issuer.open(token))["sound"][0]
    assert client.post(POST, data=COMMENT | {TOKEN: token, ANSWER: answer}).status_code == 303
    assert (counts(blog).solved, counts(blog).median_by_kind) == ({"sound": 1}, {"sound": 30})


def test_failed_codes_count_by_reason(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    for _ in range(2):
        assert client.post(POST, data=wrong(client.get("/posts/one"), COMMENT)).status_code == 422
    fields = solved(client, client.get("/posts/one"), COMMENT)
    assert client.post(POST, data=fields).status_code == 303
    assert client.post(POST, data=fields | {"body": "Another text."}).status_code == 422
    assert client.post(POST, data=COMMENT | {"body": "Without a code."}).status_code == 422
    page = client.get("/posts/one")
    clock.shift(3_600)
    late = fields_of(page) | COMMENT | {"body": "Sent too late.", ANSWER: "AAAAA"}
    assert client.post(POST, data=late).status_code == 422
    counted = counts(blog)
    assert counted.failed == {"code_wrong": 2, "code_missing": 1, "code_used": 1, "token_expired": 1}
    assert (counted.solved, counted.pass_rate) == ({"image": 1}, 1 / 6)
    assert nonzero(counted.verdicts) == {"accept": 1, "challenge": 5}
    assert counted.reasons["code_wrong"] == 2


def test_a_pass_is_neither_a_solved_code_in_the_rate_nor_in_the_median(
    blog: Blog, clock: time_machine.Traveller
) -> None:
    client = blog.client()
    page = client.get("/posts/one")
    clock.shift(5)
    again = client.post(POST, data=solved(client, page, COMMENT | {"author": " "}))
    assert again.status_code == 422
    clock.shift(300)
    assert client.post(POST, data=fields_of(again) | {"author": "Ada"}).status_code == 303
    counted = counts(blog)
    assert counted.solved == {"image": 1, "pass": 1}
    assert (counted.median_by_kind, counted.pass_rate, counted.shown) == ({"image": 5}, 1, 1)


def test_a_form_that_needs_no_code_shows_none(blog: Blog) -> None:
    client = blog.client()
    assert client.post("/quiet", data=fields_of(client.get("/quiet")) | COMMENT).status_code == 200
    assert (counts(blog).shown, counts(blog).failed) == (0, {})
    asked = client.post("/quiet", data=fields_of(client.get("/quiet")) | COMMENT | {"body": LINKS})
    assert asked.status_code == 422
    counted = counts(blog)
    assert counted.shown == 1
    assert nonzero(counted.verdicts) == {"accept": 1, "challenge": 1}


def test_new_codes_for_scripts_and_json_clients_are_shown(blog: Blog) -> None:
    client = blog.client()
    assert client.post("/captcha-guard/challenge", json={"scope": "api"}).status_code == 200
    assert client.post("/captcha-guard/challenge", json={"scope": "queue", "field": True}).status_code == 200
    assert client.post("/captcha-guard/challenge", json={"scope": "quiet", "field": True}).status_code == 200
    assert client.post("/api/comments", json={"author": "Ada", "body": "No code."}).status_code == 422
    assert counts(blog).shown == 3


def test_a_captcha_field_counts_its_form_once(blog: Blog) -> None:
    client = blog.client()
    page = client.get("/letters")
    assert client.post("/letters", data=solved(client, page, COMMENT)).status_code == 303
    counted = counts(blog)
    assert (counted.shown, counted.solved, nonzero(counted.verdicts)) == (1, {"image": 1}, {"accept": 1})


# Verdicts


def test_held_comments_count_with_their_reasons_and_the_rule_that_held_them_alone(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_MIN_SECONDS": 10})
    client = blog.client()
    assert post_comment(client, "/queue", body=LINKS).status_code == 303
    counted = counts(blog)
    assert nonzero(counted.verdicts) == {"hold": 1}
    assert counted.reasons == {"links": 1, "too_fast": 1}
    assert counted.alone == {}
    blog.state.judge.weights["too_fast"] = 0
    assert (
        post_comment(client, "/queue", body="https://a.example https://b.example https://c.example").status_code == 303
    )
    assert (counts(blog).alone, counts(blog).reasons) == ({"links": 1}, {"links": 2, "too_fast": 1})


def test_a_comment_without_a_code_is_not_held_by_a_rule(blog: Blog) -> None:
    client = blog.client()
    fields = fields_of(client.get("/queue")) | COMMENT | {NO_CODE: "1"}
    assert client.post("/queue", data=fields).status_code == 303
    counted = counts(blog)
    assert (nonzero(counted.verdicts), counted.reasons, counted.alone) == ({"hold": 1}, {"no_code": 1}, {})
    assert client.post("/queue", data=fields | {"body": LINKS}).status_code == 303
    assert counts(blog).alone == {"links": 1}


def test_a_rejected_comment_counts_as_refused_and_by_its_rule(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_DISALLOWED_WORDS": ["casino"]})
    assert post_comment(blog.client(), body="Visit our casino tonight.").status_code == 403
    counted = counts(blog)
    assert nonzero(counted.verdicts) == {"reject": 1}
    assert (counted.alone, counted.refused) == ({"disallowed_words": 1}, {"refused": 1})


def test_a_repeated_comment_is_refused_as_a_duplicate(blog: Blog) -> None:
    client = blog.client()
    assert [post_comment(client).status_code for _ in range(2)] == [303, 409]
    assert counts(blog).refused == {"duplicate": 1}


def test_shadow_mode_counts_what_would_have_happened(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": True, "CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    client = blog.client()
    assert client.post("/queue", data=COMMENT).status_code == 303
    assert client.post("/queue", data=COMMENT | {"body": "Another text of mine."}).status_code == 303
    counted = counts(blog)
    assert (nonzero(counted.verdicts), counted.reasons, counted.refused) == ({"accept": 2}, {}, {})
    assert counted.meant == {"challenge": 1, "reject": 1}
    assert (counted.shadowed, counted.limits) == ({"code_missing": 1, "limited": 1}, {"comments": 1})


def test_exempt_clients_and_checks_without_a_request_are_not_counted(blogs: MakeBlog) -> None:
    blog = blogs()
    object.__setattr__(blog.state, "exempt_when", lambda: True)
    assert blog.client().post(POST, data=COMMENT).status_code == 303
    with blog.app.app_context():
        assert blog.guard.check(Submission(scope="one", body=LINKS)).reasons == ("links",)
    assert counts(blog) == counts(blogs(folder="other"))


# Refusals and limits


def test_posts_of_other_sites_are_refused_and_not_judged(blog: Blog) -> None:
    client = blog.client()
    assert client.post(POST, data=COMMENT, headers=CROSS).status_code == 403
    counted = counts(blog)
    assert (counted.refused, nonzero(counted.verdicts), counted.failed) == ({"cross_site": 1}, {}, {})


def test_posts_that_are_too_large_or_damaged_are_refused(blog: Blog) -> None:
    client = blog.client()
    assert client.post(POST, data={"body": "x" * 3_000_000}).status_code == 413
    assert client.post(POST, data=b"{", content_type="application/json").status_code == 400
    assert counts(blog).refused == {"malformed": 1, "too_large": 1}


def test_each_limit_counts_by_its_policy(blogs: MakeBlog) -> None:
    limits = ("COMMENT", "CHALLENGE", "PICTURE", "WRONG")
    blog = blogs({f"CAPTCHA_GUARD_{name}_LIMITS": "2 per minute" for name in limits})
    first, second, third = (blog.client(f"198.51.{number}.7") for number in range(3))
    for number in range(4):
        post_comment(first, body=f"The loop in part {number} never ends.")
        second.post("/captcha-guard/challenge", json={"scope": "api"})
    [picture] = Page(third.get("/posts/one").text).pictures[:1]
    assert [third.get(picture).status_code for _ in range(3)] == [200, 200, 429]
    assert nonzero(counts(blog).limits) == {"comments": 2, "challenges": 2, "pictures": 1}
    assert counts(blog).refused == {"limited": 2}


def test_too_many_wrong_codes_count_as_a_limit(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_WRONG_LIMITS": "1 per minute"})
    client = blog.client()
    statuses = [client.post(POST, data=wrong(client.get("/posts/one"), COMMENT)).status_code for _ in range(3)]
    assert statuses == [422, 429, 429]
    assert (counts(blog).limits, counts(blog).refused) == ({"wrong": 2}, {"limited": 2})


def test_the_limit_of_comments_without_a_code_counts(blog: Blog) -> None:
    client = blog.client()
    for number in range(4):
        fields = fields_of(client.get("/queue")) | COMMENT | {"body": f"Part {number} of it.", NO_CODE: "1"}
        client.post("/queue", data=fields)
    assert (counts(blog).limits, counts(blog).refused) == ({"no_code": 1}, {})


# Reading


def test_no_request_waits_for_the_statistics(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a request wrote the statistics")

    monkeypatch.setattr(type(blog.state.recorder), "write", fail)
    assert post_comment(blog.client()).status_code == 303


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"since": datetime(2027, 1, 14)}, ConfigError, "since is 2027-01-14 00:00:00, which has no time zone"),  # noqa: DTZ001
        ({"until": datetime(2027, 1, 15)}, ConfigError, "until is 2027-01-15 00:00:00, which has no time zone"),  # noqa: DTZ001
        ({"since": "2027-01-14"}, TypeError, "since is '2027-01-14'; pass a datetime with a time zone"),
        ({"until": datetime(2027, 1, 14, tzinfo=UTC).date()}, TypeError, "until is datetime.date"),
        ({"by": "week"}, ConfigError, "by is 'week'; write 'hour' or 'day'"),
        ({"until": datetime(2027, 1, 14, tzinfo=UTC)}, ConfigError, "since must be earlier"),
        ({"since": datetime(2024, 12, 1, tzinfo=UTC)}, ConfigError, "days are kept for 730 days, since 2025-01-15"),
        ({"since": datetime(2026, 12, 11, 11, tzinfo=UTC), "by": "hour"}, ConfigError, "by='day' has older ones"),
        ({"until": datetime(2027, 1, 18, tzinfo=UTC)}, ConfigError, "in the future; use a time up to now, 2027-01-15"),
        ({"since": datetime.min.replace(tzinfo=UTC)}, ConfigError, "days are kept for 730 days"),
        ({"until": datetime.max.replace(tzinfo=timezone(-DAY / 2))}, ConfigError, "in the future"),
    ],
)
def test_arguments_that_are_not_allowed_raise_errors_that_say_how_to_fix_it(
    blog: Blog,
    clock: time_machine.Traveller,
    changed: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    given = {"since": datetime(2027, 1, 14, tzinfo=UTC), "until": datetime(2027, 1, 15, tzinfo=UTC)} | changed
    with blog.app.app_context(), pytest.raises(error, match=message.replace("(", r"\(")):
        blog.guard.statistics(given.pop("since"), given.pop("until"), **given)


def test_the_oldest_hours_and_days_can_be_read(blog: Blog, clock: time_machine.Traveller) -> None:
    now = datetime.now(UTC)
    with blog.app.app_context():
        assert len(blog.guard.statistics(now - 35 * DAY, now, by="hour").series) == 35 * 24
        assert len(blog.guard.statistics(now - 730 * DAY, now + DAY).series) == 732
        with pytest.raises(ConfigError, match=r"now is .*, which has no time zone"):
            blog.guard.alerts(datetime(2027, 1, 14))  # noqa: DTZ001


def test_a_database_that_can_not_be_used_raises_and_its_counts_are_read_later(
    blogs: MakeBlog, clock: time_machine.Traveller
) -> None:
    blog = blogs({"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    path = Path(blog.app.instance_path, "captcha_guard.sqlite3")
    path.mkdir(parents=True)
    assert post_comment(blog.client()).status_code == 303
    with blog.app.app_context():
        for ask in (lambda: counts(blog), blog.guard.alerts):
            with pytest.raises(DatabaseUnavailableError, match="can't be used"):
                ask()
    path.rmdir()
    assert counts(blog).solved == {"image": 1}


def test_two_applications_in_one_process_count_separately(blogs: MakeBlog) -> None:
    one, other = blogs({}, folder="one", name="one"), blogs({}, folder="other", name="other")
    assert post_comment(one.client()).status_code == 303
    other.client().get("/posts/one")
    assert (counts(one).solved, counts(one).shown) == ({"image": 1}, 1)
    assert (counts(other).solved, counts(other).shown) == ({}, 1)


def test_applications_that_share_a_database_have_common_statistics(blogs: MakeBlog) -> None:
    one, other = blogs({}, name="one"), blogs({}, name="other")
    for blog in (one, other):
        blog.client().get("/posts/one")
        blog.state.recorder.write()
    assert (counts(one).shown, counts(other).shown) == (2, 2)


def test_a_relaxed_application_leaves_the_statistics_of_the_site_alone(blog: Blog) -> None:
    blog.client().get("/posts/one")
    real = blog.state
    relax(blog.app)
    blog.client().get("/posts/one")
    assert counts(blog).shown == 1
    blog.app.extensions[NAME] = real
    assert counts(blog).shown == 1


def test_the_counts_of_a_relaxed_application_are_deleted_with_its_folder(blog: Blog) -> None:
    relax(blog.app)
    blog.client().get("/posts/one")
    recorder, folder = blog.state.recorder, Path(blog.state.database.where).parent
    assert recorder.write()
    assert folder.exists()
    blog.client().get("/posts/one")
    relax(blog.app)
    gc.collect()
    assert recorder.write()
    assert not folder.exists()


def test_a_database_that_the_site_names_later_takes_over_its_statistics(blogs: MakeBlog, tmp_path: Path) -> None:
    before = blogs()
    before.client().get("/posts/one")
    assert before.state.recorder.write()
    after = blogs({"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{tmp_path}/judge.sqlite3"})
    after.client().get("/posts/one")
    assert counts(after).shown == 2


def test_the_public_names_are_values(blog: Blog, clock: time_machine.Traveller) -> None:
    now = datetime.now(UTC)
    with blog.app.app_context():
        found = blog.guard.statistics(now - DAY, now, by="hour")
    assert isinstance(found, Statistics)
    assert {type(period) for period in found.series} == {Period}
    assert isinstance(found.series[0], Counts)
    assert found.series[0].start == found.since
    with pytest.raises(AttributeError, match="cannot assign"):
        found.by = "day"  # type: ignore[misc]


def test_an_alert_has_its_sentence_in_the_language_of_the_site(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LOCALE": "de"})
    for number in range(20):
        assert post_comment(blog.client(), body=f"The loop in part {number} never ends.").status_code == 303
    with blog.app.app_context():
        [alert] = blog.guard.alerts()
    assert isinstance(alert, Alert)
    assert (alert.slug, alert.usual) == ("solve_time", (2.0, None))
    assert alert.sentence.startswith("In den letzten 24 Stunden wurde die Hälfte der Sicherheitscodes")


# Maintenance


def test_maintenance_and_purge_delete_expired_counts(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs()
    blog.client().get("/posts/one")
    blog.state.recorder.write()
    clock.shift(36 * DAY)
    assert "Statistics: 1 expired row deleted." in purge(blog).output
    blog.client().get("/posts/one")
    blog.state.recorder.write()
    clock.shift(36 * DAY)
    with blog.app.app_context():
        blog.guard.tidy()
    assert "Statistics: 0 expired rows deleted." in purge(blog).output
    clock.shift(732 * DAY)
    assert "Statistics: 2 expired rows deleted." in purge(blog).output


def test_purge_says_that_a_locked_database_keeps_its_statistics(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    blog.client().get("/posts/one")
    blog.state.recorder.write()
    clock.shift(36 * DAY)
    with closing(sqlite3.connect(Path(blog.app.instance_path, "captcha_guard.sqlite3"))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        result = purge(blog)
    assert "Statistics: not deleted." in result.output
    assert result.exit_code == 1


def purge(blog: Blog) -> Result:
    return blog.app.test_cli_runner().invoke(group, ["purge"])


# The command line


def run(blog: Blog, *arguments: str) -> Result:
    return blog.app.test_cli_runner().invoke(group, ["statistics", *arguments])


def test_the_command_prints_totals_and_a_table(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    page = client.get("/queue")
    clock.shift(7)
    assert client.post("/queue", data=solved(client, page, COMMENT | {"body": LINKS})).status_code == 303
    told = run(blog)
    assert told.exit_code == 0, told.output
    assert told.output.splitlines() == [
        "2026-12-16 00:00 to 2027-01-16 00:00 UTC",
        "Judged: hold 1",
        "Reasons: links 1",
        "Stopped by one rule alone: links 1",
        "Refused: -",
        "Limits: -",
        "Codes shown: 1",
        "Codes solved: image 1",
        "Codes failed: -",
        "Pass rate: 100.0 %",
        "Median time to solve: 7 s (image 7 s)",
        "",
        "            accepted  asked  held  aside  rejected  refused  shown   passed  seconds",
        "2027-01-15         0      0     1      0         0        0      1  100.0 %        7",
        "",
        "Nothing was unusual in the last 24 hours, or there are too few codes to tell.",
    ]


def test_the_command_prints_alerts_and_shadow_mode(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": ["links"]})
    for number in range(20):
        assert post_comment(blog.client(), "/queue", body=f"{LINKS} Part {number}.").status_code == 303
    lines = run(blog).output.splitlines()
    assert "Findings that didn't count: links 20" in lines
    assert lines[-1].startswith("Alert (solve_time): In the last 24 hours, half of the security codes were solved")


def test_the_command_prints_json(blog: Blog, clock: time_machine.Traveller) -> None:
    blog.client().get("/posts/one")
    told = run(blog, "--json", "--by", "hour", "--since", "2027-01-15T12:00+01:00")
    document = json.loads(told.output)
    assert (document["since"], document["until"]) == ("2027-01-15T11:00:00+00:00", "2027-01-15T12:00:00+00:00")
    assert [period["start"] for period in document["series"]] == ["2027-01-15T11:00:00+00:00"]
    assert (document["total"]["pass_rate"], document["alerts"]) == (None, [])
    later = json.loads(run(blog, "--json", "--by", "hour", "--since", "2027-01-15T12", "--until", "2027-01-16").output)
    assert (later["total"]["shown"], len(later["series"])) == (1, 12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "'yesterday' isn't a date or time; write 2026-11-29"),
        (("--by", "week"), "'week' is not one of 'hour', 'day'"),
        (("--since", "2027-02-01"), "since must be earlier"),
        (("--since", "2020-01-01"), "days are kept for 730 days"),
        (("--until", "0001-01-01"), "out of range"),
    ],
)
def test_the_command_says_what_is_wrong_with_an_option(
    blog: Blog, clock: time_machine.Traveller, arguments: tuple[str, ...], message: str
) -> None:
    told = run(blog, *arguments)
    assert told.exit_code == 2
    assert message in told.output


def test_a_database_that_can_not_be_used_ends_the_command_with_one_sentence(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    Path(blog.app.instance_path, "captcha_guard.sqlite3").mkdir(parents=True)
    told = run(blog)
    assert told.exit_code == 1
    assert "captcha_guard.sqlite3 can't be used" in told.output
    assert "Traceback" not in told.output


# Prometheus


def test_prometheus_counts_the_same_events(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute"})
    registry = CollectorRegistry()
    observe(blog.app, registry)
    client = blog.client()
    page = client.get("/posts/one")
    clock.shift(4)
    assert client.post(POST, data=solved(client, page, COMMENT)).status_code == 303
    assert client.post(POST, data=wrong(client.get("/posts/one"), COMMENT | {"body": "No loop."})).status_code == 422
    client.get("/quiet")
    assert post_comment(client, body="The third one of this minute.").status_code == 429
    value = registry.get_sample_value
    prefix = "captcha_guard"
    assert value(f"{prefix}_challenges_shown_total") == counts(blog).shown
    assert value(f"{prefix}_challenges_solved_total", {"kind": "image"}) == 1
    assert value(f"{prefix}_challenges_failed_total", {"reason": "code_wrong"}) == 1
    assert value(f"{prefix}_limits_total", {"policy": "comments"}) == 1
    assert value(f"{prefix}_refusals_total", {"reason": "limited"}) == 1
    buckets = [value(f"{prefix}_solve_seconds_bucket", {"kind": "image", "le": le}) for le in ("3.0", "5.0", "+Inf")]
    assert (buckets, value(f"{prefix}_solve_seconds_sum", {"kind": "image"})) == ([0, 1, 1], 4)


def test_applications_in_one_registry_are_added_up_and_count_once(blogs: MakeBlog) -> None:
    registry, other = CollectorRegistry(), CollectorRegistry()
    first, second = blogs(folder="first"), blogs(folder="second")
    for blog in (first, second, first):
        observe(blog.app, registry)
    observe(second.app, other)
    for blog in (first, second):
        blog.client().get("/posts/one")
    shown = "captcha_guard_challenges_shown_total"
    assert (registry.get_sample_value(shown), other.get_sample_value(shown)) == (2, 1)


def test_the_store_counts_as_down_while_that_of_one_application_is(blogs: MakeBlog) -> None:
    registry = CollectorRegistry()
    first, second = blogs(folder="first"), blogs(folder="second")
    for blog in (first, second):
        observe(blog.app, registry)
    seen = []
    for signal, blog in ((store_unavailable, first), (store_unavailable, second), (store_available, first)):
        signal.send(blog.app, error="refused")
        seen.append(registry.get_sample_value("captcha_guard_store_up"))
    store_available.send(second.app)
    assert (seen, registry.get_sample_value("captcha_guard_store_up")) == ([0, 0, 0], 1)


def test_the_store_of_a_forked_worker_is_up_in_multiprocess_mode(tmp_path: Path) -> None:
    code = """
import os, sys
from flask import Flask
from prometheus_client import CollectorRegistry, multiprocess
from captcha_guard.metrics import observe
observe(Flask("blog"))
if child := os.fork():
    os.waitpid(child, 0)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    for pid in (os.getpid(), child):
        print(registry.get_sample_value("captcha_guard_store_up", {"pid": str(pid)}))
"""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.0", "1.0"]
