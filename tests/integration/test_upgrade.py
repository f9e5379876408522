"""What the judge kept before there was one database for it is used as it is, or moved once, and nothing is lost.

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
from captcha_guard.spam import upgrade
from captcha_guard.spam.filter.learner import Learner, Stats
from captcha_guard.spam.history import History, Party
from captcha_guard.spam.memory.judged_comments import Cases
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.services.outbox import Job, Outbox, Task
from captcha_guard.spam.services.sent_forms import TABLE, Belief, Sent
from captcha_guard.spam.submission import Submission
from tests.databases import DATABASES, opener
from tests.integration.conftest import MakeBlog

NOW = 1_800_000_000.0
DUMP = Path(__file__).parents[1] / "data" / "judge_before_one_database.sql"
SECRET = b"sixteen octets .."
#: What the release that wrote the file said of these comments.
CHANCES = {
    "the bridge in the third verse is what makes this song": 0.0023511214039242346,
    "cheap pills at our shop https://pills.example": 0.9786049812979314,
    "pills for the build": 0.06376053024202015,
}


def former(path: Path) -> Path:
    """Make a file of the former release."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text())
    return path


def assert_all_is_there(database: Database, times: int = 1) -> None:
    """Look everything up that the file was filled with; ``times`` says on how many hosts there was such a file."""
    memory, cases, learner = Reputation(database, secret=SECRET), Cases(database), Learner(database)
    assert learner.stats() == Stats(9, 9, 18, 62 if times == 1 else 63)
    for body, chance in CHANCES.items():  # the features have changed since, so the model is learned anew
        assert learner.score(Submission(scope="post", body=body), 0) == pytest.approx(chance, abs=0.3)
    assert memory.history(Party.CLIENT, ("0123456789abcdef",)) == History(0, 9 * times)
    assert memory.history(Party.HOST, ("pills.example",)) == History(0, 3 * times)
    assert all(cases.find(f"{kind}{number}") for kind in ("ham", "spam") for number in range(9))
    waiting = cases.find("waiting")
    assert waiting is not None
    assert (waiting.spam, waiting.chance, waiting.service_mark) == (None, 0.5, "f" * 32)
    assert learner.teach_tokens(waiting.tokens, spam=True, rules_score=0, key=waiting.name)
    jobs: list[Job] = []
    assert Outbox(database, lambda job, _: jobs.append(job)).run(NOW) == 1
    assert [(job.task, job.mark) for job in jobs] == [(Task.SPAM, "f" * 32)]
    database.keep(TABLE)
    with database.reading() as access:
        asked = Sent(access).find("akismet", "f" * 32, now=NOW)
    assert asked is not None
    assert (asked.belief, asked.form["comment_content"]) == (Belief.HAM, "Grüße")


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    return opener(request, tmp_path / "judge.sqlite3")


def test_a_site_that_names_no_database_goes_on_with_its_file(tmp_path: Path) -> None:
    with closing(SQLiteDatabase(former(tmp_path / "captcha_guard.sqlite3"))) as database:
        assert_all_is_there(database)


def test_a_database_that_the_site_names_takes_everything_in_once(
    opened: Callable[[], Database], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = former(tmp_path / "former.sqlite3")
    with closing(opened()) as database:
        for _ in range(2):
            upgrade.move_into(database, path)
        assert [message for message in caplog.messages if "is kept in" in message] == [
            f"captcha_guard: what the judge kept in {path} is kept in {database.where} now"
        ]
        assert tables(path) == {"judge_moved", "sqlite_sequence"}
        assert_all_is_there(database)


def test_what_is_interrupted_before_the_former_tables_are_gone_counts_once(
    opened: Callable[[], Database], tmp_path: Path
) -> None:
    path, before = former(tmp_path / "former.sqlite3"), tmp_path / "before.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        upgrade._name_of(old)
    shutil.copy(path, before)
    with closing(opened()) as database:
        upgrade.move_into(database, path)
        shutil.copy(before, path)  # as if it had ended between the two commits
        upgrade.move_into(database, path)
        assert tables(path) == {"judge_moved", "sqlite_sequence"}
        assert_all_is_there(database)


def test_what_two_hosts_kept_is_added_up(opened: Callable[[], Database], tmp_path: Path) -> None:
    with closing(opened()) as database:
        for host in ("one", "other"):
            upgrade.move_into(database, former(tmp_path / f"{host}.sqlite3"))
        assert_all_is_there(database, times=2)


def test_a_file_that_is_no_database_is_logged_and_stays(
    opened: Callable[[], Database], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "former.sqlite3"
    path.write_bytes(b"this is no database " * 100)
    with closing(opened()) as database, caplog.at_level(logging.ERROR, logger="captcha_guard"):
        upgrade.move_into(database, path)
        assert Learner(database).stats() == Stats(0, 0, 0, 0)
    assert f"what the judge kept in {path} could not be moved" in caplog.text
    assert path.read_bytes() == b"this is no database " * 100


def test_a_site_moves_by_itself_when_it_first_uses_the_database(blogs: MakeBlog, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    path = former(tmp_path / "instance" / "captcha_guard.sqlite3")
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{tmp_path}/judge.sqlite3"})
    with blog.app.app_context():
        assert blog.guard.teach("waiting", spam=True)
        assert blog.guard.filter_stats() == Stats(9, 10, 19, 76)
    assert tables(path) == {"judge_moved", "sqlite_sequence"}
