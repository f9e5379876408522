"""On SQLite, a comment with a right code is charged, its nonce spent and the comment claimed, all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import abort
from werkzeug.routing import BaseConverter

from captcha_guard import Verdict
from captcha_guard.database.connections import Connections
from captcha_guard.signals import submission_judged
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, solved

Counts = Callable[[], tuple[int, int]]


@pytest.fixture
def counts(blog: Blog) -> Counts:
    """Return a function that counts the rows of nonces and claims, and those of limits."""

    def count() -> tuple[int, int]:
        with blog.state.database.reading() as access:
            [(counters,)] = access.rows("SELECT count(*) FROM limits_counters WHERE key LIKE '%spent%'")
            [(windows,)] = access.rows("SELECT count(*) FROM limits_windows WHERE key LIKE '%/comments/%'")
        return counters, windows

    return count


@contextmanager
def commits_fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every commit fail as on a full disk."""

    def fail(connections: Connections, connection: sqlite3.Connection) -> None:
        if not connections._joined:
            raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Connections, "_commit", fail)
        yield


def test_all_three_are_written(blog: Blog, counts: Counts) -> None:
    client = blog.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), COMMENT)).status_code == 303
    assert counts() == (2, 2)  # the nonce and the claim; the lists of the client and its network
    assert blog.stored[-1]["held"] == "False"


def test_nothing_is_written_if_the_transaction_cannot_be_committed(
    blog: Blog, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, client = blog.client("203.0.113.5"), blog.client()
    first.post("/queue", data=solved(first, first.get("/queue"), COMMENT | {"body": "Makes the tables."}))
    before = counts()
    fields = solved(client, client.get("/queue"), COMMENT)
    with commits_fail(monkeypatch):
        assert client.post("/queue", data=fields).status_code == 303
    assert counts() == before
    assert (blog.stored[-1]["held"], blog.stored[-1]["why"]) == ("True", "store_unavailable")


def test_a_comment_that_cannot_be_claimed_leaves_its_code_unspent_and_unproven(
    blog: Blog, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = blog.client()
    fields = solved(client, client.get("/queue"), COMMENT)
    storage, increment = blog.state.spent._storage, blog.state.spent._storage.incr

    def fail_once(*arguments: object) -> int:
        monkeypatch.setattr(storage, "incr", increment)
        storage._connections._failed(sqlite3.OperationalError("disk I/O error"))  # type: ignore[attr-defined]
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(storage, "incr", fail_once)
    assert client.post("/queue", data=fields).status_code == 303
    assert (blog.stored[-1]["held"], blog.stored[-1]["why"]) == ("True", "store_unavailable")
    assert counts() == (1, 2)  # the charge was repeated, and the comment claimed, without the nonce


def test_a_claim_is_released_if_a_rule_refuses_the_comment(blog: Blog) -> None:
    client = blog.client()
    long = COMMENT | {"author": "A" * 300}
    assert client.post("/posts/one/comments", data=solved(client, client.get("/posts/one"), long)).status_code == 413
    assert client.post("/posts/one/comments", data=solved(client, client.get("/posts/one"), long)).status_code == 413


def test_a_claim_is_released_if_the_handling_fails(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Verdict:
        raise RuntimeError("the host's database is down")

    blog.app.testing = True
    client = blog.client()
    fields = solved(client, client.get("/queue"), COMMENT)
    weigh = blog.state.judge.weigh
    monkeypatch.setattr(blog.state.judge, "weigh", fail)
    with pytest.raises(RuntimeError):
        client.post("/queue", data=fields)
    monkeypatch.setattr(blog.state.judge, "weigh", weigh)
    again = solved(client, client.get("/queue"), COMMENT)
    assert client.post("/queue", data=again).status_code == 303


def test_a_claim_is_released_if_a_receiver_of_the_signal_fails(blog: Blog) -> None:
    def fail(_: object, **__: object) -> None:
        raise RuntimeError("the host's receiver is broken")

    blog.app.testing = True
    client = blog.client()
    fields = solved(client, client.get("/queue"), COMMENT)
    with submission_judged.connected_to(fail), pytest.raises(RuntimeError):
        client.post("/queue", data=fields)
    again = solved(client, client.get("/queue"), COMMENT)
    assert client.post("/queue", data=again).status_code == 303


def test_an_erased_comment_that_is_not_stored_can_be_sent_again(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    client = blog.client()

    def post() -> int:
        return client.post("/queue", data=solved(client, client.get("/queue"), COMMENT)).status_code

    assert post() == 303
    with blog.app.app_context():
        assert blog.guard.forget(blog.stored[0]["id"])
    keep = Blog.keep
    monkeypatch.setattr(Blog, "keep", lambda *_: abort(400))
    assert post() == 400
    monkeypatch.setattr(Blog, "keep", keep)
    assert post() == 303
    assert post() == 409


def test_a_duplicate_is_found_whatever_the_route_makes_of_its_path(blogs: MakeBlog) -> None:
    class Post:
        """An object without a representation of its own."""

        def __init__(self, number: int) -> None:
            self.number = number

    class PostConverter(BaseConverter):
        def to_python(self, value: str) -> Post:
            return Post(int(value))

        def to_url(self, value: Post) -> str:
            return str(value.number)

    blog = blogs({})
    blog.app.url_map.converters["post"] = PostConverter

    @blog.app.post("/things/<post:thing>")
    @blog.guard.protect(scope="thing", mode="off")
    def comment_on_thing(thing: Post) -> tuple[str, int]:
        return str(thing.number), 201

    client = blog.client()
    assert client.post("/things/7", data=COMMENT).status_code == 201
    assert client.post("/things/007", data=COMMENT).status_code == 409
    assert client.post("/things/8", data=COMMENT).status_code == 201


@pytest.mark.parametrize("comment", [None, 7, b"id"])
def test_a_comment_that_is_neither_an_id_nor_a_submission_is_refused_by_name(blog: Blog, comment: object) -> None:
    with blog.app.app_context():
        for call in (blog.guard.explain, blog.guard.forget, lambda one: blog.guard.teach(one, spam=True)):
            with pytest.raises(TypeError, match="pass the id of its verdict"):
                call(comment)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="True or False"):
            blog.guard.teach("id", spam="no")  # type: ignore[arg-type]
