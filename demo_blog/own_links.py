"""Signed links with which an author sees a held comment in another browser, and edits a comment."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, url_for
from itsdangerous import BadSignature

from demo_blog.database import db
from demo_blog.models import Comment, CommentState
from demo_blog.signing import serializer
from demo_blog.thread_tree import EDIT_TIME, may_edit

HELD = "held comment"
EDIT = "edit of a comment"


def init_app(app: Flask) -> None:
    """Add the links to the templates."""
    for function in (held_link, edit_link, edit_ends):
        app.add_template_global(function)


def held_link(comment: Comment) -> str:
    """Return the address at which an unpublished comment is shown to everybody who has it."""
    return url_for("own_comments.held", slug=comment.post.slug, key=_sign(comment, HELD))


def edit_link(comment: Comment) -> str:
    """Return the address at which the comment can be edited."""
    return url_for("edits.edit", slug=comment.post.slug, comment_id=comment.id, key=_sign(comment, EDIT))


def signed_comment(key: str, purpose: str) -> tuple[bool, Comment | None]:
    """Return whether this key is genuine, and its comment if that still exists and isn't deleted."""
    try:
        comment_id, created = serializer(purpose).loads(key)
    except (BadSignature, ValueError, TypeError):
        return False, None
    comment = db.session.get(Comment, comment_id)
    if comment is not None and comment.state == CommentState.DELETED:
        comment = None
    # A database may give the id of a deleted comment to a new one, so the time is compared, too.
    return True, comment if comment is not None and comment.created.isoformat() == created else None


def edit_ends(comment: Comment) -> datetime:
    """Return when the time to edit a comment ends."""
    return comment.created + EDIT_TIME


def may_edit_now(comment: Comment) -> bool:
    """Whether the author can still edit the comment."""
    return may_edit(comment, datetime.now(UTC))


def _sign(comment: Comment, purpose: str) -> str:
    return str(serializer(purpose).dumps([comment.id, comment.created.isoformat()]))
