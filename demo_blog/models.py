"""The database models: posts and their comments."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from demo_blog.database import Base, UtcDateTime, db


class CommentState(enum.StrEnum):
    """Published comments are public. Held ones and spam are visible only to their author and the moderator."""

    PUBLISHED = "published"
    HELD = "held"
    SPAM = "spam"


class Post(Base):
    """One article: a copy of its Markdown file, which is the original."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("series", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    author: Mapped[str] = mapped_column(String(120))
    date: Mapped[date] = mapped_column(index=True)
    summary: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    series: Mapped[str | None] = mapped_column(String(200))
    part: Mapped[int | None]

    comments: Mapped[list[Comment]] = relationship(back_populates="post", cascade="all, delete-orphan")

    @property
    def topic(self) -> str:
        """The title, summary and body, with which the guard compares comments."""
        return f"{self.title}\n\n{self.summary}\n\n{self.body}"

    def age(self, now: datetime) -> float:
        """Return the seconds from the start of the post's day, in UTC, to ``now``."""
        return (now - datetime.combine(self.date, time.min, UTC)).total_seconds()

    @classmethod
    def by_slug(cls, slug: str) -> Post | None:
        """Return the post with this slug, or ``None``."""
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def newest_first(cls) -> Sequence[Post]:
        """Return every post, newest first. Among posts of one day, the later part of a series comes first."""
        return db.session.scalars(select(cls).order_by(cls.date.desc(), cls.part.desc(), cls.slug)).all()

    def parts(self) -> Sequence[Post]:
        """Return all parts of this post's series in reading order. Empty if the post isn't in a series."""
        if self.series is None:
            return []
        return db.session.scalars(select(Post).where(Post.series == self.series).order_by(Post.part)).all()


class Comment(Base):
    """One comment in any state."""

    __tablename__ = "comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(245))
    email: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(255))
    body: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    state: Mapped[str] = mapped_column(String(16), default=CommentState.PUBLISHED, index=True)
    findings: Mapped[str] = mapped_column(Text, default="")
    author_key: Mapped[str | None] = mapped_column(String(32))
    case_id: Mapped[str | None] = mapped_column(String(32), index=True)

    post: Mapped[Post] = relationship(back_populates="comments")

    @property
    def published(self) -> bool:
        """Whether the comment is public."""
        return self.state == CommentState.PUBLISHED

    @classmethod
    def visible(cls, post: Post, author_key: str | None) -> Sequence[Comment]:
        """Return the published comments on ``post`` and those with ``author_key``, oldest first."""
        shown = cls.state == CommentState.PUBLISHED
        if author_key:
            shown = shown | (cls.author_key == author_key)
        return db.session.scalars(select(cls).where(cls.post_id == post.id, shown).order_by(cls.id)).all()

    @classmethod
    def in_state(cls, state: CommentState) -> Sequence[Comment]:
        """Return every comment in ``state``, oldest first."""
        return db.session.scalars(select(cls).where(cls.state == state).order_by(cls.id)).all()

    @classmethod
    def published_counts(cls) -> dict[int, int]:
        """Return the number of published comments by post id. Posts without comments are left out."""
        rows = db.session.execute(
            select(cls.post_id, func.count()).where(cls.state == CommentState.PUBLISHED).group_by(cls.post_id)
        )
        return {row[0]: row[1] for row in rows}
