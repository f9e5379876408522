"""The journal's migrations run up and down, over each kind of database, and keep the rows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import event, inspect, select, text

from demo_blog import create_app, samples
from demo_blog.database import MIGRATIONS, Base, db, is_compared
from demo_blog.models import Post

from .journal_fixtures import DATABASES, journal, printed_journal

__all__ = ["journal", "printed_journal"]

FINDINGS = "links (30): It has 2 links.\nAn older sentence: without a slug (or a score)."


@pytest.fixture(params=DATABASES)
def empty_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A journal whose database has no tables, inside its application context."""
    config: dict[str, object] = {"DEMO_BLOG_INSTANCE": tmp_path}
    if request.param == "postgresql":
        config["SQLALCHEMY_DATABASE_URI"] = request.getfixturevalue("postgresql").database()
    app = create_app(config)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def rows(statement: str) -> list[tuple[object, ...]]:
    found = [tuple(row) for row in db.session.execute(text(statement))]
    db.session.commit()
    return found


def run(*statements: str) -> None:
    for statement in statements:
        db.session.execute(text(statement), {"findings": FINDINGS})
    db.session.commit()


def tables() -> set[str]:
    return {name for name in inspect(db.engine).get_table_names() if "search" not in name}


@pytest.mark.usefixtures("empty_journal")
@pytest.mark.parametrize("after", [1, 7, 15])
def test_an_interrupted_upgrade_changes_nothing_and_can_be_repeated(after: int) -> None:
    ran: list[str] = []

    @event.listens_for(db.engine, "after_cursor_execute")
    def interrupt(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        ran.extend([statement] if statement.lstrip().startswith(("CREATE", "ALTER", "DROP")) else [])
        if len(ran) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upgrade()
    event.remove(db.engine, "after_cursor_execute", interrupt)
    assert tables() == set()
    upgrade()
    assert "owner" in tables()


def test_a_journal_without_tables_answers_500_and_logs_the_command_that_makes_them(
    empty_journal: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    empty_journal.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    assert empty_journal.test_client().get("/").status_code == 500
    assert "upgrade them with: flask --app demo_blog journal init" in caplog.text


def test_a_journal_with_the_tables_of_an_earlier_version_logs_the_same_command(
    empty_journal: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade(revision="0001")
    empty_journal.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    assert empty_journal.test_client().get("/").status_code == 500
    assert "upgrade them with: flask --app demo_blog journal init" in caplog.text


@pytest.mark.usefixtures("empty_journal")
def test_the_migrations_make_exactly_the_tables_of_the_models() -> None:
    upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_compared})
        assert compare_metadata(context, Base.metadata) == []
    downgrade(revision="base")
    assert tables() == {"alembic_version"}


@pytest.mark.usefixtures("empty_journal")
def test_an_upgrade_keeps_comments_and_their_findings_and_numbers_the_published_ones() -> None:
    upgrade(revision="0001")
    run(
        "INSERT INTO post (slug, title, author, date, summary, body)"
        " VALUES ('fences', 'Fences', 'Aa BB', '2026-01-01', 'Posts.', 'Gaps.')"
    )
    insert = "INSERT INTO comment (post_id, author, email, url, body, created, state, findings)"
    run(
        f"{insert} VALUES (1, 'Aa BB', '', '', 'Held.', '2026-01-02 03:04:05', 'held', :findings)",
        f"{insert} VALUES (1, 'Cc Dd', '', '', 'First.', '2026-01-02 03:04:06', 'published', '')",
        f"{insert} VALUES (1, 'Ee Ff', '', '', 'Second.', '2026-01-02 03:04:07', 'published', '')",
    )
    upgrade()
    assert db.session.scalars(select(Post.modified)).all() == [datetime(2026, 1, 1, tzinfo=UTC)]
    assert rows("SELECT body, number, state FROM comment ORDER BY id") == [
        ("Held.", None, "held"),
        ("First.", 1, "published"),
        ("Second.", 2, "published"),
    ]
    assert rows("SELECT last_number FROM post") == [(2,)]
    assert rows("SELECT comment_id, position, reason, score, sentence FROM comment_finding ORDER BY position") == [
        (1, 0, "links", 30, "It has 2 links."),
        (1, 1, "unknown", 0, "An older sentence: without a slug (or a score)."),
    ]


@pytest.mark.usefixtures("empty_journal")
def test_a_downgrade_keeps_the_rows_that_the_older_tables_have() -> None:
    upgrade()
    run(
        "INSERT INTO post (slug, title, author, date, summary, body, format, draft, closed, modified, last_number)"
        " VALUES ('fences', 'Fences', 'Aa BB', '2026-01-01', 'Posts.', 'Gaps.', 'markdown', false, false,"
        " '2026-01-01 00:00:00', 1)"
    )
    insert = (
        "INSERT INTO comment (post_id, parent_id, number, author, email, url, body, format, created, state, action,"
        " score, client, noticed)"
    )
    run(
        f"{insert} VALUES (1, NULL, 1, 'Aa', '', '', 'First.', 'markdown', '2026-01-02 03:04:05', 'published',"
        " 'accept', 0, '', false)",
        f"{insert} VALUES (1, 1, NULL, 'Bb', '', '', 'Reply.', 'markdown', '2026-01-02 03:04:06', 'held',"
        " 'hold', 30, '', false)",
        "INSERT INTO comment_finding VALUES (2, 0, 'links', 30, 'It has 2 links.')",
        "INSERT INTO tag VALUES (1, 'fences')",
    )
    downgrade(revision="0001")
    assert rows("SELECT slug FROM post") == [("fences",)]
    assert rows("SELECT body, state, findings FROM comment ORDER BY id") == [
        ("First.", "published", ""),
        ("Reply.", "held", "links (30): It has 2 links."),
    ]
    upgrade()
    assert rows("SELECT body, number FROM comment ORDER BY id") == [("First.", 1), ("Reply.", None)]
    assert rows("SELECT reason FROM comment_finding") == [("links",)]


def test_each_migration_runs_down_and_up_over_a_journal_with_sample_comments(journal: Flask) -> None:
    with journal.app_context():
        samples.add_samples()
        db.session.remove()
        before = rows("SELECT id, author, body, state FROM comment ORDER BY id")
        for _ in range(len(_revisions()) - 1):
            downgrade()
        upgrade()
        assert rows("SELECT id, author, body, state FROM comment ORDER BY id") == before


def _revisions() -> list[str]:
    return [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def test_foreign_keys_are_checked(journal: Flask) -> None:
    with journal.app_context():
        samples.add_samples()
        db.session.remove()
        run("DELETE FROM post WHERE id IN (SELECT post_id FROM comment)")
        assert rows("SELECT id FROM comment") == []
        assert rows("SELECT comment_id FROM comment_finding") == []


def test_foreign_keys_are_checked_in_the_process_that_ran_the_migrations(tmp_path: Path) -> None:
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path})
    with app.app_context():
        upgrade()
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
        db.session.remove()
        db.engine.dispose()
