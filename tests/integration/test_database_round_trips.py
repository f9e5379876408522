"""How many round trips a guarded POST makes to a real PostgreSQL, counted between client and server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from captcha_guard.database import alchemy
from tests.faulty_redis import Proxy, proxy
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, solved, teach
from tests.postgresql_server import PostgreSQL

pytestmark = pytest.mark.postgresql

#: Enough words for a sketch, and two hosts.
BODY = "See https://one.example and https://two.example for many words that are needed here in a row, number {}."


@pytest.fixture
def counting(postgresql: PostgreSQL) -> Iterator[Proxy]:
    with proxy(postgresql.port) as counting:
        yield counting


def make_blog(blogs: MakeBlog, postgresql: PostgreSQL, counting: Proxy, monkeypatch: pytest.MonkeyPatch) -> Blog:
    """Return a blog whose filter decides and whose tables exist."""
    uri = postgresql.database().replace(f":{postgresql.port}/", f":{counting.port}/")
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": uri})
    monkeypatch.setattr(blog.state.timetable, "claim", lambda _: False)
    monkeypatch.setattr(blog.state.writer, "wake", lambda: None)  # it would write beside a POST after 5 s
    monkeypatch.setattr(blog.state.words, "_clock", lambda: 0.0)  # the lists would be due in the middle of a POST
    teach(blog)
    for number in range(2):
        post(blog, counting, BODY.format(number))
    return blog


def post(blog: Blog, counting: Proxy, body: str, form: str = "/queue") -> int:
    """Post a comment, and return the number of round trips of the POST alone."""
    client = blog.client()
    fields = solved(client, client.get(form), COMMENT | {"body": body})
    before = counting.round_trips
    assert client.post(form, data=fields).status_code == 303
    return counting.round_trips - before


def test_a_moderated_comment_costs_three(
    blogs: MakeBlog, postgresql: PostgreSQL, counting: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    blog = make_blog(blogs, postgresql, counting, monkeypatch)
    # What the judge reads, what it writes up to the comment's status, the rest.
    assert post(blog, counting, BODY.format(9)) == 3
    assert post(blog, counting, "Short.") == 3
    assert post(blog, counting, " ".join(f"word{number}" for number in range(400))) == 3
    assert blog.stored[-3]["why"] == "links near_duplicate learned"


def test_control_without_pipelines_it_costs_more(
    blogs: MakeBlog, postgresql: PostgreSQL, counting: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alchemy, "has_pipelines", lambda _: False)
    blog = make_blog(blogs, postgresql, counting, monkeypatch)
    assert post(blog, counting, BODY.format(9)) > 8
