"""The database models: posts, their comments, and what the guard found in these."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from captcha_guard import Finding, Verdict
from demo_blog.database import Base, UtcDateTime, db


class CommentState(enum.StrEnum):
    """Published comments are public. Held ones and spam are visible only to their author and the moderator.

    Deleted ones are visible only to the moderator, who can restore them for a day.
    """

    PUBLISHED = "published"
    HELD = "held"
    SPAM = "spam"
    DELETED = "deleted"


class TextFormat(enum.StrEnum):
    """How the text of a post or a comment is written. Imported texts are HTML."""

    MARKDOWN = "markdown"
    HTML = "html"


class Post(Base):
    """One article: a copy of its Markdown file, which is the original, or an imported article.

    ``imported_from`` identifies an imported article in its export. ``last_number`` is the number of the comment that
    was published last; numbers aren't used twice.
    """

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
    format: Mapped[str] = mapped_column(String(16), default=TextFormat.MARKDOWN)
    draft: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[bool] = mapped_column(default=False)
    modified: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    last_number: Mapped[int] = mapped_column(default=0)
    imported_from: Mapped[str | None] = mapped_column(String(255), unique=True)

    comments: Mapped[list[Comment]] = relationship(back_populates="post", cascade="all, delete-orphan")
    tags: Mapped[list[Tag]] = relationship(cascade="all, delete-orphan", order_by="Tag.name")
    old_slugs: Mapped[list[OldSlug]] = relationship(back_populates="post", cascade="all, delete-orphan")

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
    def newest_first(
        cls, *conditions: ColumnElement[bool], limit: int | None = None, offset: int | None = None
    ) -> Sequence[Post]:
        """Return the public posts that meet the conditions, newest first.

        Among posts of one day, the later part of a series comes first.
        """
        chosen = select(cls).where(~cls.draft, *conditions)
        ordered = chosen.order_by(cls.date.desc(), func.coalesce(cls.part, 0).desc(), cls.slug)
        return db.session.scalars(ordered.limit(limit).offset(offset)).all()

    def parts(self) -> Sequence[Post]:
        """Return all public parts of this post's series in reading order. Empty if the post isn't in a series."""
        if self.series is None:
            return []
        of_series = select(Post).where(Post.series == self.series, ~Post.draft | (Post.id == self.id))
        return db.session.scalars(of_series.order_by(Post.part)).all()


class Tag(Base):
    """One tag of a post."""

    __tablename__ = "tag"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class OldSlug(Base):
    """An address that a post had before. It redirects to the post."""

    __tablename__ = "old_slug"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)

    post: Mapped[Post] = relationship(back_populates="old_slugs")


class Comment(Base):
    """One comment in any state.

    ``number`` counts the published comments of a post; a comment gets it when it is first published and keeps it.
    ``action`` is the verdict's (``accept``, ``hold`` or ``aside``), ``score`` its score (0 to 100) and ``client`` the
    guard's key of the client. ``decided`` is the time of an editor's last decision. ``noticed`` means that a digest
    has listed the comment. ``imported_from`` identifies an imported comment in its export.
    """

    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("post_id", "number"),
        Index("ix_comment_post_id_state", "post_id", "state"),
        Index("ix_comment_state_created", "state", "created", "id"),
        Index("ix_comment_created", "created", "id"),
        Index("ix_comment_author_email", "author", "email"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id", ondelete="SET NULL"), index=True)
    number: Mapped[int | None]
    author: Mapped[str] = mapped_column(String(245))
    email: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(255))
    body: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(16), default=TextFormat.MARKDOWN)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    edited: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default=CommentState.PUBLISHED)
    decided: Mapped[datetime | None] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(16), default="accept")
    score: Mapped[int] = mapped_column(default=0)
    client: Mapped[str] = mapped_column(String(64), default="", index=True)
    author_key: Mapped[str | None] = mapped_column(String(32))
    case_id: Mapped[str | None] = mapped_column(String(32), index=True)
    noticed: Mapped[bool] = mapped_column(default=False)
    imported_from: Mapped[str | None] = mapped_column(String(255), unique=True)

    post: Mapped[Post] = relationship(back_populates="comments")
    parent: Mapped[Comment | None] = relationship(remote_side="Comment.id")
    findings: Mapped[list[CommentFinding]] = relationship(
        cascade="all, delete-orphan", order_by="CommentFinding.position"
    )
    domains: Mapped[list[CommentDomain]] = relationship(cascade="all, delete-orphan")

    @property
    def published(self) -> bool:
        """Whether the comment is public."""
        return self.state == CommentState.PUBLISHED

    @property
    def scope(self) -> str:
        """The guard's scope of the form that the text was last sent with."""
        if self.edited:
            return f"edit:{self.post.slug}:{self.id}"
        return f"comment:{self.post.slug}:{self.parent_id}" if self.parent_id else f"comment:{self.post.slug}"

    def move_to(self, state: CommentState) -> None:
        """Change the state. A comment that is published for the first time gets the next number of its post."""
        self.state = state
        if state == CommentState.PUBLISHED and self.number is None:
            db.session.flush()
            counted = update(Post).where(Post.id == self.post_id).values(last_number=Post.last_number + 1)
            self.number = db.session.scalar(counted.returning(Post.last_number))

    def set_verdict(self, verdict: Verdict) -> None:
        """Store the guard's verdict: its action, its score and its findings."""
        self.action = verdict.action.name.lower()
        self.score = verdict.score
        self.set_findings(verdict.findings)

    def set_findings(self, findings: Iterable[Finding]) -> None:
        """Replace what the guard has found in this comment."""
        self.findings = [
            CommentFinding(position=position, reason=found.reason, score=found.score, sentence=found.sentence)
            for position, found in enumerate(findings)
        ]

    @classmethod
    def in_state(cls, state: CommentState) -> Sequence[Comment]:
        """Return every comment in ``state``, oldest first."""
        return db.session.scalars(select(cls).where(cls.state == state).order_by(cls.id)).all()

    @classmethod
    def published_counts(cls, posts: Sequence[Post]) -> dict[int, int]:
        """Return the number of published comments on each of ``posts``, by id. Posts without comments are left out."""
        shown = cls.post_id.in_([post.id for post in posts])
        rows = db.session.execute(
            select(cls.post_id, func.count()).where(shown, cls.state == CommentState.PUBLISHED).group_by(cls.post_id)
        )
        return {row[0]: row[1] for row in rows}


class CommentFinding(Base):
    """One finding of the guard in a comment: its slug, its score (0 to 100) and its sentence for the moderator."""

    __tablename__ = "comment_finding"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(64), index=True)
    score: Mapped[int]
    sentence: Mapped[str] = mapped_column(Text)


class CommentDomain(Base):
    """A host that a comment links to, or the host of its e-mail address, in lower case. The desk searches for these."""

    __tablename__ = "comment_domain"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    domain: Mapped[str] = mapped_column(String(255), primary_key=True, index=True)
