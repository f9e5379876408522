"""The database models of the desk: owners, their log-in links, their decisions, and the digests that were sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from demo_blog.database import Base, UtcDateTime, db
from demo_blog.models import Comment


class Owner(Base):
    """A person who may use the desk. A new ``session_key`` ends all sessions of this owner.

    ``feed_key`` is part of the address of the owner's private feed, ``None`` if there is no such address.
    """

    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    session_key: Mapped[str] = mapped_column(String(64), unique=True)
    feed_key: Mapped[str | None] = mapped_column(String(64))

    # What Flask-Login asks of a user. The session contains the session key, so that a new key ends it.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return the value by which a session finds its owner."""
        return self.session_key

    @classmethod
    def by_name(cls, name: str) -> Owner | None:
        """Return the owner with this name, or ``None``."""
        return db.session.scalar(select(cls).where(cls.name == name))


class LogInLink(Base):
    """A log-in link that can be used once. ``digest`` is the SHA-256 of its token, in hexadecimal."""

    __tablename__ = "log_in_link"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id", ondelete="CASCADE"))
    expires: Mapped[datetime] = mapped_column(UtcDateTime)


class Decision(Base):
    """One decision about a comment. Decisions that were made together have the same ``batch`` and are undone together.

    ``became`` is the new state, or ``deleted``. ``was`` is the state before. ``undone`` is the time of the undo.
    """

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(String(32), index=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id", ondelete="SET NULL"))
    made: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    was: Mapped[str] = mapped_column(String(16))
    became: Mapped[str] = mapped_column(String(16))
    undone: Mapped[datetime | None] = mapped_column(UtcDateTime)

    comment: Mapped[Comment] = relationship()


class Digest(Base):
    """One e-mail about held comments. ``comments`` is their number once the mail server has accepted the e-mail.

    ``sent`` is when the last attempt began. While it is sent, ``comments`` is 0, and after a failure -1.
    """

    __tablename__ = "digest"

    id: Mapped[int] = mapped_column(primary_key=True)
    sent: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    comments: Mapped[int]
