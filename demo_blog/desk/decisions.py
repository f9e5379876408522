"""An owner's decisions about comments. Each teaches the guard, and can be undone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import joinedload

from demo_blog import moderation
from demo_blog.database import db
from demo_blog.desk.models import Decision, Owner
from demo_blog.desk.versions import has_changed
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState

DECISIONS = (CommentState.PUBLISHED, CommentState.SPAM, CommentState.DELETED)
LABELS = (CommentState.PUBLISHED, CommentState.SPAM)
"""The decisions that teach the guard. Deleting doesn't: the author may have asked for it."""

_BATCH_ID = re.compile(r"[\w-]{1,32}", re.ASCII)

RESTORABLE = timedelta(days=1)
"""How long a deleted comment can be restored."""

SPAM_KEPT = timedelta(days=30)
"""How long a comment is kept that an owner marked as spam. The guard keeps those that it set aside itself as long."""


@dataclass(frozen=True)
class Batch:
    """Decisions that were made together.

    ``untaught`` is the number of comments that the guard couldn't learn, and ``left`` of those that weren't decided
    about because they had changed.
    """

    id: str
    comments: int
    untaught: int = 0
    left: int = 0


def decide(
    comments: Sequence[Comment], became: str, owner: Owner | None, *, seen: str = "", was: CommentState | None = None
) -> Batch:
    """Store a decision about these comments and teach it to the guard at once.

    ``became`` is ``published``, ``spam`` or ``deleted``. ``owner`` is ``None`` at the command line. Approving a comment
    that the guard has published teaches the guard that this was right. The same decision again, as by a double click,
    isn't stored again, and the batch is that of the first one.

    A comment is left as it is if its author has changed it since the page with the versions ``seen`` was shown. So is
    one that isn't in the state ``was``, if that is given.
    """
    state = CommentState(became)
    if state not in DECISIONS:
        raise ValueError(f"a decision is {became!r}; it must be one of {', '.join(DECISIONS)}")
    owner_id = owner.id if owner else None
    locked = _locked(comments)
    decided = [one for one in locked if was in {None, one.state} and not has_changed(one, seen)]
    repeated = _batches_of_same(decided, state)
    new = [comment for comment in decided if comment.id not in repeated]
    batch, now = secrets.token_urlsafe(16), datetime.now(UTC)
    for comment in new:
        made = Decision(batch=batch, comment=comment, owner_id=owner_id, made=now, was=comment.state, became=state)
        db.session.add(made)
        comment.move_to(state)
        comment.decided = now
    db.session.commit()
    untaught = [state not in LABELS or moderation.teach(comment) for comment in decided].count(False)
    made_in = batch if new or not repeated else next(iter(repeated.values()))
    return Batch(made_in, len(decided), untaught, len(locked) - len(decided))


def undo(batch: str) -> int:
    """Undo the decisions of a batch, and return how many comments went back to their earlier state.

    A comment about which there is a later decision keeps that one. The guard is taught the decision before. If there
    was none, :func:`forget_undone` lets the guard forget what it learned.
    """
    if not is_batch_id(batch):
        return 0
    now, restored = datetime.now(UTC), []
    in_force = select(Decision).where(Decision.batch == batch, Decision.undone.is_(None))
    for decision in db.session.scalars(in_force.options(joinedload(Decision.comment))).all():
        decision.undone = now
        later = _in_force(decision.comment, Decision.id > decision.id).order_by(Decision.id).limit(1)
        if (next_one := db.session.scalar(later)) is not None:
            next_one.was = decision.was
        elif decision.comment.state == decision.became:
            _restore(decision.comment, CommentState(decision.was))
            restored.append(decision.comment)
    db.session.commit()
    for comment in restored:
        if (label := _label_of(comment)) is not None:
            moderation.teach(comment, spam=label == CommentState.SPAM)
    return len(restored)


def is_batch_id(text: str) -> bool:
    """Return whether this can be the id of a batch. Some databases don't even compare other texts."""
    return _BATCH_ID.fullmatch(text) is not None


def forget_undone() -> int:
    """Let the guard forget what it learned from decisions that were undone, and delete these. Returns their number.

    The guard trains its filter again for each, which can take seconds. So the background maintenance does this.
    """
    undone = db.session.scalars(
        select(Decision).where(Decision.undone.is_not(None)).options(joinedload(Decision.comment))
    ).all()
    for decision in undone:
        comment = decision.comment
        if decision.became in LABELS and _label_of(comment) is None:
            _forget(comment)
        db.session.delete(decision)
        db.session.commit()
        if (label := _label_of(comment)) is not None:  # the owner decided again meanwhile
            moderation.teach(comment, spam=label == CommentState.SPAM)
    return len(undone)


def delete_finally(now: datetime | None = None) -> int:
    """Delete the comments that were deleted a day ago, and return their number.

    The guard forgets them, too. But if the comment was spam before, the guard keeps what it has learned.
    """
    over = (now or datetime.now(UTC)) - RESTORABLE
    expired = select(Comment).where(Comment.state == CommentState.DELETED, Comment.decided <= over)
    comments = db.session.scalars(expired).all()
    for comment in comments:
        last = _in_force(comment, Decision.became == CommentState.DELETED).order_by(Decision.id.desc()).limit(1)
        decision = db.session.scalar(last)
        if decision is None or decision.was != CommentState.SPAM:
            _forget(comment)
        still = (Comment.id == comment.id) & (Comment.state == CommentState.DELETED)
        db.session.execute(delete(Comment).where(still), execution_options={"synchronize_session": False})
        db.session.commit()
    return len(comments)


def delete_spam(now: datetime | None = None) -> int:
    """Delete the comments that an owner marked as spam 30 days ago, and return their number.

    The guard keeps what it has learned from them.
    """
    over = (now or datetime.now(UTC)) - SPAM_KEPT
    expired = delete(Comment).where(Comment.state == CommentState.SPAM, Comment.decided <= over)
    deleted = db.session.execute(expired.returning(Comment.id), execution_options={"synchronize_session": False}).all()
    db.session.commit()
    return len(deleted)


def _locked(comments: Sequence[Comment]) -> Sequence[Comment]:
    """Lock the comments' rows and read them again, so that no edit or other decision of the last moment is missed."""
    same = Comment.id.in_([comment.id for comment in comments])
    db.session.execute(  # SQLite has no SELECT FOR UPDATE
        update(Comment).where(same).values(state=Comment.state), execution_options={"synchronize_session": False}
    )
    return db.session.scalars(
        select(Comment).where(same).order_by(Comment.id).execution_options(populate_existing=True)
    ).all()


def _in_force(comment: Comment, *conditions: ColumnElement[bool]) -> Select[Decision]:
    return select(Decision).where(Decision.comment_id == comment.id, Decision.undone.is_(None), *conditions)


def _batches_of_same(comments: Sequence[Comment], state: CommentState) -> dict[int, str]:
    """Return the batches of the last decisions, by the comment's id, for comments that were last decided like this."""
    ids = [comment.id for comment in comments if comment.state == state]
    found = select(Decision).where(Decision.comment_id.in_(ids), Decision.undone.is_(None)).order_by(Decision.id)
    last = {decision.comment_id: decision for decision in db.session.scalars(found)}
    return {comment_id: decision.batch for comment_id, decision in last.items() if decision.became == state}


def _label_of(comment: Comment) -> str | None:
    """Return the last decision in force that taught the guard, or ``None``."""
    last = _in_force(comment, Decision.became.in_(LABELS)).order_by(Decision.id.desc()).limit(1)
    decision = db.session.scalar(last)
    return None if decision is None else decision.became


def _restore(comment: Comment, state: CommentState) -> None:
    before = db.session.scalar(_in_force(comment).order_by(Decision.id.desc()).limit(1))
    comment.move_to(state)
    comment.decided = before.made if before else None


def _forget(comment: Comment) -> None:
    if not (comment.case_id and guard.forget(comment.case_id)):
        guard.forget(moderation.submission_of(comment))
