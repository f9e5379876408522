"""The digest: an e-mail that lists the held comments about which no e-mail was sent yet, at most one an hour.

Comments count as noticed only after the mail server has accepted the e-mail. The table ``digest`` decides which of
several processes sends it.
"""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from typing import Final

from flask import current_app
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from demo_blog.database import db
from demo_blog.desk import decision_links, mail
from demo_blog.desk.mail import MailError, MailSettings
from demo_blog.desk.models import Digest
from demo_blog.desk.reasons import moment
from demo_blog.models import Comment, CommentState
from demo_blog.rendering import JOURNAL
from demo_blog.site import public_url

logger = logging.getLogger(__name__)

INTERVAL: Final = timedelta(hours=1)
RETRY_AFTER: Final = timedelta(minutes=5)
"""How long the background maintenance waits after a failure."""

LISTED: Final = 50
"""The most comments in one e-mail. It counts the others."""

NOTICED_AT_ONCE: Final = 5000
EXCERPT: Final = 500
WIDTH: Final = 72
SENDING, FAILED = 0, -1
"""Values of ``Digest.comments`` for an e-mail that isn't accepted yet, and for one that wasn't accepted."""


def send_if_due() -> int:
    """Send a digest if there is something to tell and the last one is an hour old. Returns the number of comments.

    The maintenance calls this. A failure is logged, and tried again after ``RETRY_AFTER``.
    """
    try:
        return send(datetime.now(UTC), retry_after=RETRY_AFTER)
    except MailError as error:
        logger.warning("%s The digest is tried again in %d minutes.", error, RETRY_AFTER.seconds // 60)
        return 0


def send(now: datetime, *, retry_after: timedelta = timedelta()) -> int:
    """Send a digest if it is due, and return the number of held comments that count as noticed from now on.

    Raises :class:`~demo_blog.desk.mail.MailError` if the mail server doesn't accept it; then nothing counts as
    noticed. ``retry_after`` is the time to wait after such a failure.
    """
    settings = mail.settings()
    waiting = unnoticed() if settings else []
    if settings is None or not waiting or (claimed := _claim(now, retry_after)) is None:
        return 0
    try:
        mail.send(compose(_comments(waiting[:LISTED]), len(waiting), settings, now), settings)
    except Exception:
        db.session.rollback()
        _settle(claimed, FAILED)
        raise
    for start in range(0, len(waiting), LISTED):
        part = waiting[start : start + LISTED]
        db.session.execute(update(Comment).where(Comment.id.in_(part)).values(noticed=True))
    _settle(claimed, len(waiting))
    return len(waiting)


def unnoticed() -> Sequence[int]:
    """Return the ids of the held comments about which no e-mail was sent yet, oldest first."""
    held = select(Comment.id).where(Comment.state == CommentState.HELD, ~Comment.noticed)
    return db.session.scalars(held.order_by(Comment.created, Comment.id).limit(NOTICED_AT_ONCE)).all()


def last_sent() -> datetime | None:
    """Return when the mail server accepted the last digest, or ``None``."""
    return db.session.scalar(select(Digest.sent).where(Digest.comments > 0).order_by(Digest.id.desc()).limit(1))


def compose(comments: Sequence[Comment], total: int, settings: MailSettings, now: datetime) -> EmailMessage:
    """Return the e-mail that lists ``comments`` out of ``total``."""
    message = EmailMessage()
    first = comments[0]
    subject = f"a comment by {one_line(first.author, 60)} is waiting" if total == 1 else f"{total} comments are waiting"
    message["Subject"] = f"[{JOURNAL}] {subject}"
    message["From"] = formataddr(settings.sender)
    message["To"] = ", ".join(settings.recipients)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=settings.sender[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    with current_app.test_request_context(base_url=f"{settings.site}/"):
        message.set_content("\n\n".join(_paragraphs(comments, total, now)) + "\n")
    return message


def one_line(text: str, length: int) -> str:
    """Return a stranger's text on one line of at most ``length`` characters, without invisible characters."""
    return textwrap.shorten("".join(c if c.isprintable() else " " for c in text), length, placeholder=" …") or "…"


def _paragraphs(comments: Sequence[Comment], total: int, now: datetime) -> list[str]:
    shown = [_about(comment, number, total, now) for number, comment in enumerate(comments, 1)]
    if more := total - len(comments):
        shown.append(f"{more} more {'is' if more == 1 else 'are'} waiting at the desk.")
    return [
        "A comment is waiting for a decision." if total == 1 else f"{total} comments are waiting for a decision.",
        *shown,
        f"The desk: {public_url('desk.queue.page')}",
        f"The links open a page that asks you to confirm. They work for {decision_links.VALID.days} days, and for\n"
        "everybody who has them, so don't forward this e-mail.",
    ]


def _about(comment: Comment, number: int, total: int, now: datetime) -> str:
    findings = [f"- {one_line(finding.sentence, 300)} ({finding.score})" for finding in comment.findings]
    excerpt = textwrap.wrap(one_line(comment.body, EXCERPT), WIDTH)
    approve, spam = (decision_links.address(comment, decision, now) for decision in decision_links.DECISIONS)
    return "\n".join(
        [
            f"Comment {number} of {total} by {one_line(comment.author, 100)}",
            f'On "{one_line(comment.post.title, 200)}", {moment(comment.created)}',
            f"Score {comment.score} of 100. {'The guard found:' if findings else 'The rules found nothing.'}",
            *findings,
            "",
            *(f"> {line}" for line in excerpt),  # so that no line of a comment can look like one of ours
            "",
            f"Approve: {approve}",
            f"Spam: {spam}",
        ]
    )


def _comments(ids: Sequence[int]) -> Sequence[Comment]:
    found = select(Comment).where(Comment.id.in_(ids)).order_by(Comment.created, Comment.id)
    return db.session.scalars(found.options(joinedload(Comment.post), selectinload(Comment.findings))).all()


def _claim(now: datetime, retry_after: timedelta) -> int | None:
    """Return the id of the digest that this process sends, or ``None`` if it isn't due or another process sends it.

    A digest is due an hour after the last one that was accepted, ``retry_after`` after a failure, and ``RETRY_AFTER``
    after a process began to send one and never finished.
    """
    last = db.session.execute(select(Digest.id, Digest.sent, Digest.comments).order_by(Digest.id.desc())).first()
    waits = {SENDING: RETRY_AFTER, FAILED: retry_after}
    if last is not None and now < last.sent + waits.get(last.comments, INTERVAL):
        return None
    if last is not None and last.comments in waits:
        same = (Digest.id == last.id) & (Digest.sent == last.sent) & (Digest.comments == last.comments)
        taken = db.session.scalar(update(Digest).where(same).values(sent=now, comments=SENDING).returning(Digest.id))
        db.session.commit()
        return taken
    try:  # of two processes, only one can insert the next id
        new = {"id": last.id + 1 if last is not None else 1, "sent": now, "comments": SENDING}
        db.session.execute(insert(Digest).values(new))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return None
    return new["id"]  # type: ignore[return-value]


def _settle(digest_id: int, comments: int) -> None:
    db.session.execute(update(Digest).where(Digest.id == digest_id).values(comments=comments))
    db.session.commit()
