"""Data of the former release is used as it is, or moved once into the configured database. Nothing is lost.

``judge_before_one_database.sql`` was written by the last release with several: nine ham and nine spam were judged,
stored and taught, one comment waits, and so does a correction for Akismet.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from captcha_guard.database.database import Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.errors import DatabaseUnavailableError
from captcha_guard.spam import upgrade
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.filter.stats import Stats
from captcha_guard.spam.history import History, Party
from captcha_guard.spam.lists.stored_words import StoredWords
from captcha_guard.spam.memory.bans import Bans
from captcha_guard.spam.memory.judged_comments import JudgedComments
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.services.outbox import Job, Outbox, Task
from captcha_guard.spam.services.sent_forms import TABLE, Label, SentForms
from captcha_guard.spam.submission import Submission
from tests.databases import DATABASES, opener
from tests.integration.conftest import MakeBlog

NOW = 1_800_000_000.0
DUMP = Path(__file__).parents[1] / "data" / "judge_before_one_database.sql"
SECRET = b"sixteen octets .."
#: The chances of spam that the former release gave these comments.
CHANCES = {
    "the bridge in the third verse is what makes this song": 0.0023511214039242346,
    "cheap pills at our shop https://pills.example": 0.9786049812979314,
    "pills for the build": 0.06376053024202015,
}


def former(path: Path) -> Path:
    """Write a file of the former release."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text())
    return path


def assert_all_is_there(database: Database, times: int = 1) -> None:
    """Look up everything that is in the file. ``times`` is the number of hosts that had such a file."""
    memory, cases, learner = Reputation(database, secret=SECRET), JudgedComments(database), Learner(database)
    assert learner.stats() == Stats(9, 9, 18, 62 if times == 1 else 64)
    for body, chance in CHANCES.items():  # the features have changed since, so the model is learned anew
        assert learner.score(Submission(scope="post", body=body), 0) == pytest.approx(chance, abs=0.3)
    assert memory.history(Party.CLIENT, ("0123456789abcdef",)) == History(0, 9 * times)
    assert memory.history(Party.HOST, ("pills.example",)) == History(0, 3 * times)
    assert all(cases.find(f"{kind}{number}") for kind in ("ham", "spam") for number in range(9))
    waiting = cases.find("waiting")
    assert waiting is not None
    assert (waiting.spam, waiting.chance, waiting.sent_as) == (None, 0.5, "f" * 32)
    assert learner.teach(waiting.tokens, spam=True, rules_score=0, key=waiting.comment_key)
    jobs: list[Job] = []
    assert Outbox(database, lambda job, _: jobs.append(job)).run(NOW) == 1
    assert [(job.task, job.comment_key) for job in jobs] == [(Task.SPAM, "f" * 32)]
    database.add_tables(TABLE)
    with database.reading() as access:
        asked = SentForms(access).find("akismet", "f" * 32, now=NOW)
    assert asked is not None
    assert (asked.label, asked.form["comment_content"]) == (Label.HAM, "Grüße")


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    return opener(request, tmp_path / "judge.sqlite3")


def test_a_site_without_a_database_uri_keeps_using_its_file(tmp_path: Path) -> None:
    with closing(SQLiteDatabase(former(tmp_path / "captcha_guard.sqlite3"))) as database:
        assert_all_is_there(database)


def test_a_configured_database_takes_everything_over_once(
    opened: Callable[[], Database], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = former(tmp_path / "former.sqlite3")
    with closing(opened()) as database:
        for _ in range(2):
            upgrade.move_into(database, path)
        assert [message for message in caplog.messages if "was moved to" in message] == [
            f"captcha_guard: the judge's data in {path} was moved to {database.where}"
        ]
        assert tables(path) == {"judge_moved", "sqlite_sequence"}
        assert_all_is_there(database)


def test_a_move_that_is_interrupted_counts_everything_once(opened: Callable[[], Database], tmp_path: Path) -> None:
    path, before = former(tmp_path / "former.sqlite3"), tmp_path / "before.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        upgrade._name_of(old)
    shutil.copy(path, before)
    with closing(opened()) as database:
        upgrade.move_into(database, path)
        shutil.copy(before, path)  # as if the process had ended between the two commits
        upgrade.move_into(database, path)
        assert tables(path) == {"judge_moved", "sqlite_sequence"}
        assert_all_is_there(database)


def test_the_counts_of_two_hosts_are_added(opened: Callable[[], Database], tmp_path: Path) -> None:
    with closing(opened()) as database:
        for host in ("one", "other"):
            upgrade.move_into(database, former(tmp_path / f"{host}.sqlite3"))
        assert_all_is_there(database, times=2)


def test_bans_and_edited_lists_of_words_move_with_the_rest(opened: Callable[[], Database], tmp_path: Path) -> None:
    path = tmp_path / "former.sqlite3"
    with closing(SQLiteDatabase(path)) as former_database:
        ban = Bans(former_database).ban("a" * 32, seconds=3600, note="floods")
        StoredWords(former_database, fields=["body"]).save("moderated", ["lawn", "part:agra"])
    with closing(opened()) as database:
        upgrade.move_into(database, path)
        assert Bans(database).all() == (ban,)
        assert StoredWords(database, fields=["body"]).entries("moderated") == ("lawn", "part:agra")


def test_a_file_that_isnt_a_database_is_logged_and_kept(
    opened: Callable[[], Database], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "former.sqlite3"
    path.write_bytes(b"this is no database " * 100)
    with closing(opened()) as database, caplog.at_level(logging.ERROR, logger="captcha_guard"):
        upgrade.move_into(database, path)
        assert Learner(database).stats() == Stats(0, 0, 0, 0)
    assert f"the judge's data in {path} could not be moved" in caplog.text
    assert path.read_bytes() == b"this is no database " * 100


def test_a_site_moves_its_file_when_it_first_uses_the_database(blogs: MakeBlog, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    path = former(tmp_path / "instance" / "captcha_guard.sqlite3")
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{tmp_path}/judge.sqlite3"})
    with blog.app.app_context():
        assert blog.guard.teach("waiting", spam=True)
        assert blog.guard.filter_stats() == Stats(9, 10, 19, 77)
    assert tables(path) == {"judge_moved", "sqlite_sequence"}


def test_tables_that_are_no_longer_used_are_deleted(opened: Callable[[], Database]) -> None:
    said = Submission(scope="post", body="A lawn.", client="0123456789abcdef")
    with closing(opened()) as database:
        assert Reputation(database, secret=SECRET).teach(said, spam=True, now=NOW)
        with database.writing() as access:
            access.change("CREATE TABLE judge_shingles (shingle INTEGER, mark INTEGER, expires REAL)", [()])
            access.change("CREATE INDEX judge_shingles_by_expiry ON judge_shingles (expires)", [()])
        for _ in range(2):
            upgrade.delete_old_tables(database)
            assert Reputation(database, secret=SECRET).teach(said, spam=True, now=NOW)
        with pytest.raises(DatabaseUnavailableError), database.reading() as access:
            access.rows("SELECT * FROM judge_shingles")
        past = Reputation(database, secret=SECRET).history(Party.CLIENT, (said.client,))
        assert past == History(0, 1)


def test_a_site_without_a_database_uri_deletes_them_from_its_file(blogs: MakeBlog, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    path = former(tmp_path / "instance" / "captcha_guard.sqlite3")
    blog = blogs({})
    with blog.app.app_context():
        assert blog.guard.teach("waiting", spam=True)
    assert {"judge_shingles", "judge_sketches"}.isdisjoint(tables(path))
    assert {"judge_text_shingles", "judge_text_sketches", "judge_history"} <= tables(path)


def test_what_an_earlier_version_sent_about_a_comment_is_erased_with_it(blogs: MakeBlog, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    path = former(tmp_path / "instance" / "captcha_guard.sqlite3")
    akismet = {"CAPTCHA_GUARD_AKISMET_KEY": "a1b2c3d4e5f6", "CAPTCHA_GUARD_AKISMET_BLOG": "https://blog.example"}
    blog = blogs(akismet)
    with blog.app.app_context():
        assert blog.guard.forget("waiting")
    with closing(sqlite3.connect(path)) as connection:
        for table in ("service_sent", "service_outbox"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608
