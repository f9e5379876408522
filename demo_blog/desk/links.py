"""Log-in links. Each works once and for 15 minutes. The database has only the SHA-256 of a link's token."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from demo_blog.database import db
from demo_blog.desk.models import LogInLink, Owner

VALID = timedelta(minutes=15)


def create(owner: Owner) -> str:
    """Store a new link for ``owner``, delete expired ones, and return the token."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    db.session.execute(delete(LogInLink).where(LogInLink.expires <= now))
    db.session.add(LogInLink(digest=_digest(token), owner_id=owner.id, expires=now + VALID))
    db.session.commit()
    return token


def owner_of(token: str) -> Owner | None:
    """Return the owner of a link that can still be used, or ``None``."""
    valid = (LogInLink.digest == _digest(token)) & (LogInLink.expires > datetime.now(UTC))
    return db.session.scalar(select(Owner).join(LogInLink, LogInLink.owner_id == Owner.id).where(valid))


def use(token: str) -> Owner | None:
    """Delete a link and return its owner, or ``None`` if it can't be used. Of two requests, only one gets the owner."""
    used = (
        delete(LogInLink)
        .where(LogInLink.digest == _digest(token), LogInLink.expires > datetime.now(UTC))
        .returning(LogInLink.owner_id)
    )
    owner_id = db.session.scalar(used)
    db.session.commit()
    return None if owner_id is None else db.session.get(Owner, owner_id)


def delete_all(owner: Owner) -> None:
    """Delete every link of ``owner``. The caller commits."""
    db.session.execute(delete(LogInLink).where(LogInLink.owner_id == owner.id))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
