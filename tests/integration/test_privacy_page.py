"""What docs/privacy.md says is what is stored: every table, for as long as the page says, and nothing in clear."""

from __future__ import annotations

import re
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from captcha_guard.challenge.token import LEEWAY
from captcha_guard.cli import group
from captcha_guard.config.settings import Settings
from captcha_guard.setup import policies_of
from captcha_guard.spam.services.outbox import Outbox, Task
from captcha_guard.spam.services.sent_forms import Label, SentForms
from captcha_guard.web.post.duplicates import REMEMBERED
from demo_blog import remembered
from demo_blog.desk import decisions, links, tries
from tests.conftest import NOON
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import Blog, post_comment, solved
from tests.integration.journal_fixtures import Reader, journal, log_in, printed_journal, reader

__all__ = ["journal", "printed_journal", "reader"]

PAGE = (Path(__file__).parents[2] / "docs/privacy.md").read_text()
DAY = 86_400

ADDRESS, EMAIL, NAME = "203.0.113.57", "ottoline@gatepost.example", "Ottoline Gatepost"
AGENT, REFERRER, SECRET_WORD = "Netscapade/9.7", "https://elsewhere.example/quoll", "wombatical"
LINK = "https://library.example/shelf/quokka"
TEXT = f"The seventh marmalade catalogue describes fourteen unusual {SECRET_WORD} bookshelves, see {LINK} there."
HEADERS = {"User-Agent": AGENT, "Referer": REFERRER}


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the tables of a section, without their heads."""
    lines = [line for line in section(heading).splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def days_of_tables() -> dict[str, int]:
    """Return for how many days the page says that each table with data of visitors keeps it."""
    return {
        table: int(days)
        for names, _, kept in rows("The judge's database")[1:]
        for table in re.findall(r"`(\w+)`", names)
        for days in re.findall(r"\d+", kept)[:1]
        if "decisions" not in kept
    }


def tables_of(blog: Blog) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables with something in them."""
    blog.state.writer.write(insist=True)
    with closing(sqlite3.connect(Path(blog.app.instance_path) / "captcha_guard.sqlite3")) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608 - its own names


def stored_text(blog: Blog, *without: str) -> str:
    """Return everything that is stored, as one text. Compressed values are unpacked."""
    cells = [cell for name, found in tables_of(blog).items() if name not in without for row in found for cell in row]
    return "\n".join(_readable(cell) for cell in cells)


def _readable(cell: object) -> str:
    if not isinstance(cell, bytes):
        return str(cell)
    try:
        return zlib.decompress(cell).decode()
    except (zlib.error, UnicodeDecodeError):
        return cell.decode("latin-1")


@pytest.fixture
def used(blogs: MakeBlog, clock: time_machine.Traveller) -> Blog:
    """A blog with something in every table: comments, decisions, a ban, and what was sent to services."""
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": Settings().comment_limits})
    comment_on(blog, "/queue")
    clock.shift(61)
    comment_on(blog, "/posts/one")
    clock.shift(61)
    comment_on(blog, "/queue", "Another comment about eleven shelves and one ladder.")
    erased = blog.stored[-1]["id"]
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=False)
        blog.guard.ban("0" * 32, seconds=366 * DAY)
        assert blog.guard.forget(erased)
    with blog.state.database.writing() as access:  # as a site that has switched its services off
        SentForms(access).keep("akismet", "1" * 32, {"user_ip": ADDRESS}, Label.HAM, now=NOON)
        box = Outbox(blog.state.database, lambda *_: None)
        box.put(access, "stopforumspam", Task.CHECK, "2" * 32, {"ip": ADDRESS}, now=NOON)
    return blog


def comment_on(blog: Blog, page: str, body: str = TEXT) -> None:
    typed = {"author": NAME, "email": EMAIL, "body": body}
    assert post_comment(blog.client(ADDRESS), page, headers=HEADERS, **typed).status_code == 303


def test_the_page_names_every_table_with_its_retention(used: Blog) -> None:
    named = set(re.findall(r"`((?:judge|learning|service)_\w+)`", section("The judge's database")))
    found = {name for name, stored in tables_of(used).items() if not name.startswith(("sqlite_", "limits_"))}
    assert found <= named
    unused = {"judge_turn", "judge_moved", "judge_words", "learning_retrained"}
    assert named - found <= unused
    empty = [name for name in named - unused if not tables_of(used)[name]]
    assert empty == [], "the test must see every table with data in it"


def test_each_table_is_empty_after_the_days_on_the_page_and_not_before(
    used: Blog, clock: time_machine.Traveller
) -> None:
    days = days_of_tables()
    assert len(days) == 13
    purge = used.app.test_cli_runner()
    for kept in sorted(set(days.values())):
        clock.move_to(NOON + (kept - 0.6) * DAY)
        assert purge.invoke(group, ["purge"]).exit_code == 0
        stored = tables_of(used)
        assert [table for table, most in days.items() if most >= kept and not stored[table]] == []
        clock.move_to(NOON + (kept + 1.6) * DAY)
        assert purge.invoke(group, ["purge"]).exit_code == 0
        stored = tables_of(used)
        assert [table for table, most in days.items() if most <= kept and stored[table]] == []
    assert [table for table in stored if table.startswith("limits_w") and stored[table]] == []


def test_maintenance_deletes_what_services_were_sent_though_they_are_switched_off(
    used: Blog, clock: time_machine.Traveller
) -> None:
    clock.shift(61 * DAY)
    with used.app.app_context():
        used.guard.tidy()
    stored = tables_of(used)
    assert (stored["service_sent"], stored["service_outbox"]) == ([], [])


def test_no_address_name_or_text_is_stored_as_it_was_sent(used: Blog) -> None:
    stored = stored_text(used, "service_sent", "service_outbox")  # these have them in clear, as the page says
    for sent in (
        ADDRESS,
        EMAIL,
        "gatepost.example",
        NAME,
        AGENT,
        "Netscapade",
        REFERRER,
        "quoll",
        LINK,
        "quokka",
        TEXT,
    ):
        assert sent.casefold() not in stored.casefold(), sent
    assert ADDRESS in stored_text(used)


def test_words_are_stored_of_moderated_routes_only(blogs: MakeBlog) -> None:
    plain, moderated = blogs(folder="plain"), blogs(folder="moderated")
    comment_on(plain, "/posts/one")
    comment_on(moderated, "/queue")
    assert SECRET_WORD not in stored_text(plain)
    assert SECRET_WORD in stored_text(moderated)


def test_erasing_a_comment_deletes_its_rows_and_its_words(blog: Blog) -> None:
    comment_on(blog, "/queue")
    name = blog.stored[0]["id"]
    with blog.app.app_context():
        assert blog.guard.teach(name, spam=True)
        assert SECRET_WORD in stored_text(blog)
        assert blog.guard.forget(name)
    assert SECRET_WORD not in stored_text(blog)
    stored = tables_of(blog)
    per_comment = ("judge_comments", "judge_cases", "judge_records", "judge_text_sketches", "judge_text_shingles")
    assert [table for table in (*per_comment, "learning_decisions") if stored[table]] == []
    assert {row[1:3] for row in stored["judge_history"]} == {(0, 0)}


def test_the_guard_sets_no_cookie(blog: Blog) -> None:
    client = blog.client()
    page = client.get("/posts/one")
    picture = client.get(re.findall(r'src="([^"]+\.png)"', page.text)[0])
    asked = client.post("/posts/one/comments", data={"author": NAME, "body": TEXT})
    accepted = client.post("/posts/one/comments", data=solved(client, asked, {"email": EMAIL}))
    assert (picture.status_code, asked.status_code, accepted.status_code) == (200, 422, 303)
    for response in (page, picture, asked, accepted):
        assert "Set-Cookie" not in response.headers


def test_the_counters_expire_when_the_page_says() -> None:
    settings = Settings()
    policies = policies_of(settings)
    longest = {
        name: max(item.get_expiry() for item in (*policy.limits, *policy.waits)) for name, policy in policies.items()
    }
    periods = [kept for _, kept in rows("The counters")[1:]]
    assert (longest["comments"], longest["no_code"], REMEMBERED) == (DAY, DAY, DAY)
    assert (longest["challenges"], longest["pictures"]) == (60, 60)
    expected = ["1 day", "1 minute", f"{longest['wrong']:,} s", "1 day", f"{(settings.ttl + 2 * LEEWAY) // 60} minutes"]
    expected += ["1 day", "1 day"]
    assert [period[: len(start)] for period, start in zip(periods, expected, strict=True)] == expected


@pytest.mark.parametrize("journal", ["sqlite"], indirect=True)
def test_the_journals_cookies_are_those_of_the_page(journal: Flask, reader: Reader) -> None:
    assert reader.client.get("/").headers.get("Set-Cookie") is None
    reader.open()
    [session] = cookies(reader)
    assert (session.key, session.max_age, session.expires, session.http_only) == ("session", None, None, True)
    reader.comment(email=EMAIL, remember="1")
    found = {cookie.key: cookie for cookie in (*cookies(reader), *cookies(log_in(journal)))}
    listed = {row[0].strip("`"): row[2] for row in rows("The journal") if len(row) == 3 and "`" in row[0]}
    assert set(found) == set(listed) == {"session", "commenter", "journal_browser"}
    assert all(cookie.http_only and cookie.same_site == "Lax" for cookie in found.values())
    assert journal.permanent_session_lifetime.days == 31
    assert "31 days after a comment" in listed["session"]
    assert listed["commenter"].startswith(f"{remembered.MAX_AGE // DAY} days")
    assert listed["journal_browser"] == f"{tries.COOKIE_SECONDS // DAY} days"


def cookies(reader: Reader) -> list[Any]:
    """Return the cookies in the reader's browser."""
    return list(reader.client._cookies.values())  # type: ignore[union-attr]


def test_the_journal_keeps_comments_as_long_as_the_page_says() -> None:
    kept = dict(row for row in rows("The journal") if len(row) == 2)
    days = {what: period for what, period in kept.items() if re.fullmatch(r"\d+ days?", period)}
    assert sorted(days.values()) == sorted([f"{decisions.SPAM_KEPT.days} days", f"{decisions.RESTORABLE.days} day"])
    [link] = [period for what, period in kept.items() if "log-in link" in what]
    assert link.startswith(f"{links.VALID.seconds // 60} minutes")
    [failed] = [period for what, period in kept.items() if "failed log-ins" in what]
    assert (failed, tries.MOST_TRIES.get_expiry()) == ("1 hour", 3600)
