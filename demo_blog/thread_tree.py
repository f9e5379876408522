"""Arranges comments as threads. Nothing is read from the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo_blog.models import Comment, CommentState

MAX_DEPTH = 4
"""Levels of a thread. A reply to a comment on the last level is shown on that level, and says whom it answers."""

EDIT_TIME = timedelta(minutes=10)
"""How long after posting an author can edit a comment."""


@dataclass(slots=True)
class Entry:
    """One comment in a thread.

    ``answers`` is the comment that this one answers, if its place doesn't show that. ``removed`` means that only the
    replies to the comment are public now. ``editable`` means that this reader wrote it and can edit it.
    """

    comment: Comment
    level: int = 1
    answers: Comment | None = None
    removed: bool = False
    editable: bool = False
    replies: list[Entry] = field(default_factory=list)


def arrange(comments: Iterable[Comment], *, author_key: str | None, now: datetime) -> list[Entry]:
    """Return the threads of ``comments``, the oldest first.

    A comment that the reader with ``author_key`` may not see is left out or, if it has visible replies, marked as
    removed.
    """
    replies = _by_parent(comments)
    ordered = list(replies.get(None, ()))
    for comment in ordered:  # grows: parents come before their replies
        ordered.extend(replies.get(comment.id, ()))

    own = {comment.id for comment in ordered if is_own(comment, author_key)}
    visible = _visible(ordered, replies, own)
    threads: list[Entry] = []
    entries: dict[int, Entry] = {}
    lists: dict[int, list[Entry]] = {}  # by comment id: the list that contains its entry
    for comment in ordered:
        if comment.id not in visible:
            continue
        entry = Entry(comment, removed=not (comment.published or comment.id in own))
        entry.editable = comment.id in own and may_edit(comment, now)
        parent = entries.get(comment.parent_id or 0)
        if parent is None:
            siblings = threads
        elif parent.level < MAX_DEPTH:
            siblings, entry.level = parent.replies, parent.level + 1
        else:
            siblings, entry.level, entry.answers = lists[parent.comment.id], MAX_DEPTH, parent.comment
        siblings.append(entry)
        entries[comment.id], lists[comment.id] = entry, siblings
    for entry in entries.values():
        entry.replies.sort(key=lambda one: (one.comment.created, one.comment.id))
    return threads


def is_own(comment: Comment, author_key: str | None) -> bool:
    """Whether the reader with this key wrote the comment, and no editor has deleted it."""
    return author_key is not None and comment.author_key == author_key and comment.state != CommentState.DELETED


def may_edit(comment: Comment, now: datetime) -> bool:
    """Whether the author can still edit a comment: for ten minutes, unless an editor has published it."""
    return now < comment.created + EDIT_TIME and not (comment.published and comment.decided)


def _by_parent(comments: Iterable[Comment]) -> Mapping[int | None, Sequence[Comment]]:
    """Return the comments by the id of the comment that they answer. ``None`` has those that begin a thread."""
    replies: dict[int | None, list[Comment]] = {}
    by_id = {comment.id: comment for comment in sorted(comments, key=lambda one: (one.created, one.id))}
    for comment in by_id.values():
        replies.setdefault(comment.parent_id if comment.parent_id in by_id else None, []).append(comment)
    return replies


def _visible(ordered: Sequence[Comment], replies: Mapping[int | None, Sequence[Comment]], own: set[int]) -> set[int]:
    """Return the ids of the comments that the reader sees, and of those with a reply that the reader sees."""
    visible: set[int] = set()
    for comment in reversed(ordered):
        answered = any(reply.id in visible for reply in replies.get(comment.id, ()))
        if answered or comment.published or comment.id in own:
            visible.add(comment.id)
    return visible
