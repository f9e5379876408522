"""Notices of held comments: the owner's page about them, and a private Atom feed (RFC 4287).

Feed readers have no cookie, so the feed's address itself is secret. It is signed, and each owner has another one. A new
address makes the old one worthless.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from demo_blog.database import db
from demo_blog.desk import digest, mail
from demo_blog.desk.accounts import current_owner, public
from demo_blog.desk.models import Owner
from demo_blog.models import Comment, CommentState
from demo_blog.signing import serializer
from demo_blog.site import public_url

TITLE = "Notices"
PURPOSE: Final = "feed of held comments"
ENTRIES: Final = 50
NEW_ADDRESS: Final = "The feed has a new address. The one before doesn't work any more."

bp = Blueprint("notices", __name__, url_prefix="/notices")


@bp.get("")
def page() -> str:
    """Show the feed's address and whether digests are sent."""
    owner = current_owner()
    return render_template(
        "desk/notices.html",
        feed=feed_address(owner) if owner is not None and owner.feed_key else None,
        mail=mail.settings(),
        last_sent=digest.last_sent(),
        waiting=len(digest.unnoticed()),
    )


@bp.post("/feed")
def new_feed() -> ResponseReturnValue:
    """Give the owner's feed a new address."""
    owner = current_owner()
    if owner is None:
        abort(403)
    is_first, owner.feed_key = owner.feed_key is None, secrets.token_urlsafe(16)
    db.session.commit()
    if not is_first:
        flash(NEW_ADDRESS, "desk")
    return redirect(url_for("desk.notices.page"), 303)


@bp.get("/feed/<token>.atom")
@public
def feed(token: str) -> ResponseReturnValue:
    """Return the newest held comments. Every wrong address gets the same answer, 404."""
    if _owner_of(token) is None:
        abort(404)
    held = select(Comment).where(Comment.state == CommentState.HELD)
    newest = held.order_by(Comment.created.desc(), Comment.id.desc()).limit(ENTRIES)
    comments = db.session.scalars(newest.options(joinedload(Comment.post), selectinload(Comment.findings))).all()
    updated = comments[0].created if comments else datetime.now(UTC)
    response = make_response(render_template("desk/held.atom.xml", comments=comments, updated=updated, token=token))
    response.mimetype = "application/atom+xml"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def feed_address(owner: Owner) -> str:
    """Return the absolute address of an owner's feed."""
    token = serializer(PURPOSE).dumps([owner.id, owner.feed_key])
    return public_url("desk.notices.feed", token=token)


def _owner_of(token: str) -> Owner | None:
    try:
        owner_id, feed_key = serializer(PURPOSE).loads(token)
    except BadData:
        return None
    owner = db.session.get(Owner, owner_id)
    if owner is None or not owner.feed_key or not hmac.compare_digest(owner.feed_key, feed_key):
        return None
    return owner
