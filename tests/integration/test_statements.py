"""How many statements a guarded POST runs on SQLite, counted by SQLite itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from captcha_guard.database.connections import Connections
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, solved

#: Statements that begin or end a transaction; every other one that writes is a transaction of its own.
BRACKETS = ("BEGIN IMMEDIATE", "COMMIT")


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what runs on every connection that is opened from now on."""
    ran: list[str] = []
    connect = Connections._connect

    def traced(self: Connections, *arguments: Any, **named: Any) -> Any:
        lease = connect(self, *arguments, **named)
        lease.connection.set_trace_callback(lambda statement: ran.append(" ".join(statement.split())))
        return lease

    monkeypatch.setattr(Connections, "_connect", traced)
    return ran


def transactions(ran: Sequence[str]) -> int:
    """Return how many write transactions there were."""
    count, inside = 0, False
    for statement in ran:
        if statement == "BEGIN IMMEDIATE":
            count, inside = count + 1, True
        elif statement == "COMMIT":
            inside = False
        elif not inside and not statement.startswith("SELECT"):
            count += 1
    return count


def test_a_moderated_comment_runs_fourteen_statements_in_four_write_transactions(
    blogs: MakeBlog, statements: list[str]
) -> None:
    blog = blogs({})
    client = blog.client()
    for number in range(3):  # the first POST makes the tables
        page = client.get("/queue")
        statements.clear()
        sent = (
            solved(client, page) | COMMENT | {"body": f"I read part {number} twice, and will read part {number + 1}."}
        )
        from_there = {"REMOTE_ADDR": f"198.51.100.{number}"}
        assert client.post("/queue", data=sent, environ_base=from_there).status_code == 303
    asked = [statement for statement in statements if statement not in BRACKETS]
    assert len(asked) <= 14, asked
    assert transactions(statements) <= 4, statements
    assert any(statement.startswith("INSERT INTO judge_cases") for statement in asked)  # it was moderated
