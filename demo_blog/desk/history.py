"""The record of decisions: the page that lists them, and what other pages show of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request
from sqlalchemy import ColumnElement, Row, Select, func, select

from demo_blog.database import db
from demo_blog.desk.decisions import is_batch_id
from demo_blog.desk.models import Decision, Owner
from demo_blog.models import Comment

TITLE = "Decisions"
MOST_BATCHES = 50

bp = Blueprint("history", __name__, url_prefix="/decisions")


@dataclass(frozen=True)
class Made:
    """One decision about one comment. ``by`` is the owner's name, or ``None``."""

    comment_id: int
    batch: str
    made: datetime
    was: str
    became: str
    undone: datetime | None
    by: str | None


@dataclass(frozen=True)
class BatchSummary:
    """The decisions of one batch: their number, how many of them are undone, and how many were replaced later.

    ``comment_id`` is the id of the newest of the comments.
    """

    id: str
    became: str
    made: datetime
    by: str | None
    comments: int
    undone: int
    comment_id: int
    replaced: int = 0

    @property
    def is_undone(self) -> bool:
        """Whether all decisions of the batch are undone."""
        return self.undone == self.comments


@bp.get("")
def page() -> str:
    """List the last batches of decisions, each with a button to undo it."""
    return render_template("desk/history.html", batches=batches(), done=summary(request.args.get("done", "")))


def latest(comments: Iterable[Comment]) -> dict[int, Made]:
    """Return the last decision in force about each of these comments, by the comment's id."""
    ids = [comment.id for comment in comments]
    rows = db.session.execute(_made(Decision.comment_id.in_(ids), Decision.undone.is_(None)).order_by(Decision.id))
    return {row.comment_id: Made(*row) for row in rows}


def of_comment(comment: Comment) -> Sequence[Made]:
    """Return all decisions about a comment, the last one first."""
    rows = db.session.execute(_made(Decision.comment_id == comment.id).order_by(Decision.id.desc()))
    return [Made(*row) for row in rows]


def batches() -> Sequence[BatchSummary]:
    """Return the last batches, the newest first."""
    rows = db.session.execute(_batches().order_by(func.max(Decision.id).desc()).limit(MOST_BATCHES))
    return [_summary(row) for row in rows]


def summary(batch: str) -> BatchSummary | None:
    """Return what a batch did, or ``None`` if it is unknown."""
    row = db.session.execute(_batches(Decision.batch == batch)).first() if is_batch_id(batch) else None
    return _summary(row, replaced=_replaced(batch)) if row is not None else None


def _replaced(batch: str) -> int:
    """Return for how many comments of a batch there is a later decision in force."""
    earlier, later = Decision.__table__.alias(), Decision.__table__.alias()
    is_later = (later.c.comment_id == earlier.c.comment_id) & (later.c.id > earlier.c.id) & later.c.undone.is_(None)
    counted = select(func.count(earlier.c.id.distinct())).join_from(earlier, later, is_later)
    return db.session.scalar(counted.where(earlier.c.batch == batch)) or 0


def _made(*conditions: ColumnElement[bool]) -> Select[int, str, datetime, str, str, datetime | None, str]:
    columns = select(
        Decision.comment_id,
        Decision.batch,
        Decision.made,
        Decision.was,
        Decision.became,
        Decision.undone,
        Owner.name,
    )
    return columns.outerjoin(Owner, Owner.id == Decision.owner_id).where(*conditions)


def _batches(*conditions: ColumnElement[bool]) -> Select[str, str, datetime, str, int, int, int]:
    return (
        select(
            Decision.batch,
            func.max(Decision.became),
            func.max(Decision.made),
            func.max(Owner.name),
            func.count(),
            func.count(Decision.undone),
            func.max(Decision.comment_id),
        )
        .outerjoin(Owner, Owner.id == Decision.owner_id)
        .where(*conditions)
        .group_by(Decision.batch)
    )


def _summary(row: Row[str, str, datetime, str, int, int, int], replaced: int = 0) -> BatchSummary:
    return BatchSummary(*row, replaced=replaced)
