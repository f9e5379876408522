"""What the judge remembers: similar comments for a day and histories, in bounded tables, as hashes."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from captcha_guard.database import retention
from captcha_guard.database.database import Access
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.health import FAULTS, REST
from captcha_guard.spam.history import History, Party, author_of, links_of, sites_of
from captcha_guard.spam.memory import tables as memory_tables
from captcha_guard.spam.memory.judged_comments import JudgedComment, JudgedComments
from captcha_guard.spam.memory.reputation import DAY, HISTORY_KEPT, Reputation
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action

NOW = 1_700_000_000.0
SAID = Submission(
    scope="comment:one",
    author="Ada Quill",
    email="ada@mail.example",
    account="ada-account",
    client="0123456789abcdef",
    body="Our shop has the very best lawn mowers of the whole county, at prices that nobody beats: https://mowers.example",
    posted_at=NOW,
)
AUTHOR = author_of(SAID)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.sqlite3"


@pytest.fixture
def memory(path: Path) -> Reputation:
    return Reputation(SQLiteDatabase(path), secret=b"sixteen bytes ...")


def elsewhere(body: str, scope: str = "comment:two", later: float = 60) -> Submission:
    return replace(SAID, scope=scope, author="Bea", email="bea@mail.example", body=body, posted_at=NOW + later)


def numbered(number: int, later: float = 60) -> Submission:
    """Return a comment that isn't similar to those with other numbers."""
    words = [f"{word}{number}" for word in SAID.body.split()]
    return elsewhere(" ".join(words), later=later)


def rows_of(path: Path) -> dict[str, int]:
    """Return the number of rows of each table."""
    with closing(sqlite3.connect(path)) as connection:
        counts = {table.name: f"SELECT count(*) FROM {table.name}" for table in memory_tables.TABLES}  # noqa: S608
        return {table: connection.execute(count).fetchone()[0] for table, count in counts.items()}


def test_hardly_any_long_similar_comment_is_missed(memory: Reputation) -> None:
    seen = 0
    for number in range(150):
        words = [f"{word}{place}" for place, word in enumerate(numbered(number).body.split() * 3)]
        memory.note(elsewhere(" ".join(words), "comment:one"), Action.HOLD)
        words[20:26] = [word.upper() + "x" for word in words[20:26]]  # one word in nine, 8 of about 50 shingles
        seen += memory.alike(elsewhere(" ".join(words))) == 1
    assert seen >= 148


def test_a_similar_comment_on_another_post_is_found_for_a_day(memory: Reputation) -> None:
    memory.note(SAID, Action.HOLD)
    spun = SAID.body.replace("whole county", "entire county").replace("mowers.example", "other.example")
    assert memory.alike(elsewhere(spun)) == 1
    assert memory.alike(elsewhere(spun, later=DAY - 1)) == 1
    assert memory.alike(elsewhere(spun, later=DAY)) == 0
    assert memory.alike(elsewhere("The table grows by a factor of two, and that is why adding a key is cheap.")) == 0


def test_similar_texts_in_other_fields_are_found_and_passwords_are_not_remembered(memory: Reputation) -> None:
    memory.note(replace(SAID, body="", other=(SAID.body,), private=("https://secret.example",)), Action.HOLD)
    assert memory.alike(elsewhere(SAID.body)) == 1
    hidden = replace(SAID, private=("https://secret.example " + SAID.body.upper(),))
    assert memory.trace(hidden) == memory.trace(SAID)


def test_a_comment_is_not_a_copy_of_itself(memory: Reputation) -> None:
    memory.note(SAID, Action.HOLD)
    assert memory.alike(SAID) == 0


def test_short_comments_are_not_compared(memory: Reputation) -> None:
    short = "Thank you for the article, it helped."
    memory.note(elsewhere(short), Action.ACCEPT)
    assert memory.alike(elsewhere(short, scope="comment:three")) == 0


def test_at_most_eight_copies_are_counted_and_kept(memory: Reputation, path: Path) -> None:
    for number in range(12):
        memory.note(elsewhere(SAID.body, scope=f"comment:{number}"), Action.HOLD)
    assert memory.alike(SAID) == 8
    assert rows_of(path)["judge_text_sketches"] == 8


def test_storing_a_comment_does_not_depend_on_the_comment_judged_last(memory: Reputation, path: Path) -> None:
    for number in range(8):
        memory.note(elsewhere(SAID.body, scope=f"comment:{number}"), Action.HOLD)
    assert memory.alike(SAID) == 8
    memory.note(numbered(1), Action.HOLD)
    assert memory.alike(numbered(2)) == 0
    memory.note(elsewhere(SAID.body, scope="comment:9"), Action.HOLD)
    assert rows_of(path)["judge_text_sketches"] == 9


def test_forgetting_a_comment_leaves_no_row(memory: Reputation, path: Path) -> None:
    memory.note(SAID, Action.HOLD)
    assert memory.forget(SAID, now=NOW)
    assert set(rows_of(path).values()) == {0}


def test_a_moderators_decision_counts_once_and_the_last_one_replaces_it(memory: Reputation) -> None:
    memory.note(SAID, Action.HOLD)
    for _ in range(2):
        memory.teach(SAID, spam=True, now=NOW)
    for party, names in (
        (Party.CLIENT, (SAID.client,)),
        (Party.HOST, ("mowers.example",)),
        (Party.ACCOUNT, ("ada-account",)),
    ):
        assert memory.history(party, names) == History(0, 1)
    memory.teach(SAID, spam=False, now=NOW)
    assert memory.history(Party.CLIENT, (SAID.client,)) == History(1, 0)
    assert memory.history(Party.AUTHOR, AUTHOR) == History(1, 0)


def test_publishing_counts_for_the_author_only(memory: Reputation) -> None:
    memory.note(SAID, Action.ACCEPT)
    assert memory.history(Party.ACCOUNT, ("ada-account",)) == History(1, 0)
    assert memory.history(Party.AUTHOR, AUTHOR) == History(1, 0)
    assert memory.history(Party.CLIENT, (SAID.client,)) == memory.history(Party.HOST, ("mowers.example",)) == History()
    memory.teach(SAID, spam=True, now=NOW)
    assert memory.history(Party.ACCOUNT, ("ada-account",)) == History(0, 1)
    assert memory.history(Party.HOST, ("mowers.example",)) == History(0, 1)


def test_the_counts_of_several_names_are_added_and_no_name_has_none(memory: Reputation) -> None:
    memory.teach(SAID, spam=True, now=NOW)
    memory.teach(elsewhere("See https://other.example"), spam=True, now=NOW)
    assert memory.history(Party.HOST, ("mowers.example", "other.example", "third.example")) == History(0, 2)
    assert memory.history(Party.AUTHOR, ()) == History()


def linking(url: str, later: float = 60) -> Submission:
    return elsewhere(f"{SAID.body.partition('https')[0]} {url}", later=later)


def test_the_subdomains_of_one_domain_share_their_past(memory: Reputation) -> None:
    for number, good in enumerate((True, False, False)):
        memory.teach(linking(f"https://shop{number}.mowers.example/x"), spam=not good, now=NOW)
    assert memory.history(Party.HOST, sites_of(linking("https://new.mowers.example").text)) == History(1, 2)


def test_tenants_of_one_platform_have_their_own_past(memory: Reputation) -> None:
    for url in (
        "https://ada.github.io",
        "https://ada.wordpress.com",
        "https://GitHub.com/ada/x/",
        "https://medium.com/@ada",
    ):
        memory.teach(linking(url), spam=True, now=NOW)
        assert memory.history(Party.HOST, sites_of(linking(url).text)) == History(0, 1)
        assert memory.history(Party.HOST, sites_of(linking(url.replace("ada", "bea")).text)) == History()


def test_spam_that_links_to_a_work_of_reference_does_not_count_against_others(memory: Reputation) -> None:
    for number in range(3):
        memory.teach(linking(f"https://en.wikipedia.org/wiki/{number}"), spam=True, now=NOW)
    assert sites_of(linking("https://en.wikipedia.org/wiki/0").text) == ()


def test_a_published_link_is_known_in_its_scope_until_the_comment_is_spam(memory: Reputation) -> None:
    one = linking("https://www.chairs.example/blue/#top")
    (name,) = links_of(one)
    assert memory.history(Party.LINK, (name,)) == History()
    memory.note(one, Action.HOLD)
    assert memory.history(Party.LINK, (name,)) == History()
    memory.note(one, Action.ACCEPT)
    assert memory.history(Party.LINK, links_of(linking("http://chairs.example/blue"))) == History(1)
    assert memory.history(Party.LINK, links_of(replace(one, scope="comment:three"))) == History()
    memory.teach(one, spam=True, now=NOW)
    assert memory.history(Party.LINK, (name,)) == History(0, 1)


def test_without_an_email_or_a_known_address_there_is_no_history(memory: Reputation) -> None:
    nobody = replace(SAID, email="", client="shared")
    memory.teach(nobody, spam=True, now=NOW)
    assert author_of(nobody) == ()
    assert memory.history(Party.CLIENT, ("shared",)) == History()


def test_histories_expire_and_the_tables_are_bounded(
    memory: Reputation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.note(SAID, Action.ACCEPT)
    memory.teach(SAID, spam=True, now=NOW)
    for one in memory_tables.RETENTIONS:
        monkeypatch.setattr(one, "most", 400)
    for number in range(120):
        memory.note(numbered(number, later=HISTORY_KEPT + number), Action.HOLD)
        assert max(rows_of(path).values()) <= 400 + 1_024 + 25  # rows written before the tables are counted
    assert memory.history(Party.CLIENT, (SAID.client,)) == History()


def test_a_sweep_deletes_all_expired_rows_and_those_beyond_the_maximum(
    memory: Reputation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(90):
        memory.note(numbered(number, later=number), Action.HOLD)
    monkeypatch.setattr(retention, "BATCH", 200)  # fewer than are deleted
    kept = rows_of(path)
    assert memory.sweep(NOW + DAY + 90) == kept["judge_text_shingles"] + kept["judge_text_sketches"] == 90 * 9
    assert rows_of(path) == {
        "judge_history": 0,
        "judge_comments": 90,
        "judge_text_sketches": 0,
        "judge_text_shingles": 0,
    }
    [comments] = [one for one in memory_tables.RETENTIONS if one.table.name == "judge_comments"]
    monkeypatch.setattr(comments, "most", 40)
    assert memory.sweep(NOW + DAY + 90) == 50
    assert rows_of(path)["judge_comments"] == 40


def test_a_sketch_is_deleted_with_its_shingles_and_the_newest_are_kept(
    memory: Reputation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        memory.note(numbered(number, later=number), Action.HOLD)
    memory.note(numbered(0, later=30), Action.HOLD)  # again, so its shingles belong to two sketches
    [sketches] = [one for one in memory_tables.RETENTIONS if one.table is memory_tables.SKETCHES]
    monkeypatch.setattr(sketches, "most", 10)
    assert memory.sweep(NOW + 30) == 21 * 9
    assert rows_of(path) == {
        "judge_history": 0,
        "judge_comments": 30,
        "judge_text_sketches": 10,
        "judge_text_shingles": 80,
    }
    for number in (0, *range(21, 30)):
        assert memory.alike(replace(numbered(number, later=30), scope="comment:nine")) == 1
    assert memory.sweep(NOW + DAY + 29) == 9 * 9
    assert memory.alike(replace(numbered(0, later=30), scope="comment:nine")) == 1
    assert memory.sweep(NOW + DAY + 30) == 9
    assert rows_of(path)["judge_text_shingles"] == 0


def test_a_comment_that_is_posted_again_is_one_copy(memory: Reputation) -> None:
    for later in range(3):
        memory.note(replace(SAID, posted_at=NOW + later), Action.HOLD)
    assert memory.alike(elsewhere(SAID.body)) == 1


def test_no_text_can_be_read_from_the_file(memory: Reputation, path: Path, tmp_path: Path) -> None:
    memory.note(SAID, Action.ACCEPT)
    memory.teach(SAID, spam=True, now=NOW)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"judge_history" in kept
    for secret in (b"Ada", b"quill", b"mail.example", b"mowers", b"lawn", b"0123456789abcdef", b"ada-account"):
        assert secret not in kept
    other = Reputation(SQLiteDatabase(path), secret=b"another sixteen bytes")
    assert other.history(Party.CLIENT, (SAID.client,)) == History()


def test_a_file_that_cant_be_used_is_logged_and_nothing_is_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").mkdir()
    memory = Reputation(SQLiteDatabase(tmp_path / "file"), secret=b"sixteen bytes ...")
    with caplog.at_level(logging.WARNING, logger="captcha_guard"):
        memory.note(SAID, Action.ACCEPT)
        memory.teach(SAID, spam=True, now=NOW)
        assert memory.history(Party.CLIENT, ("x",)) is None
        assert memory.alike(SAID) is None
    [told] = caplog.messages
    assert told.startswith(f"The judge's database {tmp_path / 'file'} fails (OperationalError: ")


def test_a_locked_file_delays_two_requests_and_one_after_each_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now, path, waited = [1000.0], tmp_path / "memory.sqlite3", list[str]()
    database = SQLiteDatabase(path, timeout=0.01, clock=lambda: now[0])
    memory, judged_comments = Reputation(database, secret=b"sixteen bytes ..."), JudgedComments(database)
    memory.note(SAID, Action.HOLD)
    writing = SQLiteDatabase.writing

    def counted(database: SQLiteDatabase) -> AbstractContextManager[Access]:
        waited.append("")
        return writing(database)

    monkeypatch.setattr(SQLiteDatabase, "writing", counted)
    judged = JudgedComment("id", ("word",), 0, Action.HOLD, NOW, memory.trace(SAID))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for rest, times in ((0.0, FAULTS), (REST - 0.1, FAULTS), (0.1, FAULTS + 1)):
            now[0] += rest
            for _ in range(3):
                memory.note(SAID, Action.HOLD)
                judged_comments.remember(judged)
            assert len(waited) == times
        for number in range(3):  # a moderator waits for it, so it doesn't respect the rest
            judged_comments.forget(judged.comment_key)
            memory.teach(SAID, spam=True, now=NOW)
            assert len(waited) == FAULTS + 3 + 2 * number
        other.execute("ROLLBACK")
    now[0] += REST
    judged_comments.remember(judged)
    memory.note(SAID, Action.HOLD)
    assert len(waited) == FAULTS + 9
    assert [message.partition(" (")[0] for message in caplog.messages] == [
        f"The judge's database {path} fails",
        f"The judge's database {path} answers again, after 4.0 s.",
    ]
    assert judged_comments.find("id") == judged


def test_no_file_is_created_before_there_is_something_to_remember(memory: Reputation, path: Path) -> None:
    assert memory.history(Party.CLIENT, ("x",)) == History()
    assert memory.alike(SAID) == 0
    assert not path.exists()


def test_decisions_of_many_threads_are_all_counted(memory: Reputation) -> None:
    comments = [elsewhere(f"{SAID.body} {number}", scope=f"comment:{number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: memory.teach(one, spam=True, now=NOW), comments))
    assert memory.history(Party.CLIENT, (SAID.client,)) == History(0, 40)
