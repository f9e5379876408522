"""Threads: the comments of a post in the order of their conversation, on pages of 50 threads each.

The first page is the post's own address, and the oldest thread is its first. So a reader meets the conversation in the
order in which it was written, numbers count upwards, and the address of a page keeps its threads while comments are
added. A link leads to the newest comments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask, current_app, url_for
from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import aliased

from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post

PAGE_SIZE = 50
"""Threads on one page. A thread is a comment on the post with all its replies."""

MAX_DEPTH = 4
"""Levels of a thread. A reply to a comment on the last level is shown on that level, and says whom it answers."""

EDIT_TIME = timedelta(minutes=10)
"""How long after posting an author can edit a comment."""


CLOSE_AFTER = "JOURNAL_COMMENTS_CLOSE_AFTER"
"""Config key and environment variable: the number of days after which a post takes no more comments."""


class PageNotFoundError(LookupError):
    """The post has no such page of comments."""


@dataclass(slots=True)
class Entry:
    """One comment in a thread.

    ``answers`` is the comment that this one answers, if its place doesn't show that. ``removed`` means that only the
    replies to the comment are public now. ``editable`` means that this reader wrote it and can edit it.
    """

    comment: Comment
    level: int
    answers: Comment | None = None
    removed: bool = False
    editable: bool = False
    replies: list[Entry] = field(default_factory=list)


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


def init_app(app: Flask) -> None:
    """Read ``JOURNAL_COMMENTS_CLOSE_AFTER``. Raises ``ValueError`` if it isn't a number of days."""
    given = app.config.get(CLOSE_AFTER, os.environ.get(CLOSE_AFTER))
    try:
        days = float(given) if given not in (None, "") else None
    except (TypeError, ValueError):
        days = -1
    if days is not None and not days > 0:
        raise ValueError(f"{CLOSE_AFTER} is {given!r}; write a number of days above 0, or leave it out")
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
    shown = Comment.state == CommentState.PUBLISHED
    if author_key:
        shown = or_(shown, _is_own(author_key))
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
    return url_for("posts.show", slug=post.slug, page=page, _anchor=anchor, _external=external)


def published(post: Post, comment_id: int | str | None) -> Comment | None:
    """Return the published comment on ``post`` with this id, or ``None``."""
    if isinstance(comment_id, str):
        comment_id = int(comment_id) if comment_id.isascii() and comment_id.isdecimal() and len(comment_id) < 10 else 0
    found = select(Comment).where(
        Comment.id == comment_id, Comment.post_id == post.id, Comment.state == CommentState.PUBLISHED
    )
    return db.session.scalar(found) if comment_id else None


def is_open(post: Post, now: datetime) -> bool:
    """Whether a post takes comments: it isn't closed, and not older than ``JOURNAL_COMMENTS_CLOSE_AFTER`` days."""
    days: float | None = current_app.config[CLOSE_AFTER]
    return not post.closed and (days is None or post.age(now) < days * 86_400)


def may_edit(comment: Comment, now: datetime) -> bool:
    """Whether the author can still edit a comment: for ten minutes, unless an editor has approved it."""
    return now < comment.created + EDIT_TIME and not (comment.published and comment.decided)


def arrange(comments: Iterable[Comment], *, author_key: str | None, now: datetime) -> list[Entry]:
    """Return the threads of ``comments``. Nothing is read from the database.

    A comment that the reader may not see is left out or, if it has visible replies, marked as removed.
    """
    by_parent: dict[int | None, list[Comment]] = {}
    by_id = {comment.id: comment for comment in sorted(comments, key=lambda one: (one.created, one.id))}
    for comment in by_id.values():
        by_parent.setdefault(comment.parent_id if comment.parent_id in by_id else None, []).append(comment)
    ordered = list(by_parent.get(None, ()))
    for comment in ordered:  # grows: parents come before their replies
        ordered.extend(by_parent.get(comment.id, ()))

    visible: set[int] = set()
    for comment in reversed(ordered):
        own = _belongs_to(comment, author_key)
        if own or comment.published or any(reply.id in visible for reply in by_parent.get(comment.id, ())):
            visible.add(comment.id)

    threads: list[Entry] = []
    homes: dict[int, list[Entry]] = {}  # by id: the list that contains the comment's entry
    entries: dict[int, Entry] = {}
    for comment in ordered:
        if comment.id not in visible:
            continue
        own = _belongs_to(comment, author_key)
        entry = Entry(comment, 1, removed=not (own or comment.published), editable=own and may_edit(comment, now))
        parent = entries.get(comment.parent_id or 0)
        if parent is None:
            home = threads
        elif parent.level < MAX_DEPTH:
            home, entry.level = parent.replies, parent.level + 1
        else:
            home, entry.level, entry.answers = homes[parent.comment.id], MAX_DEPTH, parent.comment
        home.append(entry)
        entries[comment.id], homes[comment.id] = entry, home
    for entry in entries.values():
        entry.replies.sort(key=lambda one: (one.comment.created, one.comment.id))
    return threads


def _belongs_to(comment: Comment, author_key: str | None) -> bool:
    """Return whether the browser with this key may see its own comment. Deleted ones stay hidden."""
    return author_key is not None and comment.author_key == author_key and comment.state != CommentState.DELETED


def _is_own(author_key: str) -> ColumnElement[bool]:
    """The condition of :func:`_belongs_to` for the database."""
    return and_(Comment.author_key == author_key, Comment.state != CommentState.DELETED)


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
    own = and_(Comment.post_id == post.id, _is_own(author_key), Comment.parent_id.is_(None))
    return select(Comment.id).where(own, not_(_begins_public_thread()))


def _with_replies(ids: list[int], author_key: str | None) -> list[Comment]:
    """Return these comments and all their replies of any level, with one query.

    Comments that never were public are left out, except the author's own. UNION ends the recursion even if imported
    comments answered each other in a circle.
    """
    if not ids:
        return []
    seen = or_(Comment.state == CommentState.PUBLISHED, Comment.number.is_not(None))
    if author_key:
        seen = or_(seen, _is_own(author_key))
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
