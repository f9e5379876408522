"""The route that receives comments, and the answers to their authors."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from captcha_guard import Action, Facts, Refusal, Verdict
from demo_blog import errors, posts, security
from demo_blog.comment_form import CommentForm
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post
from demo_blog.rendering import web_address

bp = Blueprint("comments", __name__)
bp.url_value_preprocessor(posts.fetch_post)

LATE_FORM = "This page was open for a long time. Nothing is lost: please send your comment once more."
PUBLISHED = "Thank you. Your comment is published above."
HELD = "Thank you. An editor will read your comment before it is published. Until then, only you can see it above."
ADDRESS_DROPPED = "Your comment has no link to your web address, because only http and https addresses are linked here."


def show_form_again(refusal: Refusal, slug: str) -> str:  # noqa: ARG001 - the guard's signature
    """Show the form with the text as typed. The guard sets the status.

    If a code is needed, the form appears below the article and the guard's field shows the message. Otherwise the page
    has only the form, with the reason above it. So the visitor sees the reason at once, and a client that sends very
    many comments doesn't get the article each time.
    """
    form = CommentForm.from_form(request.form)
    if refusal.asks_code:
        return posts.page(form)
    return render_template(
        "refused.html",
        post=g.post,
        form=form,
        errors=form.errors(),
        notice=refusal.message,
        later=refusal.retry_after is not None,
    )


def facts(slug: str) -> Facts:  # noqa: ARG001 - the guard's signature
    """Return the age and the text of the post, for the guard's rules and filter."""
    return Facts(post_age=g.post.age(datetime.now(UTC)), topic=g.post.topic)


@bp.post("/posts/<slug>/comments")
@guard.protect(
    scope="comment:{slug}",
    moderated=True,
    fields={"author": "author", "email": "email", "url": "url", "body": "body"},
    facts=facts,
    on_challenge=show_form_again,
)
def create(slug: str) -> ResponseReturnValue:
    """Store the comment and redirect its author to it. A form with mistakes is shown again, with the text as typed."""
    form = CommentForm.from_form(request.form)
    if form.errors():
        return posts.page(form), 422
    comment = store(g.post, form, guard.verdict)
    flash(PUBLISHED if comment.published else HELD)
    if form.url and not comment.url:
        flash(ADDRESS_DROPPED)
    return redirect(url_for("posts.show", slug=slug, _anchor=f"comment-{comment.id}"), 303)


@bp.get("/posts/<slug>/comments")
def index(slug: str) -> ResponseReturnValue:
    """Redirect to the comments. A browser that loads the address of a form shown again sends a GET here."""
    return redirect(url_for("posts.show", slug=slug, _anchor="comments"), 303)


@bp.app_errorhandler(CSRFError)
def csrf_failed(error: HTTPException) -> ResponseReturnValue | HTTPException:
    """Show the form again if its CSRF token has only expired. Otherwise show only its text: it may be forged."""
    if request.endpoint != f"{bp.name}.{create.__name__}":
        return errors.show(error)
    form = CommentForm.from_form(request.form)
    if security.csrf_token_only_expired():
        return posts.page(form, notice=LATE_FORM), 400
    return render_template("not_sent.html", post=g.post, form=form), 400


def store(post: Post, form: CommentForm, verdict: Verdict) -> Comment:
    """Store the comment in the verdict's state, and give this browser a key to see its own unpublished comments."""
    state = state_for(verdict)
    comment = Comment(
        post=post,
        author=form.author,
        email=form.email,
        url=web_address(form.url) or "",
        body=form.body,
        author_key=None if state is CommentState.PUBLISHED else _author_key(),
        case_id=verdict.id or None,
    )
    comment.set_verdict(verdict)
    db.session.add(comment)
    comment.move_to(state)
    db.session.commit()
    return comment


def state_for(verdict: Verdict) -> CommentState:
    """Return the state of a new comment with this verdict."""
    if verdict.action is Action.ASIDE:
        return CommentState.SPAM
    return CommentState.HELD if verdict.held else CommentState.PUBLISHED


def _author_key() -> str:
    session.permanent = True
    key: str = session.setdefault(posts.AUTHOR_KEY, secrets.token_urlsafe(16))
    return key
