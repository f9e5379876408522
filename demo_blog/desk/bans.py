"""Temporary bans of clients. A ban is made from a comment, because a client's key is too long to type."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from captcha_guard import CaptchaGuardError
from demo_blog.database import db
from demo_blog.desk.filters import LARGEST_ID
from demo_blog.desk.reasons import moment
from demo_blog.guard import guard
from demo_blog.models import Comment

TITLE = "Bans"

bp = Blueprint("bans", __name__)

LENGTHS: Mapping[str, tuple[str, int]] = {
    "hour": ("an hour", 3_600),
    "day": ("a day", 86_400),
    "week": ("a week", 7 * 86_400),
    "month": ("30 days", 30 * 86_400),
}
"""The lengths of a ban: what the page calls them, and their seconds."""


@bp.get("/bans")
def page() -> str:
    """Show the bans in force."""
    return render_template("desk/bans.html", bans=guard.bans())


@bp.get(f"/comments/<int(max={LARGEST_ID}):comment_id>/ban")
def form(comment_id: int) -> str:
    """Show the form with which the client of a comment is banned."""
    return _form(_comment(comment_id))


@bp.post(f"/comments/<int(max={LARGEST_ID}):comment_id>/ban")
def ban(comment_id: int) -> ResponseReturnValue:
    """Ban the client of a comment for the chosen time."""
    comment, chosen = _comment(comment_id), request.form.get("length", "")
    if chosen not in LENGTHS:
        return _form(comment, problem="Choose how long the ban lasts."), 422
    try:
        made = guard.ban(comment.client, seconds=LENGTHS[chosen][1], note=f"Comment {comment.id} by {comment.author}")
    except CaptchaGuardError as error:
        return _form(comment, problem=str(error)), 422
    flash(f"The client of comment {comment.id} is banned until {moment(made.until)}.", "desk")
    return redirect(url_for("desk.bans.page"), 303)


@bp.post("/bans/end")
def end() -> ResponseReturnValue:
    """End a ban."""
    try:
        ended = guard.unban(request.form.get("client", ""))
    except CaptchaGuardError as error:  # not a client's key, or the database can't be used
        return render_template("desk/bans.html", bans=guard.bans(), problem=str(error)), 422
    flash("The ban is over." if ended else "This ban was over already.", "desk")
    return redirect(url_for("desk.bans.page"), 303)


def _comment(comment_id: int) -> Comment:
    return db.session.get(Comment, comment_id) or abort(404)


def _form(comment: Comment, problem: str = "") -> str:
    return render_template("desk/ban.html", comment=comment, lengths=LENGTHS, problem=problem)
