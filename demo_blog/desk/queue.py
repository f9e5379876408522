"""The queue: every comment with the reasons of its verdict, and the buttons to decide about it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from demo_blog import moderation
from demo_blog.database import db
from demo_blog.desk import decisions, filters, history, reasons, versions
from demo_blog.desk.accounts import current_owner
from demo_blog.desk.filters import LARGEST_ID, Filters
from demo_blog.models import Comment, CommentState
from demo_blog.moderation import Assessment

TITLE = "Queue"

bp = Blueprint("queue", __name__)
bp.add_app_template_filter(reasons.moment)
bp.add_app_template_filter(moderation.name_of)
bp.add_app_template_filter(versions.versions)

LIST_TITLES = {
    "held": "Held",
    "aside": "Set aside",
    "published": "Published",
    "all": "All",
    "deleted": "Deleted",
}
BUTTONS = {
    "approve": CommentState.PUBLISHED,
    "spam": CommentState.SPAM,
    "delete": CommentState.DELETED,
}
"""The names of the buttons, and the decision of each."""

ASSESSED = {CommentState.HELD, CommentState.SPAM}
"""The states of comments about which the guard is asked again in a list. That takes some milliseconds for each."""

NOTHING = "nothing"
"""The name of the button that Enter in a box presses."""

CHOSEN = "chosen"
"""The value of a button that decides about all chosen comments. Other values are the id of one comment."""

CHANGED = "An author has changed a comment since you opened the page. Please read it again before you decide."


@bp.get("")
def page() -> str:
    """Show one page of a list of comments."""
    wanted = Filters.from_args(request.args)
    shown = filters.page(wanted, before=request.args.get("before"), after=request.args.get("after"))
    return render_template(
        "desk/queue.html",
        filters=wanted,
        why=reasons.why,
        page=shown,
        made=history.latest(shown.comments),
        assessed={one.id: _assessed(one) for one in shown.comments},
        counts=filters.counts(),
        known_reasons=filters.reasons(),
        titles=LIST_TITLES,
        done=history.summary(request.args.get("done", "")),
        untaught=request.args.get("untaught", 0, type=int),
        filter_status=moderation.filter_status(),
        back=_query(),
    )


@bp.get(f"/comments/<int(max={LARGEST_ID}):comment_id>")
def comment(comment_id: int) -> ResponseReturnValue:
    """Show one comment with the words that the filter weighs most, and all decisions about it."""
    found = db.session.scalar(
        select(Comment)
        .where(Comment.id == comment_id)
        .options(joinedload(Comment.post), joinedload(Comment.parent), selectinload(Comment.findings))
    )
    if found is None:
        abort(404)
    return render_template(
        "desk/comment.html",
        comment=found,
        why=reasons.why,
        made=history.latest([found]),
        history=history.of_comment(found),
        assessed=moderation.assess(found),
        filter_status=moderation.filter_status(),
        same_client=Filters(chosen="all", client=found.client) if found.client else None,
        done=history.summary(request.args.get("done", "")),
        untaught=request.args.get("untaught", 0, type=int),
        titles=LIST_TITLES,
    )


@bp.post("/decide")
def decide() -> ResponseReturnValue:
    """Decide about one comment, or about all chosen ones, and show the page again, at the next comment."""
    if NOTHING in request.form:
        return _back(done="none")
    pressed = next((name for name in BUTTONS if name in request.form), None)
    if pressed is None:
        abort(400)
    one = request.form[pressed]
    comments = _chosen() if one == CHOSEN else _comments([one])
    if not comments:
        return _back(done="none")
    batch = decisions.decide(comments, BUTTONS[pressed], current_owner(), seen=request.form.get("seen", ""))
    if batch.left:
        flash(f"{CHANGED} Not decided: {batch.left}.", "desk")
    anchor = "" if one == CHOSEN else request.form.get("then", "")
    return _back(done=batch.id, anchor=anchor, untaught=batch.untaught or None)


@bp.post("/undo")
def undo() -> ResponseReturnValue:
    """Undo a batch of decisions."""
    batch = request.form.get("batch", "")
    decisions.undo(batch)
    return _back(done=batch)


def _assessed(comment: Comment) -> Assessment:
    return moderation.assess(comment) if comment.state in ASSESSED else Assessment(None, ())


def _chosen() -> list[Comment]:
    """Return the comments with a tick, or all on the page if its box for all is ticked."""
    shown = request.form.get("shown", "").split(",")
    return _comments(shown if "everything" in request.form else request.form.getlist("id"))


def _comments(ids: list[str]) -> list[Comment]:
    numbers = {int(one) for one in ids if _is_id(one)}
    if not numbers or len(numbers) > filters.PAGE_SIZE:
        return []
    found = select(Comment).where(Comment.id.in_(numbers)).options(joinedload(Comment.post))
    return list(db.session.scalars(found.order_by(Comment.id)))


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19 and int(text) <= LARGEST_ID


def _query() -> str:
    """Return this page's query string without what was just done, for the forms to come back to."""
    return urlencode([(name, value) for name, value in request.args.items() if name not in {"done", "untaught"}])


def _back(*, done: str, anchor: str = "", untaught: int | None = None) -> Response:
    """Redirect to the comment's own page or the list from which a form was sent. Only known arguments are kept."""
    shown = request.form.get("comment", "")
    if _is_id(shown):
        address = url_for("desk.queue.comment", comment_id=int(shown), done=done, untaught=untaught)
        return redirect(address, 303)
    sent = {name: values[-1] for name, values in parse_qs(request.form.get("back", "")[:2000]).items()}
    if sent.get("page") == "history":
        return redirect(url_for("desk.history.page", done=done), 303)
    args: dict[str, Any] = {**Filters.from_args(sent).args, "done": done, "untaught": untaught}
    args |= {name: sent[name] for name in ("before", "after") if name in sent}
    args["_anchor"] = f"comment-{anchor}" if _is_id(anchor) else "comments"
    return redirect(url_for("desk.queue.page", **args), 303)
