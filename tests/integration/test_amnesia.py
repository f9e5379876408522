"""A store that restarts empty or is emptied: codes spent before aren't accepted again, and later ones are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from limits.storage import RedisStorage

from captcha_guard.counters.spent import Spent
from captcha_guard.web.state import NAME
from tests.faulty_redis import FaultyRedis, until
from tests.integration.conftest import RECOVERY, MakeBlog
from tests.integration.host_blog import COMMENT, Blog, fields_of, solved

POST = "/posts/one/comments"

SECRET = "9d1c5f8be2a74f06a3b0c7d8e1f2a495"

Lose = Callable[[FaultyRedis, Blog], None]

pytestmark = pytest.mark.redis


@pytest.fixture
def blogs(redis: FaultyRedis, blogs_on: MakeBlog) -> MakeBlog:
    """Make the blog of one worker, and of another."""
    return lambda: blogs_on(redis.uri, {"SECRET_KEY": SECRET})


def server_of(blog: Blog) -> Any:
    storage: Any = blog.state.storage
    return storage.storage


def restarted(redis: FaultyRedis, _: Blog) -> None:
    redis.kill()
    redis.start()


def flushed(_: FaultyRedis, blog: Blog) -> None:
    server_of(blog).flushall()


def reset(_: FaultyRedis, blog: Blog) -> None:
    blog.state.storage.reset()


def without_its_mark(_: FaultyRedis, blog: Blog) -> None:
    """Like a server that may evict anything, and evicted the mark and the nonces."""
    for key in server_of(blog).scan_iter("*captcha_guard/spent/*"):
        server_of(blog).delete(key)
    storage: Any = blog.state.storage
    assert server_of(blog).delete(storage.mark_of("")) == 1


LOSSES = pytest.mark.parametrize("lose", [restarted, flushed, reset, without_its_mark])


def say(blog: Blog, body: str, way: str = "/posts/one", *, ago: float = 0) -> dict[str, str]:
    """Fetch a form this many seconds ago, and solve its code."""
    issuer = blog.state.issuer
    issuer.clock = lambda: time.time() - ago
    try:
        client = blog.client()
        return solved(client, client.get(way), COMMENT | {"body": body})
    finally:
        issuer.clock = time.time


def has_remembered_for(seconds: float, blog: Blog) -> None:
    """Make the mark older than it is."""
    storage: Any = blog.state.storage
    since, history = server_of(blog).get(storage.mark_of("")).decode().split()
    server_of(blog).set(storage.mark_of(""), f"{float(since) - seconds} {history}")


def bodies(blog: Blog) -> list[str]:
    return [comment["body"] for comment in blog.stored]


def test_the_first_visitors_of_a_fresh_store_are_accepted_at_once_by_any_worker(blogs: MakeBlog) -> None:
    first, second = blogs(), blogs()
    sent = [say(first, f"Comment {number}") for number in range(2)]
    assert second.client().post(POST, data=sent[0]).status_code == 303
    assert first.client().post(POST, data=sent[1]).status_code == 303


@LOSSES
def test_a_code_that_was_spent_before_the_loss_is_not_accepted_again(
    redis: FaultyRedis, blogs: MakeBlog, lose: Lose
) -> None:
    blog = blogs()
    used = say(blog, "Before")
    has_remembered_for(3600, blog)
    assert blog.client().post(POST, data=used).status_code == 303
    lose(redis, blog)
    answer = blog.client().post(POST, data=used | {"body": "Once more"})
    assert answer.status_code == 503
    assert fields_of(answer)["body"] == "Once more"
    again = blog.client().post(POST, data=fields_of(answer))
    assert again.status_code == 422
    assert fields_of(again)["body"] == "Once more"
    assert bodies(blog) == ["Before"]


@LOSSES
def test_after_a_loss_a_moderated_route_holds_the_comment(redis: FaultyRedis, blogs: MakeBlog, lose: Lose) -> None:
    blog = blogs()
    used = say(blog, "Before", "/queue", ago=60)
    has_remembered_for(3600, blog)
    assert blog.client().post("/queue", data=used).status_code == 303
    lose(redis, blog)
    assert blog.client().post("/queue", data=used | {"body": "Once more"}).status_code == 303
    assert [(one["held"], one["why"]) for one in blog.stored][1:] == [("True", "store_unavailable")]
    assert blog.stored[0]["held"] == "False"


@LOSSES
def test_a_code_from_after_the_loss_is_accepted(redis: FaultyRedis, blogs: MakeBlog, lose: Lose) -> None:
    blog = blogs()
    assert blog.client().post(POST, data=say(blog, "Before")).status_code == 303
    lose(redis, blog)
    statuses: list[int] = []

    def fresh() -> bool:
        sent = say(blog, f"After {len(statuses)}")
        statuses.append(blog.client(f"10.0.{len(statuses)}.1").post(POST, data=sent).status_code)
        return statuses[-1] == 303

    until(fresh, seconds=RECOVERY)
    assert set(statuses) <= {303, 503}


def test_after_a_noticed_fault_new_codes_are_accepted_and_older_ones_are_not(
    redis: FaultyRedis, blogs: MakeBlog
) -> None:
    blog = blogs()
    used = say(blog, "Before", ago=60)
    has_remembered_for(3600, blog)
    assert blog.client().post(POST, data=used).status_code == 303
    redis.kill()
    assert blog.client().post(POST, data=say(blog, "Meanwhile")).status_code == 503
    redis.start()
    client = blog.client()
    until(lambda: client.get("/posts/one").status_code == 200 and not blog.state.health.down, seconds=RECOVERY)
    assert client.post(POST, data=say(blog, "After")).status_code == 303
    assert client.post(POST, data=used | {"body": "Once more"}).status_code == 503
    assert bodies(blog) == ["Before", "After"]


def test_control_a_storage_without_the_mark_accepts_the_code_again(redis: FaultyRedis, blogs: MakeBlog) -> None:
    blog = blogs()
    plain: Any = RedisStorage(redis.uri)
    blog.app.extensions[NAME] = replace(blog.state, spent=Spent(plain))
    used = say(blog, "Before", ago=60)
    assert blog.client().post(POST, data=used).status_code == 303
    restarted(redis, blog)
    assert blog.client().post(POST, data=used | {"body": "Once more"}).status_code == 303
    plain.storage.close()
    assert bodies(blog) == ["Before", "Once more"]
