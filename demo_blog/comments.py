"""The routes that receive comments and replies, and the answers to their authors."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, NotFound

from captcha_guard import Action, Facts, Refusal, Verdict
from demo_blog import errors, posts, remembered, security, threads
from demo_blog.comment_form import FIELDS, CommentForm, Target
from demo_blog.comment_text import store_domains
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post
from demo_blog.rendering import web_address

bp = Blueprint("comments", __name__)

FORM_ENDPOINTS = frozenset({"comments.create", "comments.reply", "preview.comment", "preview.reply"})
"""The endpoints that receive the comment form."""

LATE_FORM = "This page was open for a long time. Nothing is lost: please send your comment once more."
PUBLISHED = "Thank you. Your comment is published above."
HELD = "Thank you. An editor will read your comment before it is published. Until then, only you can see it above."
ADDRESS_DROPPED = "Your comment has no link to your web address, because only http and https addresses are linked here."
PARENT_GONE = (
    "The comment that you answered isn't here any more. Nothing is lost: you can send your text as a comment of its "
    "own, with a new security code."
)
CLOSED = "This post takes no more comments. Your text is below, so that you can copy it."
POST_GONE = "The article isn't at this address any more. Your text is below, so that you can copy it."
FORGED = (
    "We couldn't verify that this comment came from you, so it wasn't sent. Perhaps your browser didn't send our "
    "cookie. Your text is below, so that you can copy it. Then open the article again and send it from there."
)
FORGED_EDIT = (
    "We couldn't verify that this edit came from you, so it wasn't saved. Perhaps your browser didn't send our cookie. "
    "Your text is below, so that you can copy it. Then open the link to edit your comment again."
)


@bp.url_value_preprocessor
def fetch_post(endpoint: str | None, values: dict[str, str] | None) -> None:
    """Store the post in ``g.post``, as the pages of posts do. A form for a post that is gone gets its text back."""
    try:
        posts.fetch_post(endpoint, values)
    except NotFound:
        if request.method != "POST":
            raise
        g.post = None
        heading = "Not saved" if endpoint == "edits.save" else "Not sent"
        abort(make_response(not_sent(CommentForm.from_form(request.form), POST_GONE, heading), 404))


def show_form_again(refusal: Refusal, **_: object) -> ResponseReturnValue:
    """Show the form with the text as typed. The guard sets the status.

    If a code is needed, the form appears below the article and the guard's field shows the message. Otherwise the page
    has only the form, with the reason above it. So the visitor sees the reason at once, and a client that sends very
    many comments doesn't get the article each time.
    """
    form, target = CommentForm.from_form(request.form), requested_target()
    if not target.is_open:
        return not_sent(form, CLOSED)
    if refusal.asks_code:
        return posts.page(form, parent=target.parent)
    return form_alone(form, target, refusal.message, later=refusal.retry_after is not None)


def facts(**_: object) -> Facts:
    """Return the age and the text of the post, and whether it is closed, for the guard's rules and filter."""
    now = datetime.now(UTC)
    return Facts(post_age=g.post.age(now), topic=g.post.topic, closed=not threads.is_open(g.post, now))


@bp.before_request
def check_parent() -> ResponseReturnValue | None:
    """Show the text again if the comment that it answers isn't published (any more), before its code is used."""
    if request.method != "POST" or not request.view_args or "parent_id" not in request.view_args:
        return None
    return missing_parent(CommentForm.from_form(request.form)) if requested_target().parent is None else None


def missing_parent(form: CommentForm) -> ResponseReturnValue:
    """Show the text in a form for a comment of its own."""
    target = Target(g.post)
    page = form_alone(form, target, PARENT_GONE) if target.is_open else not_sent(form, CLOSED)
    return page, 404


@bp.post("/posts/<slug>/comments")
@guard.protect(
    scope="comment:{slug}",
    moderated=True,
    fields=FIELDS,
    ignore=("remember",),
    facts=facts,
    on_challenge=show_form_again,
)
def create(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post
    """Store the comment and redirect its author to it. A form with mistakes is shown again, with the text as typed."""
    return _receive(None)


@bp.post("/posts/<slug>/comments/<int:parent_id>/replies")
@guard.protect(
    scope="comment:{slug}:{parent_id}",
    moderated=True,
    fields=FIELDS,
    ignore=("remember",),
    facts=facts,
    on_challenge=show_form_again,
)
def reply(slug: str, parent_id: int) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post
    """Store a reply to a published comment."""
    parent = threads.published(g.post, parent_id)
    if parent is None:  # removed since check_parent
        return missing_parent(CommentForm.from_form(request.form))
    return _receive(parent)


@bp.get("/posts/<slug>/comments")
def index(slug: str) -> ResponseReturnValue:
    """Redirect to the comments. A browser that loads the address of a form shown again sends a GET here."""
    return redirect(url_for("posts.show", slug=slug, _anchor="comments"), 303)


@bp.get("/posts/<slug>/comments/<int:parent_id>/replies")
def open_reply(slug: str, parent_id: int) -> ResponseReturnValue:
    """Redirect to the form for a reply, for browsers that load the address of a form shown again."""
    return redirect(url_for("posts.show", slug=slug, reply=parent_id, _anchor="comment-form"), 303)


@bp.get("/posts/<slug>/comments/<int:comment_id>")
def show(slug: str, comment_id: int) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post
    """Redirect to a published comment. The answer for other comments is that for missing ones."""
    comment = threads.published(g.post, comment_id)
    if comment is None:
        abort(404)
    return redirect(threads.address(comment), 302)


@bp.app_errorhandler(CSRFError)
def csrf_failed(error: HTTPException) -> ResponseReturnValue | HTTPException:
    """Show the form again if its CSRF token has only expired. Otherwise show only its text: it may be forged."""
    form = CommentForm.from_form(request.form)
    if request.endpoint == "edits.save":
        return not_sent(form, FORGED_EDIT, "Not saved"), 400
    if request.endpoint not in FORM_ENDPOINTS:
        return errors.show(error)
    target = requested_target()
    if security.csrf_token_only_expired() and target.is_open:
        return posts.page(form, notice=LATE_FORM, parent=target.parent), 400
    return not_sent(form, FORGED), 400


def requested_target() -> Target:
    """Return what the form of this request is for. A parent that isn't a published comment on the post is left out."""
    parent_id = (request.view_args or {}).get("parent_id")
    return Target(g.post, threads.published(g.post, parent_id))


def form_alone(form: CommentForm, target: Target, notice: str, *, later: bool = False) -> str:
    """Return the page that has only the form, below a reason why the comment isn't sent."""
    return render_template(
        "refused.html", post=g.post, form=form, errors=form.errors(), notice=notice, later=later, target=target
    )


def not_sent(form: CommentForm, reason: str, heading: str = "Not sent") -> str:
    """Return the page that shows the typed text without a form. ``g.post`` may be ``None``."""
    return render_template("not_sent.html", post=g.post, form=form, reason=reason, heading=heading)


def store(post: Post, form: CommentForm, verdict: Verdict, parent: Comment | None = None) -> Comment:
    """Store the comment in the verdict's state, and give this browser a key to see its own unpublished comments."""
    comment = Comment(
        post=post,
        parent=parent,
        author=form.author,
        email=form.email,
        url=web_address(form.url) or "",
        body=form.body,
        client=guard.client,
        author_key=author_key(),
        case_id=verdict.id or None,
    )
    comment.set_verdict(verdict)
    store_domains(comment)
    db.session.add(comment)
    comment.move_to(state_for(verdict))
    db.session.commit()
    return comment


def state_for(verdict: Verdict) -> CommentState:
    """Return the state of a new comment with this verdict."""
    if verdict.action is Action.ASIDE:
        return CommentState.SPAM
    return CommentState.HELD if verdict.held else CommentState.PUBLISHED


def author_key() -> str:
    """Return the random key with which this browser sees its own unpublished comments, and edits its recent ones."""
    session.permanent = True
    key: str = session.setdefault(posts.AUTHOR_KEY, secrets.token_urlsafe(16))
    return key


def _receive(parent: Comment | None) -> ResponseReturnValue:
    form = CommentForm.from_form(request.form)
    if form.errors():
        return posts.page(form, parent=parent), 422
    comment = store(g.post, form, guard.verdict, parent)
    flash(PUBLISHED if comment.published else HELD)
    if form.url and not comment.url:
        flash(ADDRESS_DROPPED)
    response: Response = make_response(redirect(threads.address(comment), 303))
    return remembered.store(response, form)
