"""Editing: for ten minutes after posting, a signed link lets an author change a comment.

The guard judges the new text like a new comment. An edit can make a comment wait for an editor, but it never publishes
one that waits: see :mod:`.edit_rule`. What an editor has decided stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, flash, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update

from captcha_guard import Facts, Refusal, Verdict
from demo_blog import comments, posts, threads
from demo_blog.comment_form import FIELDS, CommentForm
from demo_blog.comment_text import store_domains
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState
from demo_blog.own_links import EDIT, edit_link, held_link, may_edit_now, signed_comment
from demo_blog.rendering import web_address

bp = Blueprint("edits", __name__)
bp.url_value_preprocessor(comments.fetch_post)

SAVED = "Your changes are saved and published."
WAITS = (
    "Your changes are saved. An editor will read your comment before it is published. Until then, only you can see it."
)
UNCHANGED = "Nothing was changed, so your comment stays as it is."
NOT_A_LINK = "This link isn't complete, or it belongs to another comment. Please use the link beside your comment."
GONE = "This comment isn't here any more, so it can't be edited."
TOO_LATE = "Comments can be edited for ten minutes, and this time is over. Your comment stays as it was."
DECIDED = "An editor has read and published your comment in the meantime, so it can't be edited any more."
COPY = "What you typed is below, so that you can copy it."


@dataclass(frozen=True)
class EditTarget:
    """What the form is for: the edit of a comment. See :class:`~demo_blog.comment_form.Target`."""

    comment: Comment
    heading: str = "Edit your comment"

    @property
    def action(self) -> str:
        """The address that the form is sent to."""
        return edit_link(self.comment)

    @property
    def scope(self) -> str:
        """The guard's scope of the form."""
        return f"edit:{self.comment.post.slug}:{self.comment.id}"


@bp.before_request
def check_link() -> ResponseReturnValue | None:
    """Put the link's comment into ``g.edited_comment``. If it can't be edited, explain why, with the text as typed."""
    given = request.view_args or {}
    genuine, comment = signed_comment(str(given.get("key")), EDIT)
    if not genuine or (comment is not None and (comment.id, comment.post_id) != (given.get("comment_id"), g.post.id)):
        return _refuse(NOT_A_LINK, 404)
    if comment is None or comment.state == CommentState.DELETED:
        return _refuse(GONE, 404)
    if comment.published and comment.decided:
        return _refuse(DECIDED, 409)
    if not may_edit_now(comment):
        return _refuse(TOO_LATE, 410)
    g.edited_comment = comment
    if request.method == "POST" and _form_of(comment) == CommentForm.from_form(request.form):
        flash(UNCHANGED)
        return _show(comment)
    return None


def show_form_again(refusal: Refusal, **_: object) -> ResponseReturnValue:
    """Show the form with the text as typed, and why it isn't saved. The guard sets the status."""
    return _page(CommentForm.from_form(request.form), notice=None if refusal.asks_code else refusal.message)


def facts(**_: object) -> Facts:
    """Return the post's age and text, and which comment the edit replaces."""
    return Facts(post_age=g.post.age(datetime.now(UTC)), topic=g.post.topic, replaces=g.edited_comment.case_id or "")


@bp.get("/posts/<slug>/comments/<int:comment_id>/edit/<key>")
def edit(**_: object) -> ResponseReturnValue:
    """Show the form with the comment."""
    return _page(_form_of(g.edited_comment))


@bp.post("/posts/<slug>/comments/<int:comment_id>/edit/<key>")
@guard.protect(
    scope="edit:{slug}:{comment_id}",
    mode="suspicious",
    moderated=True,
    fields=FIELDS,
    facts=facts,
    on_challenge=show_form_again,
)
def save(**_: object) -> ResponseReturnValue:
    """Save the edited comment and redirect its author to it."""
    form = CommentForm.from_form(request.form)
    if form.errors():
        return _page(form), 422
    comment = _locked(g.edited_comment)
    if comment is None or comment.state == CommentState.DELETED:
        return _refuse(GONE, 404)
    if comment.published and comment.decided:
        return _refuse(DECIDED, 409)
    _change(comment, form, guard.verdict)
    db.session.commit()
    flash(SAVED if comment.published else WAITS)
    return _show(comment)


def _form_of(comment: Comment) -> CommentForm:
    return CommentForm(comment.author, comment.email, comment.url, comment.body)


def _show(comment: Comment) -> ResponseReturnValue:
    """Redirect to the comment. In another browser, only its link shows it while it is held."""
    seen_here = comment.published or comment.author_key == session.get(posts.AUTHOR_KEY)
    return redirect(threads.address(comment) if seen_here else held_link(comment), 303)


def _locked(comment: Comment) -> Comment | None:
    """Lock the comment's row and read it again, so that no editor's decision of the last moment is overwritten."""
    same = Comment.id == comment.id
    db.session.execute(update(Comment).where(same).values(edited=Comment.edited))  # SQLite has no SELECT FOR UPDATE
    return db.session.scalar(select(Comment).where(same).execution_options(populate_existing=True))


def _change(comment: Comment, form: CommentForm, verdict: Verdict) -> None:
    """Replace the text and, unless an editor has decided, the findings and the state.

    An editor has decided only if the comment is spam; its author sees it as held. It stays spam, and the guard keeps
    what it was taught, which is the text that the editor has read.
    """
    comment.author, comment.email = form.author, form.email
    comment.url, comment.body = web_address(form.url) or "", form.body
    store_domains(comment)
    if comment.decided:
        guard.not_stored()
        return
    comment.edited = datetime.now(UTC)
    comment.case_id = verdict.id or None
    comment.set_verdict(verdict)
    comment.author_key = comment.author_key or comments.author_key()
    comment.move_to(comments.state_for(verdict))


def _page(form: CommentForm, notice: str | None = None) -> str:
    return render_template(
        "edit.html",
        post=g.post,
        comment=g.edited_comment,
        target=EditTarget(g.edited_comment),
        form=form,
        errors=form.errors(),
        notice=notice,
    )


def _refuse(reason: str, status: int) -> ResponseReturnValue:
    """Explain why the comment can't be edited. If an edit was sent, its text is shown."""
    sent = request.method == "POST"
    form = CommentForm.from_form(request.form) if sent else CommentForm()
    heading = "Not saved" if sent else "This comment can't be edited"
    return comments.not_sent(form, f"{reason} {COPY}" if sent else reason, heading), status


@bp.after_request
def keep_unlisted(response: Response) -> Response:
    """Keep the pages out of search engines. Their addresses are secret."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response
