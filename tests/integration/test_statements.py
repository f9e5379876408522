"""How many statements a comment on a moderated route runs on SQLite, counted by SQLite itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from captcha_guard.spam.lists import stored_words
from tests.integration.host_blog import COMMENT, Blog, solved, teach

#: Enough words for a sketch, and two hosts.
BODY = "See https://one.example and https://two.example for many words that are needed here in a row, number {}."


@pytest.fixture
def statements(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the statements of this thread's connection, once the filter decides and the tables exist."""
    monkeypatch.setattr(blog.state.timetable, "claim", lambda _: False)
    monkeypatch.setattr(stored_words, "EVERY", float("inf"))  # the versions of the lists were read before
    teach(blog)
    for number in range(2):
        post(blog, number)
    ran: list[str] = []
    with blog.state.database.reading() as access:
        connection = access.connection  # type: ignore[attr-defined]
    connection.set_trace_callback(ran.append)
    yield ran
    connection.set_trace_callback(None)


def post(blog: Blog, number: int, ran: list[str] | None = None) -> None:
    client = blog.client(f"203.0.113.{number}")
    fields = solved(client, client.get("/queue"), COMMENT | {"body": BODY.format(number)})
    if ran is not None:
        ran.clear()
    assert client.post("/queue", data=fields).status_code == 303


def test_the_judge_reads_in_four_statements_and_writes_in_one_transaction_of_six(
    blog: Blog, statements: list[str]
) -> None:
    post(blog, 9, statements)
    judges = [one for one in statements if "judge_" in one or "learning_" in one]
    assert [one.split()[0] for one in judges] == ["SELECT"] * 4 + ["INSERT"] * 4
    assert statements[-6:] == ["BEGIN IMMEDIATE", *judges[4:], "COMMIT"]
    asked = [one for one in statements if one not in ("BEGIN IMMEDIATE", "COMMIT")]
    assert len(asked) <= 13, asked
    writes = [number for number, one in enumerate(statements) if one.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    begins = [number for number, one in enumerate(statements) if one.startswith("BEGIN")]
    commits = [number for number, one in enumerate(statements) if one == "COMMIT"]
    # One transaction has the charge, the nonce and the claim of the comment. The other has what the judge keeps.
    assert len(begins) == len(commits) == 2
    assert all(any(begin < write < end for begin, end in zip(begins, commits, strict=True)) for write in writes)
