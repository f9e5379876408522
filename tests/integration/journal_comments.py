"""What tests of the journal's comments share: reading and storing comments directly in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import selectinload

from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post

from .journal_fixtures import POST, Page, Reader

TYPED = {"author": "Zoë", "email": "zoe@example.org", "url": "https://example.org/~zoe", "body": "A *short* remark."}
TWO_LINKS = "[one](https://one.example) and [two](https://two.example)"


def stored(journal: Flask) -> list[Comment]:
    """Return every comment, in the order of their ids."""
    loaded = (selectinload(Comment.findings), selectinload(Comment.domains))
    with journal.app_context():
        return list(db.session.scalars(select(Comment).order_by(Comment.id).options(*loaded)))


def add(
    journal: Flask, *, parent: int | None = None, state: CommentState = CommentState.PUBLISHED, **given: Any
) -> int:
    """Store a comment without any check, and return its id."""
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == given.pop("slug", POST))).one()
        fields = {"author": "A", "email": "", "url": "", "body": "text"} | given
        comment = Comment(post=post, parent_id=parent, **fields)
        db.session.add(comment)
        comment.move_to(state)
        db.session.commit()
        return comment.id


def change(journal: Flask, comment_id: int, **values: Any) -> None:
    """Change columns of a stored comment."""
    with journal.app_context():
        comment = db.session.get_one(Comment, comment_id)
        for name, value in values.items():
            setattr(comment, name, value)
        db.session.commit()


def decide(journal: Flask, comment_id: int, state: CommentState) -> None:
    """Decide as an editor."""
    change(journal, comment_id, state=state, decided=datetime.now(UTC))


def own_link(page: Page, part: str) -> str:
    """Return the only link in a page whose address has this part."""
    [link] = {link for link in page.links if part in link}
    return link


def send_reply(reader: Reader, parent: int, **typed: str) -> Page:
    """Open the form for a reply, write and send it, and return the answer."""
    reader.open(f"/posts/{POST}?reply={parent}")
    response = reader.client.post(f"/posts/{POST}/comments/{parent}/replies", data=reader.form | TYPED | typed)
    return reader.open(response.location) if response.status_code == 303 else Page(response)


def shown_ids(page: Page) -> list[int]:
    """Return the ids of the comments in a page, in order."""
    return [int(found) for found in re.findall(r'<article class="comment[^>]* id="comment-(\d+)"', page.response.text)]


@contextmanager
def counted_queries(journal: Flask) -> Iterator[list[str]]:
    """Collect the statements that the journal sends to its database."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with journal.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
