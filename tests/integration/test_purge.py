"""``flask captcha-guard purge`` deletes and counts what has expired. Used codes stay used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import time_machine
from click.testing import Result

from captcha_guard.cli import group
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, solved

DAY = 86_400


def purge(blog: Blog) -> Result:
    return blog.app.test_cli_runner().invoke(group, ["purge"])


def comment(blog: Blog, number: int) -> dict[str, str]:
    """Post a comment from an address of its own, and return the form that was sent."""
    client = blog.client(f"192.0.2.{number}")
    fields = solved(client, client.get("/queue"), COMMENT | {"body": f"The loop in part {number} never ends."})
    assert client.post("/queue", data=fields).status_code == 303
    return fields


def test_expired_rows_are_deleted_and_counted(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs()
    for number in range(5):
        comment(blog, number)
    clock.shift(200 * DAY)
    told = purge(blog)
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0].startswith("Judge's memory: ")
    assert not lines[0].startswith("Judge's memory: 0 ")
    assert lines[1] == "Judged comments: 5 expired rows deleted."
    assert lines[2] == "Sent to services, or waiting to be sent: 0 expired rows deleted."
    assert "captcha_guard.sqlite3 had" in lines[3]
    assert not lines[3].startswith("Counters: 0 ")
    assert purge(blog).output.splitlines()[3].startswith("Counters: 0 expired rows")


def test_a_locked_database_is_reported_and_can_be_purged_later(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    comment(blog, 1)
    clock.shift(200 * DAY)
    with closing(sqlite3.connect(Path(blog.app.instance_path, "captcha_guard.sqlite3"))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        result = purge(blog)
    assert result.exit_code == 1
    assert "captcha_guard.sqlite3 can't be used, and the log says why." in result.output
    assert "Judged comments: 1 expired row deleted." in purge(blog).output


def test_a_code_that_was_spent_stays_spent(blogs: MakeBlog) -> None:
    blog = blogs()
    fields = comment(blog, 1)
    assert purge(blog).exit_code == 0
    again = blog.client().post("/queue", data=fields | {"body": "Another text with the same code, never asked for."})
    assert again.status_code == 422
    assert len(blog.stored) == 1


def test_corrupt_files_that_were_set_aside_are_listed(blogs: MakeBlog) -> None:
    blog = blogs()
    comment(blog, 1)
    path = Path(blog.app.instance_path, "captcha_guard.sqlite3.corrupt-20260101T000000Z")
    path.write_bytes(b"x" * 200_000)
    assert f"Corrupt copy, which you can inspect and delete: {path}, 0.2 MB" in purge(blog).output


def test_counters_of_other_stores_are_not_touched(blogs: MakeBlog, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    blog = blogs({"CAPTCHA_GUARD_STORAGE_URI": "memory://"}, folder="other")
    blog.state.storage.close = lambda: None  # type: ignore[attr-defined]
    told = purge(blog)
    assert told.exit_code == 0
    assert "LockedMemoryStorage deletes expired counters itself" in told.output


def test_a_file_that_can_not_be_used_ends_the_command_with_an_error_that_names_it(blogs: MakeBlog) -> None:
    blog = blogs()
    path = Path(blog.app.instance_path, "captcha_guard.sqlite3")
    path.parent.mkdir(exist_ok=True)
    path.mkdir()
    told = purge(blog)
    assert told.exit_code == 1
    assert f"the counters in {path} can't be used" in told.output
    assert "Traceback" not in told.output
    path.rmdir()
