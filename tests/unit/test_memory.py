"""What the judge remembers: near-duplicates for a day, parties' pasts, in bounded tables and never in clear."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from captcha_guard.database.connections import Connections
from captcha_guard.health import FAULTS, REST, Health
from captcha_guard.spam.history import History, Party, author_of
from captcha_guard.spam.memory import tables as memory_tables
from captcha_guard.spam.memory.judged_comments import Case, Cases
from captcha_guard.spam.memory.reputation import DAY, HISTORY_KEPT, SQLiteMemory
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
def memory(tmp_path: Path) -> SQLiteMemory:
    return SQLiteMemory(tmp_path / "memory.sqlite3", secret=b"sixteen octets ..")


def elsewhere(body: str, scope: str = "comment:two", later: float = 60) -> Submission:
    return replace(SAID, scope=scope, author="Bea", email="bea@mail.example", body=body, posted_at=NOW + later)


def numbered(number: int, later: float = 60) -> Submission:
    """Return a comment unlike those of other numbers."""
    words = [f"{word}{number}" for word in SAID.body.split()]
    return elsewhere(" ".join(words), later=later)


def rows_of(memory: SQLiteMemory) -> dict[str, int]:
    """Return how many rows each table has."""
    with closing(sqlite3.connect(memory.path)) as connection:
        counts = {table: f"SELECT count(*) FROM {table}" for table in memory_tables.MOST_ROWS}  # noqa: S608
        return {table: connection.execute(count).fetchone()[0] for table, count in counts.items()}


def test_of_long_comments_that_share_most_of_what_they_say_hardly_any_are_missed(memory: SQLiteMemory) -> None:
    seen = 0
    for number in range(150):
        words = [f"{word}{place}" for place, word in enumerate(numbered(number).body.split() * 3)]
        memory.note(elsewhere(" ".join(words), "comment:one"), Action.HOLD)
        words[20:26] = [word.upper() + "x" for word in words[20:26]]  # one in nine; eight shingles of some fifty
        seen += memory.alike(elsewhere(" ".join(words))) == 1
    assert seen >= 148


def test_nearly_the_same_on_another_post_is_seen_for_a_day(memory: SQLiteMemory) -> None:
    memory.note(SAID, Action.HOLD)
    spun = SAID.body.replace("whole county", "entire county").replace("mowers.example", "other.example")
    assert memory.alike(elsewhere(spun)) == 1
    assert memory.alike(elsewhere(spun, later=DAY - 1)) == 1
    assert memory.alike(elsewhere(spun, later=DAY)) == 0
    assert memory.alike(elsewhere("The table grows by a factor of two, and that is why adding a key is cheap.")) == 0


def test_nearly_the_same_in_other_fields_is_seen_and_passwords_are_not_remembered(memory: SQLiteMemory) -> None:
    memory.note(replace(SAID, body="", other=(SAID.body,), private=("https://secret.example",)), Action.HOLD)
    assert memory.alike(elsewhere(SAID.body)) == 1
    hidden = replace(SAID, private=("https://secret.example " + SAID.body.upper(),))
    assert memory.trace(hidden) == memory.trace(SAID)


def test_a_comment_is_no_copy_of_itself(memory: SQLiteMemory) -> None:
    memory.note(SAID, Action.HOLD)
    assert memory.alike(SAID) == 0


def test_short_comments_are_alike_by_nature(memory: SQLiteMemory) -> None:
    short = "Thank you for the article, it helped."
    memory.note(elsewhere(short), Action.ACCEPT)
    assert memory.alike(elsewhere(short, scope="comment:three")) == 0


def test_copies_are_counted_up_to_an_end(memory: SQLiteMemory) -> None:
    for number in range(12):
        memory.note(elsewhere(SAID.body, scope=f"comment:{number}"), Action.HOLD)
    assert memory.alike(SAID) == 8
    assert rows_of(memory)["judge_sketches"] == 8


def test_what_is_kept_of_a_comment_does_not_hang_on_the_one_that_was_judged_last(memory: SQLiteMemory) -> None:
    for number in range(8):
        memory.note(elsewhere(SAID.body, scope=f"comment:{number}"), Action.HOLD)
    assert memory.alike(SAID) == 8
    memory.note(numbered(1), Action.HOLD)
    assert memory.alike(numbered(2)) == 0
    memory.note(elsewhere(SAID.body, scope="comment:9"), Action.HOLD)
    assert rows_of(memory)["judge_sketches"] == 9


def test_a_comment_that_is_forgotten_leaves_nothing(memory: SQLiteMemory) -> None:
    memory.note(SAID, Action.HOLD)
    assert memory.forget(SAID, now=NOW)
    assert set(rows_of(memory).values()) == {0}


def test_a_moderators_word_counts_once_and_the_last_one_stands(memory: SQLiteMemory) -> None:
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


def test_publishing_counts_for_the_author_and_for_nobody_else(memory: SQLiteMemory) -> None:
    memory.note(SAID, Action.ACCEPT)
    assert memory.history(Party.ACCOUNT, ("ada-account",)) == History(1, 0)
    assert memory.history(Party.AUTHOR, AUTHOR) == History(1, 0)
    assert memory.history(Party.CLIENT, (SAID.client,)) == memory.history(Party.HOST, ("mowers.example",)) == History()
    memory.teach(SAID, spam=True, now=NOW)
    assert memory.history(Party.ACCOUNT, ("ada-account",)) == History(0, 1)
    assert memory.history(Party.HOST, ("mowers.example",)) == History(0, 1)


def test_several_names_are_one_past_and_none_is_an_empty_one(memory: SQLiteMemory) -> None:
    memory.teach(SAID, spam=True, now=NOW)
    memory.teach(elsewhere("See https://other.example"), spam=True, now=NOW)
    assert memory.history(Party.HOST, ("mowers.example", "other.example", "third.example")) == History(0, 2)
    assert memory.history(Party.AUTHOR, ()) == History()


def test_who_leaves_no_email_and_whose_address_nobody_knows_has_no_past(memory: SQLiteMemory) -> None:
    nobody = replace(SAID, email="", client="shared")
    memory.teach(nobody, spam=True, now=NOW)
    assert author_of(nobody) == ()
    assert memory.history(Party.CLIENT, ("shared",)) == History()


def test_the_past_is_forgotten_and_the_tables_have_an_end(
    memory: SQLiteMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.note(SAID, Action.ACCEPT)
    memory.teach(SAID, spam=True, now=NOW)
    for table in memory_tables.MOST_ROWS:
        monkeypatch.setitem(memory_tables.MOST_ROWS, table, 400)
    for number in range(120):
        memory.note(numbered(number, later=HISTORY_KEPT + number), Action.HOLD)
        assert max(rows_of(memory).values()) <= 400 + 1_024 + 25  # what is written before the tables are counted
    assert memory.history(Party.CLIENT, (SAID.client,)) == History()


def test_a_sweep_at_once_leaves_nothing_that_has_expired_and_no_more_than_there_may_be(
    memory: SQLiteMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(90):
        memory.note(numbered(number, later=number), Action.HOLD)
    monkeypatch.setattr(memory_tables, "_SWEEP_BATCH", 200)  # what goes is more than that
    kept = rows_of(memory)
    assert memory.sweep(NOW + DAY + 90) == kept["judge_shingles"] + kept["judge_sketches"] == 90 * 9
    assert rows_of(memory) == {"judge_history": 0, "judge_comments": 90, "judge_sketches": 0, "judge_shingles": 0}
    monkeypatch.setitem(memory_tables.MOST_ROWS, "judge_comments", 40)
    assert memory.sweep(NOW + DAY + 90) == 50
    assert rows_of(memory)["judge_comments"] == 40


def test_nothing_is_kept_in_clear(memory: SQLiteMemory, tmp_path: Path) -> None:
    memory.note(SAID, Action.ACCEPT)
    memory.teach(SAID, spam=True, now=NOW)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"judge_history" in kept
    for secret in (b"Ada", b"quill", b"mail.example", b"mowers", b"lawn", b"0123456789abcdef", b"ada-account"):
        assert secret not in kept
    other = SQLiteMemory(memory.path, secret=b"another sixteen octets")
    assert other.history(Party.CLIENT, (SAID.client,)) == History()


def test_a_file_that_cant_be_used_is_logged_and_nobody_knows_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").mkdir()
    memory = SQLiteMemory(tmp_path / "file", secret=b"sixteen octets ..")
    with caplog.at_level(logging.WARNING, logger="captcha_guard"):
        memory.note(SAID, Action.ACCEPT)
        memory.teach(SAID, spam=True, now=NOW)
        assert memory.history(Party.CLIENT, ("x",)) is None
        assert memory.alike(SAID) is None
    [told] = caplog.messages
    assert told.startswith("The file of what the judge remembers fails (OperationalError: ")


def test_a_locked_file_holds_up_two_requests_and_one_after_each_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now, path, waited = [1000.0], tmp_path / "memory.sqlite3", list[str]()
    health = Health((sqlite3.Error,), name="It", clock=lambda: now[0])
    memory = SQLiteMemory(path, secret=b"sixteen octets ..", timeout=0.01, health=health)
    cases = Cases(path, timeout=0.01, health=health)
    memory.note(SAID, Action.HOLD)
    writing = Connections.writing

    def counted(connections: Connections) -> AbstractContextManager[sqlite3.Connection]:
        waited.append("")
        return writing(connections)

    monkeypatch.setattr(Connections, "writing", counted)
    case = Case("id", ("word",), 0, Action.HOLD, NOW, memory.trace(SAID))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for rest, times in ((0.0, FAULTS), (REST - 0.1, FAULTS), (0.1, FAULTS + 1)):
            now[0] += rest
            for _ in range(3):
                memory.note(SAID, Action.HOLD)
                cases.remember(case)
            assert len(waited) == times
        for number in range(3):  # somebody waits for nothing but this
            cases.forget(case.trace)
            memory.teach(SAID, spam=True, now=NOW)
            assert len(waited) == FAULTS + 3 + 2 * number
        other.execute("ROLLBACK")
    now[0] += REST
    cases.remember(case)
    memory.note(SAID, Action.HOLD)
    assert len(waited) == FAULTS + 9
    assert [message.partition(" (")[0] for message in caplog.messages] == ["It fails", "It answers again, after 4.0 s."]
    assert cases.find("id") == case


def test_no_file_is_made_before_there_is_something_to_remember(memory: SQLiteMemory) -> None:
    assert memory.history(Party.CLIENT, ("x",)) == History()
    assert memory.alike(SAID) == 0
    assert not memory.path.exists()


def test_words_of_many_threads_are_all_counted(memory: SQLiteMemory) -> None:
    comments = [elsewhere(f"{SAID.body} {number}", scope=f"comment:{number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: memory.teach(one, spam=True, now=NOW), comments))
    assert memory.history(Party.CLIENT, (SAID.client,)) == History(0, 40)
