"""Signed links to approve a held comment or mark it as spam. They work without logging in.

Opening a link changes nothing, because mail programs and virus scanners open links. It shows a page that asks for
confirmation. Each link is for one comment and one decision, and is valid for 7 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Blueprint, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadData

from demo_blog.database import db
from demo_blog.desk import decisions, history, reasons
from demo_blog.desk.accounts import public
from demo_blog.models import Comment, CommentState
from demo_blog.signing import serializer
from demo_blog.site import public_url

bp = Blueprint("decision_links", __name__, url_prefix="/held")

PURPOSE: Final = "decision about a held comment"
VALID: Final = timedelta(days=7)
DECISIONS: Final = (CommentState.PUBLISHED, CommentState.SPAM)


@dataclass(frozen=True)
class Link:
    """What a link is for. ``comment`` is ``None`` if the comment was deleted."""

    comment: Comment | None
    decision: CommentState
    expires: datetime


def address(comment: Comment, decision: CommentState, now: datetime) -> str:
    """Return the absolute address of a link that is made at ``now``. Call this in a request context."""
    # A database may give the id of a deleted comment to a new one, so the time is signed, too.
    expires = int((now + VALID).timestamp())
    token = serializer(PURPOSE).dumps([comment.id, comment.created.isoformat(), decision, expires])
    return public_url("desk.decision_links.page", token=token)


@bp.get("/<token>")
@public
def page(token: str) -> ResponseReturnValue:
    """Show the comment and ask for confirmation, or say what was already decided."""
    return _page(_link(token), token)


@bp.post("/<token>")
@public
def decide(token: str) -> ResponseReturnValue:
    """Decide about the comment if it is still held, and if its text is still the one that was shown."""
    link = _link(token)
    if link.comment is None or not _is_open(link):
        return _page(link, token)
    seen = request.form.get("seen", "")
    batch = decisions.decide([link.comment], link.decision, None, seen=seen, was=CommentState.HELD)
    if batch.left:
        link = _link(token)
        return _page(link, token, is_changed=_is_open(link))
    return redirect(request.path, 303)


def _link(token: str) -> Link:
    try:
        comment_id, created, decision, expires = serializer(PURPOSE).loads(token)
    except BadData:
        abort(404)
    comment = db.session.get(Comment, comment_id)
    if comment is not None and comment.created.isoformat() != created:
        comment = None
    return Link(comment, CommentState(decision), datetime.fromtimestamp(expires, UTC))


def _is_open(link: Link) -> bool:
    return link.comment is not None and link.comment.state == CommentState.HELD and datetime.now(UTC) < link.expires


def _page(link: Link, token: str, *, is_changed: bool = False) -> ResponseReturnValue:
    comment, is_open = link.comment, _is_open(link)
    made = history.latest([comment]).get(comment.id) if comment else None
    response = make_response(
        render_template(
            "desk/decision_link.html",
            comment=comment,
            why=reasons.why(comment, made) if comment else "",
            approves=link.decision == CommentState.PUBLISHED,
            is_open=is_open,
            is_held=comment is not None and comment.state == CommentState.HELD,
            is_changed=is_changed,
            token=token,
        ),
        200 if comment is not None and (is_open or comment.state != CommentState.HELD) else 410,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
