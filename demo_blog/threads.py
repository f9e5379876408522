"""Threads: the comments of a post in the order of their conversation, on pages of 50 threads each.

The first page is the post's own address, and the oldest thread is its first. So a reader meets the conversation in the
order in which it was written, numbers count upwards, and the address of a page keeps its threads while comments are
added. A link leads to the newest comments.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app, url_for
from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post
from demo_blog.site import SettingError, public_url
from demo_blog.thread_tree import Entry, arrange

PAGE_SIZE = 50
"""Threads on one page. A thread is a comment on the post with all its replies."""

CLOSE_AFTER = "JOURNAL_COMMENTS_CLOSE_AFTER"
"""Config key and environment variable: the number of days after which a post takes no more comments."""


MAX_ID = 2**31 - 1
"""The largest id in the database. PostgreSQL raises an error for a larger one."""


class PageNotFoundError(LookupError):
    """The post has no such page of comments."""


@dataclass(frozen=True)
class Page:
    """One page of a post's threads. ``count`` is the number of comments on all pages that the reader may see."""

    post: Post
    entries: list[Entry]
    number: int
    pages: int
    count: int

    def address(self, number: int) -> str:
        """Return the address of another page's comments."""
        return page_address(self.post, number, anchor="comments")

    @property
    def canonical(self) -> str:
        """The whole address of this page, without parameters for a form."""
        return page_address(self.post, self.number, external=True)


def init_app(app: Flask) -> None:
    """Read ``JOURNAL_COMMENTS_CLOSE_AFTER``.

    Raises :class:`~demo_blog.site.SettingError` if it isn't a number of days.
    """
    given = app.config.get(CLOSE_AFTER, os.environ.get(CLOSE_AFTER))
    try:
        days = float(given) if given not in (None, "") else None
    except (TypeError, ValueError):
        days = -1
    if days is not None and not days > 0:
        raise SettingError(f"{CLOSE_AFTER} is {given!r}; write a number of days above 0, or leave it out")
    app.config[CLOSE_AFTER] = days


def read_page(post: Post, number: int, *, author_key: str | None, now: datetime) -> Page:
    """Return a page of the public comments on ``post`` and of the unpublished ones with ``author_key``.

    Comments without a public thread of their own, which only their author sees, are on the last page. Raises
    :class:`PageNotFoundError`.
    """
    pages = _pages(_count(_threads(post)))
    if not 1 <= number <= pages:
        raise PageNotFoundError(f"{post.slug} has {pages} pages of comments, but page {number} was requested")
    roots = _threads(post).order_by(Comment.created, Comment.id).limit(PAGE_SIZE).offset(PAGE_SIZE * (number - 1))
    ids = list(db.session.scalars(roots))
    if number == pages and author_key:
        ids += db.session.scalars(_own_threads(post, author_key))
    shown = or_(Comment.state == CommentState.PUBLISHED, _is_own(author_key))
    count = _count(select(Comment.id).where(Comment.post_id == post.id, shown))
    comments = _with_replies(ids, author_key)
    return Page(post, arrange(comments, author_key=author_key, now=now), number, pages, count)


def page_number(comment: Comment) -> int:
    """Return the number of the page that shows a comment to those who may see it."""
    root = _root_of(comment)
    threads = _threads(comment.post)
    if not _count(threads.where(Comment.id == root.id)):
        return _pages(_count(threads))
    before = or_(Comment.created < root.created, and_(Comment.created == root.created, Comment.id < root.id))
    return _count(threads.where(before)) // PAGE_SIZE + 1


def address(comment: Comment) -> str:
    """Return the address of a comment on the page that shows it."""
    return page_address(comment.post, page_number(comment), anchor=f"comment-{comment.id}")


def page_address(post: Post, number: int, *, anchor: str | None = None, external: bool = False) -> str:
    """Return the address of a page of comments. The first page has the address of the post."""
    page = number if number > 1 else None
    address_of = public_url if external else url_for
    return address_of("posts.show", slug=post.slug, page=page, _anchor=anchor)


def published(post: Post, comment_id: int | str | None) -> Comment | None:
    """Return the published comment on ``post`` with this id, or ``None``."""
    if isinstance(comment_id, str):
        comment_id = int(comment_id) if comment_id.isascii() and comment_id.isdecimal() and len(comment_id) < 20 else 0
    if not comment_id or comment_id > MAX_ID:
        return None
    found = select(Comment).where(
        Comment.id == comment_id, Comment.post_id == post.id, Comment.state == CommentState.PUBLISHED
    )
    return db.session.scalar(found)


def is_open(post: Post, now: datetime) -> bool:
    """Whether a post takes comments: it isn't closed, and not older than ``JOURNAL_COMMENTS_CLOSE_AFTER`` days."""
    days: float | None = current_app.config[CLOSE_AFTER]
    return not post.closed and (days is None or post.age(now) < days * 86_400)


def _begins_public_thread() -> ColumnElement[bool]:
    """Whether a comment begins a thread that is public. The replies to a comment stay if it is removed."""
    reply = aliased(Comment)
    answered = select(reply.id).where(reply.parent_id == Comment.id, reply.number.is_not(None)).exists()
    return or_(Comment.state == CommentState.PUBLISHED, and_(Comment.number.is_not(None), answered))


def _threads(post: Post) -> Select[int]:
    """Select the ids of the comments that begin a public thread."""
    return select(Comment.id).where(Comment.post_id == post.id, Comment.parent_id.is_(None), _begins_public_thread())


def _own_threads(post: Post, author_key: str) -> Select[int]:
    """Select the ids of the comments that begin a thread that only their author sees."""
    own = and_(Comment.post_id == post.id, Comment.parent_id.is_(None), _is_own(author_key))
    return select(Comment.id).where(own, not_(_begins_public_thread()))


def _is_own(author_key: str | None) -> ColumnElement[bool]:
    """Whether this reader wrote a comment, and no editor has deleted it."""
    if author_key is None:
        return false()
    return and_(Comment.author_key == author_key, Comment.state != CommentState.DELETED)


def _with_replies(ids: list[int], author_key: str | None) -> list[Comment]:
    """Return these comments and all their replies of any level, with one query.

    Comments that never were public are left out, except the author's own. UNION ends the recursion even if imported
    comments answered each other in a circle.
    """
    if not ids:
        return []
    seen = or_(Comment.state == CommentState.PUBLISHED, Comment.number.is_not(None), _is_own(author_key))
    tree = select(Comment.id).where(Comment.id.in_(ids)).cte("tree", recursive=True)
    tree = tree.union(select(Comment.id).join(tree, Comment.parent_id == tree.c.id).where(seen))
    return list(db.session.scalars(select(Comment).where(Comment.id.in_(select(tree.c.id)))))


def _root_of(comment: Comment) -> Comment:
    """Return the comment that begins the thread."""
    if comment.parent_id is None:
        return comment
    above = select(Comment.id, Comment.parent_id).where(Comment.id == comment.id).cte("above", recursive=True)
    parent = aliased(Comment)
    above = above.union(select(parent.id, parent.parent_id).join(above, parent.id == above.c.parent_id))
    found = select(Comment).where(Comment.id.in_(select(above.c.id).where(above.c.parent_id.is_(None))))
    return db.session.scalar(found) or comment


def _count(ids: Select[int]) -> int:
    return db.session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _pages(threads: int) -> int:
    return max(1, -(-threads // PAGE_SIZE))
