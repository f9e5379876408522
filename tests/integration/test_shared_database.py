"""Hosts that share a PostgreSQL server judge, remember and learn together, and work while it is down."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from captcha_guard.database.alchemy import AlchemyDatabase
from captcha_guard.errors import DatabaseUnavailableError
from captcha_guard.health import REST
from captcha_guard.spam.history import History, Party
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, TAUGHT_SPAM, Blog, teach
from tests.integration.test_moderation import post
from tests.postgresql_server import PostgreSQL, postgresql_server
from tests.processes import fresh_processes

PROCESSES, WORDS = 3, 10
PATIENCE = 50
SECRET = b"sixteen octets .."

pytestmark = pytest.mark.postgresql


@pytest.fixture
def uri(postgresql: PostgreSQL) -> str:
    return postgresql.database()


@pytest.fixture
def hosts(blogs: MakeBlog, uri: str) -> tuple[Blog, Blog]:
    """Two hosts, each with its own folder and counters, with one database."""
    config = {"CAPTCHA_GUARD_DATABASE_URI": uri, "SECRET_KEY": "the same secret on every host of a site"}
    one, other = (blogs(config, folder=folder) for folder in ("one", "other"))
    return one, other


def test_a_comment_that_one_host_judged_is_taught_on_another_by_its_id(hosts: tuple[Blog, Blog]) -> None:
    one, other = hosts
    post(one.client(), "See https://mowers.example for a secretword.")
    name = one.stored[0]["id"]
    with other.app.app_context():
        assert other.guard.teach(name, spam=True)
        assert not other.guard.teach("unknown", spam=True)
    for host in hosts:
        with host.app.app_context():
            assert host.guard.filter_stats().spam == 1
            again = Submission(scope="queue", author="Bea", body="Once more: https://mowers.example")
            assert "linked_host" in host.guard.check(again).reasons
    with other.app.app_context():
        assert other.guard.forget(name)
    with one.app.app_context():
        assert one.guard.filter_stats().decisions == 0
        assert not one.guard.forget(name)


def test_hosts_use_each_others_decisions(hosts: tuple[Blog, Blog]) -> None:
    one, other = hosts
    teach(one)
    with other.app.app_context():
        verdict = other.guard.check(Submission(scope="queue", body=TAUGHT_SPAM, author="Ada"))
        assert (verdict.action, verdict.chance is not None) == (Action.ASIDE, True)


def test_no_comment_is_lost_while_the_server_is_down(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    with postgresql_server() as server:
        blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": server.database()})
        database, now = blog.state.database, [1000.0]
        database.health._clock = lambda: now[0]
        post(blog.client(), COMMENT["body"])
        server.stop()
        assert post(blog.client("203.0.113.8"), "While it is away.").status_code == 303
        server.start()
        now[0] += REST
        assert post(blog.client("203.0.113.9"), "Now that it is back.").status_code == 303
        with blog.app.app_context():
            assert [blog.guard.teach(one["id"], spam=False) for one in blog.stored] == [True, False, True]
    told = [message for message in caplog.messages if message.startswith(f"The judge's database {database.where} ")]
    assert [message.split()[4] for message in told] == ["fails", "answers"]
    assert f"127.0.0.1:{server.port}" in database.where


def test_a_connection_that_the_server_closed_is_replaced(
    postgresql: PostgreSQL, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(AlchemyDatabase(uri)) as database:
        memory = Reputation(database, secret=SECRET)
        said = Submission(scope="post", client="0123456789abcdef", body="A lawn.")
        for reading in (False, True):
            memory.teach(said, spam=True, now=0.0)
            terminate_connections(postgresql)
            if reading:
                assert memory.history(Party.CLIENT, (said.client,)) == History(0, 1)
            else:
                assert memory.teach(said, spam=True, now=0.0)
    assert caplog.messages == []


def terminate_connections(server: PostgreSQL) -> None:
    with closing(server.connect()) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_a_transaction_without_a_result_is_committed_once_over_a_new_connection(
    postgresql: PostgreSQL, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(AlchemyDatabase(uri)) as database:
        memory = Reputation(database, secret=SECRET)
        said = Submission(scope="post", client="0123456789abcdef", body="A lawn.")
        assert memory.teach(said, spam=True, now=0.0)
        terminate_connections(postgresql)
        with database.writing() as access:
            access.change("UPDATE judge_history SET spam = spam + :more", [(1,), (10,)])
        assert memory.history(Party.CLIENT, (said.client,)) == History(0, 12)
    assert caplog.messages == []


def test_a_connection_that_is_closed_in_a_transaction_rolls_back_and_is_replaced(
    postgresql: PostgreSQL, uri: str
) -> None:
    with closing(AlchemyDatabase(uri)) as database:
        memory = Reputation(database, secret=SECRET)
        said = Submission(scope="post", client="0123456789abcdef", body="A lawn.")
        assert memory.teach(said, spam=True, now=0.0)

        def write() -> None:
            with database.writing() as access:
                assert access.run("UPDATE judge_history SET spam = spam + :more", (1,)) == 1
                terminate_connections(postgresql)
                access.change("UPDATE judge_history SET spam = spam + :more", [(1,)])

        with pytest.raises(DatabaseUnavailableError):
            write()
        assert memory.history(Party.CLIENT, (said.client,)) == History(0, 1)


def test_a_writer_that_keeps_the_lock_delays_others_for_one_second(uri: str) -> None:
    with closing(AlchemyDatabase(uri)) as slow, closing(AlchemyDatabase(uri, timeout=0.2)) as other:
        memory, waiting = Reputation(slow, secret=SECRET), Reputation(other, secret=SECRET)
        said = Submission(scope="post", client="0123456789abcdef", body="A lawn.")
        assert memory.teach(said, spam=True, now=0.0)
        with slow.writing() as access:
            access.rows("SELECT 1")  # the turn begins with the first answer
            assert not waiting.teach(said, spam=True, now=0.0)
            assert waiting.history(Party.CLIENT, (said.client,)) == History(0, 1)
        assert waiting.teach(said, spam=True, now=0.0)


# Exact counts


def words(uri: str, taught: str) -> History | None:
    """Teach comments of one client in several processes that start together. Returns the client's history."""
    context: Any = fresh_processes()
    start = context.Barrier(PROCESSES)
    racers = [context.Process(target=_run, args=(uri, taught, number, start)) for number in range(PROCESSES)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(PATIENCE)
        assert racer.exitcode == 0
        racer.close()
    with closing(AlchemyDatabase(uri)) as database:
        return Reputation(database, secret=SECRET).history(Party.CLIENT, ("0123456789abcdef",))


def _run(uri: str, taught: str, process: int, start: Any) -> None:
    with closing(AlchemyDatabase(uri, timeout=PATIENCE)) as database:
        memory = Reputation(database, secret=SECRET)
        start.wait(PATIENCE)
        for number in range(WORDS):
            body = taught.format(process=process, number=number)
            said = Submission(scope="post", client="0123456789abcdef", body=body)
            assert memory.teach(said, spam=True, now=0.0)


def test_decisions_of_many_processes_are_all_counted(uri: str) -> None:
    assert words(uri, "Comment {number} of {process}") == History(0, PROCESSES * WORDS)


def test_a_comment_that_all_processes_teach_counts_once(uri: str) -> None:
    assert words(uri, "Comment {number}") == History(0, WORDS)


def test_control_without_a_write_lock_a_comment_counts_twice(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both processes read that it was ham before one of them writes."""
    monkeypatch.setattr("captcha_guard.database.alchemy._LOCK_WRITERS", "UPDATE judge_turn SET turn = 0 WHERE id = 7")
    read, set_status = threading.Barrier(2), Reputation._set_status
    said = Submission(scope="post", client="0123456789abcdef", body="A lawn.")

    def unlucky(memory: Reputation, access: Any, *rest: Any) -> None:
        set_status(memory, _Slow(access, read.wait), *rest)

    with closing(AlchemyDatabase(uri, timeout=PATIENCE)) as database:
        memory = Reputation(database, secret=SECRET)
        assert memory.teach(said, spam=False, now=0.0)
        monkeypatch.setattr(Reputation, "_set_status", unlucky)
        both = [threading.Thread(target=memory.teach, args=(said,), kwargs={"spam": True, "now": 0.0}) for _ in "12"]
        for one in both:
            one.start()
        for one in both:
            one.join(PATIENCE)
        assert memory.history(Party.CLIENT, (said.client,)) == History(0, 2)


class _Slow:
    def __init__(self, access: Any, wait: Callable[[], object]) -> None:
        self._access, self._wait = access, wait
        self.run, self.change = access.run, access.change

    def rows(self, statement: str, values: Any = ()) -> Any:
        rows = self._access.rows(statement, values)
        self._wait()
        return rows
