"""What can befall the file of the SQLite storage, each really caused: it raises, and then it counts on."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.database import corruption
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
PATIENCE = 60  # seconds

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    with closing(SQLiteStorage(f"sqlite:///{tmp_path}/counters.sqlite3", timeout=30)) as storage:
        yield storage


def path_of(storage: SQLiteStorage) -> Path:
    return Path(storage.storage)


def set_aside(storage: SQLiteStorage) -> list[Path]:
    found = path_of(storage).parent.glob("*.corrupt-*")
    return [one for one in found if not one.name.endswith(("-wal", "-shm"))]


def damage(path: Path, *, header: bool = False) -> None:
    """Write over the file in place, as a failing disk or a stray program would."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = 0 if header else 4096
        file.seek(start)
        file.write(b"\xaa" * (size - start))


def checkpoint(storage: SQLiteStorage) -> None:
    """Bring everything from the journal into the file, where it can be damaged."""
    with closing(sqlite3.connect(storage.storage)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


# Corrupt


@pytest.mark.parametrize("header", [True, False])
def test_a_corrupt_file_is_set_aside_by_name_and_counting_goes_on(
    storage: SQLiteStorage, caplog: pytest.LogCaptureFixture, header: bool
) -> None:
    for number in range(50):
        storage.incr(f"k{number}", 600)
    checkpoint(storage)
    storage.close()
    damage(path_of(storage), header=header)
    with pytest.raises(storage.base_exceptions, match=r"malformed|not a database"):
        storage.incr("k1", 600)
    assert storage.incr("k1", 600) == 1
    assert storage.check()
    [aside] = set_aside(storage)
    assert f"renamed to {aside}" in caplog.text
    assert aside.read_bytes()[4096:8192] == b"\xaa" * 4096


def test_a_file_that_is_sound_is_never_set_aside(storage: SQLiteStorage) -> None:
    storage.incr("k", 600)
    with storage._connections.writing() as connection:
        connection.execute("DROP TABLE limits_counters")
    with pytest.raises(storage.base_exceptions, match="no such table"):
        storage.incr("k", 600)
    assert storage.incr("k", 600) == 1  # laid anew by whoever opens the file next
    assert set_aside(storage) == []


def test_a_file_that_was_replaced_meanwhile_or_proves_sound_stays_where_it_is(storage: SQLiteStorage) -> None:
    storage.incr("k", 600)
    path = path_of(storage)
    identity = corruption.identity_of(path)
    assert identity is not None
    assert corruption.set_aside(path, identity, timeout=1) is None
    checkpoint(storage)
    storage.close()
    damage(path)
    assert corruption.set_aside(path, (identity[0], identity[1] + 1), timeout=1) is None
    assert corruption.set_aside(path, identity, timeout=1) is not None


def test_nobody_opens_the_file_while_it_is_set_aside(storage: SQLiteStorage, tmp_path: Path) -> None:
    storage.incr("k", 600)
    storage.close()
    with closing(SQLiteStorage(f"sqlite:///{storage.storage}", timeout=0.02)) as other:
        with (
            corruption.opening(path_of(storage), alone=True, timeout=1),
            pytest.raises(storage.base_exceptions, match="stayed locked"),
        ):
            other.incr("k", 600)
        assert other.incr("k", 600) == 2


def test_a_nonce_from_before_the_loss_is_unproven_and_one_from_after_it_is_spent(storage: SQLiteStorage) -> None:
    spent, issued_at = Spent(storage), time.time()
    assert spent.claim("before", 900, issued_at=issued_at)
    checkpoint(storage)
    storage.close()
    damage(path_of(storage))
    with pytest.raises(StoreUnavailableError):
        spent.claim("before", 900, issued_at=issued_at)
    spent = Spent(storage)  # another process, which has not just met a fault
    with pytest.raises(StoreUnavailableError, match="has lost data"):
        spent.claim("before", 900, issued_at=issued_at)
    assert spent.claim("after", 900, issued_at=time.time() + 5)
    assert not spent.claim("after", 900, issued_at=time.time() + 5)
    assert spent.claim("a fingerprint has no age", 900)
    with closing(SQLiteStorage(f"sqlite:///{storage.storage}")) as later:
        assert issued_at < later.incr_and_lost_at("k", 60)[1] <= time.time() + 2


def test_a_new_file_has_lost_nothing(storage: SQLiteStorage) -> None:
    assert storage.incr_and_lost_at("k", 60) == (1, 0)
    assert Spent(storage).claim("nonce", 900, issued_at=1)


def test_whoever_keeps_other_things_in_the_file_goes_over_to_the_fresh_one(
    storage: SQLiteStorage, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Reputation(SQLiteDatabase(path_of(storage)), secret=b"sixteen octets ..")
    said = Submission(scope="post", author="Ada", body="one two three four five six seven eight nine ten")
    assert memory.teach(said, spam=True, now=time.time())
    storage.incr("k", 600)
    checkpoint(storage)
    storage.close()
    damage(path_of(storage))
    with pytest.raises(storage.base_exceptions):
        storage.incr("k", 600)
    storage.incr("k", 600)
    assert memory.teach(said, spam=True, now=time.time())
    assert len(set_aside(storage)) == 1


def _meet_corruption(uri: str, start: Any, results: Any) -> None:
    with closing(SQLiteStorage(uri, timeout=30)) as storage:
        storage.get("warm")
        start.wait(PATIENCE)  # all have the file open
        start.wait(PATIENCE)  # it is damaged
        granted = Counter[str]()
        for number in range(200):
            try:
                granted[f"k{number}"] += storage.incr(f"k{number}", 600) == 1
            except sqlite3.Error:
                granted["faults"] += 1
    results.put(granted)


def test_several_processes_meet_corruption_at_once_and_count_on_together(storage: SQLiteStorage) -> None:
    storage.reset()
    for number in range(300):
        storage.incr(f"old{number}", 600)
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(5), context.Queue()
    arguments = (f"sqlite:///{storage.storage}", start, results)
    racers = [context.Process(target=_meet_corruption, args=arguments) for _ in range(4)]
    for racer in racers:
        racer.start()
    start.wait(PATIENCE)
    checkpoint(storage)
    damage(path_of(storage))
    start.wait(PATIENCE)
    granted = sum((results.get(timeout=PATIENCE) for _ in racers), Counter[str]())
    for racer in racers:
        racer.join(PATIENCE)
    results.close()
    results.join_thread()
    assert len(set_aside(storage)) == 1
    assert 1 <= granted.pop("faults") <= 20
    assert max(granted.values()) == 1  # every one of them at most once, by all processes together
    assert sum(granted.values()) > 150
    assert storage.check()


def test_the_newest_five_are_kept(storage: SQLiteStorage) -> None:
    for number in range(7):
        path_of(storage).with_name(f"counters.sqlite3.corrupt-2026010{number}T000000Z").touch()
    path_of(storage).write_bytes(b"no database at all, " * 1000)
    assert not storage.check()
    names = sorted(one.name.partition("corrupt-")[2] for one in set_aside(storage))
    assert names[:4] == [f"2026010{number}T000000Z" for number in range(3, 7)]
    assert len(names) == 5


def test_a_corrupt_file_in_a_folder_that_may_not_be_written_stays_and_goes_on_failing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with folder_for_nobody() as folder:
        storage = SQLiteStorage(f"sqlite:///{folder}/c.sqlite3")
        path_of(storage).write_bytes(b"no database at all, " * 1000)
        path_of(storage).chmod(0o666)
        folder.chmod(0o555)
        with as_nobody():
            for _ in range(2):
                with pytest.raises(storage.base_exceptions):
                    storage.incr("k", 600)
        assert "could not be renamed" in caplog.text
        assert set_aside(storage) == []


# Taken away, read-only, full


def test_a_file_that_is_taken_away_is_made_anew_by_every_process_alike(storage: SQLiteStorage) -> None:
    with closing(SQLiteStorage(f"sqlite:///{storage.storage}")) as other:
        assert [storage.incr("k", 60), other.incr("k", 60)] == [1, 2]
        for one in path_of(storage).parent.iterdir():
            one.unlink()
        assert [storage.incr("k", 60), other.incr("k", 60)] == [1, 2]


def test_a_file_that_may_only_be_read_raises_until_it_may_be_written() -> None:
    with folder_for_nobody() as folder:
        with closing(SQLiteStorage(f"sqlite:///{folder}/c.sqlite3")) as storage, as_nobody():
            storage.incr("k", 60)
        for one in folder.iterdir():
            one.chmod(0o444)
        folder.chmod(0o555)
        with closing(storage), as_nobody():
            with pytest.raises(storage.base_exceptions, match=r"readonly|unable to open"):
                storage.incr("k", 60)
            with pytest.raises(StoreUnavailableError):
                Spent(storage).claim("nonce", 60)
            assert not storage.check()
        folder.chmod(0o755)
        for one in folder.iterdir():
            one.chmod(0o644)
        with closing(storage), as_nobody():
            assert storage.incr("k", 60) == 2


@contextmanager
def folder_for_nobody() -> Iterator[Path]:
    """Lend a folder that belongs to somebody without rights; modes of files don't stop root."""
    folder = Path(mkdtemp())
    try:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act without root's rights, as far as files go."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_full_disk_raises_and_what_was_counted_is_there_when_it_has_room_again(storage: SQLiteStorage) -> None:
    """SQLite says that the disk is full when a file may have no more pages, just as when the disk has no more."""
    storage.incr("k", 600)
    with storage._connections.reading() as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(storage.base_exceptions, match="full"):
        fill(storage)
    assert storage.incr("k", 600) == 2  # a connection that failed is opened anew, here without the bound


def fill(storage: SQLiteStorage) -> None:
    for number in range(1000):
        storage.incr(f"client{number}" * 20, 600)


# Killed


def _write_until_killed(path: str, log: int) -> None:
    storage = SQLiteStorage(f"sqlite:///{path}", timeout=30)
    number = int(storage.get("reached"))
    while True:
        for nonce in range(max(0, number - 3), number + 1):  # tries again what the one before it may have spent
            if storage.incr(f"nonce{nonce}", 3600) == 1:
                os.write(log, b"%d\n" % nonce)
        storage.acquire_entries([(f"client{number % 50}", 5, 60, 1), (f"wide{number % 7}", 20, 3600, 1)])
        number = storage.incr("reached", 3600)


def test_two_hundred_writers_killed_in_the_middle_corrupt_nothing_and_spend_nothing_twice(
    storage: SQLiteStorage,
) -> None:
    storage.check()
    storage.close()
    log = path_of(storage).with_name("won")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    killed_after = 0
    for number in range(200):
        writer = os.fork()
        if writer == 0:  # no assertion may leave this branch
            try:
                _write_until_killed(storage.storage, descriptor)
            finally:
                os._exit(1)
        before = log.stat().st_size
        end = time.monotonic() + PATIENCE
        while log.stat().st_size < before + 20 + number % 13 and time.monotonic() < end:
            os.sched_yield()  # to the writer
        os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        killed_after += os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    os.close(descriptor)
    assert killed_after == 200
    won = Counter(log.read_text().split())
    assert len(won) > 500
    assert max(won.values()) == 1
    with closing(sqlite3.connect(storage.storage)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert storage.incr("nonce0", 3600) > 1
    assert set_aside(storage) == []
