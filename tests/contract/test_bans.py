"""Bans work the same in every database, and end at the very second."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from captcha_guard.database.database import Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.errors import ConfigError, DatabaseUnavailableError
from captcha_guard.spam.memory.bans import LONGEST, RETENTION, Bans
from captcha_guard.spam.submission import Submission

NOW = 1_800_000_000.0
ADA, BEA = "a" * 32, "b" * 32


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bans(database: Database, clock: Clock) -> Bans:
    return Bans(database, clock=clock)


def test_a_ban_is_found_by_every_process_until_it_ends(
    bans: Bans, opened: Callable[[], Database], clock: Clock
) -> None:
    assert bans.find(ADA) is None
    ban = bans.ban(ADA, seconds=90.5, note="floods the quiz post «thanks»")
    with closing(opened()) as database:
        assert Bans(database, clock=clock).find(ADA) == ban
    assert (ban.until - ban.since).total_seconds() == 90.5
    assert bans.find(BEA) is None
    clock.now += 90.25
    assert bans.find(ADA) == ban
    clock.now += 0.25
    assert bans.find(ADA) is None
    assert bans.all() == ()
    assert not bans.unban(ADA)


def test_a_later_ban_replaces_the_earlier_one(bans: Bans, clock: Clock) -> None:
    bans.ban(ADA, seconds=3600)
    clock.now += 1
    shorter = bans.ban(ADA, seconds=60)
    assert bans.find(ADA) == shorter
    assert bans.all() == (shorter,)


def test_bans_are_listed_with_the_newest_first_and_can_be_ended(bans: Bans, clock: Clock) -> None:
    ada = bans.ban(ADA, seconds=60)
    clock.now += 1
    bea = bans.ban(BEA, seconds=60)
    assert bans.all() == (bea, ada)
    assert bans.unban(ADA)
    assert not bans.unban(ADA)
    assert bans.find(ADA) is None
    assert bans.all() == (bea,)


def test_bans_that_have_ended_are_deleted(bans: Bans, database: Database, clock: Clock) -> None:
    bans.ban(ADA, seconds=60)
    bans.ban(BEA, seconds=120)
    clock.now += 60
    assert bans.sweep(clock.now) == 1
    with database.reading() as access:
        assert [row[0] for row in access.rows("SELECT client FROM judge_bans")] == [BEA]


def test_if_there_are_too_many_bans_those_that_end_first_are_deleted(
    bans: Bans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RETENTION, "most", 3)
    for number in range(5):
        bans.ban(f"{number:032x}", seconds=100 + number)
    bans.sweep(NOW)
    assert [int(ban.client, 16) for ban in bans.all()] == [2, 3, 4]


@pytest.mark.parametrize(
    ("client", "message"),
    [
        ("shared", "all clients without a known address"),
        ("", "isn't the key of a client; pass guard.client"),
        ("192.0.2.7", r"'192.0.2.7' isn't the key .* bans --add takes an address"),
        (ADA.upper(), "isn't the key"),
        (None, "None isn't the key"),
    ],
)
def test_only_the_key_of_one_client_can_be_banned(bans: Bans, client: Any, message: str) -> None:
    for act in (lambda: bans.ban(client, seconds=60), lambda: bans.unban(client)):
        with pytest.raises(ConfigError, match=message):
            act()
    assert bans.all() == ()


@pytest.mark.parametrize("seconds", [0, -1, LONGEST + 1, float("nan"), float("inf"), True, "60", None])
def test_a_length_that_is_not_allowed_is_refused(bans: Bans, seconds: Any) -> None:
    with pytest.raises(ConfigError, match=r"the ban's length is .* allowed: more than 0, up to 31622400 s"):
        bans.ban(ADA, seconds=seconds)
    assert bans.all() == ()


@pytest.mark.parametrize("note", ["x" * 501, "a\0b", "\ud800", 7])
def test_a_note_that_cannot_be_stored_is_refused(bans: Bans, note: Any) -> None:
    with pytest.raises(ConfigError, match="the ban's note"):
        bans.ban(ADA, seconds=60, note=note)
    assert bans.all() == ()


def test_the_judge_reads_a_ban_ahead_with_the_query_that_finds_it(bans: Bans) -> None:
    assert [values for _, values in bans.queries(Submission(scope="x", body="y", client=ADA))] == [(ADA,)]
    assert bans.queries(Submission(scope="x", body="y", client="shared")) == []


def test_while_the_database_is_down_nothing_is_found_and_moderators_get_an_error(tmp_path: Path) -> None:
    (tmp_path / "judge.sqlite3").mkdir()
    bans = Bans(SQLiteDatabase(tmp_path / "judge.sqlite3"))
    assert bans.find(ADA) is None
    for act in (lambda: bans.ban(ADA, seconds=60), lambda: bans.unban(ADA), bans.all):
        with pytest.raises(DatabaseUnavailableError, match=r"judge\.sqlite3"):
            act()
