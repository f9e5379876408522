"""Rows that wait in memory: written together, in their order, bounded, and kept while the database is down."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from captcha_guard.database.background_writer import BackgroundWriter, WaitingRows
from captcha_guard.database.database import Access, Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.database.table import Kind, Table
from tests.servers import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

TABLE = Table("seen", {"number": Kind.WHOLE, "batch": Kind.WHOLE}, key=("number",))
NEVER = 3_600.0  # seconds: no thread writes during a test


class Rows:
    """A database with one table, and rows that wait for it."""

    def __init__(self, path: Path, every: float = NEVER) -> None:
        self.database: Database = SQLiteDatabase(path)
        self.database.add_tables(TABLE)
        self.writer = BackgroundWriter(self.database, every=every)
        self.waiting: WaitingRows[int] = WaitingRows(self.writer, "rows", self.store, most=10, batch=4)
        self.batches = 0

    def store(self, access: Access, numbers: Sequence[int]) -> None:
        self.batches += 1
        access.change(TABLE.insert, [(number, self.batches) for number in numbers])

    def stored(self) -> list[tuple[int, int]]:
        with self.database.reading() as access:
            return [(number, batch) for number, batch in access.rows(f"{TABLE.select} ORDER BY number")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "judge/judge.sqlite3"


@pytest.fixture
def rows(path: Path) -> Iterator[Rows]:
    rows = Rows(path)
    with closing(rows.database):
        yield rows
        rows.writer.stop()


def test_rows_are_written_in_their_order_a_few_in_each_transaction(rows: Rows, path: Path) -> None:
    for number in range(9):
        rows.waiting.append(number)
    assert not path.exists()
    assert rows.writer.write()
    assert rows.stored() == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2), (7, 2), (8, 3)]


def test_a_thread_writes_them_and_ends(path: Path) -> None:
    rows = Rows(path, every=0.01)
    for number in range(3):
        rows.waiting.append(number)
        wait_until(lambda: rows.writer._thread is None, "the thread to write and to end")
        assert len(rows.stored()) == number + 1
    rows.writer.stop()


def test_rows_wait_in_their_order_while_the_database_is_down(rows: Rows, path: Path) -> None:
    path.mkdir(parents=True)  # a folder instead of the file
    for number in range(3):
        rows.waiting.append(number)
        assert not rows.writer.write(insist=True)
    path.rmdir()
    rows.waiting.append(3)
    assert rows.writer.write(insist=True)
    assert [number for number, _ in rows.stored()] == [0, 1, 2, 3]


def test_the_oldest_rows_are_dropped_if_too_many_wait_and_the_log_says_how_many(
    rows: Rows, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir(parents=True)
    for number in range(9):
        rows.waiting.append(number)
    assert not rows.writer.write(insist=True)
    for number in range(9, 14):
        rows.waiting.append(number)
    assert not rows.writer.write(insist=True)
    path.rmdir()
    assert rows.writer.write(insist=True)
    assert [number for number, _ in rows.stored()] == list(range(4, 14))
    assert sum("4 rows were dropped" in line for line in caplog.messages) == 1


def test_rows_that_are_put_back_do_not_displace_newer_ones(rows: Rows) -> None:
    for number in range(10):
        rows.waiting.append(number)
    taken = rows.waiting.take()
    for number in range(10, 13):
        rows.waiting.append(number)
    rows.waiting.put_back(taken)
    assert list(rows.waiting._rows) == list(range(3, 13))
    assert rows.waiting._dropped == 3


def test_all_sources_are_written_in_one_transaction(rows: Rows) -> None:
    more: WaitingRows[int] = WaitingRows(rows.writer, "rows", lambda *_: 1 / 0)
    rows.waiting.append(1)
    more.append(2)
    assert not rows.writer.write()
    rows.database.close()
    assert rows.stored() == []


def test_a_fork_begins_with_nothing(rows: Rows) -> None:
    rows.waiting.append(1)
    child = os.fork()
    if child == 0:
        rows.waiting.append(2)
        os._exit(0 if rows.writer.write() and rows.batches == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert rows.writer.write()
    assert [number for number, _ in rows.stored()] == [1, 2]
