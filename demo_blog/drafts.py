"""Drafts in the database: lists them, and publishes those that were imported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from demo_blog.database import db
from demo_blog.models import Post


class DraftError(ValueError):
    """The post can't be published by a command."""


def drafts() -> Sequence[Post]:
    """Return all drafts, the oldest first."""
    return db.session.scalars(select(Post).where(Post.draft).order_by(Post.date, Post.slug)).all()


def publish(slug: str, now: datetime) -> Post:
    """Publish an imported draft. Its day is that of ``now`` in UTC, so that it is the journal's newest post.

    Raises :class:`DraftError` if there is no such draft, or if a file has it, because the file is the original.
    """
    post = Post.by_slug(slug)
    if post is None:
        raise DraftError(f"there is no post {slug!r}; 'flask --app demo_blog journal drafts' lists the drafts")
    if not post.draft:
        raise DraftError(f"the post {slug!r} is public already")
    if post.imported_from is None:
        raise DraftError(f"{slug!r} is a file: remove 'draft: yes' from {slug}.md and run 'journal load'")
    post.draft = False
    post.date, post.modified = now.date(), now
    db.session.commit()
    return post
