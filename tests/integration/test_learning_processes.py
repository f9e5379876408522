"""Eight processes teach one filter at once, and no decision is lost. A control shows that the test can fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from captcha_guard.database.alchemy import AlchemyDatabase
from captcha_guard.database.database import Access, Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.database.table import Row
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.filter.word_store import WordStore
from captcha_guard.spam.submission import Submission
from tests.processes import fresh_processes, in_processes

PROCESSES = 8
DECISIONS = 12
PATIENCE = 50  # seconds until a racer that never comes fails the test

Opened = Callable[[Path], Database]


def open_sqlite(path: Path) -> Database:
    return SQLiteDatabase(path, timeout=PATIENCE)


def open_sqlalchemy(path: Path) -> Database:
    return AlchemyDatabase(f"sqlite:///{path}?timeout={PATIENCE}")


def open_postgresql(path: Path) -> Database:
    """Open the database whose URL is in the file."""
    return AlchemyDatabase(path.read_text(), timeout=PATIENCE)


KINDS = [open_sqlite, open_sqlalchemy, pytest.param(open_postgresql, marks=pytest.mark.postgresql)]


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest, path: Path) -> Opened:
    if request.param is open_postgresql:
        path.write_text(request.getfixturevalue("postgresql").database())
    opened: Opened = request.param
    return opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "learned.sqlite3"


def race(opened: Opened, path: Path, key: str) -> list[bool]:
    """Teach twelve comments in each of eight processes that start at the same time. Returns whether each was kept."""
    context = fresh_processes()
    start = context.Barrier(PROCESSES)
    keys = [key.format(process=process, number="{number}") for process in range(PROCESSES)]
    results = in_processes(context, _run, [(opened, path, one, start) for one in keys])
    return [kept for result in results for kept in result]


def _run(opened: Opened, path: Path, key: str, start: Barrier) -> list[bool]:
    with closing(Learner(opened(path))) as learner:
        start.wait(PATIENCE)
        return [_teach(learner, key.format(number=number), number) for number in range(DECISIONS)]


def _teach(learner: Learner, key: str, number: int) -> bool:
    body = f"all say this and one says word{key.replace(' ', 'x')}"
    return learner.teach(Submission(scope="post", body=body), spam=number % 3 == 0, rules_score=0, key=key)


def counted(opened: Opened, path: Path, word: str) -> tuple[float, float]:
    """Return the numbers of ham and of spam that had a word."""
    store = WordStore(opened(path))
    with closing(store), store.reading() as reader:
        token = reader.tokens([f"w:{word}"])[f"w:{word}"]
        return token.ham, token.spam


def test_no_decision_is_lost(opened: Opened, path: Path) -> None:
    assert race(opened, path, "{process} {number}") == [True] * PROCESSES * DECISIONS
    with closing(Learner(opened(path))) as learner:
        stats = learner.stats()
        assert (stats.ham, stats.spam, stats.decisions) == (64, 32, 96)
        assert counted(opened, path, "all") == (64, 32)
        assert counted(opened, path, "word3x5") == (1, 0)
        assert len(list(learner.export())) == 97


def test_no_decision_is_lost_during_a_training(opened: Opened, path: Path) -> None:
    """A thread trains the filter again and again while the others teach."""
    stop, failures, times = threading.Event(), list[BaseException](), 0

    def again() -> None:
        nonlocal times
        try:
            with closing(Learner(opened(path))) as learner:
                while not stop.is_set():
                    learner.retrain()
                    times += 1
        except BaseException as error:
            failures.append(error)

    with closing(Learner(opened(path))) as learner:
        for number in range(30):  # so that it takes a while
            assert learner.teach(
                Submission(scope="post", body=f"first {number}"), spam=False, rules_score=0, key=f"{number}x"
            )
        thread = threading.Thread(target=again)
        thread.start()
        try:
            assert race(opened, path, "{process} {number}") == [True] * PROCESSES * DECISIONS
        finally:
            stop.set()
            thread.join(PATIENCE)
        assert failures == []
        assert times > 2
        told = learner.stats()
        assert (told.ham, told.spam, told.decisions) == (94, 32, 126)
        assert counted(opened, path, "all") == (64, 32)


def test_one_comment_taught_by_all_counts_once(opened: Opened, path: Path) -> None:
    assert race(opened, path, "{number}") == [True] * PROCESSES * DECISIONS
    with closing(Learner(opened(path))) as learner:
        stats = learner.stats()
        assert (stats.ham, stats.spam, stats.decisions) == (8, 4, 12)
        assert counted(opened, path, "all") == (8, 4)


class Turnless(SQLiteDatabase):
    """The control: writers read first and write later, without a lock."""

    def __init__(self, path: Path, between: Callable[[], object]) -> None:
        super().__init__(path, timeout=PATIENCE)
        self._between = between

    @contextmanager
    def writing(self) -> Iterator[Access]:
        with self.reading() as access:
            yield _Late(access, self._between)


class _Late:
    def __init__(self, access: Access, between: Callable[[], object]) -> None:
        self._access, self._between = access, between

    def rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        return self._access.rows(statement, values)

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        return self._access.run(statement, values)

    def change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        if statement.startswith("UPDATE learning_tokens"):
            self._between()
        self._access.change(statement, rows)


def test_control_without_a_write_lock_a_decision_is_lost(path: Path) -> None:
    """The second decision is learned between the reading and the writing of the first. The lock prevents that."""
    submission = Submission(scope="post", body="all say this")
    second: list[bool] = []

    def between() -> None:
        if not second:
            with closing(Learner(SQLiteDatabase(path))) as other:
                second.append(other.teach(submission, spam=False, rules_score=0, key="second"))

    with closing(Learner(SQLiteDatabase(path))) as learner:
        assert learner.teach(submission, spam=False, rules_score=0, key="before")
    with closing(Learner(Turnless(path, between))) as learner:
        learner.teach(submission, spam=False, rules_score=0, key="first")
    assert second == [True]
    assert counted(open_sqlite, path, "all") == (2, 0)
