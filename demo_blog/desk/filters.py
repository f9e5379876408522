"""Which comments the queue and the export show: a list, narrowed by reason, author, domain, client and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, Select, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload, selectinload

from demo_blog.database import UtcDateTime, db
from demo_blog.models import Comment, CommentDomain, CommentFinding, CommentState, Post

PAGE_SIZE = 20

LISTS: Mapping[str, tuple[CommentState, ...]] = {
    "held": (CommentState.HELD,),
    "aside": (CommentState.SPAM,),
    "published": (CommentState.PUBLISHED,),
    "all": (CommentState.HELD, CommentState.SPAM, CommentState.PUBLISHED),
    "deleted": (CommentState.DELETED,),
}
SEARCHES = ("reason", "author", "domain", "client", "text")
LONGEST_SEARCH = 200
LARGEST_ID = 2**31 - 1
"""Of a comment, in PostgreSQL."""

LAST_CHARACTER = "z"
"""Sorts after the hexadecimal digits of a client's key."""

_other = aliased(Comment)
"""For conditions that are queries of their own. These read an index instead of all comments with their texts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = (
    joinedload(Comment.post).load_only(Post.slug, Post.title),
    joinedload(Comment.parent).load_only(Comment.number),
    selectinload(Comment.findings),
)
"""What a list shows of each comment, besides its own columns."""


@dataclass(frozen=True)
class Filters:
    """The chosen list and what is searched for in it. An empty search matches every comment.

    ``author`` is a part of the name or the e-mail address, ``text`` a part of the comment, both in upper or lower case.
    ``domain`` is a host, which includes its subdomains. ``client`` is the start of a client's key.
    """

    chosen: str = "held"
    reason: str = ""
    author: str = ""
    domain: str = ""
    client: str = ""
    text: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read the filters from a query string. Unknown lists become ``held``."""
        chosen = args.get("list", "")
        searches = {name: args.get(name, "").replace("\0", "").strip()[:LONGEST_SEARCH] for name in SEARCHES}
        return cls(chosen=chosen if chosen in LISTS else "held", **searches)

    @property
    def args(self) -> dict[str, str]:
        """The filters as arguments of a link. Empty ones are left out."""
        return {"list": self.chosen, **{name: getattr(self, name) for name in SEARCHES if getattr(self, name)}}

    @property
    def is_search(self) -> bool:
        """Whether something is searched for."""
        return any(getattr(self, name) for name in SEARCHES)

    def on(self, **changes: str) -> Self:
        """Return these filters with other values."""
        return replace(self, **changes)

    def comments(self) -> Select[Comment]:
        """Return the matching comments, in no order."""
        return select(Comment).where(_is_in(self.chosen), *self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.reason:
            found.append(_has_finding(self.reason))
        if self.author:
            named = or_(_contains(_other.author, self.author), _contains(_other.email, self.author))
            found.append(Comment.id.in_(select(_other.id).where(named)))
        if self.domain:
            found.append(_has_domain(self.domain))
        if self.client:
            found.append(_has_client(self.client.lower()))
        if self.text:
            found.append(_contains(Comment.body, self.text))
        return found


@dataclass(frozen=True)
class Page:
    """At most ``PAGE_SIZE`` comments, newest first. ``newer`` and ``older`` are positions of the pages beside it."""

    comments: Sequence[Comment]
    newer: str | None
    older: str | None


def page(filters: Filters, *, before: str | None, after: str | None, size: int = PAGE_SIZE) -> Page:
    """Return the page before or after a position, or the first page. Positions that can't be read are ignored."""
    position, newer_wanted = _read(before), False
    if position is None and (position := _read(after)) is not None:
        newer_wanted = True
    place = tuple_(Comment.created, Comment.id)
    query = filters.comments().options(*_SHOWN)
    if position is not None:
        at = tuple_(literal(position[0], UtcDateTime()), literal(position[1]))
        query = query.where(place > at if newer_wanted else place < at)
    order = (Comment.created, Comment.id) if newer_wanted else (Comment.created.desc(), Comment.id.desc())
    found = list(db.session.scalars(query.order_by(*order).limit(size + 1)))
    is_more, found = len(found) > size, found[:size]
    if newer_wanted:
        found.reverse()
    has_newer = is_more if newer_wanted else position is not None
    has_older = True if newer_wanted else is_more
    return Page(
        found,
        newer=position_of(found[0]) if found and has_newer else None,
        older=position_of(found[-1]) if found and has_older else None,
    )


def position_of(comment: Comment) -> str:
    """Return the position of a comment in every list: its time in microseconds, and its number in the table."""
    return f"{(comment.created - _EPOCH) // timedelta(microseconds=1)}.{comment.id}"


def counts() -> dict[str, int]:
    """Return the number of comments in each list."""
    rows = db.session.execute(select(Comment.state, func.count()).group_by(Comment.state))
    by_state = {row[0]: row[1] for row in rows}
    return {name: sum(by_state.get(state, 0) for state in states) for name, states in LISTS.items()}


def reasons() -> Sequence[str]:
    """Return the slug of every reason for which a comment was ever held or scored."""
    return db.session.scalars(select(CommentFinding.reason).distinct().order_by(CommentFinding.reason)).all()


def _read(position: str | None) -> tuple[datetime, int] | None:
    time, _, number = (position or "").partition(".")
    try:
        return _EPOCH + timedelta(microseconds=int(time)), max(0, min(int(number), LARGEST_ID))
    except (ValueError, OverflowError):
        return None


def _is_in(chosen: str) -> ColumnElement[bool]:
    if chosen == "all":  # as one condition, so that the index of times gives the order
        return Comment.state != CommentState.DELETED
    return or_(*(Comment.state == state for state in LISTS[chosen]))


def _contains(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Return whether a column contains a text, in upper or lower case. In SQLite, that is so for ASCII only."""
    escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    like = column.like if db.engine.dialect.name == "sqlite" else column.ilike
    return like(f"%{escaped}%", escape="/")


def _has_client(key: str) -> ColumnElement[bool]:
    if not (key.isascii() and key.isalnum()):
        return false()
    starts = _other.client.between(key, key + LAST_CHARACTER)
    return Comment.id.in_(select(_other.id).where(starts))


def _has_finding(reason: str) -> ColumnElement[bool]:
    return Comment.id.in_(select(CommentFinding.comment_id).where(CommentFinding.reason == reason))


def _has_domain(domain: str) -> ColumnElement[bool]:
    wanted = domain.lower().strip(".")
    is_it = (CommentDomain.domain == wanted) | CommentDomain.domain.endswith(f".{wanted}", autoescape=True)
    return Comment.id.in_(select(CommentDomain.comment_id).where(is_it))
